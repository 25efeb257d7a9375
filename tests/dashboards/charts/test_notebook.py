"""The chart of a result, as a notebook draws it through the public API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt

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
    """Without periods each group has one row of the chart, with its value as text."""
    result = dora.open(organisation).metric("lead_time", by="application", since="90d")
    specification, _ = specify(result.chart())
    assert [layer["mark"]["type"] for layer in specification["layer"]] == ["rule", "point", "text"]
    assert specification["height"] == 26 * len(result.rows)
    assert specification["config"]["range"]["category"][0] == "#0072B2"


def test_axes_fit_the_unit_and_the_complete_periods(organisation: Path) -> None:
    """Durations have a log axis, shares percent; what lies beyond the complete periods is drawn at their end."""
    delivery = dora.open(organisation)
    _, point, _ = delivery.metric("lead_time", by="team", since="90d").chart().to_dict()["layer"]
    assert point["encoding"]["x"]["scale"]["type"] == "log"
    _, line, _ = delivery.metric("change_failure_rate", every="month").chart().to_dict()["layer"]
    assert line["encoding"]["y"]["axis"]["format"] == ".0%"
    assert line["encoding"]["y"]["scale"]["clamp"]


def test_charts_of_a_notebook_are_pictures(organisation: Path) -> None:
    """After ``enable_svg_charts`` a notebook shows SVG alone, in our colours on white."""
    delivery = dora.open(organisation)
    renderer, theme = alt.renderers.active, alt.theme.active
    try:
        delivery.enable_svg_charts()
        shown = delivery.metric("lead_time", by="team").chart()._repr_mimebundle_()
        bar = alt.Chart(alt.InlineData(values=[{"n": 1}])).mark_bar().encode(x="n:Q")._repr_mimebundle_()
    finally:
        alt.renderers.enable(renderer)
        alt.theme.enable(theme)
    assert list(shown) == list(bar) == ["image/svg+xml"]
    assert "#0072B2" in bar["image/svg+xml"]
    assert 'fill="#FFFFFF"' in bar["image/svg+xml"]
