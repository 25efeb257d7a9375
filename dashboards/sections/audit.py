"""The audit page: its exceptions as tiles, and the list of production changes that they, hours and a text filter."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from dashboards.charts import CLASS_FIELD
from dashboards.components import chart, list_filters, table
from dashboards.components.chart import Click
from dashboards.components.stat_tile import Tile, draw_tiles
from dashboards.components.table import local_time, text
from dashboards.queries import audit as queries
from dashboards.queries import text as wording
from dashboards.queries.view import View
from dashboards.rows import audit
from dashboards.sections import lists

TILES = (  # exceptions that change management asks for first
    "self_approved", "manual_release_without_approval", "self_merged", "outside_business_hours", "canary_overridden",
    "canary_never_ran", "restarted_by_another",
)  # fmt: skip
TOP = 50  # rows on the page; the CSV file has all of them
COLUMNS = (  # of the audit trail, after the time
    "application", "why", "marks", "team", "kind", "outcome", "started", "authors", "reviewers", "merged_by",
    "approved_by", "waited", "prompts", "canary", "commit", "template",
)  # fmt: skip
ALL_CHANGES, ANY_HOUR = "all production changes", "any hour"
EXCEPTION, HOUR, SEARCH = "finding", "hour", "search_changes"  # query parameters and widget keys


def draw_provenance(trail: Any) -> None:
    """Say what the page is of and rests on; the hash and the id can be compared with those of an export."""
    lines = trail.provenance.lines
    st.caption(wording.escape_markdown(" · ".join(f"{label}: {value}" for label, value in lines.items())))


def draw_exceptions(trail: Any) -> None:
    """Draw the number of changes and the exceptions as tiles, and the other exceptions as sentences behind a click."""
    took = f"{trail.took_traffic:,} took traffic · {wording.format_count(trail.manual_users, 'user')} by hand"
    exceptions = {exception.name: exception for exception in trail.exceptions}
    tiles = [_tile(exceptions.pop(name)) for name in TILES]
    draw_tiles([Tile("Production changes", f"{trail.changes:,}", took), *tiles])
    if others := [exception for exception in exceptions.values() if exception.count]:
        with st.expander(f"{len(others)} other exceptions"):
            draw_tiles([_tile(exception) for exception in others])
    if trail.waits:
        st.text(trail.waits)


def _tile(exception: Any) -> Tile:
    return Tile(
        exception.label,
        f"{exception.count:,} of {exception.total:,}" if exception.total else "–",
        exception.evidence,
        exception.sentence,
        partial(_toggle, exception.title) if exception.count else None,
        st.session_state.get(EXCEPTION) == exception.title,
    )


def _toggle(title: str) -> None:
    """Filter the list to an exception; if it is filtered to that one already, list all changes again."""
    st.session_state[EXCEPTION] = ALL_CHANGES if st.session_state.get(EXCEPTION) == title else title


def hour_click() -> Click:
    """Return a click on an hour of the week that lists its changes."""
    return chart.toggle(CLASS_FIELD, "Click an hour to list its changes above.", HOUR, ANY_HOUR)


def draw_changes(view: View, trail: Any) -> None:
    """Draw the latest production changes with the selected exception, of the selected hour, with the typed text."""
    search_column, exception_column, hour_column = st.columns([3, 3, 1], vertical_alignment="bottom")
    with search_column:
        search = list_filters.draw_search(SEARCH)
    exceptions = {exception.title: exception.name for exception in trail.exceptions if exception.count}
    with exception_column:
        title = st.selectbox("Exception", [ALL_CHANGES, *exceptions], key=EXCEPTION, bind="query-params")
    with hour_column:
        counts = queries.changes_by_hour(view.build, view.scope)
        hours = {audit.hour_name(row["hour_of_week"]): row["hour_of_week"] for row in counts}
        hour = st.selectbox("Hour", [ANY_HOUR, *hours], key=HOUR, bind="query-params")
    matching = (exceptions.get(title), hours.get(hour), search)
    changes = queries.changes(view.build, view.scope, matching, TOP)
    more = f" · the first {TOP} shown, all in the CSV file" if changes.total > TOP else ""
    caption = f"{wording.format_count(changes.total, 'change')}, latest first; times in {view.zone}{more}"
    lists.draw_heading(
        "Production changes", caption, "changes",
        lambda: queries.every_change(view.build, view.scope, matching).rows,
    )  # fmt: skip
    columns = {
        "local_time": local_time(trail.columns["local_time"], view.zone),
        **{name: text(trail.columns[name]) for name in COLUMNS},
        "url": lists.EXECUTION,
    }
    rows = [line | {"local_time": row["local_time"]} for line, row in zip(changes.lines(), changes.rows, strict=True)]
    button = table.open_button("change")
    table.draw(rows, lists.LOCAL, columns, "Production changes, latest first", button=button, flows=True)
