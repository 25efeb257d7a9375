"""The chart of a result outside the dashboard, for a notebook or a file, in colours for colour-blind readers, too."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

import dora
from dora import Value

OKABE_ITO = ["#0072B2", "#D55E00", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#6b7785"]
WIDTH, HEIGHT, ROW_HEIGHT = 640, 260, 26
TOOLTIP = ("text:N", "evidence:N", "state:N")


def of(values: Sequence[Value]) -> alt.LayerChart:
    """Return a line per group if there are periods, else a point per group.

    Whiskers are 95 % intervals; the point of an incomplete period is hollow. This is the entry point ``default`` of
    ``delivery_metrics.charts``, which ``Result.chart`` calls.
    """
    rows = [
        {
            "group": value.group or "all", "period": f"{value.period:%Y-%m-%d}" if value.period else None,
            "value": value.value, "low": value.low, "high": value.high, "text": value.text,
            "evidence": value.evidence, "state": "incomplete" if value.partial else "complete", "unit": value.unit,
        }
        for value in values
    ]  # fmt: skip
    title = dora.metrics()[values[0].metric].title if values else ""
    data = alt.Chart(alt.InlineData(values=rows), title=title, width=WIDTH)
    whiskers = data.mark_rule(strokeWidth=3, opacity=0.4)
    if values and values[0].period:
        group = alt.Color("group:N", title=None)
        x, tips = alt.X("period:O", title=None), ["group:N", "period:N", *TOOLTIP]
        fill = alt.condition("datum.state === 'complete'", "group:N", alt.value("transparent"), legend=None)
        layer = [
            whiskers.encode(x=x, color=group, tooltip=tips, y="low:Q", y2="high:Q"),
            data.mark_line().encode(x=x, color=group, tooltip=tips, y=alt.Y("value:Q", title=None)),
            data.mark_point(size=55).encode(x=x, color=group, tooltip=tips, y="value:Q", fill=fill),
        ]
        height = HEIGHT
    else:
        y, tips = alt.Y("group:N", title=None), ["group:N", *TOOLTIP]
        points = data.mark_point(size=70, filled=True).encode(y=y, tooltip=tips, x=alt.X("value:Q", title=None))
        layer = [whiskers.encode(y=y, tooltip=tips, x="low:Q", x2="high:Q"), points]
        height = max(2, len(rows)) * ROW_HEIGHT
    chart: alt.LayerChart = alt.LayerChart(layer=layer, height=height).configure_range(category=OKABE_ITO)
    return chart
