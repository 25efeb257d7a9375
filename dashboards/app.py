"""The frame around every page: navigation, how fresh the data is, and the filters everyone shares."""

from __future__ import annotations

import streamlit as st

from dashboards.components import banners, deployment_dialog, filters
from dashboards.queries import cache, view
from dashboards.server import login
from dora import DoraError

PAGES = [
    st.Page("app_pages/overview.py", title="Overview", default=True),
    st.Page("app_pages/flow.py", title="Flow"),
    st.Page("app_pages/stability.py", title="Stability"),
    st.Page("app_pages/canary.py", title="Canary"),
    st.Page("app_pages/audit.py", title="Audit"),
    st.Page("app_pages/data.py", title="Data"),
]


def main() -> None:
    """Draw the page that the address names, or what to run where there is nothing to show."""
    st.set_page_config(page_title="Delivery metrics", layout="wide")
    if not login.admitted():
        st.navigation(PAGES, position="hidden")
        return
    page = st.navigation(PAGES, position="top")
    try:
        build = cache.current()
        known = cache.about(build)
    except DoraError as error:
        _instead("There is nothing to show yet", error.happened, error.next_step)
        return
    if known.as_of is None or known.first is None:
        _instead("No deployment has reached production yet", *(known.findings or ["The build holds no deployments."]))
        return
    opened = deployment_dialog.asked(build)
    heading, controls = st.columns([2, 9], vertical_alignment="bottom")
    heading.title("Deployment" if opened else page.title, anchor=False)
    with controls:
        chosen = filters.draw(known)
    if opened:
        deployment_dialog.draw(build, opened, known.timezone, page.title)
        return
    shown = view.show(view.View(build, known, chosen))
    st.caption(shown.sentence)
    banners.above(shown)
    page.run()


def _instead(title: str, *said: str) -> None:
    st.title(title, anchor=False)
    for sentence in said:
        st.text(sentence)
    st.caption("Try it on a simulated organisation, or build from what was ingested:")
    st.code("dora demo\ndora build", language=None)


main()
