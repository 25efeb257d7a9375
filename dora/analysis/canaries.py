"""What canaries are worth: their verdicts against what happened, which metrics decide, what they cost and cover."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import Any

from dora.analysis import canary_summary
from dora.analysis.canary_metrics import DecidingMetric, weigh
from dora.analysis.canary_summary import CanaryCost, CanaryCoverage
from dora.query.lists import Row, list_rows, run_analysis
from dora.query.metric import build_info
from dora.query.value import Scope
from dora.statistics.diagnostic_test import Bin, Diagnosis, Verdicts, calibration, diagnose
from dora.statistics.intervals import wilson
from dora.storage.database import Connection

JUDGED = ("pass", "marginal", "fail")
EDGES = (0, 50, 75, 90, 95, 100)
WENT_ON = {"overridden", "went on unasked"}


@dataclass(frozen=True, slots=True)
class CanaryOutcome:
    """Canaries with one verdict and one next step. ``healthy`` and ``failed`` count deployments whose outcome is known;
    ``unsettled`` counts those whose outcome is not known, or not yet."""

    verdict: str
    next: str
    canaries: int
    failed: int
    healthy: int
    unsettled: int


@dataclass(frozen=True, slots=True)
class Canaries:
    """The canaries of a scope as a diagnostic test of the deployments they judged.

    ``counts`` and ``diagnosis`` count one a canary whose deployment went on or was stopped; ``left_out`` counts those
    that say nothing, by reason. ``bins`` hold verified canaries by score, ``rows`` the canaries themselves, the latest
    first. ``sentences`` say it in plain words.
    """

    canaries: int
    outcomes: list[CanaryOutcome]
    counts: Verdicts
    diagnosis: Diagnosis
    left_out: dict[str, int]
    bins: list[Bin]
    metrics: list[DecidingMetric]
    coverage: list[CanaryCoverage]
    cost: CanaryCost
    rows: list[Row]
    sentences: list[str]
    as_of: Any

    @property
    def overridden(self) -> list[Row]:
        """The failed canaries after which the deployment went on."""
        return [row for row in self.rows if row["next"] in WENT_ON]

    @property
    def no_data(self) -> list[Row]:
        """The canaries whose score rests on groups without data."""
        return [row for row in self.rows if row["verdict"] == "no_data"]

    def scored(self, scores: Bin) -> list[Row]:
        """The verified canaries that a bin counts."""
        return [row for row in self.rows if row["score"] is not None and scores.holds(row["score"]) and _verified(row)]

    def dict(self) -> Row:
        """Everything as plain lists and dictionaries, as ``dora canaries --json`` prints it."""
        return asdict(self)


def summarise_canaries(con: Connection, scope: Scope) -> Canaries:
    """The canaries of a scope. Raises ``UsageError`` for an application, team or moment that does not exist."""
    rows = list_rows(con, "canary_outcomes", scope)
    counts, left_out = tally(rows)
    diagnosis = diagnose(counts)
    metrics = weigh(run_analysis(con, "canary_patterns", scope))
    coverage = _coverage(run_analysis(con, "canary_coverage", scope))
    cost = _cost(rows, run_analysis(con, "canary_cost", scope))
    scored = [(row["score"], row["failed"]) for row in rows if _verified(row) and row["score"] is not None]
    return Canaries(
        canaries=len(rows),
        outcomes=_outcomes(rows),
        counts=counts,
        diagnosis=diagnosis,
        left_out=left_out,
        bins=calibration(scored, EDGES),
        metrics=metrics,
        coverage=coverage,
        cost=cost,
        rows=rows,
        sentences=canary_summary.sentences(rows, counts, diagnosis, left_out, metrics, coverage, cost),
        as_of=build_info(con)["as_of"],
    )


def tally(rows: list[Row]) -> tuple[Verdicts, dict[str, int]]:
    """How many of each verdict and outcome, and how many say nothing of the canary, by reason."""
    counted: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for row in rows:
        place, reason = _place(row)
        if place:
            counted[place] += 1
        else:
            left_out[reason] += 1
    return Verdicts(**counted), dict(sorted(left_out.items()))


def _place(row: Row) -> tuple[str | None, str]:
    """Where a canary counts; else null, with the reason."""
    if row["verdict"] not in JUDGED:
        return None, f"verdict {row['verdict']}"
    if row["next"] == "stopped":
        return "stopped", ""
    if row["next"] not in WENT_ON | {"promoted"}:
        return None, row["next"]
    if row["unsettled"]:
        return None, row["unsettled"]
    went = "passed" if row["next"] == "promoted" else "overridden"
    return f"{went}_{'bad' if row['failed'] else 'good'}", ""


def _verified(row: Row) -> bool:
    """Whether what became of the deployment tells something of the canary that judged it."""
    place, _ = _place(row)
    return place is not None and place != "stopped"


def _outcomes(rows: list[Row]) -> list[CanaryOutcome]:
    order = [*JUDGED, "no_data", "error", "canceled", "in_progress"]
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["verdict"], row["next"]), []).append(row)
    return [
        CanaryOutcome(
            verdict=verdict,
            next=next_,
            canaries=len(told),
            failed=sum(1 for row in told if row["failed"]),
            healthy=sum(1 for row in told if row["failed"] is False and not row["unsettled"]),
            unsettled=sum(1 for row in told if row["unsettled"]),
        )
        for (verdict, next_), told in sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    ]


def _coverage(rows: list[Row]) -> list[CanaryCoverage]:
    told = [(row["application"], row["deployments"], row["judged"]) for row in rows]
    together = (None, sum(n for _, n, _ in told), sum(judged for _, _, judged in told))
    return [CanaryCoverage(name, n, judged, wilson(judged, n)) for name, n, judged in [together, *told]]


def _cost(rows: list[Row], waited: list[Row]) -> CanaryCost:
    took = sorted(row["minutes"] for row in rows if row["minutes"] is not None and row["verdict"] in JUDGED)
    cuts = quantiles(took, n=10, method="inclusive") if len(took) > 1 else took * 9
    median, nine = (cuts[4], cuts[8]) if cuts else (None, None)
    changes = sum(row["changes"] for row in waited)

    def mean(name: str) -> float | None:
        return sum(row[name] * row["changes"] for row in waited) / changes if changes else None

    return CanaryCost(median, nine, changes, mean("canary_minutes"), mean("lead_minutes"), waited)
