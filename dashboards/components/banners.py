"""Banners above a page whose data is old, partial, cut off or empty, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from dashboards.components import filters
from dashboards.queries import builds, text
from dashboards.queries.view import View


def draw(view: View) -> None:
    """Draw every banner that applies to a view."""
    age = builds.age(view.build)
    if age is not None and age > view.about.stale_after:
        st.warning(f"The data is {text.format_age(age)} old. Run `dora nightly` to update it.")
    if error := builds.error_of_next(view.build):
        _banner("Earlier build", f"{error} These pages show the build before it.")
    for warning in view.about.load_warnings:
        _banner("Partial data", warning)
    if older := builds.open_build(view.build).older_detail(view.scope):
        _banner("Older detail", f"{older} Metrics are of all history; stages and lists are not.")
    incomplete = view.value("deployment_frequency").incomplete
    if incomplete:
        _banner(
            "Incomplete history",
            f"{incomplete}. Numbers of that time are marked and not compared. Select a later window, or run"
            " “dora ingest spinnaker --since …” if the source still has the history.",
        )
    # The rework rate counts every deployment, rollbacks and redeploys too: zero means that nothing was deployed.
    if not view.value("rework_rate").n:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.badge("No deployments", color="gray")
            period = view.selection.period_text
            st.text(f"The selected applications have no deployments {period}. Widen the window or filters.")
            if view.selection.window != "all":
                st.button("Show all time", on_click=filters.show_all_time, type="tertiary")
        draw_hints([hint for hint in builds.open_build(view.build).hints() if hint["metrics"] == "*"])


def draw_hints(hints: Iterable[builds.Row]) -> None:
    """Draw what the settings lack, each with the lines to paste."""
    for hint in hints:
        _banner("Settings", hint["sentence"])
        if hint["lines"]:
            st.caption("Paste this into dora.toml, then run “dora nightly”:")
            st.code(hint["lines"], language="toml")


def _banner(label: str, message: str) -> None:
    """Draw a badge and a message; text instead of Markdown, because the message can quote a source."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.badge(label, color="orange")
        st.text(message)
