"""The brief above its scorecard, as one piece of HTML: links that work without a script, sorting in the browser."""

from __future__ import annotations

from importlib.resources import files

import streamlit as st
from jinja2 import Environment, Template

from dashboards.components import table
from dashboards.queries import cache
from dashboards.queries.selection import ANOTHER_TEAM
from dashboards.queries.text import format_count
from dashboards.queries.view import View
from dashboards.rows import scorecard
from dashboards.rows.scorecard import Addresses

# The filters of a link; what is selected on the page that it leaves is not part of the page that it opens.
FILTERS = ("team", "application", "window", "days", "compare", "then", "other", "day")
MAX_ROWS = 12  # of the scorecard on the first screen; a link shows all
SCORECARD, ALL = "scorecard", "all"  # query parameter that asks for all rows
CAPTION = (
    "{shown}, those that need attention first. Line: weekly values; dot and bar: value and 95 % CI on one scale a"
    " column; coloured: significant and relevant; outlier: unlike all others; elite to low: tier in the DORA survey."
    " Select a {by} to filter the page, a number for its trend and rows."
)


def draw(view: View) -> None:
    """Draw the brief of the selection."""
    earlier = view.comparison_scope if view.selection.comparison != ANOTHER_TEAM else None
    brief = cache.brief(view.build, view.scope, earlier)
    query = st.query_params
    addresses = Addresses({name: query.get_all(name) for name in FILTERS if name in query})
    by, count = brief.scorecard.by, len(brief.scorecard.rows)
    limit = count if query.get(SCORECARD) == ALL else MAX_ROWS
    html = _template().render(
        sentences=scorecard.sentences(brief, addresses),
        summary=brief.summary,
        caption=CAPTION.format(by=by, shown=_shown(by, count, limit)),
        by=by.capitalize(),
        columns=scorecard.columns(brief.scorecard),
        rows=scorecard.table(brief.scorecard, addresses, limit),
        all_rows=f"All {format_count(count, by)}" if count > limit else None,
        all_address=addresses.link("", "brief", **{SCORECARD: ALL}),
    )
    with st.container(border=True, gap="xsmall", key="brief"):
        st.header("Brief", anchor=False)
        st.html(html)
    table.pause_after_first_table()


def _shown(by: str, count: int, limit: int) -> str:
    return f"{limit} of {format_count(count, by)}" if count > limit else format_count(count, by)


@st.cache_resource(show_spinner=False)
def _template() -> Template:
    text = files("dashboards.components").joinpath("brief.html.j2").read_text("utf-8")
    return Environment(autoescape=True).from_string(text)
