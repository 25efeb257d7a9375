"""Tables of rows and links out of a page. Source text stays text, times are local, links lead to the web or nowhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd
import streamlit as st
from streamlit import column_config as config

from dashboards.queries.builds import Row
from dashboards.queries.view import View
from dashboards.rows import frames

DEPLOYMENT = "deployment"  # query parameter that holds the id of the open deployment
GIT_URL = "DORA_GIT_URL"  # environment variable, for example https://git.example.com/{repository}/commit/{sha}
TWO_LINES = 62  # pixels: long values of a tall table wrap once
ROW_HEIGHT, MAX_HEIGHT = 35, 400  # pixels: Streamlit's, of a row or the header and of a table that scrolls
BUTTON_WIDTH = 62  # pixels: fits "Open" and "Filter" in one line
FIRST_TABLE_SENT = "first_table_sent"
FIRST_TABLE_PAUSE = 0.5  # seconds: enough for a browser to draw one table while nothing else arrives
Action = Callable[[], None]
text, number = config.TextColumn, config.NumberColumn


def local_time(label: str, zone: str) -> Any:
    """Return a column of local times."""
    return config.DatetimeColumn(f"{label} ({zone})", format="D MMM YYYY, HH:mm")


def hours(label: str) -> Any:
    """Return a column of hours."""
    return number(f"{label} (h)", format="%.1f")


def link(label: str, display_text: str) -> Any:
    """Return a column of web links."""
    return config.LinkColumn(label, display_text=display_text, validate="^https?://")


class RowButton(NamedTuple):
    """The button of each row; ``action_for`` returns what it does for a row, null if that row has no button."""

    key: str
    label: str
    action_for: Callable[[Row], Action | None]


def open_button(key: str) -> RowButton:
    """Return a button that opens the deployment of a row."""
    return RowButton(
        key, "Open", lambda row: partial(open_deployment, row["deployment_id"]) if row["deployment_id"] else None
    )


def button_column(key: str, label: str, actions: list[Action | None]) -> Any:
    """Return a pinned column of buttons with a label; the button of row n runs ``actions[n]``."""

    def run_action() -> None:
        if action := actions[st.session_state[key].row]:
            action()

    return config.ButtonColumn(label, key=key, on_click=run_action, type="tertiary", width=BUTTON_WIDTH, pinned=True)


def draw(  # noqa: PLR0913 - each argument is one property of a table
    rows: list[Row],
    zone: str,
    columns: Mapping[str, Any],
    alt: str,
    *,
    button: RowButton | None = None,
    tall: bool = False,
    flows: bool = False,
) -> None:
    """Draw rows with the columns that have a value in any row, and the button of each row.

    One that ``flows`` shows every row, without a scroll box.
    """
    drawn = {name: column for name, column in columns.items() if any(row[name] not in (None, "") for row in rows)}
    cells = [{name: _cell(name, row[name], zone) for name in drawn} for row in rows]
    frame = pd.DataFrame(cells, columns=list(drawn))
    actions = [button.action_for(row) for row in rows] if button else []
    if button and any(actions):
        frame.insert(0, "open", [button.label if action else None for action in actions])
        drawn["open"] = button_column(button.key, button.label, actions)
    st.dataframe(
        frame, column_config=drawn, hide_index=True, placeholder="–", alt=alt,
        row_height=TWO_LINES if tall else None, height="content" if flows else "auto",
    )  # fmt: skip
    if flows:
        st.html(f'<p class="on-paper flows quiet">Printed: {len(rows):,} rows, with the columns in view.</p>')
    else:
        note_printed_rows((MAX_HEIGHT - ROW_HEIGHT) // (TWO_LINES if tall else ROW_HEIGHT), len(rows))
    pause_after_first_table()


def note_printed_rows(visible: int, count: int, source: str = "") -> None:
    """Say on paper, where nothing scrolls, how many of the rows a table shows, and the ``source`` of all of them."""
    if count > visible:
        st.html(f'<p class="on-paper quiet">Printed: {visible} of {count:,} rows, those in view{source}.</p>')


def _cell(name: str, value: Any, zone: str) -> Any:
    if isinstance(value, datetime):
        return frames.local(value, zone)
    return frames.web_link(value) if name.endswith("url") else value


def pause_after_first_table() -> None:
    """Wait after the first table of a browser session, so that it is visible before the rest of the page is sent."""
    # A browser that receives a whole page at once draws nothing until it has processed all of it.
    if FIRST_TABLE_SENT not in st.session_state:
        st.session_state[FIRST_TABLE_SENT] = True
        time.sleep(FIRST_TABLE_PAUSE)


def file_name(view: View, noun: str) -> str:
    """Return the name of a CSV file of a page, with its window and its applications or teams."""
    return frames.file_name(noun, *view.window_days, view.selection.applications or view.selection.teams)


def open_deployment(deployment_id: str) -> None:
    """Open a deployment on the current page."""
    st.query_params[DEPLOYMENT] = deployment_id


def close_deployment() -> None:
    """Return from the open deployment to the page it was opened from."""
    st.query_params.pop(DEPLOYMENT, None)


def deployment_links(deployment: Row) -> dict[str, str]:
    """Return the links of a deployment by label."""
    links = {
        "Open in Deck": frames.web_link(deployment["url"]),
        "Commit": commit_link(deployment["repository"], deployment["commit"]),
    }
    return {label: url for label, url in links.items() if url}


def commit_link(repository: str | None, sha: str | None) -> str | None:
    """Return the page of a commit, by $DORA_GIT_URL or by a repository name that starts with its host; else null."""
    if not repository or not sha:
        return None
    pattern = os.environ.get(GIT_URL)
    name = quote(repository.removesuffix(".git"))
    if pattern:
        return frames.web_link(pattern.replace("{repository}", name).replace("{sha}", quote(sha)))
    # A name without a dot before its first slash, such as acme/shop, does not say which host it is on.
    return frames.web_link(f"https://{name}/commit/{quote(sha)}") if "." in repository.partition("/")[0] else None
