"""A period against the equal one before it: what got better or worse, and whether applications moved as their total.

The cards and lists of the pages, the report and ``dora compare`` have their verdicts from ``judge_changes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from dora import periods
from dora.errors import UsageError
from dora.query.metric import build_info, compute_metric, query_observations
from dora.query.value import By, Move, ReadValues, Scope, Value, Verdict, judge_moves
from dora.render.text import signed
from dora.sql import catalog
from dora.statistics.aggregation_effects import Cases, Split, kitagawa, standardised
from dora.storage.database import Connection

CASES_BY_APPLICATION = (
    "SELECT application, sum(value)::BIGINT AS cases, count(*) AS trials FROM $observations"
    " WHERE excluded IS NULL AND grp IS NOT DISTINCT FROM ? GROUP BY application"
)
# DORA's own dimensions of the five keys.
DIMENSIONS = {
    "throughput": ("lead_time", "deployment_frequency", "recovery_time"),
    "instability": ("change_failure_rate", "rework_rate"),
}
# In the order of the overview and the report.
KEY_METRICS = (*DIMENSIONS["throughput"], *DIMENSIONS["instability"], "canary_pass_rate")


@dataclass(frozen=True, slots=True)
class PeriodComparison:
    """One group's value now and before, with the verdict on its move.

    ``move`` is null if there is nothing to compare, and ``reason`` says why. ``split`` parts the change of a share into
    changes within its applications and a changed mix of them; ``at_old_mix`` is the value if each application still had
    its old part of the total. ``windows`` names both periods.
    """

    now: Value
    before: Value
    move: Move | None
    split: Split | None
    at_old_mix: float | None
    windows: str
    verdict: Verdict
    reason: str | None

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


def compare_periods(
    con: Connection, name: str, scope: Scope, read_values: ReadValues | None = None, split_at: str | None = None
) -> list[PeriodComparison]:
    """Compare each group's value in a scope's window with the equal window before it, in calendar days.

    With ``split_at``, a moment within the window, compare its part from then on with the part before. ``read_values``
    replaces ``compute_metric``, for callers that hold values already. Raises ``UsageError`` if the scope has no start,
    for an unknown metric, application or team, and for a split outside the window.
    """
    earlier, windows = previous_period(con, scope) if split_at is None else split_window(con, scope, split_at)
    scope = scope if split_at is None else replace(name_end(con, scope), since=split_at)
    comparisons = []
    for change in judge_changes(read_values or partial(compute_metric, con), scope, earlier, (name,)):
        now, before = change.now, change.before
        split, at_old_mix = None, None
        if now.statistic == "share" and scope.by != "application":  # a share over applications, whose mix may change
            old, new = (_cases_by_application(con, name, each, now.group) for each in (earlier, scope))
            old_weights = {application: float(trials) for application, (_, trials) in old.items()}
            split, at_old_mix = kitagawa(old, new), standardised(new, old_weights)
        comparison = PeriodComparison(
            now, before, change.move, split, at_old_mix, windows, change.verdict, _reason(change)
        )
        comparisons.append(comparison)
    return comparisons


def _reason(change: MetricChange) -> str | None:
    """Return why there is nothing to compare."""
    if change.move:
        return None
    for when, value in (("before", change.before), ("now", change.now)):
        if why := value.reason if value.value is None else value.incomplete:
            return f"{when}: {why}"
    return None


def previous_period(con: Connection, scope: Scope) -> tuple[Scope, str]:
    """Return the window before a scope's, and both in words: of a quarter or year the one before, else an equal one.

    Raises ``UsageError`` for a scope without a start, and for a build without data.
    """
    about = build_info(con)
    zone, as_of = about["timezone"], about["as_of"]
    if as_of is None:
        raise UsageError("The build has no data to compare.", "run `dora nightly`; `dora check` says what is missing.")
    before = periods.previous_window(scope.since, scope.until, zone, as_of)
    if before is None:
        raise UsageError("A window without a start has no window before it.", "set a start (since), for example 90d.")
    start, end = periods.parse_window(scope.since, scope.until, zone, as_of)
    now = periods.Period(start or before.end, end or periods.to_local(as_of, zone))
    earlier = replace(scope, since=before.start.isoformat(), until=before.end.isoformat())
    return earlier, f"{_days(now)} against {_days(before)}"


def name_end(con: Connection, scope: Scope) -> Scope:
    """Return a scope with the end that its quarter or year implies, so that it stays the same with another start."""
    about = build_info(con)
    if scope.until or not scope.since or about["as_of"] is None:
        return scope
    _, end = periods.parse_window(scope.since, None, about["timezone"], about["as_of"])
    return replace(scope, until=end.isoformat()) if end else scope


def split_window(con: Connection, scope: Scope, split_at: str) -> tuple[Scope, str]:
    """Return the part of a scope's window before a moment, and both parts in words.

    Raises ``UsageError`` if the moment is not within the window.
    """
    about = build_info(con)
    zone, as_of = about["timezone"], about["as_of"] or datetime.min
    at = periods.parse_moment(split_at, zone, as_of)
    start, end = periods.parse_window(scope.since, scope.until, zone, as_of)
    end = end or periods.to_local(as_of, zone)
    if not (start or datetime.min) < at < end:
        raise UsageError(f"{_day(at)} is not within the window.", "give a longer one, for example --since 1y.")
    before = _days(periods.Period(start, at)) if start else f"all before {_day(at)}"
    return replace(scope, until=split_at), f"{_days(periods.Period(at, end))} against {before}"


def _days(period: periods.Period) -> str:
    return f"{_day(period.start)} to {_day(period.end)}"


def covered_previous_period(con: Connection, scope: Scope, read_values: ReadValues | None = None) -> Scope | None:
    """Return the equal window before a scope's; null if the scope has no start, or history does not cover all of it."""
    if scope.since is None or build_info(con)["as_of"] is None:
        return None
    earlier, _ = previous_period(con, scope)
    (value,) = (read_values or partial(compute_metric, con))("deployment_frequency", replace(earlier, by=None))
    is_covered = value.incomplete is None and value.days >= value.window_days
    return earlier if is_covered else None


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}" if moment.hour == moment.minute == 0 else f"{moment:%Y-%m-%d %H:%M}"


