"""Charts of canaries and audit: the marks in their SVG are counted, as a browser would draw them."""

from __future__ import annotations

import re
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import altair as alt
import pytest

from dashboards.charts import audit as audit_charts
from dashboards.charts import canary as canary_charts
from dashboards.report import chart_images
from dashboards.rows import audit, canaries

Row = dict[str, Any]
NOON = datetime(2026, 3, 2, 12)


def canary(verdict: str, outcome: str, score: float = 90.0) -> Row:
    return {"verdict": verdict, "outcome": outcome, "score": score, "happened_at": NOON, "application": "shop",
            "deployment_id": "d", "canaries": 1}  # fmt: skip


ROWS = [
    canary("pass", "healthy"),
    canary("pass", "failed later"),
    canary("fail", "failed later", 20.0),
    canary("fail", "stopped"),
    canary("no_data", "healthy", 100.0),
    canary("error", "unknown"),
]
BIN = SimpleNamespace(low=0, high=50, n=4, failed=1, limits=(0.05, 0.7))
EMPTY = SimpleNamespace(low=50, high=75, n=0, failed=0, limits=None)
METRIC = SimpleNamespace(metric="errors", failed=9, decided=4, outvoted=2, unknown=1)
QUIET = SimpleNamespace(metric="cpu", failed=0, decided=0, outvoted=0, unknown=0)


def cover(name: str | None, with_canary: int, deployments: int) -> SimpleNamespace:
    return SimpleNamespace(application=name, with_canary=with_canary, deployments=deployments, limits=(0.1, 0.9))


def marks(chart: alt.Chart | alt.LayerChart, kind: str) -> int:
    """Return the number of marks of a kind, by their roles for screen readers."""
    svg = chart_images.render(chart).decode()
    return len(re.findall(rf'role="graphics-symbol" aria-roledescription="{kind}"', svg))


def test_results_by_outcome() -> None:
    """Every outcome of every result has a tile with its text, and each canary counts in one."""
    cells = canaries.results_by_outcome(ROWS)
    counts = {(cell["verdict"], cell["outcome"]): cell["canaries"] for cell in cells if cell["canaries"]}
    assert counts == {("pass", "healthy"): 1, ("pass", "failed later"): 1, ("fail", "failed later"): 1,
                     ("fail", "stopped"): 1, ("no data", "healthy"): 1, ("error", "unknown"): 1}  # fmt: skip
    assert {cell["text"] for cell in cells if cell["canaries"]} == {"1 · 50 %", "1 · 100 %"}
    chart = canary_charts.results_by_outcome(cells)
    assert marks(chart, "rect mark") == 2 * len(cells) == 32  # the visible one, and the one that receives the click
    assert marks(chart, "text mark") == 16


def test_scores_over_time() -> None:
    """Each scored canary is a point in local time by its outcome; the area below the pass threshold is shaded."""
    points = [canaries.point(row, "Europe/Berlin") for row in ROWS]
    assert sorted(point["outcome"] for point in points) == [
        "failed later",
        "failed later",
        "healthy",
        "healthy",
        "stopped",
        "unknown",
    ]
    assert {point["at"] for point in points} == {"2026-03-02T13:00:00Z"}
    chart = canary_charts.scores(points, 75.0)
    assert marks(chart, "point") == 6
    assert marks(chart, "rect mark") == 1
    svg = chart_images.render(chart).decode()
    assert all(f">{outcome}<" in svg for outcome in canary_charts.OUTCOMES)
    assert svg.count('role-legend"') == 1 == len(re.findall('mark-group role-legend[ "]', svg))


def test_failure_rates_by_score() -> None:
    """Scores that some canary had have a dot with whiskers; others have nothing."""
    bins = canaries.failure_rates([BIN, EMPTY])
    assert [(row["score"], row["share"], row["text"], row["evidence"]) for row in bins] == [
        ("0–50", 0.25, "25.0 %", "1 of 4")
    ]
    chart = canary_charts.failure_rates(bins)
    assert (marks(chart, "point"), marks(chart, "rule mark")) == (1, 1)


