"""Where a build's numbers stand among the answers of a year's survey, each with its probability."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import inf
from typing import Any

from dora.analysis import survey
from dora.analysis.survey import Below
from dora.query.metric import compute_metric, query_observations
from dora.query.value import Scope, Value
from dora.sql import catalog
from dora.statistics.distributions import beta_cdf
from dora.statistics.intervals import mean_below, share_below
from dora.statistics.survival_sql import survival_at_sql
from dora.storage.database import Connection

_COUNTED = "(SELECT value, censored FROM $observations WHERE excluded IS NULL AND grp IS NOT DISTINCT FROM ?)"
COMPARED = ("deployment_frequency", "lead_time", "change_failure_rate", "recovery_time", "rework_rate")


@dataclass(frozen=True, slots=True)
class SurveyPosition:
    """A value's place in a year: ``who`` has such numbers, with the probability; or what share of answers was worse."""

    value: Value
    year: int
    who: str | None = None
    probability: float | None = None
    worse: float | None = None
    source: str | None = None

    def plain(self) -> dict[str, Any]:
        """As plain data, the value as ``dora show --json`` prints it."""
        told = asdict(self)
        value = told.pop("value")
        return {name: value[name] for name in ("metric", "group", "value", "unit", "n", "low", "high")} | told


def estimate_tiers(con: Connection, year: int, scope: Scope) -> list[SurveyPosition]:
    """Where each number that the survey asks for stands; nothing is said where there is no number.

    Raises ``UsageError`` for a year without a table.
    """
    return [_standing(con, year, value, scope) for name in COMPARED for value in compute_metric(con, name, scope)]


def _standing(con: Connection, year: int, value: Value, scope: Scope) -> SurveyPosition:
    if value.value is None:
        return SurveyPosition(value, year)
    place = survey.place(year, value.metric, _below(con, value, scope))
    if place is not None:
        return SurveyPosition(value, year, place.who, place.probability, None, place.source)
    higher = catalog.metric(value.metric).better == "higher"
    spread = survey.percentile(year, value.metric, value.value, higher=higher)
    return (
        SurveyPosition(value, year, worse=spread.worse, source=spread.source) if spread else SurveyPosition(value, year)
    )


def _below(con: Connection, value: Value, scope: Scope) -> Below:
    """The probability that the number behind what was seen is below a limit."""
    if value.statistic == "share":
        return lambda limit: share_below(round((value.value or 0.0) * value.n), value.n, min(limit, 1.0))
    if value.statistic == "count":
        weight = value.scatter or 1.0
        return lambda limit: 1.0 if limit == inf else mean_below(round(value.n / weight), limit * value.days / weight)
    return _median_below(con, value, scope)


def _median_below(con: Connection, value: Value, scope: Scope) -> Below:
    """That at most half last longer: Beta about the Kaplan–Meier curve at the limit, worth what Greenwood says."""

    def below(limit: float) -> float:
        if limit in (0.0, inf):
            return float(limit == inf)
        (row,) = query_observations(con, value.metric, scope, survival_at_sql(_COUNTED, limit), [value.group])
        left, greenwood = row["left"], row["greenwood"]
        worth = (1 - left) / (left * greenwood) if 0 < left < 1 else value.n
        return beta_cdf(worth * left + 0.5, worth * (1 - left) + 0.5, 0.5)

    return below
