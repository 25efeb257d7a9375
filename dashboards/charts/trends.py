"""Values period by period.

Periods are drawn on a band scale by their first local day, so that the browser's time zone does not move them.
An incomplete period is hollow. A click anywhere in the column of a period selects it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import altair as alt

from dashboards.charts import style
from dashboards.charts.events import event_rules, with_events
from dashboards.charts.style import HEIGHT, PERIOD_FIELD, SPARKLINE_HEIGHT, Row, Tone
from dora import Value

COMPLETE, PARTIAL = "!datum.partial", "datum.partial"
MIN_HOURS = 1 / 60  # a log axis has no zero
BANDS = (("p10", "p90", 0.16), ("p25", "p75", 0.28))  # from, to, opacity
NAMES = {"p50": "median", "p90": "90th", "p10": "10th", "p75": "75th", "p25": "25th"}  # most important first
MIN_DISTANCE = 14 / HEIGHT  # of the axis: closer names would touch
GOAL_DASH = [9, 3]
BAR: dict[str, Any] = {"cornerRadiusTopLeft": 2, "cornerRadiusTopRight": 2, "width": {"band": 0.7}}


class Goal(NamedTuple):
    """A limit in the unit of a chart's values, and its name on the chart: ``goal ≤ 60 min``."""

    limit: float
    name: str

    @classmethod
    def of(cls, result: Any, window: Value) -> Goal | None:
        """Return a result of ``delivery.goals`` as a line; null if it is about another statistic than the chart."""
        is_drawn = result is not None and result.value.statistic == window.statistic
        return cls(result.goal, f"goal {result.text}") if is_drawn else None

    def per(self, days: float) -> Goal:
        """Return the goal of a rate by day as a count of a period of so many days."""
        return self._replace(limit=self.limit * days)


def trend_rows(values: Iterable[Value], events: Iterable[Row] = ()) -> list[Row]:
    """Return one flat row per period; ``events`` are noted ones."""
    rows = [
        {
            "start": f"{value.period:%Y-%m-%d}", "value": value.value, "low": value.low, "high": value.high,
            "n": value.n, "text": value.text, "evidence": value.evidence,
            "excluded": ", ".join(f"{count:,} {reason}" for reason, count in value.excluded.items()) or "none",
            "state": f"incomplete: {value.incomplete}" if value.partial else "complete", "partial": value.partial,
        }
        for value in values if value.period
    ]  # fmt: skip
    return with_events(rows, events)


def any_value(rows: list[Row]) -> bool:
    """Return whether any period has something to draw."""
    return any(row["n"] for row in rows)


def median_trend(rows: list[Row], window: Value, goal: Goal | None = None) -> alt.LayerChart:
    """Draw the median on a log axis, its 95 % interval as a band, the window's value and a goal dashed."""
    return _duration_trend(rows, window, [("low", "high", 0.2)], {"value": "median"}, goal)


def quantile_trend(rows: list[Row], window: Value, goal: Goal | None = None) -> alt.LayerChart:
    """Draw the median of a duration on a log axis, the middle 50 % and 80 % as bands, named at their ends.

    Rows have ``p10, p25, p50, p75, p90`` in addition to those of ``trend_rows``.
    """
    return _duration_trend(rows, window, BANDS, NAMES, goal)


def share_trend(rows: list[Row], window: Value, goal: Goal | None = None) -> alt.LayerChart:
    """Draw a share as dots with the whiskers of their 95 % interval, the window's value and a goal dashed."""
    # One failure of one deployment in a running week would stretch the axis to 100 %: its whisker may be cut.
    of_goal = [{"high": goal.limit * 1.1}] if goal else []  # room for its name
    scale = style.share_scale([*(row for row in rows if not row["partial"]), *of_goal], clamp=True)
    y = style.share_y(scale, "value")
    base = style.with_tone(style.period_chart(), "vermilion")
    dots = base.transform_filter(COMPLETE).mark_point(**style.DOT, size=55).encode(y=y)
    hollow = base.transform_filter(PARTIAL).mark_point(**style.HOLLOW_DOT, size=55).encode(y=y)
    return _layered(rows, [style.whiskers(base, scale), dots, hollow], window, "Share", goal)


def count_trend(rows: list[Row], goal: Goal | None = None) -> alt.LayerChart:
    """Draw counts as bars from zero, and a goal, the count of a complete period, dashed."""
    y = alt.Y("n:Q", axis=style.axis(tickCount=5, tickMinStep=1), title=None)
    base = style.with_tone(style.period_chart(), "blue").encode(y=y)
    solid = base.transform_filter(COMPLETE).mark_bar(**BAR)
    hollow = base.transform_filter(PARTIAL).mark_bar(filled=False, strokeDash=[3, 3], strokeWidth=1.5, **BAR)
    return _layered(rows, [solid, hollow], None, "Rate", goal)


