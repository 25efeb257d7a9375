"""A section of a page."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def section(title: str, caption: str | None = None, key: str | None = None) -> DeltaGenerator:
    """Return a bordered section with a title and a caption, to draw in with ``with``.

    ``key`` is its name as the fragment of an address that shows it.
    """
    container = st.container(border=True, gap="xsmall", key=key)
    container.header(title, anchor=False)
    if caption:
        container.caption(caption)
    return container
