"""The filters everyone shares, kept in the address so that a copied link shows the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboards.components import table
from dashboards.queries import selection
from dashboards.queries.cache import About
from dashboards.queries.selection import AGAINST, BEFORE, DAY, ONE_DAY, TEAM, TIME, WINDOWS, Selection

DEFAULT = "90d"
CUSTOM_DAYS = 28
SHARED: Any = {"bind": "query-params", "on_change": table.close}  # who filters wants the page, not a deployment


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
    asked = Selection(tuple(teams), tuple(applications), window or DEFAULT, against=against)
    chosen = _particulars(known, asked)
    st.session_state["selection"] = chosen
    return chosen


def _particulars(known: About, chosen: Selection) -> Selection:
    """Ask for days and for what else is compared, in a second row, only where that is needed."""
    if chosen.window != "custom" and chosen.against not in (TIME, TEAM, DAY):
        return chosen
    _, days_column, other_column = st.columns([8, 4, 4], vertical_alignment="bottom")
    if chosen.window == "custom":
        with days_column:
            first, last = _days(known, "From – to", "days", known.ends.date())
            chosen = replace(chosen, first=first, last=last)
    with other_column:
        return _compared(known, chosen)


def _compared(known: About, chosen: Selection) -> Selection:
    """Ask with which other time or team, or from which day on."""
    start = chosen.starts(known.begins, known.ends).date()
    match chosen.against:
        case selection.TIME:
            return replace(chosen, then=_days(known, "Compared from – to", "then", start - ONE_DAY))
        case selection.TEAM:
            rest = [team for team in known.teams if team and (team,) != chosen.teams]
            return replace(chosen, other=st.selectbox("Other team", rest, index=None, key="other", **SHARED))
        case selection.DAY:
            return replace(chosen, day=_day(known, start, chosen.last or known.ends.date()))
    return chosen


def _days(known: About, label: str, key: str, last: date) -> tuple[date, date]:
    """The first and last day of a window, at first some weeks up to a day; an address holds a single day once."""
    begins, ends = known.begins.date(), known.ends.date()
    last = max(begins, last)
    picked = st.date_input(
        label,
        (max(begins, last - timedelta(days=CUSTOM_DAYS - 1)), last),
        min_value=begins,
        max_value=ends,
        key=key,
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


def chosen() -> Selection:
    """What is chosen in this run."""
    found: Selection = st.session_state["selection"]
    return found


def widen() -> None:
    """Choose all of history, from a button."""
    st.session_state["window"] = "all"
