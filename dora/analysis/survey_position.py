"""The position of a build's numbers among the answers of a year's DORA survey, each with its probability.

Tables up to 2024 are medians of clusters of answers, so a value between two clusters is between two tiers. 2025 reports
only mean and standard deviation of the answers. Values and sources are in ``survey.toml``.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from importlib.resources import files
from itertools import pairwise
from statistics import NormalDist
from typing import Any

from dora.errors import UsageError
from dora.query.metric import compute_metric, query_observations
from dora.query.value import Scope, Value
from dora.sql import catalog
from dora.statistics.distributions import beta_cdf
from dora.statistics.intervals import mean_below, share_below
from dora.statistics.survival_sql import survival_at_sql
from dora.storage.database import Connection

OBSERVATIONS = "(SELECT grp, value, censored, entry FROM $observations WHERE excluded IS NULL)"
METRICS = ("deployment_frequency", "lead_time", "change_failure_rate", "recovery_time", "rework_rate")
PLAIN = ("metric", "group", "value", "unit", "n", "low", "high", "days")  # fields of a value in a plain position
MIN_DAYS = 14  # fewer observed days are not what a service usually does
MIN_PROBABILITY = 0.8  # an estimate names as many neighbouring tiers as it takes to be this probable
HIGHEST_SCORE = 10  # of the answers of 2025, from 0 (worst)
Curves = Mapping[tuple[str | None, float], tuple[float, float]]  # by group and limit: the share left, Greenwood's sum
ProbabilityBelow = Callable[[float], float]  # the probability that the true value is below a limit


@dataclass(frozen=True, slots=True)
class SurveyPosition:
    """The tier of a value with its probability, or the share of answers that were worse; null with a ``reason``."""

    value: Value
    year: int
    tier: str | None = None
    probability: float | None = None
    worse: float | None = None
    source: str | None = None
    reason: str | None = None

    def plain(self) -> dict[str, Any]:
        """Return everything as plain data, the value as ``dora show --json`` prints it."""
        position = asdict(self)
        value = position.pop("value")
        return {name: value[name] for name in PLAIN} | position


def estimate_tiers(con: Connection, year: int, scope: Scope) -> list[SurveyPosition]:
    """Estimate the position of each metric of the survey. Raises ``UsageError`` for a year without a table."""
    table(year)  # a year without a table is refused before any number is computed
    positions = []
    for name in METRICS:
        limits = {limit for tier in _tiers(year, name) for limit in (tier.low, tier.high)}
        curves = read_curves(con, name, scope, limits - {0.0, math.inf})
        positions += [_estimate_position(year, value, curves) for value in compute_metric(con, name, scope)]
    return positions


def read_curves(con: Connection, metric: str, scope: Scope, limits: Iterable[float]) -> Curves:
    """Return, of a duration, what each group's Kaplan–Meier curve is at each of some limits; else nothing."""
    if not limits or catalog.metric(metric).statistic != "median":
        return {}
    rows = query_observations(con, metric, scope, survival_at_sql(OBSERVATIONS, sorted(limits)))
    return {(row["grp"], row["limit"]): (row["left"], row["greenwood"]) for row in rows}


def _estimate_position(year: int, value: Value, curves: Curves) -> SurveyPosition:
    if value.value is None:
        return SurveyPosition(value, year, reason=value.reason)
    if value.days < MIN_DAYS:
        return SurveyPosition(value, year, reason=f"observed on {value.days:.0f} days; a position needs {MIN_DAYS}")
    source = table(year)["source"]
    if tier := estimate_tier(year, value.metric, partial(probability_below, value, curves)):
        return SurveyPosition(value, year, *tier, source=source)
    higher = catalog.metric(value.metric).better == "higher"
    worse = share_worse(year, value.metric, value.value, higher=higher)
    if worse is None:
        return SurveyPosition(value, year, reason=f"the survey of {year} does not have it")
    return SurveyPosition(value, year, worse=worse, source=source)


def probability_below(value: Value, curves: Curves, limit: float) -> float:
    """Return the probability that the true value behind an observed one is below a limit."""
    if value.statistic == "share":
        return share_below(round((value.value or 0.0) * value.n), value.n, min(limit, 1.0))
    if limit in (0.0, math.inf):
        return float(limit == math.inf)
    if value.statistic == "count":
        # Deployments that come in bursts carry less information; `scatter` is their excess variance.
        weight = value.scatter or 1.0
        return mean_below(value.n / weight, limit * value.days / weight)
    return _median_below(value, *curves[value.group, limit])


