"""The list of deployments behind a page's charts, and the clicks that narrow it to a period or a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as columns

from dashboards import charts
from dashboards.components import chart, list_filters, table
from dashboards.components.chart import Click
from dashboards.queries import builds, cache, deployment_lists, selection, text
from dashboards.queries.deployment_lists import NO_LIMIT, DeploymentClass, Listing
from dashboards.queries.selection import Grain
from dashboards.queries.view import View
from dashboards.rows import frames
from dora import Scope

PERIOD, CLASS, APPLICATIONS = "period", "part", "application"  # query parameters and widget keys
WINDOW, ALL = "entire window", "all deployments"
SEARCH, OUTCOME = "search", "outcome"
TOP = 100  # rows on the page; the CSV file has all of them
BUTTON = "opened"
SHARES = ("change_failure_rate", "rework_rate", "canary_pass_rate")  # whose trends can have longer periods
ROW_HEIGHT = 35  # pixels, Streamlit's default
MAX_HEIGHT = 12 * ROW_HEIGHT


def period_click(view: View, noun: str | None = None, grain: Grain | None = None) -> Click:
    """Return a click on a period, or on a smaller ``noun`` in one, that lists the deployments of the period.

    ``grain`` is the length of the chart's periods, if it is not that of the page.
    """
    deployments = f"the deployments of its {view.grain}" if noun else "its deployments"
    hint = f"Click a {noun or grain or view.grain} to list {deployments} below."
    click = chart.toggle(charts.PERIOD_FIELD, hint, PERIOD, WINDOW, moves_list=True)
    if grain in (None, view.grain):
        return click
    start, length = selection.parse_period(click.selected, view.grain)
    return click._replace(
        select=lambda start: click.select(selection.name_period(start, grain, view.grain)),
        selected=start if length == grain else "",
    )


def period_scope(view: View, period: str) -> Scope:
    """Return the scope of a period by its name in the address."""
    start, grain = selection.parse_period(period, view.grain)
    return cache.period_scope(view.build, view.window_scope, start, grain)


def class_click(noun: str, deployments: str = "its deployments") -> Click:
    """Return a click on a class of deployments that lists them."""
    hint = f"Click {noun} to list {deployments} below."
    return chart.toggle(charts.CLASS_FIELD, hint, CLASS, ALL, moves_list=True)


def application_click() -> Click:
    """Return a click on an application that filters the page to it."""
    return chart.toggle(charts.APPLICATION_FIELD, "Click an application to filter the page to it.", APPLICATIONS, [])


def draw(view: View, classes: Mapping[str, DeploymentClass] | None = None) -> str | None:
    """List the deployments of the window, or of one period of it. Returns the first day of that period, else null.

    ``classes`` are named classes of deployments, to one of which the list can be narrowed.
    """
    heading, class_, choice, file = st.columns([5, 3, 3, 1] if classes else [7, 1, 3, 1], vertical_alignment="bottom")
    with choice:
        starts = _period_names(view)
        label = f"{view.grain.capitalize()} of"
        option = st.selectbox(label, [WINDOW, *reversed(starts)], key=PERIOD, bind="query-params")
        period = None if option == WINDOW else option
    part = DeploymentClass()
    if classes:
        with class_:
            part = classes.get(st.selectbox("Filter", [ALL, *classes], key=CLASS, bind="query-params"), part)
    scope = period_scope(view, period) if period else view.scope
    search, pills = st.columns([3, 5], vertical_alignment="center")
    with search:
        listing = Listing(part, list_filters.draw_search(SEARCH))
    counts = deployment_lists.count_outcomes(view.build, scope, listing)
    with pills:
        total = sum(count for name, count in counts.items() if name != "rolled back")  # they are among the failed
        outcome = list_filters.draw_pills("Outcome", OUTCOME, {list_filters.ALL: total} | counts)
    listing = replace(listing, outcome=outcome if outcome in counts else None)
    rows = deployment_lists.list_deployments(view.build, scope, TOP, listing)
    chosen = {PERIOD: (f"{label} {period}", WINDOW)} if period else {}
    if classes and st.session_state[CLASS] != ALL:
        chosen[CLASS] = st.session_state[CLASS], ALL
    with heading:
        if chosen:
            list_filters.draw_chips(chosen)
        st.header("Deployments", anchor=False)
        st.caption(_summary(rows))
    with file:
        name = table.file_name(view, "deployments")
        st.download_button("CSV", partial(_csv, view, scope, listing), name, "text/csv", on_click="ignore")
    _draw_table(rows, view.zone)
    return period


def _period_names(view: View) -> list[str]:
    """Return the names of the periods that a click can select, those of the page's length last."""
    shares = {view.grain_of(name) for name in SHARES} - {view.grain}
    return [
        selection.name_period(f"{value.period:%Y-%m-%d}", grain, view.grain)
        for grain in (*sorted(shares), view.grain)
        for value in view.trend("deployment_frequency", grain)
    ]


def _summary(rows: list[builds.Row]) -> str:
    count = rows[0]["listed"] if rows else 0
    first = f" · the first {TOP} shown, all in the CSV file" if count > TOP else ""
    return (
        f"{text.format_count(count, 'deployment')}, latest first, including rollbacks and deployments that"
        f" never received traffic{first} · open one for its stages, changes and evidence"
    )


def _csv(view: View, scope: Scope, listing: Listing) -> str:
    return frames.csv_text(deployment_lists.list_deployments(view.build, scope, NO_LIMIT, listing), without=("listed",))


def _draw_table(rows: list[builds.Row], zone: str) -> None:
    frame = frames.deployments(rows, zone)
    actions = [partial(table.open_deployment, row["deployment_id"]) for row in rows]
    st.dataframe(
        frame,
        column_config=_columns(frame, zone) | {"open": table.button_column(BUTTON, "Open", list(actions))},
        height=min(MAX_HEIGHT, (len(frame) + 1) * ROW_HEIGHT + 3),
        hide_index=True,
        placeholder="–",
        alt="Deployments, latest first",
    )
    if rows:
        table.note_printed_rows(MAX_HEIGHT // ROW_HEIGHT - 1, rows[0]["listed"], "; all are in the CSV file")
    table.pause_after_first_table()


def _columns(frame: pd.DataFrame, zone: str) -> dict[str, Any]:
    slowest = frame["hours"].max()
    return {
        "happened_at": table.local_time("Deployed", zone),
        "outcome": table.text("Outcome", width=190),
        "application": table.text("Application"),
        "team": table.text("Team"),
        "kind": table.text("Kind"),
        "commit": table.text("Commit"),
        "changes": table.number("Changes", help="Changes that this deployment shipped first."),
        "hours": columns.ProgressColumn(
            "Lead time (h)",
            help="Lead time of its slowest change, from merge to full traffic.",
            format="%.1f",
            min_value=0,
            max_value=float(slowest) if pd.notna(slowest) else 1.0,
        ),
        "canary": table.text("Canary result"),
        "score": table.number("Canary score", help="Score of the last canary analysis, 0 to 100.", format="%.0f"),
        "recovered_hours": table.hours("Time to recovery"),
        "url": table.link("Pipeline", "Open in Deck"),
    }
