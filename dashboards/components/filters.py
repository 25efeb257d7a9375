"""The shared filters, read from the address by widgets that also write it, so that a link shows the same numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboards.queries import cache, selection
from dashboards.queries.builds import About, Build, Row
from dashboards.queries.selection import AGE, CUSTOM, ONE_DAY, WINDOWS, Selection

DEFAULT_WINDOW = "90d"
CUSTOM_DAYS = 28  # of a custom window until its dates are set: four whole weeks
SHARED: Any = {"bind": "query-params"}


def draw(build: Build, about: About) -> Selection:
    """Draw teams, applications, window and comparison. Streamlit drops unknown names and days of the address."""
    team_column, application_column, window_column, comparison_column = st.columns(
        [2.4, 2.2, 9, 2], vertical_alignment="bottom"
    )
    teams = team_column.multiselect(
        "Teams", [team for team in about.teams if team], key="team", **SHARED, placeholder="All teams"
    )
    applications = sorted(name for team, names in about.teams.items() if not teams or team in teams for name in names)
    selected_applications = application_column.multiselect(
        "Applications", applications, key="application", **SHARED, placeholder="All applications"
    )
    window = window_column.segmented_control(
        "Window", _windows(), default=DEFAULT_WINDOW, required=True, key="window", **SHARED, width="stretch"
    )
    comparison = comparison_column.selectbox("Compare with", selection.COMPARISONS, key="compare", **SHARED)
    filters = Selection(tuple(teams), tuple(selected_applications), window, comparison=comparison)
    return _with_details(build, about, filters.with_calendar_days(about.ends))


def _windows() -> list[str]:
    """Return the windows to choose from, with the age that the address names, or named before a deployment opened."""
    window = str(st.session_state.get("window") or st.query_params.get("window", DEFAULT_WINDOW))
    return [*WINDOWS, *([window] if AGE.fullmatch(window) and window not in WINDOWS else [])]


def _with_details(build: Build, about: About, filters: Selection) -> Selection:
    """Draw a second row with the dates or the team that a custom window or comparison needs."""
    if filters.window != CUSTOM and filters.comparison in (selection.PREVIOUS_PERIOD, selection.NO_COMPARISON):
        return filters
    _, days_column, comparison_column = st.columns([8, 4, 4], vertical_alignment="bottom")
    if filters.window == CUSTOM:
        with days_column:
            first, last = _date_range(about, "Dates", "days", about.ends.date())
            filters = replace(filters, first_day=first, last_day=last)
    start = filters.window_start(about.begins, about.ends).date()
    with comparison_column:
        match filters.comparison:  # dotted names, because a bare name in a pattern is assigned, not compared
            case selection.CUSTOM_PERIOD:
                return replace(filters, other_period=_date_range(about, "Comparison dates", "then", start - ONE_DAY))
            case selection.ANOTHER_TEAM:
                teams = [team for team in about.teams if team and (team,) != filters.teams]
                other = st.selectbox("Comparison team", teams, index=None, key="other", **SHARED)
                return replace(filters, other_team=other)
            case selection.BEFORE_DATE:
                events = cache.events(build, filters.window_scope, about.timezone)
                last = filters.last_day or about.ends.date()
                return replace(filters, split_day=_split_date(about, events, start, last))
    return filters


def _date_range(about: About, label: str, key: str, last: date) -> tuple[date, date]:
    """Return the first and last day of a range that at first ends with ``last``."""
    begins = about.begins.date()
    last = max(begins, last)
    first = max(begins, last - timedelta(days=CUSTOM_DAYS - 1))
    dates = st.date_input(label, (first, last), key=key, **_date_options(about))
    # One date while the user picks the second, and from an address, which writes a range of one day as one date.
    return (dates[0], dates[-1]) if dates else (begins, about.ends.date())


def _split_date(about: About, events: list[Row], first: date, last: date) -> date:
    """Return the day that splits the window in two: of a noted event, or a date, at first the middle of the window.

    Both parts have at least one day.
    """
    days = {event["event_id"]: date.fromisoformat(event["day"]) for event in events}
    titles = {event["event_id"]: f"{event['title']}, {days[event['event_id']]:%-d %b %Y}" for event in events}
    event = None
    if inside := [name for name, day in days.items() if first < day <= last]:
        event = st.selectbox(
            "Before and after",
            inside,
            index=None,
            key="event",
            format_func=titles.__getitem__,
            placeholder="a date",
            **SHARED,
        )
    if event:
        return days[event]
    day: date = st.date_input("Split date", first + (last - first) / 2, key="day", **_date_options(about))
    return min(max(day, first + ONE_DAY), last)


def _date_options(about: About) -> Any:
    return SHARED | {"min_value": about.begins.date(), "max_value": about.ends.date(), "format": "YYYY-MM-DD"}


def show_all_time() -> None:
    """Select the entire history, from a button."""
    st.session_state["window"] = "all"
