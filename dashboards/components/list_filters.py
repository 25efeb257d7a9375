"""What narrows a list beside the filters of the page: a text, outcomes with their counts, and what a click selected."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from dashboards.queries.text import escape_markdown

ALL = "all"


def draw_search(key: str) -> str:
    """Draw a search box and return its text, which is in the address under ``key``."""
    text = st.text_input(
        "Search the list", key=key, bind="query-params", label_visibility="collapsed",
        placeholder="Search commit, pull request, application, person",
    )  # fmt: skip
    return text.strip()


def draw_pills(label: str, key: str, counts: Mapping[str, int]) -> str:
    """Draw a pill for each class that has rows, with their number; return the class that the address selects.

    ``counts`` begins with that of ``ALL``.
    """
    selected = st.query_params.get(key, ALL)
    if selected not in counts:
        selected = ALL
    # Streamlit takes the text of a pill as its value, and the number in it changes: the address holds the word alone.
    widget = f"{key} {selected}"
    st.pills(
        label, [name for name, count in counts.items() if count or name in (ALL, selected)], default=selected,
        format_func=lambda name: f"{name} {counts[name]:,}", key=widget, on_change=partial(_select, key, widget),
        label_visibility="collapsed",
    )  # fmt: skip
    return selected


def draw_chips(chosen: Mapping[str, tuple[str, str]]) -> None:
    """Draw a chip with × for each thing that a click or a menu has chosen.

    ``chosen`` has by widget the text of its chip and the value without a choice.
    """
    with st.container(horizontal=True, gap="small", key="chosen"):
        for widget, (text, empty) in chosen.items():
            st.button(f"{escape_markdown(text)} ×", key=f"clear {widget}", on_click=_clear, args=(widget, empty))


def _clear(widget: str, empty: str) -> None:
    st.session_state[widget] = empty


def _select(key: str, widget: str) -> None:
    selected = st.session_state[widget]
    if selected in (None, ALL):
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = selected
