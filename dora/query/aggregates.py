"""What each group and period of a scope has, counted by SQL, and how much the weekly counts of a group scatter."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dora import periods, statistics
from dora.periods import Period
from dora.query.exposure import read_exposure
from dora.query.plan import GROUP_SQL, Members, ScopePlan, execute, read_query, select_members
from dora.query.value import Spread
from dora.storage.build_results import once_per_build
from dora.storage.database import Connection

DISPERSION_WEEKS = 52  # a year, so that holidays and freezes are in it once
Key = tuple[str | None, Period | None]  # group and period


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles of durations or sizes of one group and period, in the metric's unit; null for no number.

    ``value`` with its limits ``low`` and ``high`` is the requested quantile; ``deviation`` and ``ended`` are
    of what has ended, ``longest`` is of all. ``earliest`` and ``latest`` are the bounds of the quantile, see ``Value``.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    longest: float | None = None
    deviation: float | None = None
    ended: int = 0
    spread: Spread = field(default_factory=Spread)
    earliest: float | None = None
    latest: float | None = None


@dataclass(slots=True)
class Aggregate:
    """The observations of one group and period: how many count and are open, the sum of their values, and on how many
    local days they happened; how many are ``excluded``, by reason. Only counts have a ``dispersion``, only durations
    and sizes have ``quantiles``.
    """

    n: int = 0
    open: int = 0
    total: float = 0.0
    active_days: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    dispersion: float | None = None
    quantiles: Quantiles | None = None


def count_observations(con: Connection, plan: ScopePlan) -> dict[Key, Aggregate]:
    """Return the aggregates of all groups and periods; those without any observation are made on access."""
    aggregates: dict[Key, Aggregate] = defaultdict(Aggregate)
    periods_by_start = {period.start: period for period in plan.periods if period}
    for group, start, excluded, n, *sums in plan.execute(con, "counts_in_scope").fetchall():
        # Observations without a time are in no period; with periods their row is never read.
        aggregate = aggregates[group, periods_by_start.get(start)]
        if excluded is not None:
            aggregate.excluded[excluded] = n
        else:
            aggregate.n, (aggregate.open, aggregate.total, aggregate.active_days) = n, sums
    return aggregates


def add_dispersion(con: Connection, plan: ScopePlan, aggregates: dict[Key, Aggregate]) -> None:
    """Add the variance over the mean of each group's weekly counts, at least 1, which is chance alone.

    It is taken over those of the 52 weeks before the window's end on whose every day the group was observed.
    """
    end = periods.floor(plan.window.end, "week")
    dispersions = _read_dispersions(con, plan.metric.name, plan.members, plan.zone, plan.assistance, end)
    for group in plan.groups.keys() & plan.with_history:
        for period in plan.periods:
            aggregates[group, period].dispersion = dispersions[group]


@once_per_build
def _read_dispersions(  # noqa: PLR0913, PLR0917 - one argument a part of the answer's key
    con: Connection, metric: str, members: Members, zone: str, assistance: str | None, end: datetime
) -> dict[str | None, float]:
    year = Period(end - timedelta(weeks=DISPERSION_WEEKS), end)
    weeks = list(periods.split(year, "week"))
    _, selection = select_members(con, members)
    parameters = {**selection, "assistance": assistance, "first_week": year.start, "last_week": year.end}
    sql = read_query("weekly_counts", metric=metric, group=GROUP_SQL[members.by])
    weekly_counts = {(group, week): n for group, week, n in execute(con, sql, parameters).fetchall()}
    dispersions: dict[str | None, float] = {}
    for group, exposure in read_exposure(con, members, zone).items():
        observed = (week for week in weeks if exposure.days(week) == week.days)
        dispersions[group] = statistics.dispersion([weekly_counts.get((group, week.start), 0) for week in observed])
    return dispersions
