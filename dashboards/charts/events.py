"""Events that people noted, on charts over time: a vertical line where one began, its title above the plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import altair as alt

from dashboards.charts import style
from dashboards.charts.style import Row

LONGEST = 26  # letters of a title above the plot; the tooltip has all of it
LETTERS = 48  # that have room above the narrowest chart
NO_EVENT = "none"
Side = Literal["left", "right"]
SIDES: dict[Side, int] = {"left": 2, "right": -2}  # pixels from the line, by the end of the title that is at it


def with_events(rows: list[Row], events: Iterable[Row]) -> list[Row]:
    """Return rows of periods with the titles of the events that began in each as ``event``.

    Events have ``day``, a local day as ISO 8601, and ``title``. One that began before the first period has no line.
    """
    starts = sorted({row["start"] for row in rows})
    titles: dict[str, list[str]] = {}
    for event in sorted(events, key=lambda event: event["day"]):
        if started := [start for start in starts if start <= event["day"]]:
            titles.setdefault(started[-1], []).append(event["title"])
    return [row | {"event": "; ".join(titles.get(row["start"], ())) or NO_EVENT} for row in rows] if titles else rows


def event_rules(rows: Sequence[Row], *, bare: bool = False, x: alt.X | None = None) -> list[alt.Chart]:
    """Return a line at the start of each period with an event, and the titles that do not touch a later one.

    A ``bare`` chart has neither titles nor axes. ``x`` is the axis of the chart if it is not that of its periods.
    """
    starts = sorted({row["start"] for row in rows})
    marks = {row["start"]: row["event"] for row in rows if row.get("event", NO_EVENT) != NO_EVENT}
    if x is None:
        x = alt.X("start:O", axis=None, bandPosition=0) if bare else style.period_x(bandPosition=0)
    return _rules(marks, {} if bare else {start: starts.index(start) / len(starts) for start in marks}, x)


def event_rules_in_time(events: Iterable[Row], x: alt.X, start: str, end: str) -> list[alt.Chart]:
    """Return the lines and titles of the events between two times, which are ISO 8601, on an axis of time."""
    begins, ends = datetime.fromisoformat(start), datetime.fromisoformat(end)
    days = {f"{event['day']}T00:00:00Z": event["title"] for event in events}
    places = {day: (datetime.fromisoformat(day) - begins) / ((ends - begins) or timedelta(1)) for day in days}
    places = {day: place for day, place in places.items() if 0 <= place <= 1}
    return _rules({day: days[day] for day in places}, places, x)


def _rules(marks: dict[str, str], places: dict[str, float], x: alt.X) -> list[alt.Chart]:
    """Return a line for each mark, and the titles of those that have a place."""
    if not marks:
        return []
    layer = [_at(marks, x).mark_rule(strokeDash=[2, 3], strokeWidth=1.4)]
    placed = _place_titles(places, marks)
    for side, dx in SIDES.items():
        titles = {start: title for start, (title, align) in placed.items() if align == side}
        if titles:
            text = _at(titles, x).mark_text(align=side, baseline="bottom", dx=dx, fontSize=11)
            layer.append(text.encode(y=alt.value(-6), text="event:N"))
    return layer


def _at(titles: dict[str, str], x: alt.X) -> alt.Chart:
    rows = [{"start": start, "at": start, "event": title, "tone": "grey"} for start, title in titles.items()]
    chart: alt.Chart = alt.Chart(style.data(rows)).encode(x=x, color=style.color())
    return chart


def _place_titles(places: dict[str, float], titles: dict[str, str]) -> dict[str, tuple[str, Side]]:
    """Return short titles with their side of the line, the latest first; one that would touch another is left out.

    ``places`` are shares of the width.
    """
    placed: dict[str, tuple[str, Side]] = {}
    taken: list[tuple[float, float]] = []
    for start in sorted(places, reverse=True):
        title = titles[start] if len(titles[start]) <= LONGEST else titles[start][: LONGEST - 1].rstrip() + "…"
        width, place = (len(title) + 2) / LETTERS, places[start]
        align: Side = "left" if place + width <= 1 else "right"
        span = (place, place + width) if align == "left" else (place - width, place)
        if all(span[1] <= low or high <= span[0] for low, high in taken):
            taken.append(span)
            placed[start] = title, align
    return placed
