"""What each group and period of a scope has, counted by SQL, and how much the weekly counts of a group scatter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from dora import periods, statistics
from dora.periods import Period
from dora.query.exposure import Exposure
from dora.query.plan import ScopePlan
from dora.query.value import Spread
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


def add_dispersion(
    con: Connection, plan: ScopePlan, aggregates: dict[Key, Aggregate], exposures: Mapping[str | None, Exposure]
) -> None:
    """Add the variance over the mean of each group's weekly counts, at least 1, which is chance alone.

    It is taken over those of the 52 weeks before the window's end on whose every day the group was observed.
    """
    end = periods.floor(plan.window.end, "week")
    year = Period(end - timedelta(weeks=DISPERSION_WEEKS), end)
    weeks = list(periods.split(year, "week"))
    rows = plan.execute(con, "weekly_counts", first_week=year.start, last_week=year.end)
    weekly_counts = {(group, week): n for group, week, n in rows.fetchall()}
    for group in plan.groups.keys() & plan.with_history:
        observed = (week for week in weeks if exposures[group].days(week) == week.days)
        counts = [weekly_counts.get((group, week.start), 0) for week in observed]
        dispersion = statistics.dispersion(counts)
        for period in plan.periods:
            aggregates[group, period].dispersion = dispersion
