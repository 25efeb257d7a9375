"""The position of a build's numbers among the answers of a year's survey, each with its probability."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from math import inf
from typing import Any

from dora.analysis import survey
from dora.query.metric import compute_metric, query_observations
from dora.query.value import Scope, Value
from dora.sql import catalog
from dora.statistics.distributions import beta_cdf
from dora.statistics.intervals import mean_below, share_below
from dora.statistics.survival_sql import survival_at_sql
from dora.storage.database import Connection

OBSERVATIONS_OF_GROUP = (
    "(SELECT value, censored FROM $observations WHERE excluded IS NULL AND grp IS NOT DISTINCT FROM ?)"
)
METRICS = ("deployment_frequency", "lead_time", "change_failure_rate", "recovery_time", "rework_rate")


@dataclass(frozen=True, slots=True)
class SurveyPosition:
    """The tier of a value with its probability, or the share of answers that were worse; null if unknown."""

    value: Value
    year: int
    tier: str | None = None
    probability: float | None = None
    worse: float | None = None
    source: str | None = None

    def plain(self) -> dict[str, Any]:
        """Return everything as plain data, the value as ``dora show --json`` prints it."""
        position = asdict(self)
        value = position.pop("value")
        return {name: value[name] for name in ("metric", "group", "value", "unit", "n", "low", "high")} | position


def estimate_tiers(con: Connection, year: int, scope: Scope) -> list[SurveyPosition]:
    """Estimate the position of each metric of the survey. Raises ``UsageError`` for a year without a table."""
    source = survey.table(year)["source"]
    positions = []
    for value in (value for name in METRICS for value in compute_metric(con, name, scope)):
        position = SurveyPosition(value, year)
        if value.value is not None:
            higher = catalog.metric(value.metric).better == "higher"
            worse = survey.share_worse(year, value.metric, value.value, higher=higher)
            tier = survey.estimate_tier(year, value.metric, partial(_probability_below, con, value, scope))
            if tier is not None:
                position = SurveyPosition(value, year, *tier, source=source)
            elif worse is not None:
                position = SurveyPosition(value, year, worse=worse, source=source)
        positions.append(position)
    return positions


def _probability_below(con: Connection, value: Value, scope: Scope, limit: float) -> float:
    """Return the probability that the true value behind an observed one is below a limit."""
    if value.statistic == "share":
        return share_below(round((value.value or 0.0) * value.n), value.n, min(limit, 1.0))
    if limit in (0.0, inf):
        return float(limit == inf)
    if value.statistic == "count":
        # Deployments that come in bursts carry less information; `scatter` is their excess variance.
        weight = value.scatter or 1.0
        return mean_below(round(value.n / weight), limit * value.days / weight)
    return _median_below(con, value, scope, limit)


def _median_below(con: Connection, value: Value, scope: Scope, limit: float) -> float:
    """A median is below a limit if at most half of the observations last longer.

    The share that lasts longer is Beta-distributed about the Kaplan–Meier curve at the limit; Greenwood's variance says
    how many uncensored observations it is worth.
    """
    sql = survival_at_sql(OBSERVATIONS_OF_GROUP, limit)
    (row,) = query_observations(con, value.metric, scope, sql, [value.group])
    left, greenwood = row["left"], row["greenwood"]
    worth = (1 - left) / (left * greenwood) if 0 < left < 1 else value.n
    return beta_cdf(worth * left + 0.5, worth * (1 - left) + 0.5, 0.5)
