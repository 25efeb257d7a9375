"""Rows → charts. Pure: values in, a specification out; colours are named by their place in the theme's palette.

Periods are drawn on a band scale by their first local day, so that no browser's time zone moves them.
A period that is not whole is hollow. Pointing anywhere in a period's column means that period.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import altair as alt

from dora import Value

Tone = Literal["blue", "vermilion", "amber", "green", "pink", "sky", "grey"]
Row = dict[str, Any]
PALETTE: list[str] = ["blue", "vermilion", "amber", "green", "pink", "sky", "grey"]
CLICK = "period"
HEIGHT, SPARK = 220, 56
SHORTEST = 1 / 60  # hours: a log axis has no zero
COARSE = [minutes / 60 for minutes in (1, 5, 15)] + [1.0, 4, 24, 96, 720, 8760]
FINE = [minutes / 60 for minutes in (1, 2, 5, 10, 15, 20, 30, 45)] + [1.0, 2, 3, 4, 6, 8, 12, 24, 48, 72, 120, 240, 720]
ENOUGH = 4
DURATION = (
    "datum.value < 0.99 ? format(datum.value * 60, '.0f') + ' min'"
    " : datum.value < 24 ? format(datum.value, '.0f') + ' h' : format(datum.value / 24, '.0f') + ' d'"
)
DAY = "timeFormat(timeParse(datum.value, '%Y-%m-%d'), '%-d %b')"
WHOLE, PARTIAL = "!datum.partial", "datum.partial"


def rows(values: Iterable[Value], chosen: str | None = None) -> list[Row]:
    """One flat row a period; ``chosen`` is the first day of the one that the reader picked."""
    return [_row(value, f"{value.period:%Y-%m-%d}", chosen) for value in values if value.period]


def _row(value: Value, start: str, chosen: str | None) -> Row:
    return {
        "start": start,
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "n": value.n,
        "text": value.text,
        "evidence": value.evidence,
        "apart": ", ".join(f"{count:,} {reason}" for reason, count in value.excluded.items()) or "none",
        "state": f"not whole: {value.incomplete}" if value.partial else "whole",
        "partial": value.partial,
        "chosen": start == chosen,
    }


def medians(rows: list[Row], window: Value) -> alt.LayerChart:
    """A duration's median a period on a log axis, the band of its 95 % interval, the window's value dashed."""
    drawn = [row | {end: _positive(row[end]) for end in ("value", "low", "high")} for row in rows]
    known = [row[end] for row in drawn for end in ("value", "low", "high") if row[end]] or [1.0, 24.0]
    bottom, top = min(known) / 1.3, max(known) * 1.3
    scale = alt.Scale(type="log", domain=[bottom, top], nice=False)
    axis = _axis(values=_ticks(bottom, top), labelExpr=DURATION)
    y = alt.Y("value:Q", scale=scale, axis=axis, title=None)
    base = _marks("blue")
    band = base.transform_filter(WHOLE).mark_area(opacity=0.2, interpolate="monotone")
    line = base.transform_filter(WHOLE).mark_line(strokeWidth=2.2, interpolate="monotone", point=_dot(28))
    hollow = base.transform_filter(PARTIAL).mark_point(**_hollow(45))
    name = base.transform_filter(f"datum.start == '{_last(rows)}'").mark_text(align="left", dx=4, fontSize=11)
    marks = [
        band.encode(y=alt.Y("low:Q", scale=scale), y2=alt.Y2("high:Q")),
        line.encode(y=y),
        hollow.encode(y=y),
        name.encode(x=alt.value("width"), y=y, text=alt.TextValue("median")),
    ]
    return _layered(drawn, marks, window, "Median")


def shares(rows: list[Row], window: Value) -> alt.LayerChart:
    """A share a period as a dot with the whiskers of its 95 % interval, the window's value dashed."""
    scale = alt.Scale(domain=[0, _headroom(rows)], nice=False, clamp=True)
    y = alt.Y("value:Q", scale=scale, axis=_axis(format=".0%", tickCount=5), title=None)
    base = _marks("vermilion")
    whiskers = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4)
    dots = base.transform_filter(WHOLE).mark_point(**_dot(55))
    hollow = base.transform_filter(PARTIAL).mark_point(**_hollow(55))
    marks = [whiskers.encode(y=alt.Y("low:Q", scale=scale), y2=alt.Y2("high:Q")), dots.encode(y=y), hollow.encode(y=y)]
    return _layered(rows, marks, window, "Share")


