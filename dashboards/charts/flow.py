"""Lead time by stage, deployments per day, and counts by class."""

from __future__ import annotations

from typing import Any

import altair as alt

from dashboards.charts import style
from dashboards.charts.events import NO_EVENT, event_rules
from dashboards.charts.style import CLASS_FIELD, HEIGHT, PERIOD_FIELD, Row, Tone

STAGES: dict[str, Tone] = {
    "coding": "olive",
    "pickup": "brown",
    "review": "sky",
    "merge": "teal",
    "waiting for deployment": "grey",
    "pre-production stages": "blue",
    "approval": "amber",
    "execution window": "pink",
    "canary": "green",
    "rollout": "vermilion",
    "queue and other": "violet",
}
COLUMNS, STRIP_COLUMNS = "width < 400 ? 1 : 3", "width < 400 ? 2 : 6"  # of a legend
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
DAY_HEIGHT, STRIP_HEIGHT = 19, 48  # pixels
PALE = 0.4  # opacity of a stack of an incomplete period
HOURS = [alt.Tooltip("text:N", title="Mean"), alt.Tooltip("share:Q", title="Share of lead time", format=".0%")]


def stage_pareto(rows: list[Row]) -> alt.LayerChart:
    """Draw one bar per stage with its part of all hours, longest first, and the cumulative part as a line.

    Rows have ``stage, share, cumulative, label, text, part``.
    """
    tips = [*style.tooltips(stage="Stage", label="In total", text="Mean"),
            alt.Tooltip("cumulative:Q", title="Cumulative", format=".1%")]  # fmt: skip
    y = alt.Y("stage:N", sort=None, axis=style.axis(labelLimit=140), title=None)
    base = alt.Chart(height=alt.Step(26)).encode(y=y, tooltip=tips)
    # The axis is longer than 100 %, to leave room for the label of a bar that is almost as long.
    scale = alt.Scale(domain=[0, 1.5])
    axis = style.axis(values=[0, 0.5, 0.8, 1], format=".0%")
    x = alt.X("share:Q", axis=axis, scale=scale, title=None)
    bars = base.mark_bar(cornerRadius=2, height=16).encode(x=x, color=style.color())
    labels = style.with_tone(base, "grey").mark_text(align="left", dx=14, fontSize=12).encode(x=x, text="label:N")
    total = style.with_tone(base, "grey").encode(x=alt.X("cumulative:Q", axis=axis, scale=scale, title=None))
    line = total.mark_line(strokeWidth=1.4, point=style.DOT | {"size": 30}, order=None)
    toned = style.data([row | {"tone": STAGES[row["stage"]]} for row in rows])
    return alt.LayerChart(layer=[bars, line, labels, style.click_target(base, CLASS_FIELD)], data=toned)


def stage_strip(rows: list[Row]) -> alt.LayerChart:
    """Draw the mean way of a change as one strip: stages before the merge left of it, those of the lead time right.

    Rows have ``stage, mean, before_merge, text, n, part``.
    """
    by_stage = {row["stage"]: row for row in rows}
    ordered = [by_stage[stage] for stage in STAGES if stage in by_stage]
    end = -sum(row["mean"] for row in ordered if row["before_merge"])
    placed = []
    for row in ordered:
        start, end = end, end + row["mean"]
        placed.append(row | {"start": start, "end": end, "tone": STAGES[row["stage"]], "lane": "change"})
    legend = style.tone_legend(
        {row["stage"]: row["tone"] for row in placed}, columns=alt.ExprRef(STRIP_COLUMNS), symbolType="square"
    )
    hours = style.DURATION.replace("datum.value", "abs(datum.value)")
    x = alt.X(
        "start:Q", axis=style.axis(labelExpr=hours, tickCount=8, grid=False), scale=alt.Scale(nice=False), title=None
    )
    tips = style.tooltips(stage="Stage", text="Mean", n="Changes")
    bars = (
        alt.Chart()
        .mark_bar(height=30, cursor="pointer")
        .encode(x=x, x2="end:Q", y=alt.Y("lane:N", axis=None), color=style.color(legend), tooltip=tips)
    )
    merge = alt.Chart(style.data([{"merged": 0, "name": "merge", "tone": "grey"}]))
    at_merge = merge.encode(x="merged:Q", color=style.color())
    layer = [
        bars.add_params(style.click_on(CLASS_FIELD)),
        at_merge.mark_rule(strokeWidth=2),
        at_merge.mark_text(align="left", dx=5, fontSize=11, y=2).encode(text="name:N"),
    ]
    # A step and not a height: that would include the legend, which has more lines on a phone.
    return alt.LayerChart(layer=layer, data=style.data(placed), height=alt.Step(STRIP_HEIGHT))


