"""A period against the equal one before it: whether the total moved as its applications did, and what is significant.

The Overview, the report and ``dora compare`` mark significant changes by the same rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from dora import periods
from dora.errors import UsageError
from dora.query.metric import build_info, compute_metric, query_observations
from dora.query.value import By, Move, Scope, Value, Verdict
from dora.render.text import signed
from dora.sql import catalog
from dora.statistics.aggregation_effects import Cases, Split, kitagawa, standardised
from dora.storage.database import Connection

CASES_BY_APPLICATION = (
    "SELECT application, sum(value)::BIGINT AS cases, count(*) AS trials FROM $observations"
    " WHERE excluded IS NULL AND grp IS NOT DISTINCT FROM ? GROUP BY application"
)
# The five DORA keys and the canary pass rate, in the order of the overview and the report.
KEY_METRICS = (
    "deployment_frequency", "lead_time", "change_failure_rate", "recovery_time", "rework_rate", "canary_pass_rate",
)  # fmt: skip
ReadValues = Callable[[str, Scope], Iterable[Value]]


@dataclass(frozen=True, slots=True)
class PeriodComparison:
    """One group's value now and before.

    ``split`` parts the change of a share into changes within its applications and a changed mix of them;
    ``at_old_mix`` is the value if each application still had its old part of the total. ``windows`` names both periods.
    """

    now: Value
    before: Value
    move: Move | None
    split: Split | None
    at_old_mix: float | None
    windows: str

    @property
    def warning(self) -> str | None:
        """Simpson's paradox: the total moved against its applications; null if it did not."""
        if self.split is None or not self.split.lies:
            return None
        within, mix = (f"{signed(100 * part)} points" for part in (self.split.within, self.split.mix))
        group = f"{self.now.group}: " if self.now.group else ""
        warning = f"{group}within applications it moved {within}, against the total; their mix moved it {mix}"
        if self.at_old_mix is None:
            return warning
        return f"{warning} (with the old mix it would be {100 * self.at_old_mix:.1f} %)"

    def plain(self) -> dict[str, Any]:
        """Return everything as plain data, as ``dora compare --json`` prints it."""
        return asdict(self) | {"warning": self.warning}


def compare_periods(con: Connection, name: str, scope: Scope) -> list[PeriodComparison]:
    """Compare each group's value in a scope's window with the equal window before it, in calendar days.

    Raises ``UsageError`` if the scope has no start, or for an unknown metric, application or team.
    """
    earlier, windows = previous_period(con, scope)
    before_by_group = {value.group: value for value in compute_metric(con, name, earlier)}
    comparisons = []
    for now in compute_metric(con, name, scope):
        before = before_by_group.get(now.group)
        if before is None:
            continue
        split, at_old_mix = None, None
        if now.statistic == "share" and scope.by != "application":  # a share over applications, whose mix may change
            old, new = (_cases_by_application(con, name, each, now.group) for each in (earlier, scope))
            old_weights = {application: float(trials) for application, (_, trials) in old.items()}
            split, at_old_mix = kitagawa(old, new), standardised(new, old_weights)
        comparisons.append(PeriodComparison(now, before, now.compare_to(before), split, at_old_mix, windows))
    return comparisons


def previous_period(con: Connection, scope: Scope) -> tuple[Scope, str]:
    """Return the equal window before a scope's, and both in words."""
    about = build_info(con)
    zone, as_of = about["timezone"], about["as_of"]
    if scope.since is None or as_of is None:
        raise UsageError("A window without a start has no window before it.", "set a start, for example --since 90d.")
    start = periods.parse_moment(scope.since, zone, as_of)
    end = periods.parse_moment(scope.until, zone, as_of) if scope.until else periods.to_local(as_of, zone)
    # Local times without their offset: a period of 30 days is compared with 30 days, also over a change of the clock.
    first = start - (end - start)
    earlier = replace(scope, since=first.isoformat(), until=start.isoformat())
    return earlier, f"{_day(start)} to {_day(end)} against {_day(first)} to {_day(start)}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}" if moment.hour == moment.minute == 0 else f"{moment:%Y-%m-%d %H:%M}"


def _cases_by_application(con: Connection, name: str, scope: Scope, group: str | None) -> Cases:
    rows = query_observations(con, catalog.metric(name).name, scope, CASES_BY_APPLICATION, [group])
    return {row["application"]: (row["cases"], row["trials"]) for row in rows}


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric of one group in two periods; ``move`` is null if a history is incomplete.

    ``verdict`` judges this comparison alone. ``significant`` holds among all comparisons that were made with it.
    """

    now: Value
    before: Value
    move: Move | None
    significant: bool
    total: bool = False  # over all groups together

    @property
    def verdict(self) -> Verdict:
        """Whether the metric got better or worse, as a comparison of its own."""
        return self.move.verdict(catalog.metric(self.now.metric).better) if self.move else "not significant"


def compare_values(pairs: Sequence[tuple[Value, Value]]) -> list[MetricChange]:
    """Compare each pair of values (now, before) at a false discovery rate of 5 % over all pairs.

    With 100 comparisons, five of a single test's 5 % would be chance (Benjamini and Hochberg 1995).
    """
    moves = [now.compare_to(before) for now, before in pairs]
    stays_significant = iter(Move.significant_among([move for move in moves if move is not None]))
    return [
        MetricChange(now, before, move, move is not None and next(stays_significant))
        for (now, before), move in zip(pairs, moves, strict=True)
    ]


def significant_changes(read_values: ReadValues, scope: Scope, earlier: Scope, by: By) -> list[MetricChange]:
    """Compare every key metric in two scopes, in total and for each group, and mark what is significant among them.

    Comparisons without a number on both sides are left out.
    """
    pairs: list[tuple[Value, Value]] = []
    totals: list[bool] = []
    for name in KEY_METRICS:
        for group in (None, by):
            before = {value.group: value for value in read_values(name, replace(earlier, by=group))}
            for now in read_values(name, replace(scope, by=group)):
                other = before.get(now.group)
                if other is not None and None not in (now.value, other.value):
                    pairs.append((now, other))
                    totals.append(group is None)
    return [replace(change, total=total) for change, total in zip(compare_values(pairs), totals, strict=True)]
