"""Production changes by hour, and approval waits."""

from __future__ import annotations

import altair as alt

from dashboards.charts import style
from dashboards.charts.style import APPLICATION_FIELD, CLASS_FIELD, Row

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS_HEIGHT = 240
MINUTES = [1, 5, 15, 60, 240, 1440, 4320, 10080]
LABEL = (
    "datum.value < 60 ? datum.value + ' min' : datum.value < 1440 ? datum.value / 60 + ' h' : datum.value / 1440 + ' d'"
)


def changes_by_hour(rows: list[Row]) -> alt.LayerChart:
    """Draw production changes by local hour and weekday: strong for many, another colour outside business hours.

    Rows have ``day, hour, clock, changes, state, shade, tone, part``.
    """
    labels = style.axis(labelAngle=0, values=list(range(0, 24, 3)), labelExpr="datum.value + ':00'")
    tiles = alt.Chart().mark_rect(cornerRadius=3, cursor="pointer").encode(
        x=alt.X("hour:O", scale=alt.Scale(domain=list(range(24))), axis=labels, title=None),
        y=alt.Y("day:O", sort=list(DAYS), axis=style.axis(), title=None), color=style.color(),
        opacity=alt.Opacity("shade:Q", scale=None, legend=None),
        tooltip=style.tooltips(day="Day", clock="From", changes="Changes", state="Time"),
    )  # fmt: skip
    layer = [tiles.add_params(style.click_on(CLASS_FIELD))]
    return alt.LayerChart(layer=layer, data=style.data(rows), height=HOURS_HEIGHT)


def approval_waits(rows: list[Row]) -> alt.LayerChart:
    """Draw one dot per approval by application on a log axis of minutes; a tick is the median.

    Rows have ``application, minutes, prompt, by, text, tone``, and ``middle``, which is true for the median.
    """
    tips = style.tooltips(application="Application", prompt="Approval prompt", by="Decided by", text="Approval wait")
    scale = alt.Scale(type="log", nice=False, padding=8)
    x = alt.X("minutes:Q", scale=scale, axis=style.axis(values=MINUTES, labelExpr=LABEL), title=None)
    base = alt.Chart().encode(x=x, y=style.name_axis("application"), color=style.color(), tooltip=tips)
    dots = base.transform_filter("!datum.middle").mark_point(filled=True, size=36, opacity=0.4, cursor="pointer")
    medians = base.transform_filter("datum.middle").mark_tick(thickness=3, size=18, opacity=1)
    layer, height = (
        [dots.add_params(style.click_on(APPLICATION_FIELD)), medians],
        style.height_of(rows, "application", 40, 30),
    )
    return alt.LayerChart(layer=layer, data=style.data(rows), height=height)
