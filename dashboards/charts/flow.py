"""Lead time by stage, deployments per day, and counts by class."""

from __future__ import annotations

import altair as alt

from dashboards.charts import style
from dashboards.charts.events import event_rules
from dashboards.charts.style import CLASS_FIELD, HEIGHT, PERIOD_FIELD, Row, Tone

STAGES: dict[str, Tone] = {
    "coding": "olive",
    "pickup": "brown",
    "review": "violet",
    "merge": "teal",
    "waiting for deployment": "grey",
    "pre-production stages": "blue",
    "approval": "amber",
    "execution window": "pink",
    "canary": "green",
    "rollout": "vermilion",
    "queue and other": "sky",
}
COLUMNS = "width < 400 ? 1 : 3"  # of a legend
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
DAY_HEIGHT = 19  # pixels
PALE = 0.4  # opacity of a stack of an incomplete period
HOURS = [alt.Tooltip("text:N", title="Mean"), alt.Tooltip("share:Q", title="Share of lead time", format=".0%")]


def stage_means(rows: list[Row]) -> alt.LayerChart:
    """Draw one bar per stage with its mean; rows have ``stage, hours, text, label, share, part``."""
    tips = [alt.Tooltip("stage:N", title="Stage"), *HOURS]
    y = alt.Y("stage:N", sort=None, axis=style.axis(labelLimit=140), title=None)
    base = alt.Chart(height=alt.Step(26)).encode(y=y, tooltip=tips)
    longest = max((row["hours"] for row in rows), default=1.0)
    # The axis is 35 % longer than the longest bar, to leave room for its label.
    x = alt.X("hours:Q", axis=None, scale=alt.Scale(domain=[0, longest * 1.35]))
    bars = base.mark_bar(cornerRadius=2, height=16).encode(x=x, color=style.color())
    labels = style.with_tone(base, "grey").mark_text(align="left", dx=6, fontSize=12).encode(x=x, text="label:N")
    toned = style.data([row | {"tone": STAGES[row["stage"]]} for row in rows])
    return alt.LayerChart(layer=[bars, labels, style.click_target(base, CLASS_FIELD)], data=toned)


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

    Rows have ``week, weekday, day, n, state``, and ``start``, the period that a click on the day selects.
    """
    labels = style.axis(labelExpr=style.DAY, labelAngle=0, labelOverlap="greedy", labelSeparation=10, grid=False)
    rows_scale = alt.Scale(domain=WEEKDAYS, paddingInner=0.14)
    base = alt.Chart().encode(
        x=alt.X("week:O", axis=labels, scale=alt.Scale(paddingInner=0.14), title=None),
        y=alt.Y("weekday:O", sort=WEEKDAYS, axis=style.axis(grid=False), scale=rows_scale, title=None),
        tooltip=style.tooltips(day="Day", n="Deployments", state="Data"),
    )
    # A day without data has null, for which both filters are false.
    some = style.with_tone(base.transform_filter("datum.n > 0"), "blue").mark_rect(cornerRadius=2, cursor="pointer")
    some = some.encode(opacity=alt.Opacity("n:Q", scale=alt.Scale(range=[0.22, 1]), legend=None))
    none = style.with_tone(base.transform_filter("datum.n == 0"), "grey")
    frames = none.mark_rect(cornerRadius=2, filled=False, strokeWidth=0.6, opacity=0.45)
    layer = [some.add_params(style.click_on(PERIOD_FIELD)), frames]
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
