"""The filters everyone shares, kept in the address so that a copied link shows the same."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboards import listing
from dashboards.data import About
from dashboards.selection import AGAINST, BEFORE, DAY, TEAM, WINDOWS, Selection

DEFAULT = "90d"
CUSTOM_DAYS = 28
SHARED: Any = {"bind": "query-params", "on_change": listing.close}  # who filters wants the page, not a deployment


def draw(known: About) -> Selection:
    """Draw team, application, window and comparison; unknown names and days in the address fall away."""
    teams_column, applications_column, window_column, against_column = st.columns(
        [3, 3, 7, 3], vertical_alignment="bottom"
    )
    offered_teams = [team for team in known.teams if team]
    teams = teams_column.multiselect("Teams", offered_teams, key="team", **SHARED, placeholder="All teams")
    offered = [name for team, names in known.teams.items() if not teams or team in teams for name in names]
    applications = applications_column.multiselect(
        "Applications", sorted(offered), key="application", **SHARED, placeholder="All applications"
    )
    window = window_column.segmented_control(
        "Window", list(WINDOWS), default=DEFAULT, required=True, key="window", **SHARED, width="stretch"
    )
    against = against_column.selectbox("Compared with", AGAINST, key="compare", **SHARED) or BEFORE
    chosen = _particulars(known, tuple(teams), tuple(applications), window or DEFAULT, against)
    st.session_state["selection"] = chosen
    return chosen


def _particulars(
    known: About, teams: tuple[str, ...], applications: tuple[str, ...], window: str, against: str
) -> Selection:
    """Ask for days and for the other team, in a second row, only where they are needed."""
    if window != "custom" and against not in (TEAM, DAY):
        return Selection(teams, applications, window, against=against)
    first, last, other, day = None, None, None, None
    _, days_column, other_column = st.columns([8, 4, 4], vertical_alignment="bottom")
    if window == "custom":
        with days_column:
            first, last = _days(known)
    if against == TEAM:
        rest = [team for team in known.teams if team and (team,) != teams]
        other = other_column.selectbox("Other team", rest, index=None, key="other", **SHARED)
    if against == DAY:
        with other_column:
            day = _day(known, first or _start(known, window), last or known.ends.date())
    return Selection(teams, applications, window, first, last, against, other, day)


def _days(known: About) -> tuple[date, date]:
    """The first and last day of a custom window; an address holds a single day once."""
    begins, ends = known.begins.date(), known.ends.date()
    picked = st.date_input(
        "From – to",
        (max(begins, ends - timedelta(days=CUSTOM_DAYS - 1)), ends),
        min_value=begins,
        max_value=ends,
        key="days",
        **SHARED,
        format="YYYY-MM-DD",
    )
    return (picked[0], picked[-1]) if picked else (begins, ends)


def _day(known: About, first: date, last: date) -> date:
    """The day that divides the window, at first its middle."""
    picked: date = st.date_input(
        "Before and from",
        first + (last - first) / 2,
        min_value=known.begins.date(),
        max_value=known.ends.date(),
        key="day",
        **SHARED,
        format="YYYY-MM-DD",
    )
    return min(max(picked, first + timedelta(days=1)), last)


def _start(known: About, window: str) -> date:
    days = WINDOWS[window]
    return max(known.begins, known.ends - timedelta(days=days)).date() if days else known.begins.date()


def chosen() -> Selection:
    """What is chosen in this run."""
    selection: Selection = st.session_state["selection"]
    return selection


def widen() -> None:
    """Choose all of history, from a button."""
    st.session_state["window"] = "all"
