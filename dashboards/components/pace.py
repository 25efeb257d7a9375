"""What a browser that has just come gets first: its first table."""

from __future__ import annotations

import time

import streamlit as st

SEEN = "seen"
AHEAD = 0.3  # seconds in which a browser can draw a table, unless it has to draw all of the page meanwhile


def drawn() -> None:
    """After the first table that a browser gets: wait for it to be drawn before the rest of the page is sent."""
    if SEEN not in st.session_state:
        st.session_state[SEEN] = True
        time.sleep(AHEAD)
