"""From the aggregate of a group and period to its number: value, 95 % limits, or the reason why there is none.

``length`` is on how many days the group was observed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from dora import statistics
from dora.query.aggregates import Aggregate
from dora.render import text
from dora.sql.catalog import Metric

DAYS_PER_WEEK = 7
NOT_OBSERVED = "nothing was observed in this window"


class Estimate(NamedTuple):
    """A value with its 95 % limits, each null for no bound; or the reason why there is no value."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


def nothing_to_count(metric: Metric) -> str:
    """Return the reason of an empty aggregate: ``no deployments to count``."""
    plural = "canaries" if metric.subject == "canary" else f"{metric.subject}s"
    return f"no {plural} to count"


def count(metric: Metric, aggregate: Aggregate, length: float) -> Estimate:
    """Events per observed day with exact Poisson limits (Garwood 1936), widened if weeks vary more than by chance."""
    if not length:
        return Estimate(reason=NOT_OBSERVED)
    low, high = statistics.widened(statistics.poisson(aggregate.n), aggregate.n, aggregate.dispersion or 1.0)
    return Estimate(aggregate.n / length, low / length, high / length)


def days(metric: Metric, aggregate: Aggregate, length: float) -> Estimate:
    """Days with an event per week of seven observed days, with Wilson's limits."""
    # A window may cut two days and still have events on both: there are never more active days than days.
    total = max(math.ceil(length), aggregate.active_days)
    limits = statistics.wilson(aggregate.active_days, total)
    if limits is None:
        return Estimate(reason=NOT_OBSERVED)
    low, high = limits
    return Estimate(DAYS_PER_WEEK * aggregate.active_days / total, DAYS_PER_WEEK * low, DAYS_PER_WEEK * high)


def share(metric: Metric, aggregate: Aggregate, length: float) -> Estimate:
    """Share of observations with value 1, with Wilson's limits (1927)."""
    limits = statistics.wilson(round(aggregate.total), aggregate.n)
    if limits is None:
        return Estimate(reason=nothing_to_count(metric))
    return Estimate(aggregate.total / aggregate.n, *limits)


def survival_quantile(fraction: str, metric: Metric, aggregate: Aggregate, length: float) -> Estimate:
    """A Kaplan–Meier quantile; null while more than a ``fraction`` of the observations are still open."""
    quantiles = aggregate.quantiles
    if not aggregate.n or quantiles is None:
        return Estimate(reason=nothing_to_count(metric))
    if quantiles.value is None:
        # The lower limit may be known anyway: it needs fewer ended observations than the quantile.
        longest = text.quantity(quantiles.longest, metric.unit)
        return Estimate(low=quantiles.low, reason=f"more than {fraction} are pending, the longest for {longest}")
    return Estimate(quantiles.value, quantiles.low, quantiles.high)


def plain_median(metric: Metric, aggregate: Aggregate, length: float) -> Estimate:
    """The median of what has ended (type 7), between the order statistics that enclose it (Conover)."""
    quantiles = aggregate.quantiles
    if quantiles is None or not quantiles.ended:
        return Estimate(reason="all are pending" if aggregate.n else nothing_to_count(metric))
    return Estimate(quantiles.value, quantiles.low, quantiles.high)


def mean(metric: Metric, aggregate: Aggregate, length: float) -> Estimate:
    """The mean of what has ended, with Student's limits; no limits below two."""
    quantiles = aggregate.quantiles
    if quantiles is None or quantiles.spread.mean is None:
        return Estimate(reason="all are pending" if aggregate.n else nothing_to_count(metric))
    value = quantiles.spread.mean
    half = statistics.mean_half(quantiles.deviation, quantiles.ended)
    return Estimate(value) if half is None else Estimate(value, value - half, value + half)


ESTIMATORS: dict[str, Callable[[Metric, Aggregate, float], Estimate]] = {
    "count": count,
    "days": days,
    "share": share,
    "median": partial(survival_quantile, "half"),
    "p75": partial(survival_quantile, "a quarter"),
    "p90": partial(survival_quantile, "a tenth"),
    "plain_median": plain_median,
    "mean": mean,
}
