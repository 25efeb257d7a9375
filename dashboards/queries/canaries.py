"""What the canary page asks of a build, cached: counts, the points of a chart, the first rows of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboards.queries.builds import Build, Row, cached, open_build, read_sql
from dashboards.queries.deployment_lists import with_matches
from dora import Scope

OUTCOMES = ("healthy", "failed later", "stopped", "unknown")  # as in canaries_by_outcome.sql
# Canaries whose deployment continued and whose outcome is known, as ``dora`` counts them by score.
VERIFIED = """verdict IN ('pass', 'marginal', 'fail') AND outcome_unknown_reason IS NULL
  AND action_taken IN ('promoted', 'overridden', 'continued without approval')"""


@dataclass(frozen=True, slots=True)
class CanaryClass:
    """A class of canaries: a condition on their columns, and its parameters by name."""

    condition: str = "TRUE"
    parameters: tuple[tuple[str, object], ...] = ()


EVERY_CANARY = CanaryClass()


@dataclass(frozen=True, slots=True)
class CanaryListing:
    """Which canaries of a scope a list has: those of a class that have a text, with one outcome or any."""

    part: CanaryClass = EVERY_CANARY
    text: str = ""
    outcome: str | None = None


EVERYTHING = CanaryListing()
NOTABLE = {
    "overridden or continued without approval":
        CanaryClass("action_taken IN ('overridden', 'continued without approval')"),
    "passed, but the deployment failed": CanaryClass("verdict = 'pass' AND coalesce(deployment_failed, FALSE)"),
    "stopped the deployment": CanaryClass("action_taken = 'stopped'"),
    "no data": CanaryClass("verdict = 'no_data'"),
    "judgment not read": CanaryClass("coalesce(unread_judgment, FALSE)"),
    "no result": CanaryClass("verdict IN ('error', 'canceled')"),
}  # fmt: skip
FAILED_METRIC = """(source, canary_id) IN (
  SELECT (source, canary_id) FROM canary_metrics WHERE metric = $metric AND decisive AND failed
)"""


def result_class(verdict: str, outcome: str) -> CanaryClass:
    """Return the canaries with a result and an outcome."""
    return CanaryClass("verdict = $verdict AND outcome = $outcome", (("verdict", verdict), ("outcome", outcome)))


def score_class(low: float, high: float) -> CanaryClass:
    """Return the verified canaries with a score from ``low`` up to ``high``; the first and last class have no end."""
    ends = ("score >= $low" if low else "score IS NOT NULL", "score < $high" if high < 100 else "TRUE")
    return CanaryClass(f"{VERIFIED} AND {' AND '.join(ends)}", (("low", low), ("high", high)))


def metric_class(metric: str) -> CanaryClass:
    """Return the canaries in which a metric failed, in the judgment that decides the verdict."""
    return CanaryClass(FAILED_METRIC, (("metric", metric),))


@cached(20)
def summary(build: Build, scope: Scope) -> Any:
    """Return the analysis of canaries in a scope, without its rows."""
    return open_build(build).canaries(scope, limit=0)


@cached()
def cells(build: Build, scope: Scope) -> list[Row]:
    """Return the number of canaries by result and outcome."""
    return _query(build, "canary_cells", scope)


@cached()
def points(build: Build, scope: Scope, limit: int) -> list[Row]:
    """Return canaries with a score, about ``limit`` if there are more."""
    return _query(build, "canary_points", scope, limit=limit)


@cached()
def pass_threshold(build: Build, scope: Scope) -> float | None:
    """Return the pass threshold that most canaries had; null if none has one."""
    rows = _query(build, "canary_thresholds", scope)
    return rows[0]["pass_threshold"] if rows else None


@cached()
def notable_classes(build: Build, scope: Scope) -> list[str]:
    """Return the names of the notable classes that have canaries."""
    counts = ", ".join(f'count(*) FILTER ({part.condition}) AS "{name}"' for name, part in NOTABLE.items())
    (row,) = _query(build, "notable_canaries", scope, counts=counts)
    return [name for name in NOTABLE if row[name]]


@cached(types=(CanaryClass, CanaryListing))
def count_outcomes(build: Build, scope: Scope, listing: CanaryListing) -> dict[str, int]:
    """Return the number of a list's canaries by outcome, whichever outcome it selects."""
    return {row["outcome"]: row["n"] for row in _query(build, "canary_counts", scope, listing)}


@cached(types=(CanaryClass, CanaryListing))
def list_canaries(build: Build, scope: Scope, listing: CanaryListing, limit: int) -> list[Row]:
    """Return the latest canaries of a list; each row has the number of all of them."""
    outcomes = OUTCOMES if listing.outcome is None else (listing.outcome,)
    return _query(build, "canary_list", scope, listing, outcomes=list(outcomes), limit=limit)


def _query(
    build: Build, name: str, scope: Scope, listing: CanaryListing = EVERYTHING, counts: str = "", **parameters: object
) -> list[Row]:
    sql = read_sql(name).replace("$counts", counts).replace("$part", f"({listing.part.condition})")
    sql = sql.replace("$matches", _matches(listing.text)).replace("$canaries", read_sql("canaries_by_outcome"))
    parameters = {"text": listing.text, **dict(listing.part.parameters), **parameters}
    return open_build(build).query_list(sql, scope, parameters)


def _matches(text: str) -> str:
    """Return a condition on the deployments that have a text, if there is one."""
    if not text:
        return "TRUE"
    found = with_matches("WITH selected_deployments AS (FROM deployments) SELECT * FROM ($matches)", text)
    return f"deployment_id IN ({found.replace('?', '$text')})"
