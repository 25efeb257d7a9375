"""Rows → charts. Pure: values in, a specification out; colours are named by their place in the theme's palette.

Periods are drawn on a band scale by their first local day, so that no browser's time zone moves them.
A period that is not over is hollow. Hovering or clicking anywhere in a period's column means the period.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import altair as alt

from dora import Value

Tone = Literal["blue", "vermilion", "amber", "green", "pink", "sky", "grey"]
PALETTE: list[Tone] = ["blue", "vermilion", "amber", "green", "pink", "sky", "grey"]
Row = dict[str, Any]
CLICK = "period"
HEIGHT, SPARK = 230, 46
SHORTEST = 1 / 60  # hours: a log axis has no zero
TICKS = [1 / 60, 5 / 60, 1 / 4, 1 / 2, 1, 2, 4, 8, 24, 48, 96, 240, 720, 2160, 8760]
DURATION = (
    "datum.value < 0.99 ? format(datum.value * 60, '.0f') + ' min'"
    " : datum.value < 24 ? format(datum.value, '.0f') + ' h' : format(datum.value / 24, '.0f') + ' d'"
)
DAY = "timeFormat(timeParse(datum.value, '%Y-%m-%d'), '%-d %b')"
MONTH = "timeFormat(timeParse(datum.value, '%Y-%m-%d'), '%b %Y')"


def rows(values: Iterable[Value], chosen: str | None = None) -> list[Row]:
    """One flat row a period; ``chosen`` is the first day of the one that the reader picked."""
    return [_row(value, chosen) for value in values if value.period is not None]


def _row(value: Value, chosen: str | None) -> Row:
    start = f"{value.period:%Y-%m-%d}"
    return {
        "start": start,
        "when": f"{value.period:%-d %b %Y}{', not whole' if value.partial else ''}",
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "n": value.n,
        "text": value.text,
        "evidence": value.evidence,
        "apart": ", ".join(f"{count:,} {reason}" for reason, count in value.excluded.items()) or "none",
        "partial": value.partial,
        "chosen": start == chosen,
    }


def medians(rows: list[Row], window: Value, *, monthly: bool = False) -> alt.LayerChart:
    """A duration's median per period on a log axis with the band of its interval; the window's own value dashed."""
    kept = [{**row, **{end: _positive(row[end]) for end in ("value", "low", "high")}} for row in rows]
    ends = [row[end] for row in kept for end in ("value", "low", "high") if row[end] is not None]
    low, high = min(ends, default=1), max(ends, default=24)
    axis = alt.Axis(values=[t for t in TICKS if low / 2 <= t <= high * 2], labelExpr=DURATION, domain=False, ticks=False)
    scale = alt.Scale(type="log", domain=[low / 1.2, high * 1.2])
    y = alt.Y("value:Q", scale=scale, axis=axis, title=None)
    base = alt.Chart(_data(kept)).encode(_x(monthly))
    band = base.mark_area(opacity=0.22, interpolate="monotone").encode(y.shorthand_with("low"), y2="high:Q")
    line = base.mark_line(strokeWidth=2.2, interpolate="monotone").encode(y)
    return _layers(band, line, window=window, rows=kept, y=y, tone="blue", monthly=monthly)
