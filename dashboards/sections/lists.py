"""Lists of canaries, production changes, rollbacks and templates, each with a CSV file. Names in them stay text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.charts import CLASS_FIELD, DEPLOYMENT_FIELD
from dashboards.components import chart, list_filters, table
from dashboards.components.chart import Click
from dashboards.components.table import link, local_time, number, text
from dashboards.queries import canaries as queries
from dashboards.queries.deployment_lists import NO_LIMIT
from dashboards.queries.view import View, current
from dashboards.rows import canaries as canary_rows
from dashboards.rows import frames

Row = dict[str, Any]
TOP = 100  # rows on the page; the CSV file has all of them
CANARIES = "canaries"  # query parameter and widget key
LOCAL = "UTC"  # zone of times that are local already
EXECUTION = link("Execution", "Open in Deck")


def canary_click(noun: str, canaries: str = "its canaries") -> Click:
    """Return a click on a class of canaries that lists them."""
    hint = f"Click {noun} to list {canaries} below."
    return chart.toggle(CLASS_FIELD, hint, CANARIES, canary_rows.ALL, moves_list=True)


def deployment_click() -> Click:
    """Return a click on a deployment that opens it."""
    return Click(DEPLOYMENT_FIELD, "Click a canary to open its deployment.", table.open_deployment)


def draw_canaries(view: View, canaries: Any, cells: list[Row]) -> None:
    """Draw the latest canaries of the selected class."""
    classes = canary_rows.classes(canaries, queries.notable_classes(view.build, view.scope), cells)
    heading = st.container()
    class_ = st.selectbox("Filter", list(classes), key=CANARIES, bind="query-params")
    if class_ != canary_rows.ALL:
        list_filters.draw_chips({CANARIES: (class_, canary_rows.ALL)})
    search, pills = st.columns([3, 5], vertical_alignment="center")
    with search:
        searched = list_filters.draw_search("search_canaries")
    listing = queries.CanaryListing(classes[class_], searched)
    counts = queries.count_outcomes(view.build, view.scope, listing)
    with pills:
        outcome = list_filters.draw_pills("Outcome", "outcome", {list_filters.ALL: sum(counts.values())} | counts)
    listing = replace(listing, outcome=outcome if outcome in counts else None)
    rows = queries.list_canaries(view.build, view.scope, listing, TOP)
    listed = rows[0]["listed"] if rows else 0
    with heading:
        draw_heading(
            "Canaries",
            f"{listed:,} of {canaries.canaries:,} canaries, latest first{_more(listed)}",
            "canaries",
            lambda: queries.list_canaries(view.build, view.scope, listing, NO_LIMIT),
        )
    table.draw(canary_rows.table(rows), view.zone, {
        "happened_at": local_time("Analysed", view.zone), "application": text("Application"),
        "verdict": text("Canary result"), "score": number("Canary score", format="%.0f"),
        "action_taken": text("Action"),
        "overridden_by": text("Overridden by"), "outcome": text("Outcome"), "evidence": text("Evidence"),
        "minutes": number("Duration (min)", format="%.0f"), "url": EXECUTION,
    }, "Canaries, latest first", button=table.open_button("canary"))  # fmt: skip


def draw_rollbacks(rollbacks: Any, zone: str) -> None:
    """Draw every rollback below the sentences that say how many there are of how many deployments."""
    rows = rollbacks.rows
    draw_heading("Rollbacks", f"Latest first; times in {zone}{_more(len(rows))}", "rollbacks", lambda: rows)
    for sentence in rollbacks.sentences:
        st.text(sentence)
    lines = [
        line | {"when": row["local_time"], "deployment_id": row["deployment_id"], "url": row["url"]}
        for line, row in zip(rollbacks.lines()[:TOP], rows, strict=False)
    ]
    if lines:
        names = [name for name in lines[0] if name not in ("deployment_id", "url", "execution")]
        columns = {name: text(_label(name)) for name in names}
        columns |= {"when": local_time("When", zone), "url": EXECUTION}
        table.draw(lines, LOCAL, columns, "Rollbacks, latest first", button=table.open_button("rollback"))


def draw_templates(trail: Any) -> None:
    """Draw the templates of pipelines, and how deployments fare by version of the template."""
    code = trail.code()
    caption = f"The templates of production pipelines, as they are configured now{_more(len(code))}"
    draw_heading("Templates", caption, "templates", lambda: code)
    for sentence in trail.drift:
        st.text(sentence)
    for rows, alt in ((trail.versions(), "Deployments by template version"), (code[:TOP], "Pipelines as code")):
        if rows:
            frame = pd.DataFrame(rows).rename(columns=_label)
            st.dataframe(frame, hide_index=True, placeholder="–", alt=alt)


def _label(name: str) -> str:
    return name[:1].upper() + name[1:]  # str.capitalize would turn "95 % CI" into "95 % ci"


def _more(count: int) -> str:
    return f" · the first {TOP} shown, all in the CSV file" if count > TOP else ""


def draw_heading(title: str, caption: str, noun: str, rows: Callable[[], list[Row]]) -> None:
    """Draw the title of a list with its caption, and the button that downloads all of its rows."""
    heading = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    with heading.container(gap="xxsmall", width="stretch"):
        st.header(title, anchor=False)
        st.caption(caption)

    def csv() -> str:  # made only when the button is clicked
        return frames.csv_text(rows())

    name = table.file_name(current(), noun)
    heading.download_button("CSV", csv, name, "text/csv", on_click="ignore", key=f"{noun}.csv")
