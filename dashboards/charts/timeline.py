"""The timeline of one deployment: its stages, and each rollout from start over first to full traffic."""

from __future__ import annotations

import altair as alt

from dashboards.charts import style
from dashboards.charts.flow import STAGES
from dashboards.charts.style import Row

LETTER = 6  # pixels of a letter of a name
MIN_NAMED = 0.08  # of the axis: a shorter stage has no room for its name


def timeline(rows: list[Row]) -> alt.LayerChart:
    """Draw one lane for the stages, their names above it, and one per rollout.

    Rows have ``lane, what, start, end, text``, and ``first`` and ``full``, when traffic arrived; times are in hours
    since the deployment was queued.
    """
    end = max((row["end"] for row in rows), default=0.0) or 1 / 60
    scale = alt.Scale(domain=[0, end], nice=False)
    x = alt.X("start:Q", scale=scale, axis=style.axis(tickCount=8, labelExpr=style.DURATION), title=None)
    lanes = ["", *dict.fromkeys(row["lane"] for row in rows)]  # the lane without a name has those of the stages
    y = alt.Y("lane:N", scale=alt.Scale(domain=lanes), axis=style.axis(labelLimit=260, grid=False), title=None)
    base = alt.Chart().encode(y=y, tooltip=style.tooltips(what="Stage", text="Duration", lane="Lane"))
    bars = base.mark_bar(height=16, cornerRadius=2).encode(x=x, x2="end:Q", color=style.color())
    named = [
        {
            "lane": "",
            "start": row["start"],
            "name": f"{row['what']} {row['text']}",
            "tone": "grey",
            "share": (row["end"] - row["start"]) / end,
        }
        for row in rows
        if row["lane"] == rows[0]["lane"] and row["end"] - row["start"] >= MIN_NAMED * end
    ]
    fits = f"datum.share * width > length(datum.name) * {LETTER}"  # else names of a narrow drawing would overprint
    fitting = alt.Chart(style.data(named)).transform_filter(fits)
    names = fitting.mark_text(align="left", baseline="bottom", dy=9, fontSize=12).encode(
        x=alt.X("start:Q", scale=scale), y=alt.Y("lane:N"), text="name:N", color=style.color()
    )  # fmt: skip
    points = [
        style.with_tone(base.transform_filter(f"isValid(datum.{field})"), "grey")
        .mark_point(filled=True, size=70, opacity=1, shape=shape, stroke="white", strokeWidth=1)
        .encode(x=alt.X(f"{field}:Q"))
        for field, shape in (("first", "triangle-right"), ("full", "circle"))
    ]
    toned = [row | {"tone": STAGES.get(row["what"], "sky")} for row in rows]
    return alt.LayerChart(layer=[bars, names, *points], data=style.data(toned), height=alt.Step(28))
