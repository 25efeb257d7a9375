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
HEIGHT, SPARK = 220, 44
SHORTEST = 1 / 60  # hours: a log axis has no zero
TICKS = [1 / 60, 5 / 60, 1 / 4, 1 / 2, 1, 2, 4, 8, 24, 48, 96, 240, 720, 2160, 8760]
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
        "state": "not whole" if value.partial else "whole",
        "partial": value.partial,
        "chosen": start == chosen,
    }


def medians(rows: list[Row], window: Value) -> alt.LayerChart:
    """A duration's median a period on a log axis, the band of its 95 % interval, the window's value dashed."""
    drawn = [row | {end: _positive(row[end]) for end in ("value", "low", "high")} for row in rows]
    known = [row[end] for row in drawn for end in ("value", "low", "high") if row[end]] or [1.0, 24.0]
    bottom, top = min(known) / 1.3, max(known) * 1.3
    scale = alt.Scale(type="log", domain=[bottom, top])
    axis = _axis(values=[tick for tick in TICKS if bottom <= tick <= top], labelExpr=DURATION)
    base = _base(drawn, "blue")
    band = base.transform_filter(WHOLE).mark_area(opacity=0.2, interpolate="monotone")
    line = base.transform_filter(WHOLE).mark_line(strokeWidth=2.2, interpolate="monotone", point=_dot(28))
    hollow = base.transform_filter(PARTIAL).mark_point(**_hollow(45))
    y = alt.Y("value:Q", scale=scale, axis=axis, title=None)
    marks = [band.encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"), line.encode(y=y), hollow.encode(y=y)]
    return _layered(drawn, [*marks, *_at_its_end(drawn)], window, "Median")


def shares(rows: list[Row], window: Value) -> alt.LayerChart:
    """A share a period as a dot with the whiskers of its 95 % interval, the window's value dashed."""
    scale = alt.Scale(domain=[0, _headroom(rows)], nice=False)
    y = alt.Y("value:Q", scale=scale, axis=_axis(format=".0%", tickCount=5), title=None)
    base = _base(rows, "vermilion")
    whiskers = base.mark_rule(strokeWidth=4, strokeCap="round").encode(
        y=alt.Y("low:Q", scale=scale), y2="high:Q", opacity=alt.condition(PARTIAL, alt.value(0.18), alt.value(0.38))
    )
    dots = base.transform_filter(WHOLE).mark_point(**_dot(55))
    hollow = base.transform_filter(PARTIAL).mark_point(**_hollow(55))
    return _layered(rows, [whiskers, dots.encode(y=y), hollow.encode(y=y)], window, "Share")


def counts(rows: list[Row]) -> alt.LayerChart:
    """How many there were a period, as bars from zero."""
    y = alt.Y("n:Q", axis=_axis(tickCount=5, tickMinStep=1), title=None)
    bars = _base(rows, "blue").mark_bar(strokeWidth=1.5, cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
    shown = bars.encode(
        y=y,
        stroke=_colour(),
        fillOpacity=alt.condition(PARTIAL, alt.value(0), alt.value(0.85)),
        strokeDash=alt.condition(PARTIAL, alt.value([3, 3]), alt.value([1, 0])),
    )
    return _layered(rows, [shown], None, "Rate")


def spark(rows: list[Row], tone: Tone, *, bars: bool = False) -> alt.LayerChart:
    """A trend without axes, whole periods only; gaps where a period has no value."""
    base = _base([row for row in rows if not row["partial"]], tone).encode(y=alt.Y("value:Q", axis=None, scale=_loose(bars)))
    if bars:
        mark = base.mark_bar(cornerRadius=1.5)
    else:
        mark = base.mark_line(strokeWidth=1.8, strokeCap="round", point=_dot(14))
    tips = [alt.Tooltip("start:N", title="From"), alt.Tooltip("text:N", title="Value")]
    return alt.layer(mark.encode(x=alt.X("start:O", axis=None), tooltip=tips), height=SPARK).configure_view(stroke=None)


def _loose(bars: bool) -> alt.Scale:
    return alt.Scale(zero=bars, nice=False, padding=4)


def _base(rows: list[Row], tone: Tone) -> alt.Chart:
    return alt.Chart(_data(rows)).transform_calculate(tone=f"'{tone}'").encode(x=_periods(), color=_colour())


def _data(rows: list[Row]) -> alt.InlineData:
    return alt.InlineData(values=rows)


def _colour() -> alt.Color:
    return alt.Color("tone:N", scale=alt.Scale(domain=PALETTE), legend=None)


def _periods() -> alt.X:
    axis = alt.Axis(labelExpr=DAY, labelAngle=0, labelOverlap="greedy", labelSeparation=8, ticks=False, domain=False)
    return alt.X("start:O", axis=axis, scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15), title=None)


def _axis(**given: Any) -> alt.Axis:
    return alt.Axis(domain=False, ticks=False, labelPadding=6, **given)


def _dot(size: int) -> dict[str, Any]:
    return {"filled": True, "size": size, "opacity": 1}


def _hollow(size: int) -> dict[str, Any]:
    return {"filled": False, "size": size, "strokeWidth": 1.6, "opacity": 1}


def _positive(hours: float | None) -> float | None:
    return None if hours is None else max(hours, SHORTEST)


def _headroom(rows: list[Row]) -> float:
    """The top of a share's axis: what whole periods need; a running one with few rows may stick out of it."""
    highs = [row["high"] for row in rows if row["high"] is not None and not row["partial"]]
    return min(1.0, max(highs, default=0.95) * 1.05)


def _at_its_end(rows: list[Row]) -> list[alt.Chart]:
    """The line's and the band's names, where they end."""
    whole = [row for row in rows if not row["partial"] and row["value"]]
    last = _base(whole[-1:], "blue")
    text = {"align": "left", "dx": 9, "fontSize": 11, "clip": False}
    return [last.mark_text(**text).encode(y="value:Q", text=alt.value("median"))]


def _layered(rows: list[Row], marks: list[alt.Chart], window: Value | None, title: str) -> alt.LayerChart:
    """The marks between what is highlighted and what catches the pointer."""
    column = alt.Chart(_data(rows)).encode(x=_periods())
    backdrop = column.transform_filter("datum.chosen").mark_rect(color="#8a97a5", opacity=0.22)
    tips = [alt.Tooltip("start:N", title="From"), alt.Tooltip("text:N", title=title),
            alt.Tooltip("evidence:N", title="Evidence"), alt.Tooltip("apart:N", title="Left out"),
            alt.Tooltip("state:N", title="Period")]  # fmt: skip
    click = alt.selection_point(name=CLICK, fields=["start"], on="click", clear=False)
    catcher = column.mark_rect(opacity=0.001, cursor="pointer").encode(tooltip=tips).add_params(click)
    lines = _dashed(window) if window is not None and window.value is not None else []
    return alt.layer(backdrop, *lines, *marks, catcher, height=HEIGHT).configure_view(stroke=None)


def _dashed(window: Value) -> list[alt.Chart]:
    data = [{"value": window.value, "label": f"window {window.text}"}]
    base = alt.Chart(_data(data)).transform_calculate(tone="'grey'").encode(y="value:Q", color=_colour())
    rule = base.mark_rule(strokeDash=[5, 4], strokeWidth=1.2)
    label = base.mark_text(align="right", dy=-7, fontSize=11).encode(x=alt.value("width"), text="label:N")
    return [rule, label]
