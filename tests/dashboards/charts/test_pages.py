"""Charts of flow, stability and one deployment by their specification: valid for any rows, and true to them."""

from __future__ import annotations

import json
import math
from typing import Any

import altair as alt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards import charts
from dashboards.charts import style, trends
from dashboards.charts.flow import STAGES
from dashboards.charts.serving import TIPS
from dora import Value
from tests.dashboards.charts.test_trends import WINDOW, data, layers, value

Row = dict[str, Any]


def spread(*medians: float | None) -> list[Row]:
    quantiles = ((0.2, "p10"), (0.5, "p25"), (1.0, "p50"), (2.0, "p75"), (9.0, "p90"))
    rows = charts.trend_rows(value(week) for week in range(len(medians)))
    return [row | {name: m and m * k for k, name in quantiles} for row, m in zip(rows, medians, strict=True)]


def stage(name: str, hours: float, start: str = "2026-08-17") -> Row:
    return {"start": start, "stage": name, "hours": hours, "text": "1 h", "label": "1 h", "share": 0.5,
            "partial": False, "mean": hours, "before_merge": name in ("coding", "pickup", "review", "merge"), "n": 9,
            "cumulative": 0.5, "part": name, "total": 9.0}  # fmt: skip


def step(hours: float, left: float) -> Row:
    return {"hours": hours, "left": left, "low": left / 2, "high": min(1.0, left * 2), "at": "1 h"}


def lane(name: str, what: str, start: float, end: float) -> Row:
    return {"lane": name, "what": what, "start": start, "end": end, "first": None, "full": end, "text": "9 min"}


def day(number: int, n: int | None) -> Row:
    return {"week": "2026-08-17", "weekday": "Mon", "day": f"{number} Aug", "n": n, "state": "complete",
            "start": "2026-08-17"}  # fmt: skip


def share(name: str) -> Row:
    return {"name": name, "application": name, "per_day": 0.5, "per": "0.5", "share": 0.1, "low": 0.0, "high": 0.3,
            "evidence": "1 of 10", "n": 1}  # fmt: skip


def bar(number: int) -> Row:
    texts = dict.fromkeys(TIPS, "v1")
    return texts | {"what": "serving", "target": f"cell {number}", "tone": "blue", "start": "2026-03-02T08:00:00Z",
                    "end": "2026-03-03T08:00:00Z", "share": 0.2, "label": "v1", "note": ""}  # fmt: skip


def draw_all(size: int) -> list[alt.LayerChart | alt.Chart]:
    """Return every chart with a number of rows."""
    names = list(STAGES)[:size]
    return [
        charts.quantile_trend(spread(*[2.0] * size), WINDOW),
        charts.stage_pareto([stage(name, 1.0) for name in names]),
        charts.stage_strip([stage(name, 1.0) for name in names]),
        charts.stage_stack([stage(name, 1.0) for name in names]),
        charts.calendar([day(number, number) for number in range(size)]),
        charts.histogram([share(str(number)) for number in range(size)], "Size"),
        charts.survival_curve([step(float(number), 0.5) for number in range(size)]),
        charts.failures_by_frequency([share(str(number)) for number in range(size)]),
        charts.failures_by_size([share(str(number)) for number in range(size)]),
        charts.timeline([lane(str(number), "canary", 0.0, 1.0) for number in range(size)]),
        charts.serving_lanes([bar(number) for number in range(size)], "2026-03-01T00:00:00Z", "2026-03-07T00:00:00Z"),
    ]


@pytest.mark.parametrize("size", [0, 1, 7])
def test_every_chart_is_valid_for_any_number_of_rows(size: int) -> None:
    """Vega-Lite accepts the specification of no, one and many rows, and it stays small."""
    for chart in draw_all(size):
        assert chart.to_dict(validate=True)
        assert len(json.dumps(chart.to_dict())) < 14_000
        assert "#0072B2" not in chart.to_json()


def test_the_bands_are_the_middle_half_and_four_fifths() -> None:
    """The inner band is from the 25th to the 75th percentile, the outer from the 10th to the 90th."""
    areas = [
        e["encoding"] for e in layers(charts.quantile_trend(spread(1.0, 2.0), WINDOW)) if e["mark"]["type"] == "area"
    ]
    assert [(e["y"]["field"], e["y2"]["field"]) for e in areas] == [("p10", "p90"), ("p25", "p75")]


def test_names_at_the_end_of_lines_never_touch() -> None:
    """If quantiles are close, the less important names are left out; the median keeps its name."""
    rows = spread(1.0, 1.0)
    near = [row | {"p25": 0.99, "p75": 1.01} for row in rows]
    assert _names(charts.quantile_trend(rows, WINDOW)) == {"median", "90th", "10th", "75th", "25th"}
    assert _names(charts.quantile_trend(near, WINDOW)) == {"median", "90th", "10th"}
    assert _names(charts.quantile_trend(spread(None), WINDOW)) == set()
    pending = [row | {"p90": None, "p75": None} for row in rows]
    assert _names(charts.quantile_trend(pending, WINDOW)) == {"median", "10th", "25th"}


