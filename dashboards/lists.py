"""Tables of canaries, changes of production, rollbacks and templates, each with its file. Names in them stay text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as columns

from dashboards import canary_rows, drill, listing, tables, wording

Row = dict[str, Any]
CHANGES = {
    "local_time": "Changed", "application": "Application", "team": "Team", "kind": "Kind", "outcome": "Outcome",
    "marks": "What stands out", "started": "Started by", "authors": "Authors", "approved_by": "Approved by",
    "waited": "Waited", "asked": "Asked", "canary": "Canary", "commit": "Commit", "template": "Template",
}  # fmt: skip
EVERY, FINDING = "changed production, or tried to", "finding"


def canaries(told: Any, zone: str) -> None:
    """Draw the canaries that somebody overrode or that rest on no data; all of them are in the file."""
    rows = [row for row in told.rows if row in told.overridden or row["verdict"] == "no_data"]
    said = f"{len(rows):,} of {told.canaries:,} canaries, the latest first; all of them in the file"
    _heading("Overridden, or without data", said, "canaries.csv", lambda: told.rows)
    frame = pd.DataFrame(canary_rows.table(rows[: drill.TOP], zone))
    shown = {
        "happened_at": columns.DatetimeColumn(f"Judged ({zone})", format="D MMM YYYY, HH:mm"),
        "application": columns.TextColumn("Application"),
        "verdict": columns.TextColumn("Verdict"),
        "score": columns.NumberColumn("Score", format="%.0f"),
        "next": columns.TextColumn("Then"),
        "by": columns.TextColumn("By"),
        "fate": columns.TextColumn("Deployment"),
        "evidence": columns.TextColumn("Evidence"),
        "minutes": columns.NumberColumn("Took (min)", format="%.0f"),
    }
    _table(frame, shown, _ids(rows), "canaries", "Canaries that were overridden or had no data")


def changes(told: Any) -> None:
    """Draw the changes of production that one finding names, or all of them."""
    found = {one.title: one.name for one in told.findings if one.count}
    picked = st.selectbox("Show those that", [EVERY, *found], key=FINDING, bind="query-params")
    named = told.only(found.get(picked or EVERY))
    rows = named.rows
    more = f" · the first {drill.TOP} shown, all in the file" if len(rows) > drill.TOP else ""
    _heading(
        "Changes of production",
        f"{wording.counted(len(rows), 'change')}, the latest first; times in {told.timezone}{more}",
        "changes.csv",
        lambda: rows,
    )
    lines = [{"open": "Open", **line} for line in named.lines()[: drill.TOP]]
    frame = pd.DataFrame(lines, columns=["open", *CHANGES, "url"])
    shown = {name: columns.TextColumn(title) for name, title in CHANGES.items()}
    _table(frame, shown, _ids(rows), "changes", "Changes of production, the latest first")


def rollbacks(told: Any) -> None:
    """Draw every rollback, under the sentences that say how many there are among what."""
    _heading("Rollbacks", f"The latest first; times in {told.timezone}", "rollbacks.csv", lambda: told.rows)
    for sentence in told.sentences:
        st.text(sentence)
    lines = [{"open": "Open", **line, "url": line["execution"]} for line in told.lines()[: drill.TOP]]
    names = [name for name in (lines[0] if lines else {}) if name not in ("open", "url", "execution")]
    shown = {name: columns.TextColumn(name.capitalize()) for name in names}
    _table(pd.DataFrame(lines), shown, _ids(told.rows), "rollbacks", "Rollbacks, the latest first")


def templates(told: Any) -> None:
    """Draw what pipelines are made from, and how deployments go by version of the template."""
    said = "What pipelines to production are made from, as they are configured now"
    _heading("Templates", said, "templates.csv", told.code)
    for sentence in told.drift:
        st.text(sentence)
    for rows, alt in ((told.versions(), "Deployments by version of the template"), (told.code(), "Pipelines as code")):
        if rows:
            st.dataframe(pd.DataFrame(rows).rename(columns=str.capitalize), hide_index=True, placeholder="–", alt=alt)


def _heading(title: str, caption: str, name: str, rows: Callable[[], list[Row]]) -> None:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    with row.container(gap="xxsmall", width="stretch"):
        st.subheader(title, anchor=False)
        st.caption(caption)
    row.download_button("CSV", partial(_csv, rows), name, "text/csv", on_click="ignore", key=name)


def _ids(rows: list[Row]) -> list[str]:
    return [row["deployment_id"] for row in rows]


def _csv(rows: Callable[[], list[Row]]) -> str:
    return tables.csv_text(rows())


def _table(frame: pd.DataFrame, shown: dict[str, Any], ids: list[str], key: str, alt: str) -> None:
    if frame.empty:
        return
    frame["url"] = [tables.web_link(url) for url in frame["url"]]
    button = columns.ButtonColumn("", key=f"{key}-open", on_click=partial(_open, f"{key}-open", ids), type="tertiary",
                                  width=62, pinned=True)  # fmt: skip
    link = columns.LinkColumn("Execution", display_text="Open in Deck", validate="^https?://")
    st.dataframe(
        frame,
        column_config={"open": button, **shown, "url": link},
        column_order=["open", *shown, "url"],
        height=min(drill.HEIGHT, (len(frame) + 1) * drill.ROW + 3),
        hide_index=True,
        placeholder="–",
        alt=alt,
    )


def _open(key: str, ids: list[str]) -> None:
    st.query_params[listing.OPENED] = ids[st.session_state[key].row]
