"""From a chart to its rows: a click on a period, the deployments of it, the changes of one of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from streamlit import column_config as columns

from dashboards import charts, data, tables, wording
from dashboards.data import Build

KEY, WHOLE, TOP, ROW = "period", "whole window", 200, 35
HEIGHT = 12 * ROW


def picker(starts: list[str], grain: str) -> str | None:
    """Draw the choice of a period, which a click in a chart moves too; null for the whole window."""
    picked = st.selectbox(f"{grain.capitalize()} from", [WHOLE, *starts[::-1]], key=KEY, bind="query-params")
    return None if picked == WHOLE else picked


def chart(title: str, caption: str, drawn: alt.LayerChart, picked: str | None) -> None:
    """Draw a titled chart; a click in it picks a period, a click on the picked one lets go of it."""
    key = f"{title} {picked}"
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.subheader(title, anchor=False)
        st.caption(caption)
        spec = drawn.to_dict(validate=False)  # checking it against the schema takes longer than all else
        st.vega_lite_chart(spec, key=key, on_select=partial(_pick, key, picked), alt=f"{title}. {caption}")


def _pick(key: str, picked: str | None) -> None:
    clicked = st.session_state[key].selection[charts.CLICK]
    if clicked:
        start = clicked[0]["start"]
        st.session_state[KEY] = WHOLE if start == picked else start


def summary(rows: list[data.Row]) -> None:
    """Say how many deployments there are and offer all of them as a file."""
    shown = f" · the first {TOP} shown, all in the file" if len(rows) > TOP else ""
    st.caption(
        f"{wording.counted(len(rows), 'deployment')}, slowest change first; rollbacks and those that never took traffic"
        f" among them{shown} · select one for its changes"
    )


def export(rows: list[data.Row]) -> None:
    """Offer all deployments as a CSV file, which is written when somebody asks."""
    st.download_button("CSV", partial(tables.csv_text, rows), "deployments.csv", "text/csv", on_click="ignore")


@st.fragment
def table(build: Build, rows: list[data.Row], zone: str) -> None:
    """Draw deployments, and under them the changes of the one selected."""
    frame = tables.deployments(rows[:TOP], zone)
    picked = st.dataframe(
        frame,
        column_config=_columns(frame, zone),
        height=min(HEIGHT, (len(frame) + 1) * ROW + 3),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        alt="Deployments, the one with the slowest change first",
    )
    for place in picked.selection.rows:
        _detail(build, rows[place], zone)


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


def _detail(build: Build, deployment: data.Row, zone: str) -> None:
    """The changes of one deployment; its names are data, so they are shown as text."""
    rows = data.changes(build, deployment["deployment_id"])
    slowest = f", the slowest {wording.hours(deployment['hours'])} after its merge" if deployment["hours"] else ""
    st.text(f"{deployment['application']} shipped {wording.counted(len(rows), 'change')}{slowest}.")
    if rows:
        st.dataframe(
            tables.changes(rows[:TOP], zone),
            column_config={
                "subject": columns.TextColumn("Change", width="large"),
                "author": columns.TextColumn("Author"),
                "merged_at": columns.DatetimeColumn(f"Merged ({zone})", format="D MMM YYYY, HH:mm"),
                "hours": columns.NumberColumn("Lead time (h)", format="%.1f"),
                "sha": columns.TextColumn("Commit"),
            },
            hide_index=True,
            placeholder="–",
            alt="Changes that the selected deployment shipped, slowest first",
        )
