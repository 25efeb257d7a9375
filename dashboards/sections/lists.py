"""Lists of canaries, changes of production, rollbacks and templates, each with its file. Names in them stay text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.charts import ONE, PART
from dashboards.components import chart, table
from dashboards.components.chart import Click
from dashboards.components.table import link, number, text, when
from dashboards.queries import cache
from dashboards.queries import text as wording
from dashboards.queries.cache import Build
from dashboards.rows import audit, frames
from dashboards.rows import canaries as canary_rows

Row = dict[str, Any]
TOP = 200
CHANGES = {
    "local_time": "Changed", "application": "Application", "team": "Team", "kind": "Kind", "outcome": "Outcome",
    "marks": "What stands out", "started": "Started by", "authors": "Authors", "approved_by": "Approved by",
    "waited": "Waited", "prompts": "Asked", "canary": "Canary", "commit": "Commit", "template": "Template",
}  # fmt: skip
EVERY = "changed production, or tried to"
CANARIES, HOUR, ANY_HOUR = "canaries", "hour", "any hour"
EXECUTION = link("Execution", "Open in Deck")


def canary(noun: str, those: str = "it") -> Click:
    """A click on a kind of canaries, which are listed then."""
    return chart.choosing(PART, f"Click {noun} to list {those} below.", CANARIES, canary_rows.EVERY)


def hour() -> Click:
    """A click on an hour of the week, of which the changes are listed then."""
    return chart.choosing(PART, "Click an hour to list it below.", HOUR, ANY_HOUR)


def one() -> Click:
    """A click on a deployment, which is opened."""
    return Click(ONE, "Click one to open its deployment.", table.open_one)


def canaries(build: Build, told: Any, zone: str) -> None:
    """Draw the canaries of one kind, such as those that somebody overrode, or all of them."""
    kinds = canary_rows.kinds(told) | {
        name: partial(_failing, build, metric, told.rows) for name, metric in canary_rows.failing(told.metrics).items()
    }
    rows = kinds[_chosen("Show", list(kinds), CANARIES) or canary_rows.EVERY]()
    said = f"{len(rows):,} of {told.canaries:,} canaries, the latest first{_more(rows)}"
    _heading("Canaries", said, "canaries.csv", lambda: rows)
    table.table(canary_rows.table(rows[:TOP]), zone, {
        "happened_at": when("Judged", zone), "application": text("Application"), "verdict": text("Verdict"),
        "score": number("Score", format="%.0f"), "next": text("Then"), "overridden_by": text("By"),
        "fate": text("Deployment"), "evidence": text("Evidence"), "minutes": number("Took (min)", format="%.0f"),
        "url": EXECUTION,
    }, "Canaries, the latest first", button=table.opens("canary"))  # fmt: skip


def _failing(build: Build, metric: str, rows: list[Row]) -> list[Row]:
    """The canaries in which a metric failed."""
    failed = cache.failing(build, metric)
    return [row for row in rows if (row["source"], row["canary_id"]) in failed]


def changes(told: Any, zone: str) -> None:
    """Draw the changes of production that one finding names, or those of one hour of the week, or all of them."""
    named = _asked(told)
    said = f"{wording.counted(len(named.rows), 'change')}, the latest first; times in {zone}{_more(named.rows)}"
    _heading("Changes of production", said, "changes.csv", lambda: named.rows)
    shown = {name: text(title) for name, title in CHANGES.items()} | {"url": EXECUTION}
    alt = "Changes of production, the latest first"
    table.table(named.lines()[:TOP], zone, shown, alt, button=table.opens("change"))


def _asked(told: Any) -> Any:
    """The same changes, but only those of the finding and the hour that are chosen."""
    found = {one.title: one.name for one in told.exceptions if one.count}
    finding, clock = st.columns([3, 1], vertical_alignment="bottom")
    with finding:
        picked = _chosen("Show those that", [EVERY, *found], "finding")
    with clock:
        at = _chosen("At", [ANY_HOUR, *(cell["part"] for cell in audit.hours(told.rows))], HOUR)
    named = told.only(found.get(picked or EVERY))
    if at in (None, ANY_HOUR):
        return named
    return replace(named, rows=[row for row in named.rows if audit.hour(row) == at])


def rollbacks(told: Any, zone: str) -> None:
    """Draw every rollback, under the sentences that say how many there are among what."""
    _heading("Rollbacks", f"The latest first; times in {zone}{_more(told.rows)}", "rollbacks.csv", lambda: told.rows)
    for sentence in told.sentences:
        st.text(sentence)
    rows = [line | {"deployment_id": row["deployment_id"], "url": row["url"]}
            for line, row in zip(told.lines()[:TOP], told.rows, strict=False)]  # fmt: skip
    names = [name for name in (rows[0] if rows else {}) if name not in ("deployment_id", "url", "execution")]
    shown = {name: text(name.capitalize()) for name in names} | {"url": EXECUTION}
    if rows:
        table.table(rows, zone, shown, "Rollbacks, the latest first", button=table.opens("rollback"))


def templates(told: Any) -> None:
    """Draw what pipelines are made from, and how deployments go by version of the template."""
    said = "What pipelines to production are made from, as they are configured now"
    _heading("Templates", said, "templates.csv", told.code)
    for sentence in told.drift:
        st.text(sentence)
    for rows, alt in ((told.versions(), "Deployments by version of the template"), (told.code(), "Pipelines as code")):
        if rows:
            st.dataframe(pd.DataFrame(rows).rename(columns=str.capitalize), hide_index=True, placeholder="–", alt=alt)


def _chosen(label: str, options: list[str], key: str) -> str | None:
    picked: str | None = st.selectbox(label, options, key=key, bind="query-params")
    return picked


def _more(rows: list[Row]) -> str:
    return f" · the first {TOP} shown, all in the file" if len(rows) > TOP else ""


def _heading(title: str, caption: str, name: str, rows: Callable[[], list[Row]]) -> None:
    row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    with row.container(gap="xxsmall", width="stretch"):
        st.subheader(title, anchor=False)
        st.caption(caption)
    row.download_button("CSV", partial(_csv, rows), name, "text/csv", on_click="ignore", key=name)


def _csv(rows: Callable[[], list[Row]]) -> str:
    return frames.csv_text(rows())
