"""A metric's values → one chart that stands alone, in a notebook or a file, in colours anybody can tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

import dora
from dora import Value

OKABE_ITO = ["#0072B2", "#D55E00", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#6b7785"]
WIDTH, HEIGHT, ROW = 640, 260, 26


def of(values: Sequence[Value]) -> alt.LayerChart:
    """A line a group over its periods, or a point a group; whiskers are 95 % intervals, hollow is not whole."""
    rows = [_row(value) for value in values]
    title = dora.metrics()[values[0].metric].title if values else ""
    data = alt.Chart(alt.InlineData(values=rows), title=title, width=WIDTH)
    drawn = _trend(data) if values and values[0].period else _groups(data, len(rows))
    chart: alt.LayerChart = drawn.configure_range(category=OKABE_ITO)
    return chart


def _row(value: Value) -> dict[str, object]:
    return {
        "group": value.group or "all",
        "period": f"{value.period:%Y-%m-%d}" if value.period else None,
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "text": value.text,
        "evidence": value.evidence,
        "whole": "not whole" if value.partial else "whole",
        "unit": value.unit,
    }


def _trend(data: alt.Chart) -> alt.LayerChart:
    base = data.encode(
        x=alt.X("period:O", title=None), color=alt.Color("group:N", title=None), tooltip=["group:N", "period:N", *TIPS]
    )
    points = base.mark_point(size=55).encode(
        y="value:Q",
        fill=alt.condition("datum.whole === 'whole'", "group:N", alt.value("transparent"), legend=None),
    )
    line = base.mark_line().encode(y=alt.Y("value:Q", title=None))
    return alt.LayerChart(layer=[_whiskers(base, "y"), line, points], height=HEIGHT)


def _groups(data: alt.Chart, count: int) -> alt.LayerChart:
    base = data.encode(y=alt.Y("group:N", title=None), tooltip=["group:N", *TIPS])
    points = base.mark_point(size=70, filled=True).encode(x=alt.X("value:Q", title=None))
    return alt.LayerChart(layer=[_whiskers(base, "x"), points], height=max(2, count) * ROW)


TIPS = ("text:N", "evidence:N", "whole:N")


def _whiskers(base: alt.Chart, side: str) -> alt.Chart:
    ends = {"x": {"x": "low:Q", "x2": "high:Q"}, "y": {"y": "low:Q", "y2": "high:Q"}}[side]
    rule: alt.Chart = base.mark_rule(strokeWidth=3, opacity=0.4).encode(**ends)
    return rule