def _cases_by_application(con: Connection, name: str, scope: Scope, group: str | None) -> Cases:
    rows = query_observations(con, catalog.metric(name).name, scope, CASES_BY_APPLICATION, [group])
    return {row["application"]: (row["cases"], row["trials"]) for row in rows}


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric of one group in two periods, with the verdict; ``move`` is null if there is nothing to compare."""

    now: Value
    before: Value
    move: Move | None
    verdict: Verdict
    total: bool = False  # over all groups together

    @property
    def significant(self) -> bool:
        """Whether the metric got better or worse."""
        return self.verdict in ("better", "worse")


def judge_changes(
    read_values: ReadValues, scope: Scope, earlier: Scope, names: Sequence[str] = KEY_METRICS
) -> list[MetricChange]:
    """Compare metrics in two scopes, for each group, and give the verdict on every move.

    Moves of all groups and all key metrics are judged together, and those of another metric together with these: so a
    verdict does not depend on what else is computed or shown.
    """
    key_pairs = _pairs(read_values, scope, earlier, KEY_METRICS)
    changes = _judge(key_pairs) if set(names) & set(KEY_METRICS) else []
    for name in names:
        if name not in KEY_METRICS:
            pairs = _pairs(read_values, scope, earlier, (name,))
            changes += _judge(key_pairs + pairs)[len(key_pairs) :]
    return [change for change in changes if change.now.metric in names]


def _pairs(read_values: ReadValues, scope: Scope, earlier: Scope, names: Sequence[str]) -> list[tuple[Value, Value]]:
    pairs = []
    for name in names:
        before = {value.group: value for value in read_values(name, earlier)}
        pairs += [(now, before[now.group]) for now in read_values(name, scope) if now.group in before]
    return pairs


def _judge(pairs: Sequence[tuple[Value, Value]]) -> list[MetricChange]:
    moves = [now.compare_to(before) for now, before in pairs]
    better = [catalog.metric(now.metric).better for now, _ in pairs]
    verdicts = judge_moves(list(zip(moves, better, strict=True)))
    return [
        MetricChange(now, before, move, verdict)
        for (now, before), move, verdict in zip(pairs, moves, verdicts, strict=True)
    ]


def significant_changes(read_values: ReadValues, scope: Scope, earlier: Scope, by: By) -> list[MetricChange]:
    """Compare every key metric in two scopes, in total and for each group, with the verdict on every move.

    Comparisons without a number on both sides are left out.
    """
    changes = []
    for group in (None, by):
        for change in judge_changes(read_values, replace(scope, by=group), replace(earlier, by=group)):
            if None not in (change.now.value, change.before.value):
                changes.append(replace(change, total=group is None))
    return changes
