"""Tiles of numbers: a short label, the value, and the line of evidence below; a click on some filters a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from dashboards.queries.text import escape_markdown

MIN_WIDTH = 180  # pixels: fits "1,396 of 1,496"


class Tile(NamedTuple):
    """A number with its evidence, and what a click on its label does; null if nothing belongs to it.

    ``meaning`` is the sentence behind it.
    """

    label: str
    value: str
    evidence: str = ""
    meaning: str = ""
    click: Callable[[], None] | None = None
    selected: bool = False


def draw_tiles(tiles: Sequence[Tile]) -> None:
    """Draw tiles in a grid; the one that is selected is filled."""
    columns = min(len(tiles), 4 if len(tiles) % 5 else 5)
    with st.grid(columns, min_column_width=MIN_WIDTH):
        for tile in tiles:
            with st.container(border=True, height="stretch", gap="xxsmall"):
                _draw_label(tile)
                st.metric(tile.label, tile.value, label_visibility="collapsed")
                if tile.evidence:
                    st.caption(escape_markdown(tile.evidence))


def _draw_label(tile: Tile) -> None:
    if tile.click is None:
        st.caption(escape_markdown(tile.label), help=escape_markdown(tile.meaning) or None)
        return
    st.button(
        tile.label, key=f"tile {tile.label}", on_click=tile.click, type="primary" if tile.selected else "tertiary",
        help=escape_markdown(tile.meaning) or None,
    )  # fmt: skip
