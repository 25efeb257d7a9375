"""A window against the equal one before it, and whether what all together did is what each application did."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from dora import periods
from dora.errors import UsageError
from dora.query.metric import build_info, compute_metric, query_observations
from dora.query.value import Move, Scope, Value
from dora.sql import catalog
from dora.statistics.aggregation_effects import Cases, Split, kitagawa, standardised
from dora.storage.database import Connection


@dataclass(frozen=True, slots=True)
class PeriodComparison:
    """One group's value now and before. ``split`` says how much of a share's change is within its applications and how
    much is another mix of them; ``at_old_mix`` is what it would be had each application still its old part of all; a
    ``warning`` where the two point apart.
    """

    now: Value
    before: Value
    move: Move | None
    split: Split | None
    at_old_mix: float | None
    windows: str

    @property
    def warning(self) -> str | None:
        """What to know before believing the pooled number (Simpson); null where there is nothing."""
        if self.split is None or not self.split.lies:
            return None
        within, mix = (f"{100 * part:+.1f} points" for part in (self.split.within, self.split.mix))
        of = f"{self.now.group}: " if self.now.group else ""
        told = f"{of}within applications it moved {within}, the other way than all together; the mix did {mix}"
        return told if self.at_old_mix is None else f"{told} (at the old mix it would be {100 * self.at_old_mix:.1f} %)"

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"warning": self.warning}


def compare_periods(con: Connection, name: str, scope: Scope) -> list[PeriodComparison]:
    """Each group's value in a scope's window against the equal window before it, in calendar days.

    Raises ``UsageError`` where the scope names no start, or anything that does not exist.
    """
    earlier, words = before(con, scope)
    olds = {value.group: value for value in compute_metric(con, name, earlier)}
    found = []
    for now in compute_metric(con, name, scope):
        old = olds.get(now.group)
        if old is not None:
            cases = [_cases(con, name, one, now.group) for one in (earlier, scope)] if _pools(scope, now) else None
            split, mixed = (kitagawa(*cases), _at_old_mix(*cases)) if cases else (None, None)
            found.append(PeriodComparison(now, old, now.compare_to(old), split, mixed, words))
    return found


def before(con: Connection, scope: Scope) -> tuple[Scope, str]:
    """The equal window before a scope's, with both in words."""
    about = build_info(con)
    zone, as_of = about["timezone"], about["as_of"]
    if scope.since is None or as_of is None:
        raise UsageError("A window without a start has none before it.", "name one, such as --since 90d.")
    start = periods.parse_moment(scope.since, zone, as_of)
    end = periods.parse_moment(scope.until, zone, as_of) if scope.until else periods.to_local(as_of, zone)
    first = start - (end - start)
    earlier = replace(scope, since=first.isoformat(), until=start.isoformat())
    return earlier, f"{_day(start)} to {_day(end)} against {_day(first)} to {_day(start)}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}" if moment.hour == moment.minute == 0 else f"{moment:%Y-%m-%d %H:%M}"


def _pools(scope: Scope, now: Value) -> bool:
    """Whether a value is a share over several applications, whose mix may have changed."""
    return now.statistic == "share" and scope.by != "application"


def _at_old_mix(before: Cases, after: Cases) -> float | None:
    return standardised(after, {name: float(trials) for name, (_, trials) in before.items()})


def _cases(con: Connection, name: str, scope: Scope, group: str | None) -> Cases:
    sql = (
        "SELECT application, sum(value)::BIGINT, count(*) FROM $observations"
        " WHERE excluded IS NULL AND grp IS NOT DISTINCT FROM ? GROUP BY application"
    )
    rows = query_observations(con, catalog.metric(name).name, scope, sql, [group])
    return {application: (cases, trials) for application, cases, trials in (row.values() for row in rows)}
