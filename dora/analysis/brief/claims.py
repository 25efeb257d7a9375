"""What a brief may say: every candidate with its p, and the few of them that are significant, relevant and distinct."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from statistics import median
from typing import Literal, NamedTuple

from dora.analysis.goals import GoalResult
from dora.analysis.period_comparison import DIMENSIONS, KEY_METRICS, MetricChange
from dora.analysis.weekly_signals import WeeklySeries
from dora.query.value import Bounds, Move, ReadValues, Scope, Value, Verdict, judge_moves, ratio_p
from dora.sql import catalog
from dora.statistics.aggregation_effects import discoveries, outside
from dora.statistics.intervals import wilson

Kind = Literal["outlier", "waiting", "goal", "shift", "move"]
# Metrics in which a group that is much worse than the others needs attention; how often to deploy is its own choice.
OUTLIER_METRICS = ("lead_time", "change_failure_rate", "recovery_time", "rework_rate")
OUTLIER_RATIO = 2.0  # at least so many times as bad as all other groups together
MIN_WEEKS_AFTER = 3  # a shift is lasting once so many complete weeks followed it
MAX_SENTENCES = 3
MAX_SIZE = 5.0  # of a move from or to zero, which has no ratio
ReadSignals = Callable[[str, Scope], Iterable[WeeklySeries]]


class ClaimReader(NamedTuple):
    """What candidates are read with."""

    values: ReadValues
    signals: ReadSignals


@dataclass(frozen=True, slots=True)
class Claim:
    """One candidate for a sentence.

    before    what ``now`` is compared with: the time before, or of an outlier all other groups; null for a goal
    p         of this candidate among all groups that it was chosen from; 1 if nothing speaks for it
    verdict   better or worse if it is significant on its own and relevant
    week      the first week of a shift, or the most likely one of a move
    total     whether it is about all groups together
    """

    kind: Kind
    now: Value
    p: float
    verdict: Verdict = "not significant"
    before: Value | None = None
    move: Move | None = None
    week: datetime | None = None
    goal: GoalResult | None = None
    total: bool = False

    @property
    def subject(self) -> tuple[bool, str | None, str]:
        """What it is about, of which one sentence is enough: a group's throughput metric, or its instability."""
        unstable = self.now.metric in DIMENSIONS["instability"]
        return self.total, self.now.group, "instability" if unstable else self.now.metric

    @property
    def size(self) -> float:
        """How large the difference is at least: the logarithm of its ratio at the nearer limit of its interval."""
        if self.goal:
            limit = self.now.low if self.goal.bound == "at_most" else self.now.high
            return _log_ratio(limit, self.goal.goal)
        if self.move is None or self.before is None:
            return 0.0
        limit = self.move.low if self.move.direction > 0 else self.move.high
        if self.now.statistic != "share":
            return _log_ratio(limit, 1.0)
        before = self.before.value or 0.0
        return _log_ratio(before + (limit or 0.0), before)


def _log_ratio(value: float | None, reference: float) -> float:
    if not value or not reference or value < 0:
        return MAX_SIZE
    return min(MAX_SIZE, abs(math.log(value / reference)))


def find_moves(changes: Iterable[MetricChange]) -> Iterator[Claim]:
    """Yield the move of every key metric, in total and by group."""
    for change in changes:
        p = change.move.p if change.move else None
        if p is not None:
            yield Claim("move", change.now, p, change.verdict, change.before, change.move, total=change.total)


def find_shifts(reader: ClaimReader, scope: Scope, groups: Scope, until: str | None) -> Iterator[Claim]:
    """Yield a candidate for every weekly series with enough weeks: its change point in the window, if it has one.

    ``until`` is the end of the window, also of a quarter or year that implies it.
    """
    for grouped, name in ((grouped, name) for grouped in (scope, groups) for name in KEY_METRICS):
        for series in reader.signals(name, grouped):
            if series.reason is None:
                yield _shift(series, reader.values, replace(grouped, until=until))


def _shift(series: WeeklySeries, read_values: ReadValues, scope: Scope) -> Claim:
    change, last, total = series.change, series.weeks[-1], scope.by is None
    if change is None:
        return Claim("shift", last, 1.0, total=total)
    week, first = series.weeks[change.index].period, series.weeks[0].period
    if change.index < series.starts or len(series.weeks) - change.index < MIN_WEEKS_AFTER:
        medians = (replace(last, value=value) for value in (change.after, change.before))
        return Claim("shift", next(medians), 1.0, before=next(medians), week=week, total=total)
    recent = median(week.value or 0.0 for week in series.weeks[-MIN_WEEKS_AFTER:])
    stays = abs(recent - change.after) <= abs(recent - change.before)
    assert week is not None and first is not None  # noqa: S101, PT018 - a week of a series has a start
    now = _value_of(series.group, read_values(series.metric, replace(scope, since=week.isoformat())))
    until = replace(scope, since=first.isoformat(), until=week.isoformat())
    before = _value_of(series.group, read_values(series.metric, until))
    move = now.compare_to(before) if now and before and stays else None
    if now is None or move is None:
        return Claim("shift", last, 1.0, total=total)
    return Claim("shift", now, change.p, _verdict(now, move), before, move, week, total=total)


def _value_of(group: str | None, values: Iterable[Value]) -> Value | None:
    return next((value for value in values if value.group == group), None)


