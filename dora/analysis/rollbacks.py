"""Every rollback of a scope; or zero, with what bounds it: how much was deployed, and how far back history reaches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from dora import periods
from dora.errors import counted
from dora.query.lists import Row, list_rows, run_analysis
from dora.query.metric import build_info, compute_metric
from dora.query.value import Scope
from dora.render import text
from dora.statistics.intervals import Limits, wilson
from dora.storage.database import Connection

MAX_NAMES = 5  # names in one sentence
SHORT_COMMIT = 9  # digits


@dataclass(frozen=True, slots=True)
class Rollbacks:
    """The rollbacks of a scope, the latest first, and what bounds their number.

    deployments      releases, hotfixes, promotions and configuration changes that took traffic
    applications     how many applications these belong to; ``idle`` names those without any
    attempts         rollbacks that never took traffic; they are not in ``rows``
    limits           95 % limits of the share of deployments that were rolled back
    complete_since   since when the history of every application is complete
    observed_since   since when it was read as it happened; what happened before was read afterwards
    incomplete       what is missing in the window, if anything

    Times are local, except for ``as_of``, the end of the data in UTC.
    """

    rows: list[Row]
    since: datetime | None
    until: datetime | None
    deployments: int
    applications: int
    idle: list[str]
    attempts: int
    limits: Limits | None
    complete_since: datetime | None
    observed_since: datetime | None
    incomplete: str | None
    timezone: str
    as_of: datetime | None

    @property
    def sentences(self) -> list[str]:
        """The summary: how many of how many, since when history is complete, and what is not counted."""
        return [_rate(self), *_limitations(self)]

    def lines(self) -> list[Row]:
        """Return one row per rollback for a table: what was rolled back to what, after how long, by whom and why."""
        versions = _short_versions(self.rows)
        return [_line(row, versions) for row in self.rows]

    def dict(self) -> Row:
        """Everything as plain lists and dictionaries, as ``dora rollbacks --json`` prints it."""
        return {**asdict(self), "sentences": self.sentences}


def list_rollbacks(con: Connection, scope: Scope) -> Rollbacks:
    """Return the rollbacks of a scope. Raises ``UsageError`` for an unknown application or team, or an invalid date."""
    rows = list_rows(con, "rollbacks", scope)
    applications = run_analysis(con, "deployed", scope)
    about = build_info(con)
    zone, as_of = about["timezone"], about["as_of"]

    def local(moment: datetime | None) -> datetime | None:
        return periods.to_local(moment, zone) if moment else None

    def times(column: str) -> list[datetime]:
        return [row[column] for row in applications if row[column]]

    first_deployment = local(min(times("first_at"), default=None))
    since, until = periods.parse_window(scope.since, scope.until, zone, as_of)
    deployments = sum(row["deployments"] for row in applications)
    return Rollbacks(
        rows=[row | {"local_time": periods.with_offset(row["happened_at"], zone)} for row in rows],
        since=since or first_deployment,
        until=until or local(as_of),
        deployments=deployments,
        applications=sum(1 for row in applications if row["deployments"]),
        idle=[row["application"] for row in applications if not row["deployments"]],
        attempts=sum(row["attempts"] for row in applications),
        # A rollback of a deployment before the window may make more rollbacks than deployments; a share ends at 1.
        limits=wilson(min(len(rows), deployments), deployments),
        # The latest of all applications: only from then on is the history of each of them complete.
        complete_since=local(max(times("complete_since"), default=None)),
        observed_since=local(max(times("watched_since"), default=None)),
        incomplete=compute_metric(con, "deployment_frequency", scope)[0].incomplete,
        timezone=zone,
        as_of=as_of,
    )


def _short_versions(rows: list[Row]) -> dict[tuple[str, str], str]:
    """Return each version of each application as it is printed: image names only where an application has several."""
    versions: dict[str, dict[str, None]] = {}
    for row in rows:
        for version in (row["rolled_back_version"], row["restored_version"]):
            if version:
                versions.setdefault(row["application"], {})[version] = None
    return {
        (application, version): short or version
        for application, own in versions.items()
        for version, short in zip(own, text.short_versions(own), strict=True)
    }


def _contents(row: Row, versions: dict[tuple[str, str], str]) -> list[str | None]:
    """Return what was rolled back and what was restored: commits, or versions where commits do not tell them apart."""
    commits = [row["rolled_back_commit"], row["restored_commit"]]
    short = [
        versions.get((row["application"], row[name] or "")) for name in ("rolled_back_version", "restored_version")
    ]
    if commits[0] == commits[1] and short[0] != short[1]:
        return short
    return [commit[:SHORT_COMMIT] if commit else version for commit, version in zip(commits, short, strict=True)]


def _line(row: Row, versions: dict[tuple[str, str], str]) -> Row:
    rolled_back, restored = _contents(row, versions)
    minutes = row["live_minutes"]
    return {
        "when": f"{row['local_time']:%Y-%m-%d %H:%M}",
        "application": row["application"],
        "rolled back": rolled_back,
        "time live": None if minutes is None else text.quantity(minutes / 60, "hours"),
        "to": restored,
        "by": f"{row['triggered_by'] or 'not recorded'}{' (manual)' if row['started_manually'] else ''}",
        "pipeline": row["pipeline"],
        "reason": row["reason"] or "not recorded",
        "execution": row["url"],
    }


def _limitations(rollbacks: Rollbacks) -> Iterator[str]:
    if rollbacks.incomplete:
        yield f"History is incomplete: {rollbacks.incomplete}."
    elif rollbacks.complete_since is None:
        yield "No source reports since when its history is complete."
    else:
        late = rollbacks.since and rollbacks.complete_since.date() > rollbacks.since.date()
        after = ", after the start of the window" if late else ""
        yield f"History of all applications is complete since {text.days(rollbacks.complete_since)}{after}."
    observed_since = rollbacks.observed_since
    if observed_since and (not rollbacks.since or observed_since > rollbacks.since):
        missing = "manual operations that the source had deleted by then are missing"
        yield f"Events before {text.days(observed_since)} were read on that day: {missing}."
    if rollbacks.idle:
        yield f"{counted(len(rollbacks.idle), 'application')} had no deployments: {_first_names(rollbacks.idle)}."
    if rollbacks.attempts:
        are = "is" if rollbacks.attempts == 1 else "are"
        yield f"{counted(rollbacks.attempts, 'rollback')} never took traffic and {are} not counted."


def _rate(rollbacks: Rollbacks) -> str:
    """How many rollbacks among how many deployments; a zero says how many there could be at most."""
    if not rollbacks.deployments and not rollbacks.rows:
        return "There were no deployments, so nothing could be rolled back."
    period = ""
    if rollbacks.since and rollbacks.until:
        days = round(periods.Period(rollbacks.since, rollbacks.until).days)
        period = f" in {counted(days, 'day')} ({text.days(rollbacks.since, rollbacks.until)})"
    among = f"{counted(rollbacks.deployments, 'deployment')} of {counted(rollbacks.applications, 'application')}"
    count = f"{counted(len(rollbacks.rows), 'rollback')}{period} among {among}"
    if rollbacks.limits is None:
        return f"{count}."
    if not rollbacks.rows:
        high = text.quantity(rollbacks.limits[1], "share")
        return f"{count}: at most {high} of deployments are rolled back (95 % CI)."
    share = text.quantity(len(rollbacks.rows) / rollbacks.deployments, "share")
    by_application = Counter(row["application"] for row in rollbacks.rows)
    names = _first_names([f"{name} {number}" for name, number in by_application.most_common()])
    return f"{count}: {share} ({text.interval(*rollbacks.limits, 'share')}). By application: {names}."


def _first_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return f"{', '.join(names[:MAX_NAMES])}{more}"
