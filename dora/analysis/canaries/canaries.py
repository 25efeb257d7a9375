"""Canaries: their verdicts against production outcomes, the deciding metrics, their cost and coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from statistics import quantiles

from dora.analysis.canaries import canary_summary
from dora.analysis.canaries.canary_figures import list_figures
from dora.analysis.canaries.canary_summary import (
    CONCLUSIVE,
    Canaries,
    CanaryCost,
    CanaryCoverage,
    CanaryOutcome,
    DecidingMetric,
)
from dora.query.lists import Row, list_rows, run_analysis
from dora.query.metric import build_info
from dora.query.value import Scope
from dora.statistics.diagnostic_test import calibration, diagnose
from dora.statistics.intervals import wilson
from dora.storage.database import Connection

# 50 and 75 are the marginal and pass thresholds where a source names none; finer above, where most canaries score.
SCORE_EDGES = (0, 50, 75, 90, 95, 100)
VERDICT_ORDER = (*CONCLUSIVE, "no_data", "error", "canceled", "in_progress")


def summarise_canaries(con: Connection, scope: Scope) -> Canaries:
    """Return the canaries of a scope. Raises ``UsageError`` for an unknown application or team, or an invalid date."""
    rows = list_rows(con, "canary_outcomes", scope)
    counts, inconclusive = canary_summary.count_verdicts(rows)
    verified = filter(canary_summary.is_verified, rows)
    scored = [(row["score"], row["deployment_failed"]) for row in verified if row["score"] is not None]
    summary = Canaries(
        canaries=len(rows),
        outcomes=_outcomes(rows),
        counts=counts,
        diagnosis=diagnose(counts),
        inconclusive=inconclusive,
        bins=calibration(scored, SCORE_EDGES),
        metrics=[DecidingMetric(**row) for row in run_analysis(con, "canary_deciding", scope)],
        coverage=_coverage(run_analysis(con, "canary_coverage", scope)),
        cost=_cost(rows, run_analysis(con, "canary_cost", scope)),
        rows=rows,
        as_of=build_info(con)["as_of"],
    )
    return replace(summary, figures=[*list_figures(summary)])


def _outcomes(rows: Sequence[Row]) -> list[CanaryOutcome]:
    def order(row: Row) -> tuple[int, str]:
        return VERDICT_ORDER.index(row["verdict"]), row["action_taken"]

    outcomes = []
    for (verdict, action), group in groupby(sorted(rows, key=order), itemgetter("verdict", "action_taken")):
        canaries = list(group)
        failed = sum(1 for row in canaries if row["deployment_failed"])
        resolved = [row for row in canaries if not row["outcome_unknown_reason"]]
        healthy = sum(row["deployment_failed"] is False for row in resolved)
        outcomes.append(CanaryOutcome(verdict, action, len(canaries), failed, healthy, len(canaries) - len(resolved)))
    return outcomes


def _coverage(rows: Sequence[Row]) -> list[CanaryCoverage]:
    """The total first, then each application."""
    # The total is computed here: the interval of a sum is not the sum of intervals.
    total = {name: sum(row[name] for row in rows) for name in ("deployments", "with_canary")}
    rows = [{"application": None} | total, *rows]
    return [CanaryCoverage(**row, limits=wilson(row["with_canary"], row["deployments"])) for row in rows]


def _cost(rows: Sequence[Row], by_application: list[Row]) -> CanaryCost:
    minutes = sorted(row["minutes"] for row in rows if row["minutes"] is not None and row["verdict"] in CONCLUSIVE)
    # `quantiles` needs two values; one canary is its own median and 90th percentile.
    deciles = quantiles(minutes, n=10, method="inclusive") if len(minutes) > 1 else minutes * 9
    median, p90 = (deciles[4], deciles[8]) if deciles else (None, None)
    changes = sum(row["changes"] for row in by_application)

    def mean(name: str) -> float | None:
        return sum(row[name] * row["changes"] for row in by_application) / changes if changes else None

    return CanaryCost(median, p90, changes, mean("canary_minutes"), mean("lead_minutes"), by_application)
