"""Rows of canary analyses → rows of charts and tables. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dashboards.charts.canary import COST_TONES, DECISION_TONES, OUTCOMES, TONES
from dashboards.queries import text
from dashboards.queries.canaries import EVERY_CANARY, NOTABLE, CanaryClass, metric_class, result_class, score_class
from dashboards.rows.frames import percent

Row = dict[str, Any]
MAX_POINTS = 400  # of a chart: more make it heavy to send and slow to draw without showing more
MAX_APPLICATIONS = 24  # of a chart with a row an application
MAX_WITHOUT = 8  # applications without a canary in the coverage chart
DEFAULT_PASS_THRESHOLD = 75.0  # as in models/canaries.sql; drawn only if no canary has a threshold
RESULTS = {
    "pass": "pass", "marginal": "marginal", "fail": "fail", "no_data": "no data", "error": "error",
    "canceled": "canceled", "in_progress": "in progress",
}  # fmt: skip


def results_by_outcome(cells: list[Row]) -> list[Row]:
    """Return canaries by result and outcome: a row for every outcome of each result that occurs."""
    counts = Counter({(cell["verdict"], cell["outcome"]): cell["canaries"] for cell in cells})
    totals: Counter[str] = Counter()
    for (verdict, _), count in counts.items():
        totals[verdict] += count
    return [
        {
            "verdict": RESULTS[verdict], "outcome": name, "canaries": (count := counts[verdict, name]),
            "part": _cell_name(verdict, name) if count else None, "text": _cell_text(count, totals[verdict]),
            "shade": 0.06 + 0.44 * count / totals[verdict] if count else 0, "tone": TONES[name],
        }
        for verdict in RESULTS if totals[verdict]
        for name in OUTCOMES
    ]  # fmt: skip


def _cell_name(verdict: str, outcome: str) -> str:
    return f"{RESULTS.get(verdict, verdict)} · {outcome}"


def _cell_text(count: int, total: int) -> str:
    if not count:
        return "–"
    return f"{count:,} · {percent(count, total) if count / total >= 0.005 else '< 1 %'}"


def point(row: Row, zone: str) -> Row:
    """Return a canary with a score as a point of a chart over time."""
    local = text.to_local(row["happened_at"], zone)
    return {
        # Local time marked as UTC, so that no browser moves it to its own time zone.
        "at": f"{local:%Y-%m-%dT%H:%M:%S}Z",
        "when": f"{local:%-d %b %Y %H:%M}", "score": row["score"], "application": row["application"],
        "deployment": row["deployment_id"], "verdict": RESULTS.get(row["verdict"], row["verdict"]),
        "outcome": row["outcome"], "tone": TONES[row["outcome"]],
    }  # fmt: skip


def failure_rates(bins: list[Any]) -> list[Row]:
    """Return the share of deployments that failed later by range of scores, without empty ranges."""
    return [
        {
            "score": f"{scores.low:.0f}–{scores.high:.0f}", "part": _bin_name(scores), "tone": "vermilion",
            "share": scores.failed / scores.n, "low": scores.limits[0], "high": scores.limits[1],
            "text": percent(scores.failed, scores.n, 1), "evidence": f"{scores.failed:,} of {scores.n:,}",
        }
        for scores in bins if scores.n
    ]  # fmt: skip


def _bin_name(scores: Any) -> str:
    return f"score {scores.low:.0f}–{scores.high:.0f}, deployed"


def deciding_metrics(metrics: list[Any]) -> list[Row]:
    """Return how often each metric failed: it decided alone, did not, was outvoted, or its weight is unknown."""
    rows = []
    for metric in metrics:
        not_alone = metric.failed - metric.decided - metric.outvoted - metric.unknown
        counts = (metric.decided, not_alone, metric.outvoted, metric.unknown)
        for order, ((decision, tone), count) in enumerate(zip(DECISION_TONES.items(), counts, strict=True)):
            rows.append({"metric": metric.metric, "how": decision, "canaries": count, "order": order, "tone": tone,
                         "part": f"failed: {metric.metric}"})  # fmt: skip
    return rows


def lead_time_costs(costs: list[Row]) -> list[Row]:
    """Return the mean lead time of a change of the slowest applications, split into canary and other."""
    rows = []
    for cost in sorted(costs, key=lambda cost: -cost["lead_minutes"])[:MAX_APPLICATIONS]:
        parts = {"canary": cost["canary_minutes"], "other": cost["lead_minutes"] - cost["canary_minutes"]}
        for order, (name, minutes) in enumerate(parts.items()):
            rows.append({"application": cost["application"], "part": name, "minutes": minutes, "order": order,
                         "text": text.format_hours(minutes / 60), "changes": cost["changes"],
                         "tone": COST_TONES[name]})  # fmt: skip
    return rows


def coverage(applications: list[Any]) -> list[Row]:
    """Return applications by coverage: of those with canaries the lowest, then the busiest of those without."""
    deployed = [row for row in applications if row.application is not None and row.deployments]
    without = sorted(
        (row for row in deployed if not row.with_canary), key=lambda row: (-row.deployments, row.application)
    )
    covered = sorted(
        (row for row in deployed if row.with_canary),
        key=lambda row: (row.with_canary / row.deployments, -row.deployments),
    )
    drawn = covered[:MAX_APPLICATIONS] + without[:MAX_WITHOUT]
    return [
        {
            "application": row.application, "tone": "blue" if row.with_canary else "grey",
            "share": row.with_canary / row.deployments, "low": row.limits[0], "high": row.limits[1],
            "text": percent(row.with_canary, row.deployments),
            "evidence": f"{row.with_canary:,} of {row.deployments:,}",
        }
        for row in sorted(drawn, key=lambda row: (-row.with_canary / row.deployments, -row.deployments))
    ]  # fmt: skip


ALL = "all canaries"


def classes(canaries: Any, notable: list[str], cells: list[Row]) -> dict[str, CanaryClass]:
    """Return the classes of canaries that occur, by name: notable ones, results by outcome, scores, failed metrics."""
    return (
        {ALL: EVERY_CANARY}
        | {name: NOTABLE[name] for name in notable}
        | {
            _cell_name(cell["verdict"], cell["outcome"]): result_class(cell["verdict"], cell["outcome"])
            for cell in cells
        }
        | {_bin_name(scores): score_class(scores.low, scores.high) for scores in canaries.bins if scores.n}
        | {f"failed: {metric.metric}": metric_class(metric.metric) for metric in canaries.metrics if metric.failed}
    )


def table(rows: list[Row]) -> list[Row]:
    """Return canaries with results in words."""
    return [row | {"verdict": RESULTS.get(row["verdict"], row["verdict"])} for row in rows]
