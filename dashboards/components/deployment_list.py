"""From a chart to its rows: a click on a period or on a class, the deployments of it, one of them opened."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as columns

from dashboards import charts
from dashboards.components import chart, pace
from dashboards.components import table as listing
from dashboards.components.chart import Click
from dashboards.queries import cache, text
from dashboards.queries.cache import Part
from dashboards.queries.view import View
from dashboards.rows import frames
from dora import Scope

KEY, PART, APPLICATIONS = "period", "part", "application"
WHOLE, EVERY = "whole window", "every deployment"
TOP, ROW = 200, 35
BUTTON = "opened"
HEIGHT = 12 * ROW
EVERYTHING = 2**31


def period(shown: View, noun: str | None = None) -> Click:
    """A click on a period, or on a noun that lies in one, of which the deployments are listed then."""
    what = f"a {noun} to list its {shown.grain}" if noun else f"a {shown.grain} to list it"
    return chart.choosing(charts.CLICK, f"Click {what} below.", KEY, WHOLE)


def part(noun: str, those: str = "it") -> Click:
    """A click on a class of deployments, which are listed then."""
    return chart.choosing(charts.PART, f"Click {noun} to list {those} below.", PART, EVERY)


def application() -> Click:
    """A click on an application, to which the page is narrowed then."""
    return chart.choosing(charts.WHOSE, "Click an application to see it alone.", APPLICATIONS, [])


def deployments(shown: View, title: str, parts: Mapping[str, Part] | None = None) -> str | None:
    """List the deployments of the window or of the period picked in it, which is returned, null for the whole.

    ``parts`` are classes of them, by what they are called, to one of which the list can be narrowed.
    """
    heading, class_, choice, file = st.columns([5, 3, 3, 1] if parts else [7, 1, 3, 1], vertical_alignment="bottom")
    with choice:
        picked = _picker([f"{value.period:%Y-%m-%d}" for value in shown.trend("deployment_frequency")], shown.grain)
    with class_:
        some = _class(parts) if parts else Part()
    scope = cache.within(shown.build, shown.whole, picked, shown.grain) if picked else shown.now
    rows = cache.deployments(shown.build, scope, TOP, some)
    with heading:
        st.subheader(title, anchor=False)
        st.caption(_summary(rows))
    with file:
        st.download_button("CSV", partial(_csv, shown, scope, some), "deployments.csv", "text/csv", on_click="ignore")
    table(rows, shown.zone)
    return picked


def _picker(starts: list[str], grain: str) -> str | None:
    """Draw the choice of a period, which a click in a chart moves too; null for the whole window."""
    picked = st.selectbox(f"{grain.capitalize()} from", [WHOLE, *starts[::-1]], key=KEY, bind="query-params")
    return None if picked == WHOLE else picked


def _class(parts: Mapping[str, Part]) -> Part:
    """Draw the choice of a class, which a click in a chart moves too."""
    picked = st.selectbox("Only", [EVERY, *parts], key=PART, bind="query-params")
    return parts.get(picked or EVERY, Part())


def _summary(rows: list[cache.Row]) -> str:
    """How many deployments there are."""
    count = rows[0]["listed"] if rows else 0
    shown = f" · the first {TOP} shown, all in the file" if count > TOP else ""
    return (
        f"{text.counted(count, 'deployment')}, slowest change first; rollbacks and those that never took traffic"
        f" among them{shown} · open one for its stages, changes and evidence"
    )


def _csv(shown: View, scope: Scope, some: Part) -> str:
    return frames.csv_text(cache.deployments(shown.build, scope, EVERYTHING, some), without=("listed",))


def table(rows: list[cache.Row], zone: str, key: str = BUTTON) -> None:
    """Draw deployments, each with a button that opens it."""
    frame = frames.deployments(rows, zone)
    opening = partial(_open, key, [row["deployment_id"] for row in rows])
    st.dataframe(
        frame,
        column_config=_columns(frame, zone)
        | {"open": columns.ButtonColumn("", key=key, on_click=opening, type="tertiary", width=62, pinned=True)},
        height=min(HEIGHT, (len(frame) + 1) * ROW + 3),
        hide_index=True,
        placeholder="–",
        alt="Deployments, the one with the slowest change first",
    )
    pace.drawn()


def _open(key: str, ids: list[str]) -> None:
    listing.open_one(ids[st.session_state[key].row])


def _columns(frame: pd.DataFrame, zone: str) -> dict[str, Any]:
    slowest = frame["hours"].max()
    return {
        "happened_at": columns.DatetimeColumn(f"Deployed ({zone})", format="D MMM YYYY, HH:mm"),
        "application": columns.TextColumn("Application"),
        "team": columns.TextColumn("Team"),
        "kind": columns.TextColumn("Kind"),
        "commit": columns.TextColumn("Commit"),
        "changes": columns.NumberColumn("Changes", help="Changes that it was the first to ship."),
        "hours": columns.ProgressColumn(
            "Lead time (h)",
            help="Of its slowest change, from merge to full traffic.",
            format="%.1f",
            min_value=0,
            max_value=float(slowest) if pd.notna(slowest) else 1.0,
        ),
        "canary": columns.TextColumn("Canary"),
        "score": columns.NumberColumn("Score", help="Last canary score, 0 to 100.", format="%.0f"),
        "outcome": columns.TextColumn("Outcome", width=190),
        "recovered_hours": columns.NumberColumn("Recovered in (h)", format="%.1f"),
        "url": columns.LinkColumn("Pipeline", display_text="Open in Deck", validate="^https?://"),
    }
