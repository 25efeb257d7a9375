"""What every chart is made of: tones by their place in the theme's palette, axes of durations and days, quiet marks."""

from __future__ import annotations

from typing import Any, Literal

import altair as alt

Tone = Literal["blue", "vermilion", "amber", "green", "pink", "sky", "grey"]
Row = dict[str, Any]
QUIET = {"expr": "luminance(background) > 0.4 ? '#566270' : '#A9B4BF'"}  # Streamlit's own grey is too pale to read
PALETTE: list[str] = ["blue", "vermilion", "amber", "green", "pink", "sky", "grey"]
HEIGHT, SPARK = 220, 56
CLICK, WHOSE, PART, ONE = "start", "application", "part", "deployment"  # fields whose word a click in a chart picks
SHORTEST = 1 / 60  # hours: a log axis has no zero
COARSE = [minutes / 60 for minutes in (1, 5, 15)] + [1.0, 4, 24, 96, 720, 8760]
FINE = [minutes / 60 for minutes in (1, 2, 5, 10, 15, 20, 30, 45)] + [1.0, 2, 3, 4, 6, 8, 12, 24, 48, 72, 120, 240, 720]
ENOUGH = 4
DURATION = (
    "datum.value < 0.99 ? format(datum.value * 60, '.0f') + ' min'"
    " : datum.value < 24 ? format(datum.value, '.0f') + ' h' : format(datum.value / 24, '.0f') + ' d'"
)
DAY = "timeFormat(timeParse(datum.value, '%Y-%m-%d'), '%-d %b')"


def of(rows: list[Row]) -> alt.InlineData:
    """Rows as a chart's own data."""
    return alt.InlineData(values=rows)


def tone(name: Tone) -> str:
    """A tone as the expression of a calculated field."""
    return f"'{name}'"


def colour() -> alt.Color:
    """The field ``tone`` by its place in the palette, so that each theme gives it its own colour."""
    return alt.Color("tone:N", scale=alt.Scale(domain=PALETTE), legend=None)


def axis(**given: Any) -> alt.Axis:
    """An axis without lines of its own."""
    return alt.Axis(**{"domain": False, "ticks": False, "labelPadding": 6, **given})


def column() -> alt.Chart:
    """A chart of one column a period; its data is that of the layers it stands in."""
    labels = axis(labelExpr=DAY, labelAngle=0, labelFlush=False, labelOverlap="greedy", labelSeparation=8)
    drawn: alt.Chart = alt.Chart().encode(x=alt.X("start:O", axis=labels, scale=alt.Scale(padding=0), title=None))
    return drawn


def marks(name: Tone) -> alt.Chart:
    """Marks of one tone in the columns of periods."""
    drawn: alt.Chart = column().transform_calculate(tone=tone(name)).encode(color=colour())
    return drawn


def picking(field: str) -> alt.Parameter:
    """A click on a mark as the choice of what its field holds."""
    return alt.selection_point(name=field, fields=[field], on="click", clear=False)


def catching(base: alt.Chart, field: str) -> alt.Chart:
    """What cannot be seen and is as tall as the chart, so that a click above a small mark means it too."""
    caught: alt.Chart = base.mark_rect(opacity=0.001, cursor="pointer").add_params(picking(field))
    return caught


def dot(size: int) -> dict[str, Any]:
    """A filled point."""
    return {"filled": True, "size": size, "opacity": 1}


def hollow(size: int) -> dict[str, Any]:
    """A point that is not whole."""
    return {"filled": False, "size": size, "strokeWidth": 1.6, "opacity": 1}


def ticks(bottom: float, top: float) -> list[float]:
    """Round durations within an axis; finer ones where there are few."""
    inside = [tick for tick in COARSE if bottom <= tick <= top]
    return inside if len(inside) >= ENOUGH else [tick for tick in FINE if bottom <= tick <= top]


def positive(hours: float | None) -> float | None:
    """A duration as a log axis can hold it."""
    return None if hours is None else max(hours, SHORTEST)


def log_hours(known: list[float]) -> tuple[alt.Scale, alt.Axis]:
    """A log scale around durations, with round ones as its labels."""
    bottom, top = min(known, default=1.0) / 1.3, max(known, default=24.0) * 1.3
    return alt.Scale(type="log", domain=[bottom, top], nice=False), axis(values=ticks(bottom, top), labelExpr=DURATION)
