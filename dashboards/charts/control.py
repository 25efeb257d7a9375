"""The control chart of a weekly series: its values, the centre line, the control limits and the weeks of an alert."""

from __future__ import annotations

from typing import Any

import altair as alt

from dashboards.charts import style
from dashboards.charts.events import event_rules
from dashboards.charts.style import HEIGHT, Row, Tone

TONES: dict[str, Tone] = {"better": "green", "worse": "vermilion"}  # of the weeks of an alert; else amber
MIN_HOURS = 1 / 60  # a log axis has no zero


def control_rows(series: Any, first: int, count: int) -> list[Row]:
    """Return one row per week of a series with control limits; ``count`` weeks from ``first`` on are of the alert."""
    limits, unit_of = series.behaviour, series.weeks[0].text_of
    return [
        {
            "start": f"{week.period:%Y-%m-%d}", "value": week.value, "low": limits.low[index],
            "high": limits.high[index], "centre": limits.centre, "text": week.text, "evidence": week.evidence,
            "limits": f"{unit_of(limits.low[index])} to {unit_of(limits.high[index])}",
            "usual": unit_of(limits.centre), "alert": first <= index < first + count,
        }
        for index, week in enumerate(series.weeks)
    ]  # fmt: skip


def control_chart(rows: list[Row], verdict: str, *, duration: bool) -> alt.LayerChart:
    """Draw the weeks as a line between dashed control limits, the centre line, and the alert as large dots.

    Rows are those of ``control_rows``, with those of ``with_events``; a ``duration`` has a log axis.
    """
    y_of = _duration_axis(rows) if duration else _linear_axis(rows)
    if duration:
        rows = [row | {name: max(row[name], MIN_HOURS) for name in ("value", "low", "high", "centre")} for row in rows]
    base = style.period_chart()
    grey, blue = style.with_tone(base, "grey"), style.with_tone(base, "blue")
    alert = style.with_tone(base, TONES.get(verdict, "amber")).transform_filter("datum.alert")
    tips = style.tooltips(start="Week of", text="Value", usual="Usual", limits="Control limits", evidence="Evidence")
    layers = [
        *event_rules(rows),
        grey.mark_line(strokeDash=[5, 4], strokeWidth=1.3, interpolate="step").encode(y=y_of("low")),
        grey.mark_line(strokeDash=[5, 4], strokeWidth=1.3, interpolate="step").encode(y=y_of("high")),
        grey.mark_line(strokeWidth=1.6).encode(y=y_of("centre")),
        blue.mark_line(strokeWidth=1.8, point=style.DOT | {"size": 22}).encode(y=y_of("value")),
        alert.mark_point(**style.DOT, size=90).encode(y=y_of("value")),
        *(_line_name(rows, y_of(field), name) for field, name in (("high", "limit"), ("centre", "usual"))),
        base.mark_rect(opacity=0.001).encode(tooltip=tips),
    ]
    return alt.LayerChart(layer=layers, data=style.data(rows), height=HEIGHT)


def _line_name(rows: list[Row], y: alt.Y, name: str) -> alt.Chart:
    at_end = style.with_tone(style.period_chart(), "grey").transform_filter(f"datum.start == '{rows[-1]['start']}'")
    mark = at_end.mark_text(align="left", dx=4, fontSize=11)
    labelled: alt.Chart = mark.encode(x=alt.value("width"), y=y, text=alt.TextValue(name))
    return labelled


def _duration_axis(rows: list[Row]) -> Any:
    scale, axis = style.log_hours([max(row[name], MIN_HOURS) for row in rows for name in ("value", "low", "high")])
    return lambda field: alt.Y(f"{field}:Q", scale=scale, axis=axis, title=None)


def _linear_axis(rows: list[Row]) -> Any:
    top = max(max(row["value"], row["high"]) for row in rows)
    share = top <= 1.0
    axis = style.axis(tickCount=5, **({"format": ".0%"} if share else {}))
    scale = alt.Scale(domain=[0, (top or 1.0) * 1.05], nice=False, clamp=True)
    return lambda field: alt.Y(f"{field}:Q", scale=scale, axis=axis, title=None)
