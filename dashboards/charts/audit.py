"""When production changes, and how long people wait for an answer."""

from __future__ import annotations

import altair as alt

from dashboards.charts.style import PART, WHOSE, Row, axis, colour, of, picking

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TALL, ROW_HEIGHT, AROUND = 240, 30, 40
MINUTES = [1, 5, 15, 60, 240, 1440, 4320, 10080]
LABEL = (
    "datum.value < 60 ? datum.value + ' min' : datum.value < 1440 ? datum.value / 60 + ' h' : datum.value / 1440 + ' d'"
)


def hours(cells: list[Row]) -> alt.LayerChart:
    """Changes by local hour and day of the week, the stronger the more; those out of hours in another colour.

    A click picks those of that hour, which ``part`` names.
    """
    labels = axis(labelAngle=0, values=list(range(0, 24, 3)), labelExpr="datum.value + ':00'")
    x = alt.X("hour:O", scale=alt.Scale(domain=list(range(24))), axis=labels, title=None)
    base = alt.Chart(of(cells)).encode(
        x=x, y=alt.Y("day:O", sort=list(DAYS), axis=axis(), title=None), color=colour(),
        tooltip=_tips(day="Day", clock="From", changes="Changes", state="Time"),
    )  # fmt: skip
    shade = alt.Opacity("shade:Q", scale=None, legend=None)
    tiles = base.mark_rect(cornerRadius=3, cursor="pointer").encode(opacity=shade).add_params(picking(PART))
    return alt.LayerChart(layer=[tiles], data=of(cells), height=TALL)


def waits(rows: list[Row]) -> alt.LayerChart:
    """How long each question waited for its answer, by application, on a log axis; a bar marks the median."""
    tall = AROUND + ROW_HEIGHT * len({row["application"] for row in rows})
    y = alt.Y("application:N", sort=None, axis=axis(grid=False, labelLimit=140, labelOverlap=False), title=None)
    x = alt.X(
        "minutes:Q",
        scale=alt.Scale(type="log", nice=False, padding=8),
        axis=axis(values=MINUTES, labelExpr=LABEL),
        title=None,
    )
    base = alt.Chart(of(rows)).encode(
        x=x,
        y=y,
        color=colour(),
        tooltip=_tips(application="Application", prompt="Approval prompt", by="Decided by", text="Approval wait"),
    )
    dots = base.transform_filter("!datum.middle").mark_point(filled=True, size=36, opacity=0.4, cursor="pointer")
    middle = base.transform_filter("datum.middle").mark_tick(thickness=3, size=18, opacity=1)
    return alt.LayerChart(layer=[dots.add_params(picking(WHOSE)), middle], data=of(rows), height=tall)


def _tips(**named: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in named.items()]
