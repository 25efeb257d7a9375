"""Where time goes and how work flows: stages, calendars, sizes, ages."""

from __future__ import annotations

import altair as alt

from dashboards.charts import style as m
from dashboards.charts.style import HEIGHT, Row, Tone

STAGES: dict[str, Tone] = {
    "waiting for deployment": "grey",
    "pre-production stages": "blue",
    "approval": "amber",
    "execution window": "pink",
    "canary": "green",
    "rollout": "vermilion",
    "queue and other": "sky",
}
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
CELL = 15
HOURS = [alt.Tooltip("text:N", title="Mean"), alt.Tooltip("share:Q", title="Share of lead time", format=".0%")]


def stage_means(rows: list[Row]) -> alt.LayerChart:
    """One bar a stage as long as its mean, with the mean as text; rows have ``stage, hours, text, label, share, part``.

    A click picks the deployments that ``part`` names.
    """
    drawn = [row | {"tone": STAGES[row["stage"]]} for row in rows]
    y = alt.Y("stage:N", sort=None, axis=m.axis(labelLimit=140), title=None)
    base = alt.Chart(m.of(drawn), height=alt.Step(26)).encode(
        y=y, tooltip=[alt.Tooltip("stage:N", title="Stage"), *HOURS]
    )
    longest = max((row["hours"] for row in rows), default=1.0)
    x = alt.X("hours:Q", axis=None, scale=alt.Scale(domain=[0, longest * 1.35]))
    bars = base.mark_bar(cornerRadius=2, height=16).encode(x=x, color=m.colour())
    text = base.transform_calculate(tone=m.tone("grey")).mark_text(align="left", dx=6, fontSize=12)
    words = text.encode(x=x, text="label:N", color=m.colour())
    return alt.LayerChart(layer=[bars, words, m.catching(base, m.PART)])


def stage_stack(rows: list[Row]) -> alt.Chart:
    """A stacked column a period of mean hours by stage; rows have ``start, stage, hours, text, share``."""
    met = [stage for stage in STAGES if any(row["stage"] == stage for row in rows)]
    drawn = [row | {"tone": STAGES[row["stage"]], "order": met.index(row["stage"])} for row in rows]
    named = "{" + ", ".join(f"{STAGES[stage]}: '{stage}'" for stage in met) + "}[datum.value]"
    legend = alt.Legend(
        orient="top",
        title=None,
        columns=3,
        symbolType="square",
        values=[STAGES[stage] for stage in met],
        labelExpr=named,
    )
    chart: alt.Chart = (
        alt.Chart(m.of(drawn), height=HEIGHT)
        .mark_bar(width={"band": 0.72}, cursor="pointer")
        .add_params(m.picking(m.CLICK))
        .encode(
            x=m.column().encoding.x,
            y=alt.Y("hours:Q", stack=True, axis=m.axis(tickCount=5, labelExpr=m.DURATION), title=None),
            color=alt.Color("tone:N", scale=alt.Scale(domain=m.PALETTE), legend=legend),
            order=alt.Order("order:Q"),
            tooltip=[alt.Tooltip("start:N", title="From"), alt.Tooltip("stage:N", title="Stage"), *HOURS],
        )
    )
    return chart


def calendar(rows: list[Row]) -> alt.LayerChart:
    """A cell a day, weeks from left to right; rows have ``week, weekday, day, n, state``; darker is more.

    A click on a day picks the period that ``start`` names, in which it lies.
    """
    labels = m.axis(labelExpr=m.DAY, labelAngle=0, labelOverlap="greedy", labelSeparation=10, grid=False)
    x = alt.X("week:O", axis=labels, scale=alt.Scale(paddingInner=0.14), title=None)
    y = alt.Y(
        "weekday:O",
        sort=WEEKDAYS,
        axis=m.axis(grid=False),
        scale=alt.Scale(domain=WEEKDAYS, paddingInner=0.14),
        title=None,
    )
    tips = [
        alt.Tooltip("day:N", title="Day"),
        alt.Tooltip("n:Q", title="Deployments"),
        alt.Tooltip("state:N", title="Data"),
    ]
    base = alt.Chart().encode(x=x, y=y, tooltip=tips)
    some = base.transform_filter("datum.n > 0").transform_calculate(tone=m.tone("blue"))
    shade = alt.Opacity("n:Q", scale=alt.Scale(range=[0.22, 1]), legend=None)
    none = base.transform_filter("datum.n == 0").transform_calculate(tone=m.tone("grey"))
    layer = [
        some.mark_rect(cornerRadius=2, cursor="pointer")
        .add_params(m.picking(m.CLICK))
        .encode(opacity=shade, color=m.colour()),
        none.mark_rect(cornerRadius=2, filled=False, strokeWidth=0.6, opacity=0.45).encode(color=m.colour()),
    ]
    return alt.LayerChart(layer=layer, data=m.of(rows), height=alt.Step(CELL + 4))


def histogram(rows: list[Row], noun: str, tone: Tone = "blue") -> alt.LayerChart:
    """A bar a class with its count above; rows have ``name, n, share, part`` in their order.

    A click picks what ``part`` names.
    """
    tips = [
        alt.Tooltip("name:N", title=noun),
        alt.Tooltip("n:Q", title="Count"),
        alt.Tooltip("share:Q", format=".1%", title="Share"),
    ]
    x = alt.X("name:O", sort=None, axis=m.axis(labelAngle=0, labelOverlap=False), title=None)
    top = max((row["n"] for row in rows), default=1) * 1.12
    y = alt.Y("n:Q", axis=None, scale=alt.Scale(domain=[0, top], nice=False))
    column = alt.Chart().encode(x=x, tooltip=tips)
    base = column.encode(y=y)
    bars = base.transform_calculate(tone=m.tone(tone)).mark_bar(cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
    text = base.transform_calculate(tone=m.tone("grey")).mark_text(dy=-8, fontSize=11)
    counts = text.encode(text=alt.Text("n:Q", format=","), color=m.colour())
    layer = [bars.encode(color=m.colour()), counts, m.catching(column, m.PART)]
    return alt.LayerChart(layer=layer, data=m.of(rows), height=HEIGHT - 20)