def stage_stack(rows: list[Row]) -> alt.LayerChart:
    """Draw a stacked column of mean hours by stage per period, a pale one for an incomplete period.

    Rows have ``start, stage, hours, text, share, partial``; those of periods with noted events have ``event``.
    """
    stages = [stage for stage in STAGES if any(row["stage"] == stage for row in rows)]
    toned = [row | {"tone": STAGES[row["stage"]], "order": stages.index(row["stage"])} for row in rows]
    legend = style.tone_legend(
        {stage: STAGES[stage] for stage in stages}, columns=alt.ExprRef(COLUMNS), symbolType="square"
    )
    bars = (
        style.period_chart()
        .mark_bar(width={"band": 0.72}, cursor="pointer")
        .add_params(style.click_on(PERIOD_FIELD))
        .encode(
            y=alt.Y("hours:Q", stack=True, axis=style.axis(tickCount=5, labelExpr=style.DURATION), title=None),
            color=style.color(legend),
            order=alt.Order("order:Q"),
            opacity=alt.condition("datum.partial", alt.value(PALE), alt.value(1)),
            tooltip=[*style.tooltips(start="From", stage="Stage"), *HOURS],
        )
    )
    return alt.LayerChart(layer=[bars, *event_rules(toned)], data=style.data(toned), height=HEIGHT)


def calendar(rows: list[Row]) -> alt.LayerChart:
    """Draw one cell per day, weeks from left to right, strong for many deployments.

    Rows have ``week, weekday, day, n, state``, and ``start``, the period that a click on the day selects; those of
    days with noted events have ``event``.
    """
    labels = style.axis(labelExpr=style.DAY, labelAngle=0, labelOverlap="greedy", labelSeparation=10, grid=False)
    rows_scale = alt.Scale(domain=WEEKDAYS, paddingInner=0.14)
    across: dict[str, Any] = {"axis": labels, "scale": alt.Scale(paddingInner=0.14), "title": None}
    rules = event_rules([{"start": row["week"], "event": row.get("event", NO_EVENT)} for row in rows],
                        x=alt.X("start:O", bandPosition=0, **across))  # fmt: skip
    base = alt.Chart().encode(
        x=alt.X("week:O", **across),
        y=alt.Y("weekday:O", sort=WEEKDAYS, axis=style.axis(grid=False), scale=rows_scale, title=None),
        tooltip=style.tooltips(day="Day", n="Deployments", state="Data", **({"event": "Event"} if rules else {})),
    )
    # A day without data has null, for which both filters are false.
    some = style.with_tone(base.transform_filter("datum.n > 0"), "blue").mark_rect(cornerRadius=2, cursor="pointer")
    some = some.encode(opacity=alt.Opacity("n:Q", scale=alt.Scale(range=[0.22, 1]), legend=None))
    none = style.with_tone(base.transform_filter("datum.n == 0"), "grey")
    frames = none.mark_rect(cornerRadius=2, filled=False, strokeWidth=0.6, opacity=0.45)
    layer = [some.add_params(style.click_on(PERIOD_FIELD)), frames, *rules]
    return alt.LayerChart(layer=layer, data=style.data(rows), height=alt.Step(DAY_HEIGHT))


def histogram(rows: list[Row], noun: str, tone: Tone = "blue") -> alt.LayerChart:
    """Draw one bar per class in order, with its count above; rows have ``name, n, share, part``."""
    tips = [*style.tooltips(name=noun), alt.Tooltip("n:Q", title="Count"),
            alt.Tooltip("share:Q", format=".1%", title="Share")]  # fmt: skip
    x = alt.X("name:O", sort=None, axis=style.axis(labelAngle=0, labelOverlap=False), title=None)
    top = max((row["n"] for row in rows), default=1) * 1.12  # room for the count
    column = alt.Chart().encode(x=x, tooltip=tips)
    base = column.encode(y=alt.Y("n:Q", axis=None, scale=alt.Scale(domain=[0, top], nice=False)))
    bars = style.with_tone(base, tone).mark_bar(cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
    counts = style.with_tone(base, "grey").mark_text(dy=-8, fontSize=11).encode(text=alt.Text("n:Q", format=","))
    layer = [bars, counts, style.click_target(column, CLASS_FIELD)]
    return alt.LayerChart(layer=layer, data=style.data(rows), height=HEIGHT - 20)
