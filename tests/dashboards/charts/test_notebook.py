"""The chart of a result: what a notebook draws from the door alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dora


def layers(drawn: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    told = drawn.to_dict()
    rows: list[dict[str, Any]] = next(iter(told["datasets"].values())) if "datasets" in told else []
    return told, rows


def test_a_trend_has_a_line_whiskers_and_hollow_points(organisation: Path) -> None:
    """One row a period and group, with the value, its limits and its evidence; what is not whole is hollow."""
    result = dora.open(organisation).metric("change_failure_rate", by="team", every="month", since="180d")
    told, rows = layers(result.chart())
    rows = rows or told["layer"][0]["data"]["values"]
    assert [row["value"] for row in rows] == [value.value for value in result]
    assert {row["state"] for row in rows} == {"complete", "incomplete"}
    assert [layer["mark"]["type"] for layer in told["layer"]] == ["rule", "line", "point"]
    assert told["layer"][2]["encoding"]["fill"]["condition"]["test"] == "datum.state === 'complete'"


def test_groups_are_points_with_whiskers(organisation: Path) -> None:
    """Without periods there is a line a group, and room for each."""
    result = dora.open(organisation).metric("lead_time", by="application", since="90d")
    told, _ = layers(result.chart())
    assert [layer["mark"]["type"] for layer in told["layer"]] == ["rule", "point"]
    assert told["height"] == 26 * len(result.rows)
    assert told["config"]["range"]["category"][0] == "#0072B2"
