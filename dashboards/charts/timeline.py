"""One deployment's time: what held it up, and each rollout from its start over first to full traffic."""

from __future__ import annotations

import altair as alt

from dashboards.charts import style as m
from dashboards.charts.flow import STAGES
from dashboards.charts.style import Row

NAMED = 0.08  # of the whole: shorter stretches have no room for a name


def timeline(rows: list[Row]) -> alt.LayerChart:
    """A lane each for what held the deployment up and for every rollout.

    Rows have ``lane, what, start, end`` (hours since it was queued), ``first`` and ``full`` where traffic came, and
    ``text``; the stretches of the first lane are named above it.
    """
    end = max((row["end"] for row in rows), default=0.0) or 1 / 60
    first = rows[0]["lane"] if rows else ""
    drawn = [row | {"tone": STAGES.get(row["what"], "sky")} for row in rows]
    scale = alt.Scale(domain=[0, end], nice=False)
    x = alt.X("start:Q", scale=scale, axis=m.axis(tickCount=8, labelExpr=m.DURATION), title=None)
    lanes = ["", *dict.fromkeys(row["lane"] for row in rows)]
    y = alt.Y("lane:N", scale=alt.Scale(domain=lanes), axis=m.axis(labelLimit=260, grid=False), title=None)
    tips = [
        alt.Tooltip("what:N", title="Stage"),
        alt.Tooltip("text:N", title="Duration"),
        alt.Tooltip("lane:N", title="Lane"),
    ]
    base = alt.Chart().encode(y=y, tooltip=tips)
    bars = base.mark_bar(height=16, cornerRadius=2).encode(x=x, x2="end:Q", color=m.colour())
    wide = [
        {"lane": "", "start": row["start"], "name": f"{row['what']} {row['text']}", "tone": "grey"}
        for row in rows
        if row["lane"] == first and row["end"] - row["start"] >= NAMED * end
    ]
    names = alt.Chart(m.of(wide)).mark_text(align="left", baseline="bottom", dy=9, fontSize=12)
    layer = [bars, names.encode(x=alt.X("start:Q", scale=scale), y=alt.Y("lane:N"), text="name:N", color=m.colour())]
    layer += [_point(base, field, shape) for field, shape in (("first", "triangle-right"), ("full", "circle"))]
    return alt.LayerChart(layer=layer, data=m.of(drawn), height=alt.Step(28))


def _point(base: alt.Chart, field: str, shape: str) -> alt.Chart:
    there = base.transform_filter(f"isValid(datum.{field})").transform_calculate(tone=m.tone("grey"))
    mark = there.mark_point(filled=True, size=70, opacity=1, shape=shape, stroke="white", strokeWidth=1)
    point: alt.Chart = mark.encode(x=alt.X(f"{field}:Q"), color=m.colour())
    return point
