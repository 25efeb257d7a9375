"""A chart under its title, and what a click in it means: a choice of the page, which the list below it follows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import altair as alt
import streamlit as st
from altair.utils.schemapi import debug_mode

from dashboards.charts.style import QUIET
from dashboards.queries import cache

WORDS = {"labelColor": QUIET, "titleColor": QUIET}
Drawing = partial[Any] | alt.TopLevelMixin  # a chart yet to be drawn, or one that is


class Click(NamedTuple):
    """What a click on a mark does: ``take`` is given what the mark says in ``field``; ``held`` is what holds now.

    ``says`` is the sentence that tells a person of it.
    """

    field: str
    says: str
    take: Callable[[str], None]
    held: str = ""


def choosing(field: str, says: str, key: str, nothing: str | list[str]) -> Click:
    """A click that chooses the mark's word in a widget, and one on what is chosen that lets go of it."""
    return Click(field, says, partial(_choose, key, nothing), str(st.session_state.get(key)))


def _choose(key: str, nothing: str | list[str], word: str) -> None:
    wanted = [word] if isinstance(nothing, list) else word
    st.session_state[key] = nothing if st.session_state.get(key) == wanted else wanted


def chart(title: str, caption: str, drawing: Drawing | None, click: Click | None = None, instead: str = "") -> None:
    """Draw a titled chart; a sentence where there is nothing to draw."""
    told = f"{caption} {click.says}" if click and drawing else caption
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.subheader(title, anchor=False)
        st.caption(told)
        if drawing is None:
            st.text(instead)
        else:
            bare(title, f"{title}. {told}", drawing, click)


def bare(name: str, said: str, drawing: Drawing, click: Click | None = None) -> None:
    """Draw a chart alone; ``name`` is its own on the page, ``said`` is what a screen reader says of it."""
    if click is None:
        st.vega_lite_chart(spec(drawing), alt=said)
        return
    key = f"{name} {click.held}"  # another one when another is held, so that a second click is one too
    st.vega_lite_chart(spec(drawing), key=key, on_select=partial(_clicked, key, click), alt=said)


def _clicked(key: str, click: Click) -> None:
    found = st.session_state[key].selection[click.field]
    if found and (word := found[0][click.field]):  # a mark that stands for nothing has no word
        click.take(word)


def spec(drawing: Drawing) -> dict[str, Any]:
    """The specification of a chart; of one yet to be drawn, the same rows are drawn once."""
    if isinstance(drawing, partial):
        return _spec(f"{drawing.func} {drawing.args} {drawing.keywords}", drawing)
    return _readable(drawing.to_dict(validate=False))


@cache.kept()
def _spec(given: str, _drawing: partial[Any]) -> dict[str, Any]:
    with debug_mode(False):  # checking it against the grammar takes longer than all else; tests do
        return _readable(_drawing().to_dict(validate=False))


def _readable(drawn: dict[str, Any]) -> dict[str, Any]:
    """The words of axes and legends as dark as the theme of the reader needs them."""
    return drawn | {"config": drawn.get("config", {}) | {"axis": WORDS, "legend": WORDS}}
