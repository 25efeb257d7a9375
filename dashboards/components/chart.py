"""A chart under its title, and what a click on one of its marks selects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, NamedTuple

import altair as alt
import streamlit as st
from altair.utils.schemapi import debug_mode
from streamlit.delta_generator import DeltaGenerator

from dashboards.charts.style import HIGHLIGHT, INVISIBLE, QUIET, SELECTED
from dashboards.queries import builds

LABELS = {"labelColor": QUIET, "titleColor": QUIET}
# Streamlit moves the first and last label of every axis: names away from their rows, the last number out of the chart.
LABEL_STYLE = {
    "axis": LABELS | {"labelFlushOffset": -2},
    "axisDiscrete": {"labelFlush": False},
    "legend": LABELS,
}
Drawing = partial[Any] | alt.TopLevelMixin  # a chart, or the call that makes one, which can be cached


PLACE = "row"  # query parameter that names the row of charts under which the list is
_row: ContextVar[str] = ContextVar("row", default="")


class Rows:
    """Rows of charts of a page, each with a place below it: the list of what is clicked opens under its row."""

    def __init__(self, *names: str) -> None:
        self._containers = {name: (st.container(), st.container()) for name in names}

    @contextmanager
    def draw(self, name: str) -> Iterator[None]:
        """Draw in a row; clicks in it open the list below it."""
        token = _row.set(name)
        try:
            with self._containers[name][0]:
                yield
        finally:
            _row.reset(token)

    @property
    def place(self) -> DeltaGenerator:
        """The place below the row that was clicked, else below the last one."""
        last = next(reversed(self._containers))
        return self._containers.get(st.query_params.get(PLACE, last), self._containers[last])[1]


class Click(NamedTuple):
    """What a click on a mark does: ``select`` receives the mark's value of ``field``.

    ``hint`` is the sentence that announces it; ``selected`` is the value that is selected now.
    """

    field: str
    hint: str
    select: Callable[[str], None]
    selected: str = ""


def toggle(field: str, hint: str, widget: str, empty: str | list[str], *, moves_list: bool = False) -> Click:
    """Return a click that selects a mark's value in a widget; a click on the selected mark empties the widget again.

    With ``moves_list`` the list of the page opens below the row in which this is called.
    """
    row = _row.get() if moves_list else ""

    def select(value: str) -> None:
        if row:
            st.query_params[PLACE] = row
        selection = [value] if isinstance(empty, list) else value
        st.session_state[widget] = empty if st.session_state.get(widget) == selection else selection

    selected = st.session_state.get(widget)
    if isinstance(selected, list):
        selected = selected[0] if len(selected) == 1 else None
    return Click(field, hint, select, "" if selected in (None, empty) else str(selected))


def draw(title: str, caption: str, drawing: Drawing | None, click: Click | None = None, empty: str = "") -> None:
    """Draw a titled chart; if there is no ``drawing``, the sentence ``empty`` instead."""
    text = f"{caption} {click.hint}" if click else caption
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.header(title, anchor=False)
        if drawing is None:
            st.text(empty)
        else:
            st.caption(text)
            draw_bare(title, f"{title}. {text}", drawing, click)


def draw_bare(name: str, alt_text: str, drawing: Drawing, click: Click | None = None) -> None:
    """Draw a chart without a title; ``name`` is unique on the page, ``alt_text`` is for screen readers."""
    if click is None:
        st.vega_lite_chart(spec(drawing), alt=alt_text)
        return
    # Streamlit reports a click only if the chart's selection changes. A key that changes with the selected value
    # makes it a new chart, so that a second click on the same mark is reported too.
    key = f"{name} {click.selected}"
    select = partial(_select, key, click)
    st.vega_lite_chart(_highlight(spec(drawing), click), key=key, on_select=select, alt=alt_text)


def _select(key: str, click: Click) -> None:
    marks = st.session_state[key].selection[click.field]
    if marks and (value := marks[0][click.field]):  # marks that no list belongs to have no value
        click.select(value)


def _highlight(specification: dict[str, Any], click: Click) -> dict[str, Any]:
    """Return the specification with the selected mark highlighted; unchanged if none is selected."""
    views = [view for parameter in specification.get("params", ()) for view in parameter.get("views", ())]
    if not click.selected or not views:
        return specification
    test = f"datum[{json.dumps(click.field)}] === {json.dumps(click.selected)}"
    if specification.get("name") in views:
        return _with_highlight(specification, test)
    layers = [_with_highlight(part, test) if part.get("name") in views else part for part in specification["layer"]]
    return specification | {"layer": layers}


def _with_highlight(part: dict[str, Any], test: str) -> dict[str, Any]:
    """Return a part with the mark for which a test holds tinted if it is a click target, else outlined."""
    if part["mark"].get("opacity") == INVISIBLE:
        tint = {"opacity": {"condition": {"test": test, "value": HIGHLIGHT}, "value": INVISIBLE}}
        return part | {"mark": part["mark"] | {"color": SELECTED}, "encoding": part["encoding"] | tint}
    outline = {"stroke": {"condition": {"test": test, "value": SELECTED}},
               "strokeWidth": {"condition": {"test": test, "value": 4}, "value": 0}}  # fmt: skip
    return part | {"encoding": part["encoding"] | outline}


def spec(drawing: Drawing) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart; a call with equal arguments is drawn once."""
    if isinstance(drawing, partial):
        return _cached_spec(f"{drawing.func} {drawing.args} {drawing.keywords}", drawing)
    return _with_readable_labels(drawing.to_dict(validate=False))


@builds.cached()
def _cached_spec(key: str, _drawing: partial[Any]) -> dict[str, Any]:
    with debug_mode(False):  # validation against the schema takes longer than all the rest; tests validate
        return _with_readable_labels(_drawing().to_dict(validate=False))


def _with_readable_labels(specification: dict[str, Any]) -> dict[str, Any]:
    """Return the specification with labels at their marks, in a grey that is dark enough in either theme."""
    return specification | {"config": specification.get("config", {}) | LABEL_STYLE}
