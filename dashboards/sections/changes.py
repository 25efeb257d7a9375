"""Significant changes and trend alerts, by team, or by application if the page is filtered to teams."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

import streamlit as st

import dora
from dashboards.charts import Row
from dashboards.components import deployment_list, table
from dashboards.components.table import RowButton, text
from dashboards.queries import cache
from dashboards.queries.selection import ANOTHER_TEAM
from dashboards.queries.view import View
from dora import Delivery, Scope

MAX_ROWS = 8  # of each list: the page is a summary, `dora compare` and `dora signals` list all
EVERYONE, NO_GROUP = "all", "–"
Group = Literal["application", "team"]


def draw(view: View) -> None:
    """Draw both lists side by side; the changes only if something of the same applications is compared."""
    group: Group = "application" if view.selection.teams else "team"
    before = view.comparison_scope if view.selection.comparison != ANOTHER_TEAM else None
    columns = st.columns(2 if before else 1)
    if before:
        with columns[0].container(border=True, height="stretch", gap="xsmall"):
            _draw_changes(view, before, group)
    with columns[-1].container(border=True, height="stretch", gap="xsmall"):
        _draw_alerts(view, group)


def _draw_changes(view: View, before: Scope, group: Group) -> None:
    changes = cache.significant_changes(view.build, view.scope, before, group)
    rows = [
        {
            "assessment": change.verdict, "group": EVERYONE if change.total else change.now.group or NO_GROUP,
            "metric": dora.metrics()[change.now.metric].title, "before": change.before.text, "now": change.now.text,
            "change": change.move.text,
        }
        for change in sorted(changes, key=lambda change: change.verdict != "worse") if change.significant
    ]  # fmt: skip
    st.subheader("Significant changes", anchor=False)
    comparisons = f"{len(changes)} comparisons with {view.selection.comparison_text}, by {group} and in total"
    if not rows:
        st.caption(f"None of {comparisons}, is significant.")
        return
    st.caption(f"Of {comparisons}. False discovery rate: 5 %.")
    table.draw(rows[:MAX_ROWS], view.zone, {
        "assessment": text("Assessment"), "group": text(group.capitalize()), "metric": text("Metric", width="medium"),
        "before": text("Before"), "now": text("Now"), "change": text("Change"),
    }, "Significant changes, worse ones first", button=_filter_button("significant", view, group))  # fmt: skip


def _draw_alerts(view: View, group: Group) -> None:
    rows = _trend_alerts(view, group)
    st.subheader("Trend alerts (control chart)", anchor=False)
    if not rows:
        st.caption(f"None: the weekly values of every {group} stayed within their control limits.")
        return
    st.caption("Weeks that normal variation does not explain. The control limits come from the weeks before.")
    table.draw(rows[:MAX_ROWS], view.zone, {
        "week": text("Week of"), "group": text(group.capitalize()), "metric": text("Metric"), "alert": text("Alert"),
        "value": text("Value"),
    }, "Trend alerts, latest week first", button=_filter_button("alert", view, group))  # fmt: skip


def _filter_button(key: str, view: View, group: Group) -> RowButton:
    """Return a button that filters the page to the team or application of a row, and the list to its week."""

    def action_for(row: Row) -> table.Action | None:
        return partial(_filter, row, group, view.grain) if row["group"] not in (EVERYONE, NO_GROUP) else None

    return RowButton(key, "Filter", action_for)


def _filter(row: Row, group: Group, grain: str) -> None:
    st.session_state[group] = [row["group"]]
    if grain == "week" and "start" in row:  # the list offers periods of the grain only
        st.session_state[deployment_list.PERIOD] = f"{row['start']:%Y-%m-%d}"


def _trend_alerts(view: View, group: Group) -> list[Row]:
    """Return the strong alerts of every key metric and group within the window, latest first."""
    rows = []
    for name in Delivery.key_metrics:
        for series in cache.signals(view.build, name, replace(view.window_scope, by=group)):
            for alert in series.alerts:
                if not alert.weak:
                    week = series.weeks[alert.last]
                    rows.append({
                        "start": week.period, "week": f"{week.period:%-d %b %Y}", "group": series.group or NO_GROUP,
                        "metric": dora.metrics()[name].title, "alert": alert.text, "value": week.text,
                    })  # fmt: skip
    return sorted(rows, key=lambda row: row["start"], reverse=True)
