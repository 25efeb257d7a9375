"""A chart under its title, and what a click on one of its marks selects."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import altair as alt
import streamlit as st
from altair.utils.schemapi import debug_mode

from dashboards.charts.style import QUIET
from dashboards.queries import cache

LABELS = {"labelColor": QUIET, "titleColor": QUIET}
# Streamlit moves the first and last label of every axis: names away from their rows, the last number out of the chart.
LABEL_STYLE = {
    "axis": LABELS | {"labelFlushOffset": -2},
    "axisDiscrete": {"labelFlush": False},
    "legend": LABELS,
}
Drawing = partial[Any] | alt.TopLevelMixin  # a chart, or the call that makes one, which can be cached


class Click(NamedTuple):
    """What a click on a mark does: ``select`` receives the mark's value of ``field``.

    ``hint`` is the sentence that announces it; ``selected`` is the value that is selected now.
    """

    field: str
    hint: str
    select: Callable[[str], None]
    selected: str = ""


def toggle(field: str, hint: str, widget: str, empty: str | list[str]) -> Click:
    """Return a click that selects a mark's value in a widget; a click on the selected mark empties the widget again."""

    def select(value: str) -> None:
        selection = [value] if isinstance(empty, list) else value
        st.session_state[widget] = empty if st.session_state.get(widget) == selection else selection

    return Click(field, hint, select, str(st.session_state.get(widget)))


def draw(title: str, caption: str, drawing: Drawing | None, click: Click | None = None, empty: str = "") -> None:
    """Draw a titled chart; if there is no ``drawing``, the sentence ``empty`` instead."""
    text = f"{caption} {click.hint}" if click and drawing else caption
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.subheader(title, anchor=False)
        st.caption(text)
        if drawing is None:
            st.text(empty)
        else:
            draw_bare(title, f"{title}. {text}", drawing, click)


def draw_bare(name: str, alt_text: str, drawing: Drawing, click: Click | None = None) -> None:
    """Draw a chart without a title; ``name`` is unique on the page, ``alt_text`` is for screen readers."""
    if click is None:
        st.vega_lite_chart(spec(drawing), alt=alt_text)
        return
    # Streamlit reports a click only if the chart's selection changes. A key that changes with the selected value
    # makes it a new chart, so that a second click on the same mark is reported too.
    key = f"{name} {click.selected}"
    st.vega_lite_chart(spec(drawing), key=key, on_select=partial(_select, key, click), alt=alt_text)


def _select(key: str, click: Click) -> None:
    marks = st.session_state[key].selection[click.field]
    if marks and (value := marks[0][click.field]):  # marks that no list belongs to have no value
        click.select(value)


def spec(drawing: Drawing) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart; a call with equal arguments is drawn once."""
    if isinstance(drawing, partial):
        return _cached_spec(f"{drawing.func} {drawing.args} {drawing.keywords}", drawing)
    return _with_readable_labels(drawing.to_dict(validate=False))


@cache.cached()
def _cached_spec(key: str, _drawing: partial[Any]) -> dict[str, Any]:
    with debug_mode(False):  # validation against the schema takes longer than all the rest; tests validate
        return _with_readable_labels(_drawing().to_dict(validate=False))


def _with_readable_labels(specification: dict[str, Any]) -> dict[str, Any]:
    """Return the specification with labels at their marks, in a grey that is dark enough in either theme."""
    return specification | {"config": specification.get("config", {}) | LABEL_STYLE}
