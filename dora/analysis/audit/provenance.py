"""What a list is of and rests on: window, scope, time, version, definitions and build."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dora import periods
from dora.query.metric import build_info
from dora.query.value import Scope
from dora.render import text
from dora.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a list is of and rests on.

    period            first and last local day, or times
    scope             teams and applications
    generated_at      when it was made, UTC
    data_through      end of the data, UTC; null if there is none
    version           of dora, which built and reads
    definitions_hash  SHA-256 of the definitions in force, see ``build`` in dora.duckdb
    build_id          id of the build, and ``built_at`` its time, UTC
    """

    period: str
    scope: str
    generated_at: datetime
    data_through: datetime | None
    timezone: str
    version: str
    definitions_hash: str
    build_id: str
    built_at: datetime

    @property
    def lines(self) -> dict[str, str]:
        """Each part by its label, as every export and page shows it."""
        through = f"{self.data_through:%Y-%m-%d %H:%M} UTC" if self.data_through else "no data"
        return {
            "Period": f"{self.period} ({self.timezone})",
            "Scope": self.scope,
            "Generated at": f"{self.generated_at:%Y-%m-%d %H:%M:%S} UTC",
            "Data through": through,
            "Version": f"dora {self.version}",
            "Definitions (SHA-256)": self.definitions_hash,
            "Build": f"{self.build_id}, built at {self.built_at:%Y-%m-%d %H:%M:%S} UTC",
        }


def describe_provenance(con: Connection, scope: Scope) -> Provenance:
    """Return the provenance of a list of a scope that is made now."""
    about = build_info(con)
    names = ", ".join(
        [*(f"team {name}" for name in scope.teams), *(f"application {name}" for name in scope.applications)]
    )
    return Provenance(
        period=_period(con, scope, about["timezone"], about["as_of"]),
        scope=names or "all applications",
        generated_at=datetime.now(UTC).replace(tzinfo=None),
        data_through=about["as_of"],
        **{name: about[name] for name in ("timezone", "version", "definitions_hash", "build_id", "built_at")},
    )


def _period(con: Connection, scope: Scope, zone: str, as_of: datetime | None) -> str:
    if as_of is None:
        return "no data"
    since, until = periods.parse_window(scope.since, scope.until, zone, as_of)
    if since is None:
        ((first,),) = con.execute("SELECT min(happened_at) FROM audit_trail").fetchall()
        since = periods.to_local(first or as_of, zone)
    # Its end is not part of a window: one that ends at midnight ends with the day before.
    last = (until or periods.to_local(as_of, zone)) - periods.INSTANT
    return text.days(since, max(since, last))
