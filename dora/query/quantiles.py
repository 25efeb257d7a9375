"""Quantiles, limits and spread of durations and sizes, of all groups and periods of a scope at once.

It imports numpy: a query for counts must not import it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dora.query.aggregates import Aggregate, Key, Quantiles
from dora.query.plan import ScopePlan, read_query
from dora.query.value import Spread
from dora.statistics.quantiles import Samples, sort_samples
from dora.statistics.survival import Survival
from dora.storage.build_results import once_per_build
from dora.storage.database import Connection

PROBABILITY = {"median": 0.5, "plain_median": 0.5, "p75": 0.75, "p90": 0.9}
EPOCH = datetime(1970, 1, 1)


def add_quantiles(con: Connection, plan: ScopePlan, aggregates: dict[Key, Aggregate]) -> None:
    """Add the quantiles of every group and period that has observations.

    By Kaplan and Meier of a metric whose observations may be open, else of the ordered values.
    """
    for aggregate in aggregates.values():
        aggregate.quantiles = Quantiles()
    samples = _read_samples(con, plan, None)
    curve = Survival(samples) if plan.metric.statistic == "median" else samples
    # plain_median and mean ignore open observations, also of metrics that have them.
    is_plain = plan.statistic in ("plain_median", "mean")
    estimator = samples if is_plain else curve
    p = PROBABILITY.get(plan.statistic, 0.5)
    mean, deviation = samples.moments()
    # One column per field of Quantiles and Spread, in their order; one row per group of the samples.
    columns = [estimator.quantile(p), *estimator.limits(p), samples.longest, deviation, samples.ended]
    columns += [*map(curve.quantile, (0.1, 0.25, 0.75, 0.9)), samples.quantile(0.5), mean]
    rows = zip(*map(_to_nulls, columns), strict=True)
    keys = list(product(plan.groups, plan.periods))
    for number, row in zip(samples.groups.tolist(), rows, strict=True):
        value, low, high, longest, sd, ended, *spread = row
        aggregates[keys[number]].quantiles = Quantiles(value, low, high, longest, sd, ended, Spread(*spread))
    if not is_plain and _has_bounds(con, plan.metric.name):
        for bound in ("earliest", "latest"):
            bounding = _read_samples(con, plan, bound)
            values = _to_nulls(Survival(bounding).quantile(p))
            for number, value in zip(bounding.groups.tolist(), values, strict=True):
                aggregate = aggregates[keys[number]]
                aggregate.quantiles = replace(aggregate.quantiles or Quantiles(), **{bound: value})


@once_per_build
def _has_bounds(con: Connection, metric: str) -> bool:
    return con.execute(read_query("has_bounds", metric=metric)).fetchall() != [(False,)]


def _read_samples(con: Connection, plan: ScopePlan, bound: str | None) -> Samples:
    """Return the values that count, or those of a bound; their groups are numbered by group, then period."""
    columns = plan.execute(con, "values_in_scope", bound=bound).fetchnumpy()
    names = ("group_number", "day", "value", "censored")
    entry = np.ma.filled(columns["entry"], np.nan)
    group, day, value, censored = (np.asarray(columns[name]) for name in names)  # asarray drops the mask of no nulls
    numbers = group.astype(np.int64) * len(plan.periods)
    starts = [(period.start - EPOCH).days for period in plan.periods if period]
    if starts and len(day):
        # The period of each day is looked up in a table of all days, not searched for every row.
        period_of_day = np.searchsorted(starts, np.arange(starts[0], day.max() + 1), "right") - 1
        numbers += period_of_day[day - starts[0]]
    return sort_samples(numbers, value, censored, len(plan.groups) * len(plan.periods), entry)


def _to_nulls(column: NDArray[Any]) -> list[Any]:
    return [None if math.isnan(number) else number for number in column.tolist()]