def find_outliers(values: Sequence[Value], read_others: Callable[[str | None], Value]) -> Iterator[Claim]:
    """Yield the worst group of a metric, compared with all others together, which ``read_others`` returns.

    Its p is that of the worst of all groups (Bonferroni).
    """
    candidates = [value for value in values if value.value is not None]
    if len(candidates) < 2:
        return
    higher = catalog.metric(candidates[0].metric).better == "higher"
    worst = (min if higher else max)(candidates, key=lambda value: value.value or 0.0)
    others = read_others(worst.group)
    move = worst.compare_to(others)
    if move is None or move.p is None:
        return
    verdict = _verdict(worst, move)
    ratio = (worst.value or 0.0) / others.value if others.value else math.inf
    is_far = (1 / ratio if higher and ratio else ratio) >= OUTLIER_RATIO
    p = min(1.0, move.p * len(candidates))
    yield Claim("outlier", worst, p, verdict if verdict == "worse" and is_far else "not significant", others, move)


def find_waiting(lead_times: Sequence[Value], relevant_change: float) -> Iterator[Claim]:
    """Yield the group with the largest share of changes awaiting deployment, against all others together."""
    total_open, total = sum(value.open for value in lead_times), sum(value.n for value in lead_times)

    def share(value: Value, cases: int, n: int) -> Value:
        low, high = wilson(cases, n) or (None, None)
        return replace(value, value=cases / n, unit="share", statistic="share", n=n, low=low, high=high, open=cases,
                       relevant_change=relevant_change)  # fmt: skip

    def others(group: str | None) -> Value:
        own = next(value for value in lead_times if value.group == group)
        return share(replace(own, group=None), total_open - own.open, max(1, total - own.n))

    shares = [share(value, value.open, value.n) for value in lead_times if value.n]
    for claim in find_outliers(shares, others):
        yield replace(claim, kind="waiting")


def find_missed_goals(results: Iterable[GoalResult], *, total: bool) -> Iterator[Claim]:
    """Yield every goal with a value; its p is that of the value against the goal."""
    for result in results:
        if result.value.value is not None:
            missed = result.verdict == "missed"
            p = _goal_p(result) if missed else 1.0
            yield Claim("goal", result.value, p, "worse" if missed else "not significant", goal=result, total=total)


def _goal_p(result: GoalResult) -> float:
    value = result.value
    if value.statistic == "share":
        return outside(round((value.value or 0.0) * value.n), value.n, result.goal)
    nearer: Bounds = (value.low, value.high)
    limit = nearer[0] if result.bound == "at_most" else nearer[1]
    p = ratio_p(value.value or 0.0, result.goal, limit / result.goal if limit else None) if result.goal else 0.0
    return 1.0 if p is None else p


def _verdict(now: Value, move: Move) -> Verdict:
    (verdict,) = judge_moves([(move, catalog.metric(now.metric).better)])
    return verdict


def significant_claims(claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims that are relevant, and significant among all candidates at a false discovery rate of 5 %."""
    significant = discoveries({str(number): claim.p for number, claim in enumerate(claims)})
    return [
        claim
        for number, claim in enumerate(claims)
        if str(number) in significant and claim.verdict in ("better", "worse")
    ]


def rank_claims(significant: Sequence[Claim], candidates: Sequence[Claim]) -> list[Claim]:
    """Return at most three of the significant claims.

    The first answers which group needs attention, the second what changed for all, the third which group changed; what
    is left of the three is filled by size. A group that moved as all together is no sentence of its own.
    """
    distinct: dict[tuple[bool, str | None, str], Claim] = {}
    order: tuple[Kind, ...] = ("outlier", "shift", "move", "waiting", "goal")
    metrics = dict.fromkeys([*KEY_METRICS, *catalog.metrics()])
    rank = {name: number for number, name in enumerate(metrics)}
    for claim in sorted(significant, key=lambda claim: (rank[claim.now.metric], order.index(claim.kind))):
        distinct.setdefault(claim.subject, claim)
    totals = {(claim.subject[2], claim.verdict) for claim in distinct.values() if claim.total}
    questions: tuple[list[Claim], ...] = ([], [], [])
    for claim in sorted(distinct.values(), key=lambda claim: (claim.verdict != "worse", -claim.size)):
        if claim.kind in ("outlier", "waiting", "goal"):
            questions[0].append(claim)
        elif claim.total:
            questions[1].append(claim)
        elif (claim.subject[2], claim.verdict) not in totals:
            questions[2].append(claim)
    firsts = [claims[0] for claims in questions if claims]
    rest = sorted(chain(*(claims[1:] for claims in questions)), key=lambda claim: -claim.size)
    chosen = [*firsts, *rest][:MAX_SENTENCES]
    return [_with_week(claim, candidates) for part in questions for claim in part if claim in chosen]


def _with_week(claim: Claim, candidates: Iterable[Claim]) -> Claim:
    """Return a move with the change point of its weekly series, if that went in the same direction."""
    if claim.kind != "move" or claim.move is None:
        return claim
    key = (claim.total, claim.now.group, claim.now.metric)
    for shift in candidates:
        if shift.kind == "shift" and shift.week and (shift.total, shift.now.group, shift.now.metric) == key:
            after, before = shift.now.value or 0.0, shift.before.value or 0.0 if shift.before else 0.0
            if (after - before) * claim.move.direction > 0:
                return replace(claim, week=shift.week)
    return claim
