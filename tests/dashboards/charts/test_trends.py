"""Trends by their specification: valid for any rows, and true to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import altair as alt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards import charts
from dashboards.charts import trends
from dora import Value

WEEK = timedelta(days=7)
MONDAY = datetime(2026, 8, 17)


def value(week: int = 0, amount: float | None = 2.0, **other: Any) -> Value:
    fields: dict[str, Any] = {
        "metric": "lead_time", "group": None, "period": MONDAY + week * WEEK, "value": amount, "unit": "hours",
        "statistic": "median", "n": 9, "low": amount and amount / 2, "high": amount and amount * 2, "open": 0,
        "excluded": {}, "partial": False, "reason": None if amount else "no changes to count", "as_of": None,
    }  # fmt: skip
    return Value(**fields | other)


WINDOW = replace(value(), period=None)
SHARE = {"metric": "change_failure_rate", "unit": "share", "statistic": "share"}


def draw_all(rows: list[charts.Row]) -> list[alt.LayerChart | alt.Chart]:
    return [
        charts.median_trend(rows, WINDOW),
        charts.share_trend(rows, WINDOW),
        charts.count_trend(rows),
        charts.sparkline(rows, "grey"),
        charts.sparkline(rows, "green", bars=True),
    ]


def layers(chart: alt.LayerChart | alt.Chart) -> list[dict[str, Any]]:
    return list(chart.to_dict()["layer"])


def data(chart: alt.LayerChart | alt.Chart, layer: dict[str, Any] | None = None) -> list[charts.Row]:
    """Return the rows of a chart, or of one of its layers."""
    spec = chart.to_dict()
    return list(spec["datasets"][(layer or spec)["data"]["name"]])


def kinds(chart: alt.LayerChart | alt.Chart) -> list[str]:
    return [layer["mark"]["type"] for layer in layers(chart)]


@pytest.mark.parametrize("weeks", [0, 1, 14])
def test_every_trend_is_valid_for_any_number_of_weeks(weeks: int) -> None:
    """Vega-Lite accepts the specification of no, one and many periods."""
    for chart in draw_all(charts.trend_rows(value(week) for week in range(weeks))):
        assert chart.to_dict(validate=True)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.none() | st.floats(min_value=0, max_value=10**5), max_size=6))
def test_a_log_axis_starts_above_zero(amounts: list[float | None]) -> None:
    """Zero, null and years all have a log axis with a valid domain."""
    spec = layers(
        charts.median_trend(charts.trend_rows(value(week, amount) for week, amount in enumerate(amounts)), WINDOW)
    )
    bottom, top = next(
        layer["encoding"]["y"]["scale"]["domain"] for layer in spec if "scale" in layer["encoding"].get("y", {})
    )
    assert 0 < bottom < top


def test_a_period_without_a_value_is_a_gap() -> None:
    """It keeps its position on the axis with null, not zero."""
    drawn = charts.trend_rows([value(0), value(1, None), value(2)])
    assert [row["value"] for row in drawn] == [2.0, None, 2.0]
    assert [row["text"] for row in drawn] == ["2 h", "–", "2 h"]
    assert drawn[1]["evidence"] == "no changes to count"


def test_an_incomplete_period_is_hollow() -> None:
    """Lines and solid marks are of complete periods only, as are sparklines."""
    drawn = charts.trend_rows([value(0), value(1, partial=True, incomplete="pay: history is missing 25 August 2026")])
    assert [row["state"] for row in drawn] == ["complete", "incomplete: pay: history is missing 25 August 2026"]
    hollow = [layer for layer in layers(charts.median_trend(drawn, WINDOW)) if layer["mark"].get("filled") is False]
    assert [layer["transform"][-1]["filter"] for layer in hollow] == [trends.PARTIAL]
    line = next(layer for layer in layers(charts.median_trend(drawn, WINDOW)) if layer["mark"]["type"] == "line")
    assert line["transform"][-1]["filter"] == trends.COMPLETE
    assert [row["start"] for row in data(charts.sparkline(drawn, "blue"))] == ["2026-08-17"]


def test_a_median_has_its_band_and_a_share_its_whiskers() -> None:
    """The interval is an area behind a line and a rule behind dots."""
    drawn = charts.trend_rows(value(week) for week in range(3))
    assert {"area", "line", "point", "text"} <= set(kinds(charts.median_trend(drawn, WINDOW)))
    assert kinds(charts.share_trend(drawn, WINDOW)).count("point") == 2
    assert "line" not in kinds(charts.share_trend(drawn, WINDOW))
    whiskers = [layer["encoding"] for layer in layers(charts.share_trend(drawn, WINDOW)) if "y2" in layer["encoding"]]
    assert [(e["y"]["field"], e["y2"]["field"]) for e in whiskers] == [("low", "high")]


def test_the_dashed_line_is_the_value_of_the_window() -> None:
    """A window without a value has no line."""
    drawn = charts.trend_rows([value()])
    chart = charts.share_trend(drawn, WINDOW)
    dashed = [layer for layer in layers(chart) if layer["mark"].get("strokeDash")]
    assert [data(chart, layer)[0]["value"] for layer in dashed] == [WINDOW.value]
    without = charts.share_trend(drawn, replace(WINDOW, value=None))
    assert not [layer for layer in layers(without) if layer["mark"].get("strokeDash")]


def test_a_click_anywhere_in_a_column_selects_its_period() -> None:
    """The top layer is invisible and as tall as the chart, has the tooltip, and selects the period by its first day."""
    for chart in draw_all(charts.trend_rows([value()]))[:3]:
        spec = chart.to_dict()
        top = spec["layer"][-1]
        assert top["mark"]["type"] == "rect"
        assert top["mark"]["opacity"] < 0.01
        assert "y" not in top["encoding"]
        assert [tip["field"] for tip in top["encoding"]["tooltip"]][:3] == ["start", "text", "evidence"]
        assert [(param["name"], param["select"]["fields"]) for param in spec["params"]] == [
            (charts.PERIOD_FIELD, ["start"])
        ]


def test_periods_do_not_depend_on_the_time_zone_of_the_browser() -> None:
    """Periods are names on an ordinal axis, not times."""
    for chart in draw_all(charts.trend_rows([value()])):
        spec = chart.to_dict()
        encodings = [layer["encoding"] for layer in spec.get("layer", [spec])]
        assert {encoding["x"]["type"] for encoding in encodings if "field" in encoding.get("x", {})} == {"ordinal"}


def test_colours_come_from_the_theme() -> None:
    """Marks refer to a position in the palette; no chart contains a colour of one theme."""
    for chart in draw_all(charts.trend_rows([value()])):
        text = chart.to_json()
        assert '"scale": {' in text
        assert "#0072B2" not in text


def test_a_share_axis_fits_the_complete_periods() -> None:
    """One failure of one deployment in the running week does not stretch the axis to 100 %."""
    complete = [value(week, 0.1, low=0.05, high=0.2, **SHARE) for week in range(3)]
    running = value(3, 1.0, low=0.2, high=1.0, partial=True, **SHARE)
    spec = layers(charts.share_trend(charts.trend_rows([*complete, running]), WINDOW))
    tops = {layer["encoding"]["y"]["scale"]["domain"][1] for layer in spec if "scale" in layer["encoding"].get("y", {})}
    assert list(tops) == [pytest.approx(0.21)]


@pytest.mark.parametrize("limit", [1 / 60, 0.5, 2.0, 900.0])
def test_a_goal_is_a_named_line_within_the_axis(limit: float) -> None:
    """Wherever the values are; a goal for another statistic is none of the chart's."""
    result = SimpleNamespace(goal=limit, text="≤ it", value=WINDOW)
    goal = charts.Goal.of(result, WINDOW)
    rows = charts.trend_rows(value(week) for week in range(3))
    spec = layers(charts.median_trend(rows, WINDOW, goal))
    (line,) = [layer for layer in spec if layer["mark"].get("strokeDash") == trends.GOAL_DASH]
    assert [row["value"] for row in data(charts.median_trend(rows, WINDOW, goal), line)] == [limit]
    bottom, top = next(
        layer["encoding"]["y"]["scale"]["domain"] for layer in spec if "scale" in layer["encoding"].get("y", {})
    )
    assert bottom < limit < top
    assert charts.Goal.of(SimpleNamespace(goal=1.0, text="", value=replace(WINDOW, statistic="p90")), WINDOW) is None
    assert charts.Goal.of(None, WINDOW) is None
    share = replace(WINDOW, **SHARE, value=0.1)
    assert charts.share_trend([], share, charts.Goal(0.05, "goal ≤ 5 %")).to_dict(validate=True)
