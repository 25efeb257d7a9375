"""Charts outside the dashboard, for a notebook or a file: that of a result, and the theme of any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

import dora
from dashboards.charts import style
from dashboards.charts.style import Row
from dora import Value

OKABE_ITO = ["#0072B2", "#D55E00", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#6b7785"]
INK, QUIET, LINE = "#1B2733", "#566270", "#E4E9EE"
WIDTH, HEIGHT, ROW_HEIGHT = 640, 220, 26
MIN_HOURS = 1 / 60  # a log axis has no zero
TOOLTIP = ("text:N", "evidence:N", "state:N")


@alt.theme.register("delivery_metrics", enable=False)
def theme() -> alt.theme.ThemeConfig:
    """Return the theme of ``Delivery.enable_svg_charts``: colours for colour-blind readers, on white in any page."""
    labels = {"labelColor": QUIET, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12}
    config: dict[str, Any] = {
        "background": "#FFFFFF",
        "font": "Arial, Helvetica, sans-serif",
        "padding": {"left": 16, "right": 16, "top": 5, "bottom": 5},  # other fonts are wider than the renderer's
        "mark": {"color": OKABE_ITO[0]},
        "range": {"category": OKABE_ITO},
        "view": {"stroke": None, "continuousWidth": WIDTH, "continuousHeight": HEIGHT,
                 "discreteWidth": WIDTH, "discreteHeight": {"step": ROW_HEIGHT}},
        "axis": labels | {"gridColor": LINE, "domain": False, "ticks": False, "labelPadding": 6, "labelLimit": 240,
                          "titleFontWeight": "normal"},
        "axisBand": {"grid": False},
        "axisX": {"labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 8},
        "legend": labels | {"orient": "top", "title": None, "labelLimit": 240, "columnPadding": 18},
        "title": {"anchor": "start", "color": INK, "fontSize": 14, "offset": 10},
        "text": {"color": INK},
    }  # fmt: skip
    return {"config": config}  # type: ignore[typeddict-item]


def of(values: Sequence[Value]) -> alt.LayerChart:
    """Return a line per group if there are periods, else a point per group with its value.

    Whiskers are 95 % intervals; the point of an incomplete period is hollow. Durations have a log axis. This is the
    entry point ``default`` of ``delivery_metrics.charts``, which ``Result.chart`` calls.
    """
    rows: list[Row] = [
        {
            "group": value.group or "all", "period": f"{value.period:%Y-%m-%d}" if value.period else None,
            "value": value.value, "low": value.low, "high": value.high, "text": value.text,
            "evidence": value.evidence, "state": "incomplete" if value.partial else "complete", "unit": value.unit,
        }
        for value in values
    ]  # fmt: skip
    title = dora.metrics()[values[0].metric].title if values else ""
    scale, axis = _scale(rows, values[0].unit if values else "")
    data = alt.Chart(alt.InlineData(values=rows), title=title, width=WIDTH)
    whiskers = data.mark_rule(strokeWidth=3, opacity=0.4)
    if values and values[0].period:
        group = alt.Color(
            "group:N", title=None, legend=alt.Legend() if len({row["group"] for row in rows}) > 1 else None
        )
        labels = style.axis(labelExpr=style.DAY, labelAngle=0, labelOverlap="greedy", labelSeparation=8)
        x, tips = alt.X("period:O", title=None, axis=labels), ["group:N", "period:N", *TOOLTIP]
        y = alt.Y("value:Q", title=None, scale=scale, axis=axis)
        fill = alt.condition("datum.state === 'complete'", "group:N", alt.value("transparent"), legend=None)
        layer = [
            whiskers.encode(x=x, color=group, tooltip=tips, y=alt.Y("low:Q", scale=scale), y2="high:Q"),
            data.mark_line().encode(x=x, color=group, tooltip=tips, y=y),
            data.mark_point(size=55).encode(x=x, color=group, tooltip=tips, y=y, fill=fill),
        ]
        height = HEIGHT
    else:
        largest_first = [value.group or "all" for value in sorted(values, key=lambda value: -(value.value or 0))]
        y, tips = alt.Y("group:N", title=None, sort=largest_first), ["group:N", *TOOLTIP]
        x = alt.X("value:Q", title=None, scale=scale, axis=axis)
        points = data.mark_point(size=70, **style.DOT).encode(y=y, tooltip=tips, x=x)
        labels_at = data.mark_text(align="left", dy=-9, fontSize=11).encode(y=y, x=x, text="text:N")
        limits = whiskers.encode(y=y, tooltip=tips, x=alt.X("low:Q", scale=scale), x2="high:Q")
        layer, height = [limits, points, labels_at], max(2, len(rows)) * ROW_HEIGHT
    chart: alt.LayerChart = alt.LayerChart(layer=layer, height=height).configure_range(category=OKABE_ITO)
    return chart


def _scale(rows: list[Row], unit: str) -> tuple[alt.Scale, alt.Axis]:
    """Return the scale and axis of a unit around the complete periods; what lies beyond is drawn at its end."""
    complete = [row for row in rows if row["state"] == "complete"] or rows
    ends = [row[name] for row in complete for name in ("value", "low", "high") if row[name] is not None]
    if unit == "hours":
        scale, axis = style.log_hours([max(end, MIN_HOURS) for end in ends])
        scale.clamp = True
        return scale, axis
    if unit == "share":
        return style.share_scale(complete, clamp=True), style.axis(format=".0%", tickCount=5)
    return alt.Scale(zero=True, domainMin=0, clamp=True), style.axis(tickCount=5)
