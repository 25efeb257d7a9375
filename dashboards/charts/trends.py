"""How numbers went, period by period.

Periods are drawn on a band scale by their first local day, so that no browser's time zone moves them.
A period that is not whole is hollow. Pointing anywhere in a period's column means that period.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import altair as alt

from dashboards.charts import style as m
from dashboards.charts.style import HEIGHT, SPARK, Row, Tone
from dora import Value

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
        "state": f"incomplete: {value.incomplete}" if value.partial else "complete",
        "partial": value.partial,
        "chosen": start == chosen,
    }


def medians(rows: list[Row], window: Value) -> alt.LayerChart:
    """A duration's median a period on a log axis, the band of its 95 % interval, the window's value dashed."""
    drawn = [row | {end: m.positive(row[end]) for end in ("value", "low", "high")} for row in rows]
    known = [row[end] for row in drawn for end in ("value", "low", "high") if row[end]]
    scale, axis = m.log_hours(known)
    y = alt.Y("value:Q", scale=scale, axis=axis, title=None)
    base = m.marks("blue")
    band = base.transform_filter(WHOLE).mark_area(opacity=0.2, interpolate="monotone")
    line = base.transform_filter(WHOLE).mark_line(strokeWidth=2.2, interpolate="monotone", point=m.dot(28))
    hollow = base.transform_filter(PARTIAL).mark_point(**m.hollow(45))
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
    y = alt.Y("value:Q", scale=scale, axis=m.axis(format=".0%", tickCount=5), title=None)
    base = m.marks("vermilion")
    whiskers = base.mark_rule(strokeWidth=4, strokeCap="round", opacity=0.4)
    dots = base.transform_filter(WHOLE).mark_point(**m.dot(55))
    hollow = base.transform_filter(PARTIAL).mark_point(**m.hollow(55))
    marks = [whiskers.encode(y=alt.Y("low:Q", scale=scale), y2=alt.Y2("high:Q")), dots.encode(y=y), hollow.encode(y=y)]
    return _layered(rows, marks, window, "Share")


def counts(rows: list[Row]) -> alt.LayerChart:
    """How many there were a period, as bars from zero."""
    y = alt.Y("n:Q", axis=m.axis(tickCount=5, tickMinStep=1), title=None)
    base = m.marks("blue")
    solid = base.transform_filter(WHOLE).mark_bar(**_rounded())
    hollow = base.transform_filter(PARTIAL).mark_bar(filled=False, strokeDash=[3, 3], strokeWidth=1.5, **_rounded())
    return _layered(rows, [solid.encode(y=y), hollow.encode(y=y)], None, "Rate")


def spark(rows: list[Row], tone: Tone, *, bars: bool = False) -> alt.LayerChart:
    """A trend without axes, whole periods only; a gap where a period has no value."""
    told = [alt.Tooltip("start:N", title="From"), alt.Tooltip("text:N", title="Value")]
    column = alt.Chart().encode(x=alt.X("start:O", axis=None), tooltip=told)
    mark = column.mark_bar(cornerRadius=1.5) if bars else column.mark_line(strokeWidth=1.8, point=m.dot(14))
    line = mark.transform_calculate(tone=f"'{tone}'").encode(
        y=alt.Y("value:Q", axis=None, scale=alt.Scale(zero=bars, nice=False, padding=2)), color=m.colour()
    )
    whole = m.of([row for row in rows if not row["partial"]])
    return alt.LayerChart(layer=[line, m.catching(column, m.CLICK)], data=whole, height=SPARK)


BANDS = (("p10", "p90", 0.16), ("p25", "p75", 0.28))
NAMES = {"p50": "median", "p90": "90th", "p10": "10th", "p75": "75th", "p25": "25th"}
NEAR = 14 / HEIGHT  # of the axis: closer names would touch


def spreads(rows: list[Row], window: Value) -> alt.LayerChart:
    """A duration's median a period on a log axis, the middle half and the middle 80 % as bands, named at their ends.

    Rows have ``p10, p25, p50, p75, p90`` beside what every period has.
    """
    drawn = [row | {end: m.positive(row[end]) for end in NAMES} for row in rows]
    known = [row[end] for row in drawn for end in NAMES if row[end]]
    scale, axis = m.log_hours(known)
    base = m.marks("blue")
    whole, y = base.transform_filter(WHOLE), alt.Y("p50:Q", scale=scale, axis=axis, title=None)
    bands = [
        whole.mark_area(opacity=opacity, interpolate="monotone").encode(
            y=alt.Y(f"{low}:Q", scale=scale, axis=axis, title=None), y2=alt.Y2(f"{high}:Q")
        )
        for low, high, opacity in BANDS
    ]
    line = whole.mark_line(strokeWidth=2.2, interpolate="monotone", point=m.dot(28)).encode(y=y)
    partial = base.transform_filter(PARTIAL).mark_point(**m.hollow(45)).encode(y=y)
    return _layered(drawn, [*bands, line, partial, *_named(drawn, scale)], window, "Median")


def _named(rows: list[Row], scale: alt.Scale) -> list[alt.Chart]:
    """The names of the lines at their right end, those left out that would touch another."""
    last = next((row for row in reversed(rows) if not row["partial"] and row["p50"]), None)
    if last is None:
        return []
    bottom, top = (math.log(end) for end in scale.domain)
    placed: dict[str, float] = {}
    for name in (name for name in NAMES if last[name]):
        place = (math.log(last[name]) - bottom) / (top - bottom)
        if all(abs(place - other) >= NEAR for other in placed.values()):
            placed[name] = place
    at_end = m.marks("grey").transform_filter(f"datum.start == '{last['start']}'")
    mark = at_end.mark_text(align="left", dx=4, fontSize=11)
    return [
        mark.encode(x=alt.value("width"), y=alt.Y(f"{name}:Q", scale=scale), text=alt.TextValue(NAMES[name]))
        for name in placed
    ]


def _layered(rows: list[Row], marks: list[alt.Chart], window: Value | None, title: str) -> alt.LayerChart:
    """The marks, between what highlights the picked period and what catches the pointer."""
    backdrop = m.column().transform_filter("datum.chosen").mark_rect(color="#8a97a5", opacity=0.22)
    catcher = m.catching(m.column().encode(tooltip=_tips(title)), m.CLICK)
    lines = [_dashed(window.value)] if window is not None and window.value is not None else []
    return alt.LayerChart(layer=[backdrop, *lines, *marks, catcher], data=alt.InlineData(values=rows), height=HEIGHT)


def _dashed(value: float) -> alt.Chart:
    base = alt.Chart(alt.InlineData(values=[{"value": value, "tone": "grey"}]))
    rule: alt.Chart = base.mark_rule(strokeDash=[5, 4], strokeWidth=1.3).encode(y=alt.Y("value:Q"), color=m.colour())
    return rule


def _tips(title: str) -> list[alt.Tooltip]:
    named = {"start": "From", "text": title, "evidence": "Evidence", "apart": "Excluded", "state": "Period"}
    return [alt.Tooltip(f"{field}:N", title=name) for field, name in named.items()]


def _rounded() -> dict[str, Any]:
    return {"cornerRadiusTopLeft": 2, "cornerRadiusTopRight": 2, "width": {"band": 0.7}}


def _headroom(rows: list[Row]) -> float:
    """The top of a share's axis: what whole periods need; the whisker of a running one may be cut there."""
    highs = [row["high"] for row in rows if row["high"] is not None and not row["partial"]]
    return min(1.0, max(highs, default=0.95) * 1.05)


def _last(rows: list[Row]) -> str:
    """First day of the last whole period that has a value, where the line ends."""
    return max((row["start"] for row in rows if not row["partial"] and row["value"] is not None), default="")
