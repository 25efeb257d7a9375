"""The filters everyone shares, kept in the address so that a copied link shows the same."""

from __future__ import annotations

import streamlit as st

from dashboards.data import About
from dashboards.selection import WINDOWS, Selection

DEFAULT = "90d"


def draw(known: About) -> Selection:
    """Draw team, application and window, and return what is chosen; unknown names in the address fall away."""
    teams_column, applications_column, window_column = st.columns([3, 4, 4], vertical_alignment="bottom")
    teams = teams_column.multiselect(
        "Teams", [team for team in known.teams if team], key="team", bind="query-params", placeholder="All teams"
    )
    offered = [name for team, names in known.teams.items() if not teams or team in teams for name in names]
    applications = applications_column.multiselect(
        "Applications", sorted(offered), key="application", bind="query-params", placeholder="All applications"
    )
    window = window_column.segmented_control(
        "Window", list(WINDOWS), default=DEFAULT, required=True, key="window", bind="query-params", width="stretch"
    )
    chosen = Selection(tuple(teams), tuple(applications), window or DEFAULT)
    st.session_state["selection"] = chosen
    return chosen


def chosen() -> Selection:
    """What is chosen in this run."""
    selection: Selection = st.session_state["selection"]
    return selection
