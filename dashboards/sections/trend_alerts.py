"""Trend alerts of the weekly series, and the control chart of the one that is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import streamlit as st

from dashboards import charts
from dashboards.charts import Row
from dashboards.components import chart, deployment_list, table
from dashboards.components.table import RowButton, number, text
from dashboards.queries import cache
from dashboards.queries.text import escape_markdown
from dashboards.queries.view import View
from dora import Delivery

MAX_ROWS = 8  # the page is a summary, `dora signals` lists all
MAX_WEEKS = 104  # of the control chart
EVERYONE = "all"
ALERT = "alert"  # query parameter that names the alert whose control chart is open
Group = Literal["application", "team"]


def draw(view: View, group: Group) -> None:
    """Draw the list of alerts, and below it the control chart of the alert in the address."""
    rows = find_alerts(view, group)
    st.header("Trend alerts (control chart)", anchor=False)
    if not rows:
        st.caption(f"None: the weekly values of every {group} and of all together stayed within their control limits.")
        return
    st.caption("Weeks that normal variation does not explain. Now: the median of these weeks; usual: the centre line.")
    button = RowButton("alert row", "Chart", lambda row: partial(_open, row["id"]))
    table.draw(rows[:MAX_ROWS], view.zone, {
        "assessment": text("Assessment"), "group": text(group.capitalize()), "metric": text("Metric"),
        "usual": text("Usual"), "now": text("Now"), "weeks": number("Weeks", format="%d", width="small"),
        "from week": text("From week"), "alert": text("Alert"),
    }, "Trend alerts, latest week first", button=button)  # fmt: skip
    opened = st.query_params.get(ALERT)
    if row := next((row for row in rows if row["id"] == opened), None):
        _draw_chart(view, group, row)


def find_alerts(view: View, group: Group) -> list[Row]:
    """Return the alerts that matter of the key metrics within the window, in total and by group, the latest first."""
    rows = [
        series.describe(alert)
        | {
            "group": series.group or EVERYONE,
            "id": _id(series, alert),
            "start": series.weeks[alert.last].period,
            "series": series,
            "first": alert.first,
            "count": alert.weeks,
        }
        for series in _series(view, group)
        for alert in series.alerts
        if alert.matters
    ]
    return sorted(rows, key=lambda row: row["start"], reverse=True)


def _series(view: View, group: Group) -> Iterator[Any]:
    for name in Delivery.key_metrics:
        for by in (None, group):
            yield from cache.signals(view.build, name, replace(view.window_scope, by=by))


def _id(series: Any, alert: Any) -> str:
    return f"{series.metric} {series.weeks[alert.first].period:%Y-%m-%d} {series.group or EVERYONE}"


def _open(alert: str) -> None:
    st.query_params[ALERT] = alert


def _close() -> None:
    st.query_params.pop(ALERT, None)


def _draw_chart(view: View, group: Group, row: Row) -> None:
    series = row["series"]
    title = f"{row['metric']}, {row['group']}"
    until = series.weeks[series.baseline - 1].period
    heading, filter_column, close = st.columns([6, 2, 1], vertical_alignment="center")
    heading.markdown(f"**{escape_markdown(title)}**: {row['usual']} → {row['now']}, {row['assessment']}")
    if row["group"] != EVERYONE:
        filter_column.button("Filter", key="filter alert", on_click=partial(_filter, row, group, view.grain))
    close.button("×", key="close alert", help="Close the control chart", on_click=_close)
    caption = f"By week. Line: {row['usual']} is usual; dashed: control limits, set by the weeks to {until:%-d %b %Y}."
    st.caption(caption)
    weeks = charts.control_rows(series, row["first"], row["count"])[-MAX_WEEKS:]
    # The chart has the weeks before the window too.
    rows = charts.with_events(weeks, cache.events(view.build, replace(view.window_scope, since=None), view.zone))
    drawing = partial(charts.control_chart, rows, row["assessment"], duration=series.weeks[0].unit == "hours")
    chart.draw_bare("control chart", f"Control chart of {title}. {caption}", drawing)


def _filter(row: Row, group: Group, grain: str) -> None:
    st.session_state[group] = [row["group"]]
    if grain == "week":  # the list offers periods of the grain only
        st.session_state[deployment_list.PERIOD] = f"{row['start']:%Y-%m-%d}"
