"""Tables of rows: what a source wrote stays text, times are the organisation's, links lead to the web or nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as config

from dashboards import pace, tables
from dashboards.data import Row

OPENED = "deployment"
TALL = 62  # pixels of a row of two lines
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


def table(  # noqa: PLR0913 - each is one thing a caller says of its table
    rows: list[Row], zone: str, columns: Mapping[str, Any], alt: str, *, opens: str | None = None, tall: bool = False
) -> None:
    """Draw rows, of each the named columns that any row fills; ``opens`` is the key of a button for its deployment."""
    drawn = {name: column for name, column in columns.items() if any(row[name] not in (None, "") for row in rows)}
    frame = pd.DataFrame([_shown(row, zone, drawn) for row in rows], columns=list(drawn))
    if opens and any(row["deployment_id"] for row in rows):
        frame.insert(0, "open", ["Open" if row["deployment_id"] else None for row in rows])
        opening = partial(_open, opens, [row["deployment_id"] for row in rows])
        drawn["open"] = config.ButtonColumn("", key=opens, on_click=opening, type="tertiary", width=62, pinned=True)
    st.dataframe(
        frame, column_config=drawn, hide_index=True, placeholder="–", alt=alt, row_height=TALL if tall else None
    )
    pace.drawn()


def _shown(row: Row, zone: str, columns: Mapping[str, Any]) -> Row:
    return {name: _cell(name, row[name], zone) for name in columns}


def _cell(name: str, value: Any, zone: str) -> Any:
    if isinstance(value, datetime):
        return tables.local(value, zone)
    return tables.web_link(value) if name.endswith("url") else value


def _open(key: str, ids: list[str]) -> None:
    open_one(ids[st.session_state[key].row])


def open_one(deployment: str) -> None:
    """Open a deployment on the page that is shown."""
    st.query_params[OPENED] = deployment


def close() -> None:
    """Let go of the deployment that is open, for the page that it was opened from."""
    st.query_params.pop(OPENED, None)
