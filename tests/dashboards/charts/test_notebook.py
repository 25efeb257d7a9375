"""The chart of a result, as a notebook draws it through the public API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dora


def specify(chart: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the specification of a chart and its rows."""
    specification = chart.to_dict()
    return specification, next(iter(specification["datasets"].values()))


def test_a_trend_has_a_line_whiskers_and_hollow_points(organisation: Path) -> None:
    """Each period and group has its value and interval; an incomplete period is hollow."""
    result = dora.open(organisation).metric("change_failure_rate", by="team", every="month", since="180d")
    specification, rows = specify(result.chart())
    assert [row["value"] for row in rows] == [value.value for value in result]
    assert {row["state"] for row in rows} == {"complete", "incomplete"}
    assert [layer["mark"]["type"] for layer in specification["layer"]] == ["rule", "line", "point"]
    assert specification["layer"][2]["encoding"]["fill"]["condition"]["test"] == "datum.state === 'complete'"


def test_groups_are_points_with_whiskers(organisation: Path) -> None:
    """Without periods each group has one row of the chart."""
    result = dora.open(organisation).metric("lead_time", by="application", since="90d")
    specification, _ = specify(result.chart())
    assert [layer["mark"]["type"] for layer in specification["layer"]] == ["rule", "point"]
    assert specification["height"] == 26 * len(result.rows)
    assert specification["config"]["range"]["category"][0] == "#0072B2"