def sparkline(rows: list[Row], tone: Tone, *, bars: bool = False) -> alt.LayerChart:
    """Draw a trend of the complete periods without axes, with a gap where a period has no value."""
    column = alt.Chart().encode(x=alt.X("start:O", axis=None), tooltip=style.tooltips(start="From", text="Value"))
    marks = (
        column.mark_bar(cornerRadius=1.5) if bars else column.mark_line(strokeWidth=1.8, point=style.DOT | {"size": 14})
    )
    y = alt.Y("value:Q", axis=None, scale=alt.Scale(zero=bars, nice=False, padding=2))
    complete = [row for row in rows if not row["partial"]]
    layer = [*event_rules(complete, bare=True), style.with_tone(marks, tone).encode(y=y),
             style.click_target(column, PERIOD_FIELD)]  # fmt: skip
    return alt.LayerChart(layer=layer, data=style.data(complete), height=SPARKLINE_HEIGHT)


def _duration_trend(
    rows: list[Row],
    window: Value,
    bands: Iterable[tuple[str, str, float]],
    names: Mapping[str, str],
    goal: Goal | None,
) -> alt.LayerChart:
    """Draw the first of the fields in ``names`` as a line and the bands behind it, on a log axis."""
    fields = dict.fromkeys([*names, *(end for *ends, _ in bands for end in ends)])
    drawn = [row | {name: None if row[name] is None else max(row[name], MIN_HOURS) for name in fields} for row in rows]
    limit = [max(goal.limit, MIN_HOURS)] if goal else []
    scale, axis = style.log_hours([row[name] for row in drawn for name in fields if row[name]] + limit)
    base = style.with_tone(style.period_chart(), "blue")
    complete, y = base.transform_filter(COMPLETE), alt.Y(f"{next(iter(names))}:Q", scale=scale, axis=axis, title=None)
    areas = [
        complete.mark_area(opacity=opacity, interpolate="monotone").encode(
            y=alt.Y(f"{low}:Q", scale=scale, axis=axis, title=None), y2=f"{high}:Q"
        )
        for low, high, opacity in bands
    ]
    line = complete.mark_line(strokeWidth=2.2, interpolate="monotone", point=style.DOT | {"size": 28}).encode(y=y)
    hollow = base.transform_filter(PARTIAL).mark_point(**style.HOLLOW_DOT, size=45).encode(y=y)
    return _layered(drawn, [*areas, line, hollow, *_line_names(drawn, scale, names)], window, "Median", goal)


def _line_names(rows: list[Row], scale: alt.Scale, names: Mapping[str, str]) -> list[alt.Chart]:
    """Return the names of the lines at their right end; a less important one that would touch another is left out."""
    last = next((row for row in reversed(rows) if not row["partial"] and row[next(iter(names))]), None)
    if last is None:
        return []
    bottom, top = (math.log(end) for end in scale.domain)
    placed: dict[str, float] = {}
    for field in names:
        if last[field]:
            position = (math.log(last[field]) - bottom) / (top - bottom)
            if all(abs(position - other) >= MIN_DISTANCE for other in placed.values()):
                placed[field] = position
    at_end = style.with_tone(style.period_chart(), "grey").transform_filter(f"datum.start == '{last['start']}'")
    mark = at_end.mark_text(align="left", dx=4, fontSize=11)
    return [
        mark.encode(x=alt.value("width"), y=alt.Y(f"{field}:Q", scale=scale), text=alt.TextValue(names[field]))
        for field in placed
    ]


def _layered(
    rows: list[Row], marks: list[alt.Chart], window: Value | None, title: str, goal: Goal | None = None
) -> alt.LayerChart:
    """Return the marks below the layer that receives the pointer and highlights the selected period."""
    rules = event_rules(rows)
    fields = {"start": "From", "text": title, "evidence": "Evidence", "excluded": "Excluded", "state": "Period"}
    tips = style.tooltips(**fields | ({"event": "Event"} if rules else {}))
    target = style.click_target(style.period_chart().encode(tooltip=tips), PERIOD_FIELD)
    dashed = []
    if window is not None and window.value is not None:
        reference = alt.Chart(style.data([{"value": window.value, "tone": "grey"}]))
        rule = reference.mark_rule(strokeDash=[5, 4], strokeWidth=1.3)
        dashed = [rule.encode(y=alt.Y("value:Q"), color=style.color())]
    line, name = _goal_line(goal)
    layer = [*rules, *dashed, *line, *marks, *name, target]
    return alt.LayerChart(layer=layer, data=style.data(rows), height=HEIGHT)


def _goal_line(goal: Goal | None) -> tuple[list[alt.Chart], list[alt.Chart]]:
    """Return a goal as a dashed line, and its name above it with a halo, so that it can be read over other marks."""
    if goal is None:
        return [], []
    row = alt.Chart(style.data([{"value": goal.limit, "name": goal.name, "tone": "green"}]))
    line = row.mark_rule(strokeDash=GOAL_DASH, strokeWidth=1.6).encode(y=alt.Y("value:Q"), color=style.color())
    place = row.encode(x=alt.value(0), y=alt.Y("value:Q"), text="name:N")
    at: dict[str, Any] = {"align": "left", "baseline": "bottom", "dx": 4, "dy": -3, "fontSize": 11}
    halo = place.mark_text(**at, strokeWidth=4, strokeJoin="round", color=style.GROUND, stroke=style.GROUND)
    return [line], [halo, place.mark_text(**at).encode(color=style.color())]
