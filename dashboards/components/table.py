"""Tables of rows: what a source wrote stays text, times are the organisation's, links lead to the web or nowhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st
from streamlit import column_config as config

from dashboards.components import pace
from dashboards.queries.cache import Row
from dashboards.rows import frames

OPENED = "deployment"
TALL = 62  # pixels of a row of two lines
Way = Callable[[], None]
text, number = config.TextColumn, config.NumberColumn


def when(label: str, zone: str) -> Any:
    """A column of local times."""
    return config.DatetimeColumn(f"{label} ({zone})", format="D MMM YYYY, HH:mm")


def hours(label: str, **given: Any) -> Any:
    """A column of hours."""
    return number(f"{label} (h)", format="%.1f", **given)


def link(label: str, said: str) -> Any:
    """A column of links of the web."""
    return config.LinkColumn(label, display_text=said, validate="^https?://")


class Button(NamedTuple):
    """What the button of a row says and does; ``does`` gives what to do for a row, null where it has no button."""

    key: str
    says: str
    does: Callable[[Row], Way | None]


def opens(key: str) -> Button:
    """A button that opens the deployment of a row."""
    return Button(key, "Open", lambda row: partial(open_one, row["deployment_id"]) if row["deployment_id"] else None)


def table(  # noqa: PLR0913 - each is one thing a caller says of its table
    rows: list[Row],
    zone: str,
    columns: Mapping[str, Any],
    alt: str,
    *,
    button: Button | None = None,
    tall: bool = False,
) -> None:
    """Draw rows, of each the named columns that any row fills, with its button."""
    drawn = {name: column for name, column in columns.items() if any(row[name] not in (None, "") for row in rows)}
    frame = pd.DataFrame([_shown(row, zone, drawn) for row in rows], columns=list(drawn))
    ways = [button.does(row) for row in rows] if button else []
    if button and any(ways):
        frame.insert(0, "open", [button.says if way else None for way in ways])
        go = partial(_go, button.key, ways)
        drawn["open"] = config.ButtonColumn("", key=button.key, on_click=go, type="tertiary", width=62, pinned=True)
    st.dataframe(
        frame, column_config=drawn, hide_index=True, placeholder="–", alt=alt, row_height=TALL if tall else None
    )
    pace.drawn()


def _shown(row: Row, zone: str, columns: Mapping[str, Any]) -> Row:
    return {name: _cell(name, row[name], zone) for name in columns}


def _cell(name: str, value: Any, zone: str) -> Any:
    if isinstance(value, datetime):
        return frames.local(value, zone)
    return frames.web_link(value) if name.endswith("url") else value


def _go(key: str, ways: list[Way | None]) -> None:
    if way := ways[st.session_state[key].row]:
        way()


def open_one(deployment: str) -> None:
    """Open a deployment on the page that is shown."""
    st.query_params[OPENED] = deployment


def close() -> None:
    """Let go of the deployment that is open, for the page that it was opened from."""
    st.query_params.pop(OPENED, None)
