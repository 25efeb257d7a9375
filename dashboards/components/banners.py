"""What stands above a page where its numbers are not what they seem: old, partial, cut off or empty, and what to do."""

from __future__ import annotations

import streamlit as st

from dashboards.components import filters
from dashboards.queries import cache, text
from dashboards.queries.view import View


def above(view: View) -> None:
    """Draw whatever holds for this view; nothing where all is well."""
    age = cache.age(view.build)
    if age is not None and age > view.known.stale_after:
        st.warning(f"This data is {text.age(age)} old. Run `dora nightly` to bring it up to date.")
    for trouble in view.known.troubles:
        _banner("Partial", trouble)
    incomplete = view.value("deployment_frequency").incomplete
    if incomplete:
        _banner(
            "History is incomplete",
            f"{incomplete}. Numbers that meet it are marked and not compared. Choose a window after it, or run"
            " “dora ingest spinnaker --since …” where the source still has it.",
        )
    if not view.value("rework_rate").n:
        _empty(view)


def _banner(label: str, said: str) -> None:
    """A badge and a sentence; the sentence may name what a source wrote, so it is text."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.badge(label, color="orange")
        st.text(said)


def _empty(view: View) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.badge("Nothing here", color="gray")
        st.text(f"None of these applications deployed {view.chosen.words}. Choose a longer window or others.")
        if view.chosen.window != "all":
            st.button("Show all of history", on_click=filters.widen, type="tertiary")