def _median_below(value: Value, left: float, greenwood: float) -> float:
    """A median is below a limit if at most half of the observations last longer.

    The share that lasts longer is Beta-distributed about the Kaplan–Meier curve at the limit; Greenwood's variance says
    how many uncensored observations it is worth.
    """
    worth = (1 - left) / (left * greenwood) if 0 < left < 1 else value.n
    return beta_cdf(worth * left + 0.5, worth * (1 - left) + 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier of the survey, from ``low`` up to ``high`` in the metric's unit."""

    name: str
    low: float
    high: float


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files("dora.analysis").joinpath("survey.toml").read_text())


def years() -> list[int]:
    """Return the years that have a table."""
    return [int(year) for year in _tables()]


def table(year: int) -> dict[str, Any]:
    """Return a year's ``source`` and its tiers or distribution by metric. Raises ``UsageError`` for a missing year."""
    if str(year) not in _tables():
        raise UsageError(f"There is no survey of {year}.", f"use one of {', '.join(map(str, years()))}.")
    return dict(_tables()[str(year)])


def estimate_tier(year: int, metric: str, probability_below: ProbabilityBelow) -> tuple[str, float] | None:
    """Return the fewest neighbouring tiers that contain a value with 80 % probability, and their probability.

    ``probability_below(limit)`` is the probability that the true value, in the metric's unit, is below a limit. None if
    the year has no tiers for the metric.
    """
    tiers = _tiers(year, metric)
    if not tiers:
        return None
    probabilities = [probability_below(tier.high) - probability_below(tier.low) for tier in tiers]
    start, end = _most_probable_run(probabilities)
    names = [tier.name for tier in tiers[start:end]]
    # "low or between low and medium" says no more than "low".
    names = [name for name in names if not name.startswith("between")] or names
    return " or ".join(names), math.fsum(probabilities[start:end])


def _tiers(year: int, metric: str) -> list[Tier]:
    rows = table(year).get(metric)
    return _fill_gaps([Tier(*row) for row in rows]) if isinstance(rows, list) else []


def _fill_gaps(tiers: Sequence[Tier]) -> list[Tier]:
    """Extend tiers that are single values half-way to their neighbours; add a "between" tier in other gaps."""
    if all(tier.low == tier.high for tier in tiers):
        edges = [0.0, *((a.high + b.low) / 2 for a, b in pairwise(tiers)), math.inf]
        return [Tier(tier.name, *edge) for tier, edge in zip(tiers, pairwise(edges), strict=True)]
    filled = [Tier(tiers[0].name, 0.0, tiers[0].high)]
    for before, after in pairwise(tiers):
        if after.low > before.high:
            filled.append(Tier(f"between {before.name} and {after.name}", before.high, after.low))
        filled.append(after)
    return [*filled[:-1], Tier(filled[-1].name, filled[-1].low, math.inf)]


def _most_probable_run(probabilities: Sequence[float]) -> tuple[int, int]:
    """Return start and end of the shortest run that is probable enough, the most probable of those."""
    for size in range(1, len(probabilities)):
        sums = [math.fsum(probabilities[i : i + size]) for i in range(len(probabilities) - size + 1)]
        if max(sums) >= MIN_PROBABILITY:
            start = sums.index(max(sums))
            return start, start + size
    return 0, len(probabilities)


def share_worse(year: int, metric: str, value: float, *, higher: bool) -> float | None:
    """Return the approximate share of a year's answers worse than a value; None if the year reports no distribution.

    Answers are taken as normally distributed. ``higher`` says whether higher values are better.
    """
    answers = table(year).get(metric)
    if not isinstance(answers, dict):
        return None
    if "edges" in answers:  # six answers, scored 0 (worst), 2 … 10
        edges: list[float] = answers["edges"]
        rising = edges[0] < edges[-1]
        passed = sum(value >= edge if rising else value < edge for edge in edges)
        score, higher = HIGHEST_SCORE * passed / len(edges), True
    else:  # a share, requested in tenths
        score = HIGHEST_SCORE * value
    below = NormalDist(answers["mean"], answers["sd"]).cdf(score)
    return below if higher else 1 - below
