"""What the numbers stand on: how fresh each source is, what it covers, what checks found, which definitions hold."""

from __future__ import annotations

import streamlit as st

from dashboards.components import table
from dashboards.components.table import number, text, when
from dashboards.queries import text as wording
from dashboards.queries import view
from dashboards.sections import data_quality

shown = view.current()
with st.container(border=True, gap="xsmall"):
    loads = data_quality.loads(shown)
    st.subheader("Sources", anchor=False)
    st.caption(
        f"The last run of each source; what is older than {wording.age(shown.known.stale_after)} is stale."
        f" Built {wording.moment(data_quality.built(shown), shown.zone)} in time zone {shown.zone}."
    )
    table.table(loads, shown.zone, {
        "source": text("Source"), "state": text("State", width="medium"), "as_of": when("Knows up to", shown.zone),
        "started_at": when("Last run", shown.zone), "minutes": number("Took (min)", format="%.1f"),
        "documents": number("Documents", format="localized"), "quarantined": number("Quarantined", format="localized"),
        "runs": number("Runs in all", format="localized"), "trouble": text("Trouble", width="large"),
    }, "Sources with their last run")  # fmt: skip

with st.container(border=True, gap="xsmall"):
    st.subheader("Coverage of this selection", anchor=False)
    st.caption("What the numbers of the window rest on, and what they must leave out because nobody knows it.")
    with st.grid(5, min_column_width=170):
        for title, value, said in data_quality.coverage(shown):
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.metric(title, value)
                st.caption(said)
    rows = data_quality.by_application(shown)
    if rows:
        table.table(rows, shown.zone, {
            "application": text("Application"), "team": text("Team"), "since": when("History from", shown.zone),
            "deployments": number("Deployments", format="localized"), "known": number("Commit known", format="percent"),
            "changes": number("Changes", format="localized"), "left_out": number("Left out", format="localized"),
            "open": number("Open", format="localized"), "gaps": number("Gaps"),
            "quietest": when("Last one", shown.zone),
        }, "Coverage by application, the least known first")  # fmt: skip

with st.container(border=True, gap="xsmall"):
    found = data_quality.findings(shown)
    st.subheader("What the checks found", anchor=False)
    st.caption(data_quality.summary(found))
    if any(row["found"] for row in found):
        table.table([row for row in found if row["found"]], shown.zone, {
            "severity": text("Severity"), "found": number("Rows", format="localized"),
            "title": text("What", width="large"),
            "example": text("Such as", width="medium"), "next": text("What to do", width="large"),
        }, "Findings of the checks with what to do")  # fmt: skip
    with st.expander(f"All {len(found)} checks"):
        table.table(found, shown.zone, {
            "title": text("What is looked for", width="large"), "severity": text("Severity"), "found": number("Found"),
        }, "Every check with what it found")  # fmt: skip

with st.container(border=True, gap="xsmall"):
    in_force = data_quality.definitions(shown)
    st.subheader("Definitions in force", anchor=False)
    st.caption(
        "Each choice that shaped these numbers, as dora.toml sets it; change one and the next build changes history."
    )
    table.table(in_force, shown.zone, {
        "key": text("Definition"), "value": text("Value", width="medium"), "says": text("What it means", width="large"),
        "metrics": text("Shapes", width="medium"),
    }, "Definitions in force with what each means", tall=True)  # fmt: skip
