"""Canaries: their verdicts against production outcomes, the deciding metrics, their cost and coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

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
from dora.statistics.diagnostic_test import Bin, calibration, diagnose
from dora.statistics.intervals import wilson
from dora.storage.database import Connection

# As in canary_kinds.sql. 50 and 75 are the marginal and pass thresholds where a source names none.
SCORE_EDGES = (0, 50, 75, 90, 95, 100)
VERDICT_ORDER = (*CONCLUSIVE, "no_data", "error", "canceled", "in_progress")


def summarise_canaries(con: Connection, scope: Scope, limit: int | None = None) -> Canaries:
    """Return the canaries of a scope, with the latest ``limit`` of them as rows, by default all.

    Everything but the rows comes from counts of kinds of canaries, however many canaries there are.
    Raises ``UsageError`` for an unknown application or team, or an invalid date.
    """
    kinds = run_analysis(con, "canary_kinds", scope)
    durations = run_analysis(con, "canary_durations", scope)[0]
    counts, inconclusive = canary_summary.count_verdicts(kinds)
    summary = Canaries(
        canaries=sum(kind["canaries"] for kind in kinds),
        applications=durations["applications"],
        outcomes=_outcomes(kinds),
        counts=counts,
        diagnosis=diagnose(counts),
        inconclusive=inconclusive,
        bins=_bins(kinds),
        metrics=[DecidingMetric(**row) for row in run_analysis(con, "canary_deciding", scope)],
        coverage=_coverage(run_analysis(con, "canary_coverage", scope)),
        cost=_cost(durations, run_analysis(con, "canary_cost", scope)),
        kinds=kinds,
        overrides=run_analysis(con, "canary_overrides", scope),
        without_data=run_analysis(con, "canaries_without_data", scope),
        rows=list_rows(con, "canary_outcomes", scope)[:limit] if limit != 0 else [],
        as_of=build_info(con)["as_of"],
    )
    return replace(summary, figures=[*list_figures(summary)])


def _outcomes(kinds: Sequence[Row]) -> list[CanaryOutcome]:
    def order(kind: Row) -> tuple[int, str]:
        return VERDICT_ORDER.index(kind["verdict"]), kind["action_taken"]

    outcomes = []
    for (verdict, action), group in groupby(sorted(kinds, key=order), itemgetter("verdict", "action_taken")):
        alike = list(group)
        canaries = canary_summary.count(alike)
        resolved = [kind for kind in alike if not kind["outcome_unknown_reason"]]
        failed = canary_summary.count(kind for kind in alike if kind["deployment_failed"])
        healthy = canary_summary.count(kind for kind in resolved if kind["deployment_failed"] is False)
        unknown = canaries - canary_summary.count(resolved)
        outcomes.append(CanaryOutcome(verdict, action, canaries, failed, healthy, unknown))
    return outcomes


def _bins(kinds: Sequence[Row]) -> list[Bin]:
    """Return the verified canaries by score: does a lower one mean more failures?"""
    counts = []
    for low in SCORE_EDGES[:-1]:
        scored = [kind for kind in kinds if kind["score_from"] == low and canary_summary.is_verified(kind)]
        failed = canary_summary.count(kind for kind in scored if kind["deployment_failed"])
        counts.append((failed, canary_summary.count(scored)))
    return calibration(counts, SCORE_EDGES)


def _coverage(rows: Sequence[Row]) -> list[CanaryCoverage]:
    """The total first, then each application."""
    # The total is computed here: the interval of a sum is not the sum of intervals.
    total = {name: sum(row[name] for row in rows) for name in ("deployments", "with_canary")}
    rows = [{"application": None} | total, *rows]
    return [CanaryCoverage(**row, limits=wilson(row["with_canary"], row["deployments"])) for row in rows]


def _cost(durations: Row, by_application: list[Row]) -> CanaryCost:
    changes = sum(row["changes"] for row in by_application)

    def mean(name: str) -> float | None:
        return sum(row[name] * row["changes"] for row in by_application) / changes if changes else None

    median, p90 = durations["median"], durations["p90"]
    return CanaryCost(median, p90, changes, mean("canary_minutes"), mean("lead_minutes"), by_application)
