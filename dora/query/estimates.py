"""From what a group and period has to its number: value, 95 % limits, and the reason where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

from dora import statistics
from dora.errors import UsageError
from dora.periods import Period
from dora.query.aggregates import SPREAD, Cell
from dora.render import text
from dora.sql.catalog import Metric

Estimate = tuple[float | None, float | None, float | None, str | None]
WEEK = 7


def resolved(described: Metric, asked: str | None) -> str:
    """The statistic that is asked for, else the metric's own; raises ``UsageError`` for one that it has not."""
    known = SPREAD if described.statistic in SPREAD else (described.statistic,)
    if asked is not None and asked not in known:
        raise UsageError(f"{described.title} has no {asked}.", f"use one of {', '.join(known)}.")
    return asked or described.statistic


def never(described: Metric, cell: Cell, exposed: Period) -> Estimate:
    """A group without a row in all of history has no number, not a zero."""
    return None, None, None, f"{_nothing(described)} in all of history"


def count(described: Metric, cell: Cell, exposed: Period) -> Estimate:
    """Events per calendar day, with exact Poisson limits (Garwood 1936), wider where weeks vary more than by chance."""
    length = exposed.days
    if not length:
        return None, None, None, "the window has no length"
    low, high = statistics.widened(statistics.poisson(cell.n), cell.n, cell.scatter or 1.0)
    return cell.n / length, low / length, high / length, None


def days(described: Metric, cell: Cell, exposed: Period) -> Estimate:
    """Days with an event per week of seven, with Wilson's limits."""
    whole = max(math.ceil(exposed.days), cell.days)
    interval = statistics.wilson(cell.days, whole)
    if interval is None:
        return None, None, None, "the window has no length"
    return WEEK * cell.days / whole, WEEK * interval[0], WEEK * interval[1], None


def share(described: Metric, cell: Cell, exposed: Period) -> Estimate:
    """Share of observations with value 1, with Wilson's limits (1927)."""
    interval = statistics.wilson(round(cell.total), cell.n)
    if interval is None:
        return None, None, None, _nothing(described)
    return cell.total / cell.n, *interval, None


def _quantile(more: str) -> Callable[[Metric, Cell, Period], Estimate]:
    """A quantile of all by Kaplan and Meier; null where more than that is still open."""

    def estimate(described: Metric, cell: Cell, exposed: Period) -> Estimate:
        if not cell.n:
            return None, None, None, _nothing(described)
        if cell.value is None:
            still = f"the longest for {text.quantity(cell.longest, described.unit)}"
            return None, cell.low, None, f"more than {more} are still open, {still}"
        return cell.value, cell.low, cell.high, None

    return estimate


def plain(described: Metric, cell: Cell, exposed: Period) -> Estimate:
    """The median of those that ended (type 7), between the order statistics that enclose it (Conover)."""
    if not cell.ended:
        return None, None, None, _nothing(described) if not cell.n else "none has ended"
    return cell.value, cell.low, cell.high, None


def mean(described: Metric, cell: Cell, exposed: Period) -> Estimate:
    """The mean of those that ended, with Student's limits; none below two."""
    if not cell.ended or cell.spread is None or cell.spread.mean is None:
        return None, None, None, _nothing(described) if not cell.n else "none has ended"
    half = statistics.mean_half(cell.deviation, cell.ended)
    if half is None:
        return cell.spread.mean, None, None, None
    return cell.spread.mean, cell.spread.mean - half, cell.spread.mean + half, None


def _nothing(described: Metric) -> str:
    plural = {"canary": "canaries"}.get(described.subject, f"{described.subject}s")
    return f"no {plural} to count"


STATISTICS: dict[str, Callable[[Metric, Cell, Period], Estimate]] = {
    "count": count,
    "days": days,
    "share": share,
    "median": _quantile("half"),
    "p75": _quantile("a quarter"),
    "p90": _quantile("a tenth"),
    "plain_median": plain,
    "mean": mean,
}
