"""The frame around every page: navigation, shared filters, data freshness, banners."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import Page

from dashboards.components import banners, deployment_details, filters, table
from dashboards.queries import builds, view
from dashboards.server import login
from dora import Delivery, DoraError

PAGES = [
    st.Page("app_pages/overview.py", title="Overview", default=True),
    st.Page("app_pages/flow.py", title="Flow"),
    st.Page("app_pages/stability.py", title="Stability"),
    st.Page("app_pages/canary.py", title="Canary"),
    st.Page("app_pages/audit.py", title="Audit"),
    st.Page("app_pages/data.py", title="Data"),
]
KIOSK, REFRESH = "kiosk", "30s"
USAGE = 2  # exit code of an error in what was asked for


def main() -> None:
    """Draw the page of the address; if there is no data, draw the commands that produce it."""
    st.set_page_config(page_title="Delivery metrics", layout="wide")
    if not login.check_access():
        st.navigation(PAGES, position="hidden")
        return
    page = st.navigation(PAGES, position="hidden" if _is_bare() else "top")
    try:
        with Delivery.limited(builds.PAGE_SECONDS):
            _draw_page(page)
    except DoraError as error:
        if error.exit_code == USAGE:  # no user typed this query: it does not fit the build
            raise
        st.header("This page can not be shown", anchor=False)
        st.text(str(error))


def _draw_page(page: Page) -> None:
    """Draw one page of the current build; raises ``DoraError`` if a query can not be answered."""
    try:
        build = builds.current()
    except DoraError as error:
        _draw_no_data("No data yet", [error.happened, error.next_step])
        return
    about = builds.about(build)
    if about.as_of is None or about.first_deployment_at is None:
        st.title("No production deployments yet", anchor=False)
        hints = [hint for hint in builds.open_build(build).hints() if hint["metrics"] == "*"]
        banners.draw_hints(hints)
        for line in [] if hints else about.failed_checks or ["The build has no deployments."]:
            st.text(line)
        return
    if deployment_id := st.query_params.get(table.DEPLOYMENT):
        st.title("Deployment", anchor=False)
        deployment_details.draw(build, deployment_id, about.timezone, page.title)
        return
    if _is_bare():
        st.title(page.title, anchor=False)
        controls = st.container(key="unseen")  # the filters of the address apply, but are not shown
        _refresh(build)
    else:
        heading, controls = st.columns([1.1, 9.9], vertical_alignment="bottom")
        heading.title(page.title, anchor=False)
    with controls, st.container(key="filters"):
        selection = filters.draw(build, about)
    current_view = view.set_current(view.View(build, about, selection))
    st.caption(current_view.summary)
    banners.draw(current_view)
    page.run()


def _is_bare() -> bool:
    """Return whether the page is shown without navigation and filters: in a frame, or on a screen on a wall."""
    return bool(st.context.is_embedded) or st.query_params.get(KIOSK) == "true"


@st.fragment(run_every=REFRESH)
def _refresh(shown: builds.Build) -> None:
    """Draw the page again once another build has replaced the one that it shows."""
    if builds.current() != shown:
        st.rerun()


def _draw_no_data(title: str, messages: list[str]) -> None:
    st.title(title, anchor=False)
    for message in messages:
        st.text(message)
    st.caption("Try a simulated organisation, or build from the data that was ingested:")
    st.code("dora demo\ndora build", language=None)


main()
