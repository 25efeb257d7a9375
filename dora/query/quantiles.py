"""Quantiles, limits and spread of durations and sizes, of all groups and periods of a scope at once.

It imports numpy: a query for counts must not import it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import numpy as np

from dora.query.aggregates import Aggregate, Key, Quantiles
from dora.query.plan import ScopePlan
from dora.query.value import Spread
from dora.statistics.quantiles import Floats, Samples, sort_samples
from dora.statistics.survival import Survival
from dora.storage.database import Connection

PROBABILITY = {"median": 0.5, "plain_median": 0.5, "p75": 0.75, "p90": 0.9}
EPOCH = datetime(1970, 1, 1)
Column = list[float | None]


@dataclass(frozen=True, slots=True)
class QuantileColumns:
    """Quantiles of many groups, one entry per group of ``Samples``; null for no number."""

    value: Column
    low: Column
    high: Column
    longest: Column
    deviation: Column
    ended: list[int]
    p10: Column
    p25: Column
    p75: Column
    p90: Column
    plain_median: Column
    mean: Column

    @classmethod
    def of(cls, samples: Samples, statistic: str, *, may_be_open: bool) -> QuantileColumns:
        """Compute the columns: by Kaplan and Meier of what ``may_be_open``, else of the ordered values."""
        curve = Survival(samples) if may_be_open else samples
        # plain_median and mean ignore open observations, also of metrics that have them.
        estimator = samples if statistic in ("plain_median", "mean") else curve
        p = PROBABILITY.get(statistic, 0.5)
        low, high = estimator.limits(p)
        mean, deviation = samples.moments()
        return cls(
            value=_nulls(estimator.quantile(p)),
            low=_nulls(low),
            high=_nulls(high),
            longest=_nulls(samples.longest),
            deviation=_nulls(deviation),
            ended=samples.ended.tolist(),
            p10=_nulls(curve.quantile(0.1)),
            p25=_nulls(curve.quantile(0.25)),
            p75=_nulls(curve.quantile(0.75)),
            p90=_nulls(curve.quantile(0.9)),
            plain_median=_nulls(samples.quantile(0.5)),
            mean=_nulls(mean),
        )

    def row(self, i: int) -> Quantiles:
        """Return the quantiles of one group."""
        spread = Spread(self.p10[i], self.p25[i], self.p75[i], self.p90[i], self.plain_median[i], self.mean[i])
        return Quantiles(
            self.value[i], self.low[i], self.high[i], self.longest[i], self.deviation[i], self.ended[i], spread
        )


def add_quantiles(con: Connection, plan: ScopePlan, aggregates: dict[Key, Aggregate]) -> None:
    """Add the quantiles of every group and period that has observations."""
    for aggregate in aggregates.values():
        aggregate.quantiles = Quantiles()
    samples = _read_samples(con, plan)
    columns = QuantileColumns.of(samples, plan.statistic, may_be_open=plan.metric.statistic == "median")
    keys = list(product(plan.groups, plan.periods))
    for i, number in enumerate(samples.groups.tolist()):
        aggregates[keys[number]].quantiles = columns.row(i)


def _read_samples(con: Connection, plan: ScopePlan) -> Samples:
    """Return the values that count; their groups are numbered by group, then period."""
    columns = plan.execute(con, "values_in_scope").fetchnumpy()
    names = ("group_number", "day", "value", "censored")
    group, day, value, censored = (np.asarray(columns[name]) for name in names)  # asarray drops the mask of no nulls
    numbers = group.astype(np.int64) * len(plan.periods)
    starts = [(period.start - EPOCH).days for period in plan.periods if period]
    if starts and len(day):
        # The period of each day is looked up in a table of all days, not searched for every row.
        period_of_day = np.searchsorted(starts, np.arange(starts[0], day.max() + 1), "right") - 1
        numbers += period_of_day[day - starts[0]]
    return sort_samples(numbers, value, censored, len(plan.groups) * len(plan.periods))


def _nulls(column: Floats) -> Column:
    return [None if math.isnan(number) else number for number in column.tolist()]
