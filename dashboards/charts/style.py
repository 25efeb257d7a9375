"""Parts of every chart: tones of the theme's palette, axes, tooltips, intervals, and what a click selects."""

from __future__ import annotations

from typing import Any, Literal, get_args

import altair as alt

Tone = Literal["blue", "vermilion", "amber", "green", "pink", "sky", "grey", "olive", "brown", "violet", "teal"]
Row = dict[str, Any]
QUIET = {"expr": "luminance(background) > 0.4 ? '#566270' : '#A9B4BF'"}  # Streamlit's own grey is too pale to read
GROUND = alt.ExprRef("luminance(background) > 0.4 ? '#FFFFFF' : '#11161C'")  # the background of a page in either theme
PALETTE: list[str] = list(get_args(Tone))
HEIGHT, SPARKLINE_HEIGHT = 220, 56  # pixels
INVISIBLE, HIGHLIGHT, SELECTED = 0.001, 0.22, "#8a97a5"  # opacities of a click target, and the colour of a selected one
# Fields of a row whose value a click on its mark selects. Streamlit reports a click under the field's name.
PERIOD_FIELD, APPLICATION_FIELD, CLASS_FIELD, DEPLOYMENT_FIELD = "start", "application", "part", "deployment"
DOT: dict[str, Any] = {"filled": True, "opacity": 1}
HOLLOW_DOT: dict[str, Any] = {"filled": False, "strokeWidth": 1.6, "opacity": 1}  # of an incomplete period
COARSE_HOURS = [minutes / 60 for minutes in (1, 5, 15)] + [1.0, 4, 24, 96, 720, 8760]
FINE_HOURS = [minutes / 60 for minutes in (1, 2, 5, 10, 15, 20, 30, 45)]
FINE_HOURS += [1.0, 2, 3, 4, 6, 8, 12, 24, 48, 72, 120, 240, 720]
MIN_TICKS = 4  # an axis with fewer labels gets the fine ones
DURATION = (
    "datum.value < 0.99 ? format(datum.value * 60, '.0f') + ' min'"
    " : datum.value < 24 ? format(datum.value, '.1~f') + ' h' : format(datum.value / 24, '.1~f') + ' d'"
)
DAY = "timeFormat(timeParse(datum.value, '%Y-%m-%d'), '%-d %b')"


def data(rows: list[Row]) -> alt.InlineData:
    """Return rows as the data of a chart."""
    return alt.InlineData(values=rows)


def color(legend: alt.Legend | None = None) -> alt.Color:
    """Return the field ``tone`` as the colour.

    Its scale has no colours but the entire palette as its domain, so that each theme's colours apply by position.
    """
    return alt.Color("tone:N", scale=alt.Scale(domain=PALETTE), legend=legend)


def with_tone(chart: alt.Chart, tone: Tone) -> alt.Chart:
    """Return a chart whose marks all have one tone."""
    toned: alt.Chart = chart.transform_calculate(tone=f"'{tone}'").encode(color=color())
    return toned


def tone_legend(tones: dict[str, str], **options: Any) -> alt.Legend:
    """Return the legend of a scale of tones, which are given by label."""
    labels = "{" + ", ".join(f"{tone}: '{label}'" for label, tone in tones.items()) + "}[datum.value]"
    return alt.Legend(orient="top", title=None, values=list(tones.values()), labelExpr=labels, **options)


def axis(**options: Any) -> alt.Axis:
    """Return an axis without lines of its own."""
    return alt.Axis(**{"domain": False, "ticks": False, "labelPadding": 6, **options})


def name_axis(field: str, **options: Any) -> alt.Y:
    """Return a vertical axis with one full name per row, in the order of the rows."""
    return alt.Y(
        f"{field}:N", sort=None, axis=axis(grid=False, labelLimit=140, labelOverlap=False, **options), title=None
    )


def tooltips(**titles: str) -> list[alt.Tooltip]:
    """Return one line of a tooltip per field, with its title."""
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in titles.items()]


def period_chart() -> alt.Chart:
    """Return a chart with one column per period, whose data is that of the layers around it."""
    chart: alt.Chart = alt.Chart().encode(x=period_x())
    return chart


def period_x(**options: Any) -> alt.X:
    """Return the axis with one column per period."""
    labels = axis(labelExpr=DAY, labelAngle=0, labelFlush=False, labelOverlap="greedy", labelSeparation=8)
    return alt.X("start:O", axis=labels, scale=alt.Scale(padding=0), title=None, **options)


def click_on(field: str) -> alt.Parameter:
    """Return the selection of a mark's value of a field by a click."""
    return alt.selection_point(name=field, fields=[field], on="click", clear=False)


def click_target(base: alt.Chart, field: str) -> alt.Chart:
    """Return an invisible layer as tall as the chart, so that a click above a small mark selects it too."""
    # Browsers send no pointer events to a mark of opacity 0.
    target: alt.Chart = base.mark_rect(opacity=INVISIBLE, cursor="pointer").add_params(click_on(field))
    return target


def share_scale(rows: list[Row], **options: Any) -> alt.Scale:
    """Return a scale of shares from zero to just above the highest interval."""
    top = max((row["high"] for row in rows if row["high"] is not None), default=1.0)
    return alt.Scale(domain=[0, min(1.0, top * 1.05)], nice=False, **options)


def share_y(scale: alt.Scale, field: str = "share") -> alt.Y:
    """Return a share as the height, on an axis in percent."""
    return alt.Y(f"{field}:Q", scale=scale, axis=axis(format=".0%", tickCount=5), title=None)


def whiskers(base: alt.Chart, scale: alt.Scale) -> alt.Chart:
    """Return the intervals from ``low`` to ``high`` as vertical bars."""
    rules = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4)
    layer: alt.Chart = rules.encode(y=alt.Y("low:Q", scale=scale), y2="high:Q")
    return layer


def shares_by_class(rows: list[Row], column: alt.Chart, base: alt.Chart) -> alt.LayerChart:
    """Return a share per class as a dot with a 95 % whisker; a click in the ``column`` of a class selects it."""
    scale = share_scale(rows)
    dots = base.mark_point(**DOT, size=60).encode(y=share_y(scale))
    layer = [whiskers(base, scale), dots, click_target(column, CLASS_FIELD)]
    return alt.LayerChart(layer=layer, data=data(rows), height=HEIGHT)


def log_hours(durations: list[float]) -> tuple[alt.Scale, alt.Axis]:
    """Return a log scale around durations in hours, and its axis with round durations as labels."""
    bottom, top = min(durations, default=1.0) / 1.3, max(durations, default=24.0) * 1.3
    coarse, fine = ([tick for tick in ticks if bottom <= tick <= top] for ticks in (COARSE_HOURS, FINE_HOURS))
    labels = axis(values=coarse if len(coarse) >= MIN_TICKS else fine, labelExpr=DURATION)
    return alt.Scale(type="log", domain=[bottom, top], nice=False), labels


def height_of(rows: list[Row], field: str, around: int = 112, step: int = 27) -> int:
    """Return the height in pixels of a chart with one row per name; ``around`` is that of its axis and legend."""
    return around + step * len({row[field] for row in rows})
