"""Significant changes and trend alerts, by team, or by application if the page is filtered to teams."""

from __future__ import annotations

from functools import partial
from typing import Literal

import streamlit as st

import dora
from dashboards.charts import Row
from dashboards.components import table
from dashboards.components.table import RowButton, text
from dashboards.queries import cache
from dashboards.queries.selection import ANOTHER_TEAM
from dashboards.queries.view import View
from dashboards.sections import trend_alerts
from dora import Scope

MAX_ROWS = 8  # of each list: the page is a summary, `dora compare` and `dora signals` list all
EVERYONE, NO_GROUP = "all", "–"
Group = Literal["application", "team"]


def draw(view: View) -> None:
    """Draw both lists, in the width that their columns need; the changes only if the same applications are compared."""
    group: Group = "application" if view.selection.teams else "team"
    before = view.comparison_scope if view.selection.comparison != ANOTHER_TEAM else None
    if before:
        with st.container(border=True, gap="xsmall"):
            _draw_changes(view, before, group)
    with st.container(border=True, gap="xsmall", key="alerts"):
        trend_alerts.draw(view, group)


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
    st.header("Significant changes", anchor=False)
    comparisons = f"{len(changes)} comparisons with {view.selection.comparison_text}, by {group} and in total"
    if not rows:
        st.caption(f"None of {comparisons}, is significant.")
        return
    st.caption(f"Of {comparisons}. False discovery rate: 5 %.")
    table.draw(rows[:MAX_ROWS], view.zone, {
        "assessment": text("Assessment"), "group": text(group.capitalize()), "metric": text("Metric", width="medium"),
        "before": text("Before"), "now": text("Now"), "change": text("Change"),
    }, "Significant changes, worse ones first", button=_filter_button("significant", group))  # fmt: skip


def _filter_button(key: str, group: Group) -> RowButton:
    """Return a button that filters the page to the team or application of a row."""

    def action_for(row: Row) -> table.Action | None:
        return partial(_filter, row, group) if row["group"] not in (EVERYONE, NO_GROUP) else None

    return RowButton(key, "Filter", action_for)


def _filter(row: Row, group: Group) -> None:
    st.session_state[group] = [row["group"]]
