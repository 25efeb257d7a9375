"""Rows of canary analyses → rows of charts and tables. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

from dashboards.charts.canary import COST_TONES, DECISION_TONES, OUTCOMES, TONES
from dashboards.queries import text
from dashboards.rows.frames import percent

Row = dict[str, Any]
Rows = Callable[[], list[Row]]
MAX_POINTS = 600  # of a chart: more make it heavy to send and slow to draw without showing more
MAX_WITHOUT = 8  # applications without a canary in the coverage chart
DEFAULT_PASS_THRESHOLD = 75.0  # as in models/canaries.sql; drawn only if no canary has a threshold
RESULTS = {
    "pass": "pass", "marginal": "marginal", "fail": "fail", "no_data": "no data", "error": "error",
    "canceled": "canceled", "in_progress": "in progress",
}  # fmt: skip


def outcome(row: Row) -> str:
    """Return the production outcome of the deployment that a canary analysed."""
    if row["action_taken"] == "stopped":
        return "stopped"
    if row["outcome_unknown_reason"]:
        return "unknown"
    return "failed later" if row["deployment_failed"] else "healthy"


def results_by_outcome(rows: list[Row]) -> list[Row]:
    """Return canaries by result and outcome: a row for every outcome of each result that occurs."""
    counts = Counter((row["verdict"], outcome(row)) for row in rows)
    totals = Counter(row["verdict"] for row in rows)
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


def points(rows: list[Row], zone: str) -> list[Row]:
    """Return scores over time; beyond the limit of points, healthy deployments are thinned out and the others stay."""
    scored = [row for row in rows if row["score"] is not None]
    unhealthy = [row for row in scored if outcome(row) != "healthy"][:MAX_POINTS]
    healthy = [row for row in scored if outcome(row) == "healthy"]
    step = max(1, -(-len(healthy) // max(1, MAX_POINTS - len(unhealthy))))
    return [_point(row, zone) for row in unhealthy + healthy[::step]]


def _point(row: Row, zone: str) -> Row:
    local = text.to_local(row["happened_at"], zone)
    return {
        # Local time marked as UTC, so that no browser moves it to its own time zone.
        "at": f"{local:%Y-%m-%dT%H:%M:%S}Z",
        "when": f"{local:%-d %b %Y %H:%M}", "score": row["score"], "application": row["application"],
        "deployment": row["deployment_id"], "verdict": RESULTS.get(row["verdict"], row["verdict"]),
        "outcome": outcome(row), "tone": TONES[outcome(row)],
    }  # fmt: skip


def pass_threshold(rows: list[Row]) -> float:
    """Return the pass threshold that most canaries had."""
    thresholds = Counter(row["pass_threshold"] for row in rows if row["pass_threshold"] is not None)
    return float(thresholds.most_common(1)[0][0]) if thresholds else DEFAULT_PASS_THRESHOLD


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


def failed_metrics(metrics: list[Any]) -> dict[str, str]:
    """Return the metrics that failed in any canary, by the name of the list of those canaries."""
    return {f"failed: {metric.metric}": metric.metric for metric in metrics if metric.failed}


def lead_time_costs(costs: list[Row]) -> list[Row]:
    """Return the mean lead time of a change by application, split into canary and other, slowest application first."""
    rows = []
    for cost in sorted(costs, key=lambda cost: -cost["lead_minutes"]):
        parts = {"canary": cost["canary_minutes"], "other": cost["lead_minutes"] - cost["canary_minutes"]}
        for order, (name, minutes) in enumerate(parts.items()):
            rows.append({"application": cost["application"], "part": name, "minutes": minutes, "order": order,
                         "text": text.format_hours(minutes / 60), "changes": cost["changes"],
                         "tone": COST_TONES[name]})  # fmt: skip
    return rows


def coverage(applications: list[Any]) -> list[Row]:
    """Return applications with deployments: those with canaries by coverage, then the busiest of those without."""
    deployed = [row for row in applications if row.application is not None and row.deployments]
    without = sorted(
        (row for row in deployed if not row.with_canary), key=lambda row: (-row.deployments, row.application)
    )
    drawn = [row for row in deployed if row.with_canary] + without[:MAX_WITHOUT]
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
OVERRIDES = ("overridden", "continued without approval")
CLASSES: dict[str, Callable[[Row], bool]] = {
    "overridden or continued without approval": lambda row: row["action_taken"] in OVERRIDES,
    "passed, but the deployment failed": lambda row: row["verdict"] == "pass" and bool(row["deployment_failed"]),
    "stopped the deployment": lambda row: row["action_taken"] == "stopped",
    "no data": lambda row: row["verdict"] == "no_data",
    "judgment not read": lambda row: bool(row["unread_judgment"]),
    "no result": lambda row: row["verdict"] in ("error", "canceled"),
}


def classes(canaries: Any) -> dict[str, Rows]:
    """Return the classes of canaries that occur, with how to list each: notable ones, results by outcome, scores."""
    rows: list[Row] = canaries.rows
    cells: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        cells[row["verdict"], outcome(row)].append(row)
    return (
        {ALL: lambda: rows}
        | {name: partial(_filter, rows, test) for name, test in CLASSES.items() if any(map(test, rows))}
        | {_cell_name(*cell): partial(list, cells[cell]) for cell in sorted(cells)}
        | {_bin_name(scores): partial(canaries.scored, scores) for scores in canaries.bins if scores.n}
    )


def _filter(rows: list[Row], test: Callable[[Row], bool]) -> list[Row]:
    return [row for row in rows if test(row)]


def table(rows: list[Row]) -> list[Row]:
    """Return canaries with results and outcomes in words."""
    return [row | {"verdict": RESULTS.get(row["verdict"], row["verdict"]), "outcome": outcome(row)} for row in rows]
