"""What ran where: one lane per target, one colour per content."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from dashboards.charts import style
from dashboards.charts.events import event_rules_in_time
from dashboards.charts.style import DEPLOYMENT_FIELD, Row, Tone

TONES: tuple[Tone, ...] = ("blue", "green", "amber", "pink", "sky")  # vermilion is that of failures
LANE_HEIGHT, BAR_HEIGHT, DARK_HEIGHT = 42, 16, 5  # pixels
MARKS: dict[str, tuple[str, Tone]] = {"rollback": ("triangle-left", "grey"), "failed": ("cross", "vermilion")}
# The longest label that has room above its bar, at six pixels a letter.
LABEL = (
    "datum.share * width > 6 * length(datum.label + datum.note) ? datum.label + datum.note"
    " : datum.share * width > 6 * length(datum.label) ? datum.label : ''"
)
TIME = "utcFormat(datum.value, utchours(datum.value) + utcminutes(datum.value) ? '%H:%M' : '%-d %b')"
TIPS = {
    "version": "Version", "commit": "Commit", "target": "Target", "state": "State", "start_text": "From",
    "end_text": "To", "deployment": "Deployment", "kind": "Kind", "outcome": "Outcome",
}  # fmt: skip


def serving_lanes(rows: list[Row], start: str, end: str, events: Sequence[Row] = ()) -> alt.LayerChart:
    """Draw a bar per stretch of one content on one target, a thin one while it waits, and marks of deployments.

    Rows have ``what`` (serving, dark, rollback or failed), ``target, tone, start, end, deployment`` and the texts of
    ``TIPS``; times are ISO 8601 in local time. ``share`` is that of a bar in the time drawn, ``label`` and
    ``note`` are written above it where they fit. A click on a bar or mark selects its deployment. ``events`` are noted.
    """
    scale = alt.Scale(type="utc", domain=[start, end], nice=False)  # no browser converts the local times
    x = alt.X("start:T", scale=scale, axis=style.axis(tickCount=8, labelOverlap="greedy", labelExpr=TIME), title=None)
    lanes = list(dict.fromkeys(row["target"] for row in rows))
    names = style.axis(labelLimit=180, grid=False, labelOverlap=False)
    y = alt.Y("target:N", scale=alt.Scale(domain=lanes), axis=names, title=None)
    base = alt.Chart().encode(y=y, x=x, tooltip=style.tooltips(**TIPS), color=style.color())
    bars = (
        base.transform_filter("datum.what == 'serving'")
        .mark_bar(height=BAR_HEIGHT, cornerRadius=3, cursor="pointer", minBandSize=2)
        .encode(x2="end:T")
        .add_params(style.click_on(DEPLOYMENT_FIELD))
    )
    waits = (
        base.transform_filter("datum.what == 'dark'")
        .mark_bar(height=DARK_HEIGHT, yOffset=13, opacity=0.45, cursor="pointer")
        .encode(x2="end:T")
    )
    labels = (
        style.with_tone(base.transform_filter("datum.what == 'serving'").transform_calculate(title=LABEL), "grey")
        .mark_text(align="left", baseline="bottom", dy=-10, fontSize=11)
        .encode(text="title:N")
    )
    marks = [
        style.with_tone(base.transform_filter(f"datum.what == '{what}'"), tone)
        .mark_point(shape=shape, xOffset=8, size=70, fill="white", strokeWidth=1.8, opacity=1, cursor="pointer")
        for what, (shape, tone) in MARKS.items()
    ]  # fmt: skip
    rules = event_rules_in_time(events, x, start, end)
    return alt.LayerChart(
        layer=[*rules, bars, waits, labels, *marks], data=style.data(rows), height=alt.Step(LANE_HEIGHT)
    )