def test_deciding_metrics() -> None:
    """The parts of a bar add up to its failures; a metric that never failed has a name and no bar."""
    rows = canaries.deciding_metrics([METRIC, QUIET])
    assert [row["canaries"] for row in rows] == [4, 2, 2, 1, 0, 0, 0, 0]
    chart = canary_charts.deciding_metrics(rows)
    assert marks(chart, "bar") == 8
    assert ">cpu<" in chart_images.render(chart).decode()


def test_lead_time_costs_and_coverage() -> None:
    """The minutes of the canary and the rest add up; applications without a canary come last, the busiest first."""
    costs = [{"application": "shop", "changes": 3, "canary_minutes": 18.0, "lead_minutes": 60.0},
            {"application": "mail", "changes": 1, "canary_minutes": 18.0, "lead_minutes": 90.0}]  # fmt: skip
    rows = canaries.lead_time_costs(costs)
    assert [(row["application"], row["part"], row["minutes"]) for row in rows] == [
        ("mail", "canary", 18.0), ("mail", "other", 72.0), ("shop", "canary", 18.0), ("shop", "other", 42.0),
    ]  # fmt: skip
    assert marks(canary_charts.lead_time_costs(rows), "bar") == 4
    covers = canaries.coverage([cover(None, 5, 9), cover("a", 0, 3), cover("b", 4, 4), cover("c", 0, 7)])
    assert [row["application"] for row in covers] == ["b", "c", "a"]
    assert marks(canary_charts.coverage(covers), "point") == 3
    many = [cover(f"n{nth}", 0, 5) for nth in range(30)]
    assert len(canaries.coverage(many)) == canaries.MAX_WITHOUT
    many = [cover(f"n{nth}", nth, 100) for nth in range(1, 60)]
    assert [row["share"] for row in canaries.coverage(many)][-1] == 0.01  # the lowest coverage is shown
    assert len(canaries.coverage(many)) == canaries.MAX_APPLICATIONS
    many = [costs[0] | {"application": f"n{nth}", "lead_minutes": float(nth)} for nth in range(20, 80)]
    slowest = canaries.lead_time_costs(many)
    assert (len(slowest), slowest[0]["application"]) == (2 * canaries.MAX_APPLICATIONS, "n79")


def test_changes_by_hour() -> None:
    """Each hour with changes is a tile; one outside business hours has another colour."""
    counts = [(12, 3, 1), (6 * 24 + 23, 1, 1)]
    names = ("hour_of_week", "changes", "outside_business_hours")
    cells = audit.hours([dict(zip(names, count, strict=True)) for count in counts])
    assert [(cell["day"], cell["hour"], cell["changes"], cell["tone"]) for cell in cells] == [
        ("Mon", 12, 3, "blue"), ("Sun", 23, 1, "vermilion"),
    ]  # fmt: skip
    assert marks(audit_charts.changes_by_hour(cells), "rect mark") == 2


def test_approval_waits() -> None:
    """Each change is a dot and each median a tick; an immediate decision is drawn, too."""
    shop = {"application": "shop", "prompts": "Go?", "approved_by": None, "median_minutes": 4.0, "approvals": 3}
    waits = audit.waits([shop | {"waited_minutes": wait} for wait in (0.0, 4.0, 9)])
    assert [(row["minutes"], row["middle"]) for row in waits] == [(0.1, False), (4.0, False), (9, False), (4.0, True)]
    chart = audit_charts.approval_waits(waits)
    assert (marks(chart, "point"), marks(chart, "tick")) == (3, 1)


@pytest.mark.parametrize(
    "chart", [canary_charts.results_by_outcome(canaries.results_by_outcome(ROWS)), audit_charts.changes_by_hour([])]
)
def test_a_chart_is_valid(chart: alt.LayerChart) -> None:
    """Altair accepts its specification."""
    chart.to_dict(validate=True)
