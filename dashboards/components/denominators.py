"""The popover that says how the denominators on a page add up."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import dora
from dashboards.queries import cache
from dashboards.queries.view import View

TITLE = "How these numbers add up"


def draw(view: View, names: Sequence[str]) -> None:
    """Draw a popover with one line for each step from all observations to the denominator of each metric."""
    # Its content is counted only once it is open: it would take as long as the cards.
    popover = st.popover(TITLE, type="tertiary", width="content", key="denominators", on_change="rerun")
    if not popover.open:
        return
    steps = cache.denominators(view.build, view.scope, tuple(names))
    popover.text("\n\n".join(f"{dora.metrics()[step.metric].title}\n{step.text}" for step in steps))
