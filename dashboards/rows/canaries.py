"""What the door says of canaries → the rows that charts and tables draw. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from dashboards.charts.canary import FATES, PART_TONES, SAY_TONES, TONES
from dashboards.queries import text

Row = dict[str, Any]
MOST = 600  # points of a chart
WITHOUT = 8  # applications without a canary that are drawn
NAMES = {"no_data": "no data", "in_progress": "running"}


def fate(row: Row) -> str:
    """What became of the deployment that a canary judged."""
    if row["next"] == "stopped":
        return "stopped"
    if row["unsettled"]:
        return "not known"
    return "failed later" if row["failed"] else "fine"


def against(rows: list[Row]) -> list[Row]:
    """Canaries by verdict and fate, every fate of every verdict that occurs."""
    order = ["pass", "marginal", "fail", "no_data", "error", "canceled", "in_progress"]
    counts = Counter((row["verdict"], fate(row)) for row in rows)
    totals = Counter(row["verdict"] for row in rows)
    return [
        {
            "verdict": NAMES.get(verdict, verdict),
            "fate": name,
            "part": _cell_named(verdict, name) if counts[verdict, name] else None,
            "canaries": counts[verdict, name],
            "text": _cell(counts[verdict, name], totals[verdict]),
            "shade": 0.06 + 0.44 * counts[verdict, name] / totals[verdict] if counts[verdict, name] else 0,
            "tone": TONES[name],
        }
        for verdict in order
        if totals[verdict]
        for name in FATES
    ]


def _cell_named(verdict: str, fate: str) -> str:
    return f"{NAMES.get(verdict, verdict)} · {fate}"


def _cell(count: int, total: int) -> str:
    if not count:
        return "–"
    share = f"{count / total:.0%}".replace("%", " %") if count / total >= 0.005 else "< 1 %"
    return f"{count:,} · {share}"


def points(rows: list[Row], zone: str) -> list[Row]:
    """Scores over time; where there are too many, fine ones are thinned out and the rest stays."""
    scored = [row for row in rows if row["score"] is not None]
    rare = [row for row in scored if fate(row) != "fine"][:MOST]
    fine = [row for row in scored if fate(row) == "fine"]
    kept = max(1, MOST - len(rare))
    step = max(1, -(-len(fine) // kept))
    return [_point(row, zone) for row in rare + fine[::step]]


def _point(row: Row, zone: str) -> Row:
    local = text.local(row["happened_at"], zone)
    return {
        "at": f"{local:%Y-%m-%dT%H:%M:%S}Z",
        "when": f"{local:%-d %b %Y %H:%M}",
        "score": row["score"],
        "application": row["application"],
        "deployment": row["deployment_id"],
        "verdict": NAMES.get(row["verdict"], row["verdict"]),
        "fate": fate(row),
        "tone": TONES[fate(row)],
    }


def passes(rows: list[Row]) -> float:
    """The pass mark that most canaries had."""
    marks = Counter(row["pass_threshold"] for row in rows if row["pass_threshold"] is not None)
    return float(marks.most_common(1)[0][0]) if marks else 75.0


def bins(found: list[Any]) -> list[Row]:
    """The share of failures by score; scores that nobody had are left out."""
    return [
        {
            "score": f"{one.low:.0f}–{one.high:.0f}",
            "part": _bin_named(one),
            "share": one.failed / one.n,
            "low": one.limits[0],
            "high": one.limits[1],
            "text": f"{one.failed / one.n:.1%}".replace("%", " %"),
            "evidence": f"{one.failed:,} of {one.n:,}",
            "tone": "vermilion",
        }
        for one in found
        if one.n
    ]


def _bin_named(one: Any) -> str:
    return f"score {one.low:.0f}–{one.high:.0f}, went on"


def deciding(metrics: list[Any]) -> list[Row]:
    """How often each metric failed, in three parts: it decided, others failed too, the canary passed all the same."""
    told = []
    for one in metrics:
        parts = (one.decided, one.failed - one.decided - one.outvoted, one.outvoted)
        for place, ((name, tone), count) in enumerate(zip(SAY_TONES.items(), parts, strict=True)):
            told.append({"metric": one.metric, "how": name, "canaries": count, "order": place, "tone": tone,
                         "part": _metric_named(one.metric)})  # fmt: skip
    return told


def _metric_named(metric: str) -> str:
    return f"failed: {metric}"


def failing(metrics: list[Any]) -> dict[str, str]:
    """The metrics that failed in any canary, by what those canaries are called."""
    return {_metric_named(one.metric): one.metric for one in metrics if one.failed}


def costs(found: list[Row]) -> list[Row]:
    """The mean way of a change by application, the canary's part first; the slowest application first."""
    told = []
    for row in sorted(found, key=lambda row: -row["lead_minutes"]):
        parts = {"canary": row["canary_minutes"], "all else": row["lead_minutes"] - row["canary_minutes"]}
        for place, (name, minutes) in enumerate(parts.items()):
            told.append({"application": row["application"], "part": name, "minutes": minutes, "order": place,
                         "text": text.hours(minutes / 60), "changes": row["changes"],
                         "tone": PART_TONES[name]})  # fmt: skip
    return told


def covers(found: list[Any]) -> list[Row]:
    """Applications that deployed: those with canaries, the best covered first, then the busiest of those without."""
    each = [one for one in found if one.application is not None and one.deployments]
    without = sorted((one for one in each if not one.judged), key=lambda one: (-one.deployments, one.application))
    each = [one for one in each if one.judged] + without[:WITHOUT]
    return [
        {
            "application": one.application,
            "share": one.judged / one.deployments,
            "low": one.limits[0],
            "high": one.limits[1],
            "text": f"{one.judged / one.deployments:.0%}".replace("%", " %"),
            "evidence": f"{one.judged:,} of {one.deployments:,}",
            "tone": "blue" if one.judged else "grey",
        }
        for one in sorted(each, key=lambda one: (-one.judged / one.deployments, -one.deployments))
    ]


Test = Callable[[Row], bool]
EVERY = "every canary"
KINDS: dict[str, Test] = {
    EVERY: lambda row: True,
    "overridden, or went on unasked": lambda row: row["next"] in ("overridden", "went on unasked"),
    "passed, and the deployment failed": lambda row: row["verdict"] == "pass" and bool(row["failed"]),
    "stopped the deployment": lambda row: row["next"] == "stopped",
    "a score without data": lambda row: row["verdict"] == "no_data",
    "no verdict": lambda row: row["verdict"] in ("error", "canceled"),
}


def kinds(told: Any) -> dict[str, Callable[[], list[Row]]]:
    """Kinds of canaries that occur, and how to find them: those worth a look, each verdict with each fate, each class
    of scores."""
    named = {name: holds for name, holds in KINDS.items() if name == EVERY or any(map(holds, told.rows))}
    cells = {(row["verdict"], fate(row)) for row in told.rows}
    named |= {_cell_named(*cell): partial(_in_cell, cell) for cell in sorted(cells)}
    return {name: partial(_those, told.rows, holds) for name, holds in named.items()} | {
        _bin_named(one): partial(told.scored, one) for one in told.bins if one.n
    }


def _those(rows: list[Row], holds: Test) -> list[Row]:
    return [row for row in rows if holds(row)]


def _in_cell(cell: tuple[str, str], row: Row) -> bool:
    return (row["verdict"], fate(row)) == cell


def table(rows: list[Row]) -> list[Row]:
    """Canaries with their verdicts and fates in words."""
    return [row | {"verdict": NAMES.get(row["verdict"], row["verdict"]), "fate": fate(row)} for row in rows]
