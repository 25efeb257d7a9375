"""From a chart to its rows: a click on a period, the deployments of it, one of them opened."""

from __future__ import annotations

from functools import partial
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from altair.utils.schemapi import debug_mode
from streamlit import column_config as columns

from dashboards import charts, data, listing, pace, tables, wording
from dashboards.charts.marks import QUIET
from dashboards.view import View
from dora import Scope

KEY, APPLICATIONS = "period", "application"
WHOLE, TOP, ROW = "whole window", 200, 35
BUTTON = "opened"
HEIGHT = 12 * ROW
EVERYTHING = 2**31
WORDS = {"labelColor": QUIET, "titleColor": QUIET}
Drawing = partial[Any] | alt.TopLevelMixin  # a chart yet to be drawn, or one that is


def chart(title: str, caption: str, drawing: Drawing, picked: str | None) -> None:
    """Draw a titled chart; a click in it picks a period, a click on the picked one lets go of it."""
    key = f"{title} {picked}"
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.subheader(title, anchor=False)
        st.caption(caption)
        st.vega_lite_chart(spec(drawing), key=key, on_select=partial(_pick, key, picked), alt=f"{title}. {caption}")


def _pick(key: str, picked: str | None) -> None:
    clicked = st.session_state[key].selection[charts.CLICK]
    if clicked:
        start = clicked[0]["start"]
        st.session_state[KEY] = WHOLE if start == picked else start


def whose(title: str, caption: str, drawing: Drawing | None, instead: str = "") -> None:
    """Draw a titled chart of applications; a click on one narrows the page to it, another click lets go of it."""
    if drawing is None:
        plain(title, caption, None, instead)
        return
    chosen = st.session_state.get(APPLICATIONS) or []
    key, said = f"{title} {' '.join(chosen)}", f"{caption} Click an application to see it alone."
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.subheader(title, anchor=False)
        st.caption(said)
        st.vega_lite_chart(spec(drawing), key=key, on_select=partial(_narrow, key), alt=f"{title}. {said}")


def _narrow(key: str) -> None:
    clicked = st.session_state[key].selection[charts.WHOSE]
    if clicked:
        name = clicked[0]["application"]
        st.session_state[APPLICATIONS] = [] if st.session_state.get(APPLICATIONS) == [name] else [name]


def plain(title: str, caption: str, drawing: Drawing | None, instead: str = "") -> None:
    """Draw a titled chart that nothing is picked in; a sentence where there is nothing to draw."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.subheader(title, anchor=False)
        st.caption(caption)
        if drawing is None:
            st.text(instead)
        else:
            st.vega_lite_chart(spec(drawing), alt=f"{title}. {caption}")


def spec(drawing: Drawing) -> dict[str, Any]:
    """The specification of a chart; of one yet to be drawn, the same rows are drawn once."""
    if isinstance(drawing, partial):
        return _spec(f"{drawing.func} {drawing.args} {drawing.keywords}", drawing)
    return _readable(drawing.to_dict(validate=False))


@data.kept()
def _spec(given: str, _drawing: partial[Any]) -> dict[str, Any]:
    with debug_mode(False):  # checking it against the grammar takes longer than all else; tests do
        return _readable(_drawing().to_dict(validate=False))


def _readable(drawn: dict[str, Any]) -> dict[str, Any]:
    """The words of axes and legends as dark as the theme of the reader needs them."""
    return drawn | {"config": drawn.get("config", {}) | {"axis": WORDS, "legend": WORDS}}


def deployments(shown: View, title: str) -> str | None:
    """List the deployments of the window or of the period picked in it, which is returned, null for the whole."""
    heading, choice, file = st.columns([7, 3, 1], vertical_alignment="bottom")
    with choice:
        picked = _picker([f"{value.period:%Y-%m-%d}" for value in shown.trend("deployment_frequency")], shown.grain)
    scope = data.within(shown.build, shown.whole, picked, shown.grain) if picked else shown.now
    rows = data.deployments(shown.build, scope, TOP)
    with heading:
        st.subheader(title, anchor=False)
        st.caption(_summary(rows))
    with file:
        _export(shown, scope)
    table(rows, shown.zone)
    return picked


def _picker(starts: list[str], grain: str) -> str | None:
    """Draw the choice of a period, which a click in a chart moves too; null for the whole window."""
    picked = st.selectbox(f"{grain.capitalize()} from", [WHOLE, *starts[::-1]], key=KEY, bind="query-params")
    return None if picked == WHOLE else picked


def _summary(rows: list[data.Row]) -> str:
    """How many deployments there are."""
    count = rows[0]["listed"] if rows else 0
    shown = f" · the first {TOP} shown, all in the file" if count > TOP else ""
    return (
        f"{wording.counted(count, 'deployment')}, slowest change first; rollbacks and those that never took traffic"
        f" among them{shown} · open one for its stages, changes and evidence"
    )


def _export(shown: View, scope: Scope) -> None:
    """Offer all deployments as a CSV file, which is written when somebody asks."""
    st.download_button("CSV", partial(_csv, shown, scope), "deployments.csv", "text/csv", on_click="ignore")


def _csv(shown: View, scope: Scope) -> str:
    return tables.csv_text(data.deployments(shown.build, scope, EVERYTHING), without=("listed",))


def table(rows: list[data.Row], zone: str, key: str = BUTTON) -> None:
    """Draw deployments, each with a button that opens it."""
    frame = tables.deployments(rows, zone)
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
    st.query_params[listing.OPENED] = ids[st.session_state[key].row]


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