def _names(chart: alt.LayerChart) -> set[str]:
    return {layer["encoding"]["text"]["value"] for layer in layers(chart) if layer["mark"]["type"] == "text"}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.none() | st.floats(min_value=0, max_value=10**5), max_size=5))
def test_the_axis_of_quantiles_starts_above_zero(medians: list[float | None]) -> None:
    """Null, zero and years all have a valid log axis; null is a gap."""
    chart = charts.quantile_trend(spread(*medians), WINDOW)
    scale = next(e["encoding"]["y"]["scale"] for e in layers(chart) if "scale" in e["encoding"].get("y", {}))
    assert 0 < scale["domain"][0] < scale["domain"][1]
    assert [row["p50"] is None for row in data(chart)] == [median is None for median in medians]


def test_every_stage_has_its_own_tone() -> None:
    """Eleven stages have eleven tones, which the legend lists in order."""
    assert len(set(STAGES.values())) == len(STAGES) == len(style.PALETTE)
    spec = charts.stage_stack([stage(name, 1.0) for name in STAGES]).to_dict()
    assert spec["layer"][0]["encoding"]["color"]["legend"]["values"] == [STAGES[name] for name in STAGES]


def test_stages_stack_in_the_order_in_which_they_happen() -> None:
    """Coding is at the bottom and the rollout on top, in whatever order the rows are."""
    names = ["rollout", "waiting for deployment", "coding", "canary"]
    rows = data(charts.stage_stack([stage(name, 1.0) for name in names]))
    orders = {row["stage"]: row["order"] for row in rows}
    assert orders == {"coding": 0, "waiting for deployment": 1, "canary": 2, "rollout": 3}


def test_a_day_without_deployments_is_framed_and_one_without_data_blank() -> None:
    """Zero is an empty frame, null is not drawn."""
    solid, framed = layers(charts.calendar([day(number, n) for number, n in enumerate([4, 0, None])]))
    assert solid["transform"][0] == {"filter": "datum.n > 0"}
    assert framed["transform"][0] == {"filter": "datum.n == 0"}  # in Vega null == 0 is false
    assert framed["mark"]["filled"] is False


def test_an_event_is_a_line_at_the_start_of_its_week() -> None:
    """The calendar has the event of a day above its column."""
    chart = charts.calendar([day(1, 4), day(2, 1) | {"event": "freeze"}])
    rule, title = layers(chart)[2:]
    assert rule["mark"]["type"] == "rule"
    assert [(row["start"], row["event"]) for row in data(chart, title)] == [("2026-08-17", "freeze")]


def test_a_survival_curve_starts_at_one_and_has_steps() -> None:
    """It is flat between recoveries, and half is dashed."""
    chart = charts.survival_curve([step(1.0, 0.6), step(4.0, 0.2)])
    start = data(chart)[0]
    assert (start["left"], start["hours"] < 1.0) == (1.0, True)
    kinds = {layer["mark"]["type"]: layer["mark"] for layer in layers(chart)}
    assert kinds["line"]["interpolate"] == kinds["area"]["interpolate"] == "step-after"
    assert kinds["rule"]["strokeDash"]


def test_shares_of_applications_and_sizes_have_whiskers() -> None:
    """Every dot has its interval, which fits the axis."""
    named = charts.failures_by_frequency([share("a") | {"label": "a"}, share("b") | {"label": ""}, share("c")])
    (labels,) = [layer for layer in layers(named) if layer["mark"]["type"] == "text"]
    assert labels["transform"][-1] == {"filter": "datum.label"}
    assert labels["encoding"]["text"]["field"] == "label"
    for chart in (charts.failures_by_frequency([share("a")]), charts.failures_by_size([share("a")])):
        encodings = [layer["encoding"] for layer in layers(chart)]
        assert [e["y2"]["field"] for e in encodings if "y2" in e] == ["high"]
        top = encodings[0]["y"]["scale"]["domain"][1]
        assert math.isclose(top, 0.3 * 1.05)


def test_only_long_stages_have_labels() -> None:
    """A name is above its stage if it fits."""
    rows = [lane("held up by", "canary", 0.0, 0.9), lane("held up by", "queue and other", 0.9, 0.91),
            lane("prod", "rollout", 0.5, 1.0)]  # fmt: skip
    chart = charts.timeline(rows)
    text = next(layer for layer in layers(chart) if layer["mark"]["type"] == "text")
    assert [row["name"] for row in data(chart, text)] == ["canary 9 min"]
    assert [row["what"] for row in data(chart)] == ["canary", "queue and other", "rollout"]


def test_a_window_without_a_value_has_no_dashed_line() -> None:
    """There is no reference line for null."""
    empty: Value = value(amount=None)
    assert not [layer for layer in layers(trends.quantile_trend(spread(1.0), empty)) if layer["mark"].get("strokeDash")]
