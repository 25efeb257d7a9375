"""Significant changes and trend alerts, by team, or by application if the page is filtered to teams."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal

import streamlit as st

import dora
from dashboards.charts import Row
from dashboards.components import deployment_list, metric_card, table
from dashboards.components.table import RowButton, text
from dashboards.queries import cache
from dashboards.queries.selection import TEAM
from dashboards.queries.view import View
from dora import Move, Value

MAX_ROWS = 8  # of each list: the page is a summary, `dora compare` and `dora signals` list all
EVERYONE, NO_GROUP = "all", "–"
Group = Literal["application", "team"]


def draw(view: View) -> None:
    """Draw both lists side by side; the changes only if something of the same applications is compared."""
    group: Group = "application" if view.chosen.teams else "team"
    compared = view.before is not None and view.chosen.against != TEAM
    columns = st.columns(2 if compared else 1)
    if compared:
        with columns[0].container(border=True, height="stretch", gap="xsmall"):
            _draw_changes(view, group)
    with columns[-1].container(border=True, height="stretch", gap="xsmall"):
        _draw_alerts(view, group)


def _draw_changes(view: View, group: Group) -> None:
    pairs = _pairs(view, group)
    rows = _significant(pairs)
    st.subheader("Significant changes", anchor=False)
    comparisons = f"{len(pairs)} comparisons with {view.chosen.words_before}, by {group} and in total"
    if not rows:
        st.caption(f"None of {comparisons}, is significant.")
        return
    st.caption(f"Of {comparisons}. False discovery rate: 5 %.")
    table.table(rows[:MAX_ROWS], view.zone, {
        "assessment": text("Assessment"), "group": text(group.capitalize()), "metric": text("Metric", width="medium"),
        "before": text("Before"), "now": text("Now"), "change": text("Change"),
    }, "Significant changes, what got worse first", button=_filter_button("significant", view, group))  # fmt: skip


def _draw_alerts(view: View, group: Group) -> None:
    rows = trend_alerts(view, group)
    st.subheader("Trend alerts (control chart)", anchor=False)
    if not rows:
        st.caption(f"None: the weekly values of every {group} stayed within their control limits.")
        return
    st.caption("Weeks that normal variation does not explain. The control limits come from the weeks before.")
    table.table(rows[:MAX_ROWS], view.zone, {
        "week": text("Week of"), "group": text(group.capitalize()), "metric": text("Metric"), "alert": text("Alert"),
        "value": text("Value"),
    }, "Trend alerts, latest week first", button=_filter_button("alert", view, group))  # fmt: skip


def _filter_button(key: str, view: View, group: Group) -> RowButton:
    """A button that filters the page to the team or application of a row, and the list to its week."""

    def action_for(row: Row) -> table.Action | None:
        return partial(_filter, row, group, view.grain) if row["group"] not in (EVERYONE, NO_GROUP) else None

    return RowButton(key, "Filter", action_for)


def _filter(row: Row, group: Group, grain: str) -> None:
    st.session_state[group] = [row["group"]]
    if grain == "week" and "start" in row:  # the list offers periods of the grain only
        st.session_state[deployment_list.PERIOD] = f"{row['start']:%Y-%m-%d}"


def trend_alerts(view: View, group: Group) -> list[Row]:
    """The strong alerts of every key metric and group within the window, latest first."""
    rows = []
    for name in metric_card.KEYS:
        for series in cache.signals(view.build, name, replace(view.whole, by=group)):
            for alert in series.alerts:
                if not alert.weak:
                    week = series.weeks[alert.last]
                    rows.append({
                        "start": week.period, "week": f"{week.period:%-d %b %Y}", "group": series.group or NO_GROUP,
                        "metric": dora.metrics()[name].title, "alert": alert.text, "value": week.text,
                    })  # fmt: skip
    return sorted(rows, key=lambda row: row["start"], reverse=True)


def _pairs(view: View, group: Group) -> list[tuple[str, Value, Value]]:
    """Group, value now and value before, of every key metric that has both; in total and by group."""
    pairs = []
    for name in metric_card.KEYS:
        earlier = {value.group: value for value in view.earlier_by(name, group)}
        values = [(value.group or NO_GROUP, value, earlier.get(value.group)) for value in view.by(name, group)]
        values = [(EVERYONE, view.value(name), view.earlier(name)), *values]
        pairs += [(who, now, old) for who, now, old in values if old and None not in (now.value, old.value)]
    return pairs


def _significant(pairs: list[tuple[str, Value, Value]]) -> list[Row]:
    """The changes that are significant among that many comparisons, what got worse first."""
    changes = [(group, now, before, move) for group, now, before in pairs if (move := now.compare_to(before))]
    significant = Move.significant_among([move for *_, move in changes])
    rows = [
        {
            "assessment": metric_card.assess(dora.metrics()[now.metric], move), "group": group,
            "metric": dora.metrics()[now.metric].title, "before": before.text, "now": now.text, "change": move.text,
        }
        for (group, now, before, move), is_significant in zip(changes, significant, strict=True) if is_significant
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row["assessment"] != "worse")