def counts(rows: list[Row]) -> alt.LayerChart:
    """How many there were a period, as bars from zero."""
    y = alt.Y("n:Q", axis=_axis(tickCount=5, tickMinStep=1), title=None)
    base = _marks("blue")
    solid = base.transform_filter(WHOLE).mark_bar(**_rounded())
    hollow = base.transform_filter(PARTIAL).mark_bar(filled=False, strokeDash=[3, 3], strokeWidth=1.5, **_rounded())
    return _layered(rows, [solid.encode(y=y), hollow.encode(y=y)], None, "Rate")


def spark(rows: list[Row], tone: Tone, *, bars: bool = False) -> alt.Chart:
    """A trend without axes, whole periods only; a gap where a period has no value."""
    drawn = alt.Chart(alt.InlineData(values=[row for row in rows if not row["partial"]]), height=SPARK)
    mark = drawn.mark_bar(cornerRadius=1.5) if bars else drawn.mark_line(strokeWidth=1.8, point=_dot(14))
    line: alt.Chart = mark.transform_calculate(tone=f"'{tone}'").encode(
        x=alt.X("start:O", axis=None),
        y=alt.Y("value:Q", axis=None, scale=alt.Scale(zero=bars, nice=False, padding=2)),
        color=_colour(),
        tooltip=[alt.Tooltip("start:N", title="From"), alt.Tooltip("text:N", title="Value")],
    )
    return line


def _layered(rows: list[Row], marks: list[alt.Chart], window: Value | None, title: str) -> alt.LayerChart:
    """The marks, between what highlights the picked period and what catches the pointer."""
    backdrop = _column().transform_filter("datum.chosen").mark_rect(color="#8a97a5", opacity=0.22)
    click = alt.selection_point(name=CLICK, fields=["start"], on="click", clear=False)
    catcher = _column().mark_rect(opacity=0.001, cursor="pointer").encode(tooltip=_tips(title)).add_params(click)
    lines = [_dashed(window.value)] if window is not None and window.value is not None else []
    return alt.LayerChart(layer=[backdrop, *lines, *marks, catcher], data=alt.InlineData(values=rows), height=HEIGHT)


def _dashed(value: float) -> alt.Chart:
    base = alt.Chart(alt.InlineData(values=[{"value": value, "tone": "grey"}]))
    rule: alt.Chart = base.mark_rule(strokeDash=[5, 4], strokeWidth=1.3).encode(y=alt.Y("value:Q"), color=_colour())
    return rule


def _tips(title: str) -> list[alt.Tooltip]:
    named = {"start": "From", "text": title, "evidence": "Evidence", "apart": "Left out", "state": "Period"}
    return [alt.Tooltip(f"{field}:N", title=name) for field, name in named.items()]


def _column() -> alt.Chart:
    """A chart of one column a period; its data is that of the layers it stands in."""
    labels = alt.Axis(
        labelExpr=DAY,
        labelAngle=0,
        labelFlush=False,
        labelOverlap="greedy",
        labelSeparation=8,
        ticks=False,
        domain=False,
    )
    column: alt.Chart = alt.Chart().encode(x=alt.X("start:O", axis=labels, scale=alt.Scale(padding=0), title=None))
    return column


def _marks(tone: Tone) -> alt.Chart:
    marks: alt.Chart = _column().transform_calculate(tone=f"'{tone}'").encode(color=_colour())
    return marks


def _colour() -> alt.Color:
    return alt.Color("tone:N", scale=alt.Scale(domain=PALETTE), legend=None)


def _axis(**given: Any) -> alt.Axis:
    return alt.Axis(domain=False, ticks=False, labelPadding=6, **given)


def _rounded() -> dict[str, Any]:
    return {"cornerRadiusTopLeft": 2, "cornerRadiusTopRight": 2, "width": {"band": 0.7}}


def _dot(size: int) -> dict[str, Any]:
    return {"filled": True, "size": size, "opacity": 1}


def _hollow(size: int) -> dict[str, Any]:
    return {"filled": False, "size": size, "strokeWidth": 1.6, "opacity": 1}


def _ticks(bottom: float, top: float) -> list[float]:
    """Round durations within the axis; finer ones where there are few."""
    inside = [tick for tick in COARSE if bottom <= tick <= top]
    return inside if len(inside) >= ENOUGH else [tick for tick in FINE if bottom <= tick <= top]


def _positive(hours: float | None) -> float | None:
    return None if hours is None else max(hours, SHORTEST)


def _headroom(rows: list[Row]) -> float:
    """The top of a share's axis: what whole periods need; the whisker of a running one may be cut there."""
    highs = [row["high"] for row in rows if row["high"] is not None and not row["partial"]]
    return min(1.0, max(highs, default=0.95) * 1.05)


def _last(rows: list[Row]) -> str:
    """First day of the last whole period that has a value, where the line ends."""
    return max((row["start"] for row in rows if not row["partial"] and row["value"] is not None), default="")
