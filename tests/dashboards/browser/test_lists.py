"""Canary and Audit in a real browser: every figure is drawn, nothing is fetched elsewhere, rows open."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser
DRAWN = """
[...document.querySelectorAll('[data-testid=stVegaLiteChart] svg')].map(svg =>
  [...svg.querySelectorAll('.mark-symbol path, .mark-rect path, .mark-rule line')].filter(
    mark => mark.getBoundingClientRect().width + mark.getBoundingClientRect().height > 2).length)
"""


@pytest.mark.parametrize(("page", "figures"), [("canary", 6), ("audit", 2)])
def test_figures_are_drawn_and_a_row_opens(page: str, figures: int, server: str, browser: Any) -> None:
    """As many figures as there is data for, none of them blank; a click on a row's button puts it in the address."""
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    shown, asked = context.new_page(), []
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(f"{server}/{page}?window=1y")
    shown.wait_for_function(f"({DRAWN}).length === {figures} && ({DRAWN}).every(marks => marks > 3)")
    assert [url for url in asked if not url.startswith((server, server.replace("http", "ws"), "data:", "blob:"))] == []
    assert shown.locator("[data-testid=stException]").count() == 0
    table = shown.locator("[data-testid=stDataFrame]").first
    table.scroll_into_view_if_needed()
    shown.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    table.click(position={"x": 30, "y": 52})
    shown.wait_for_function("location.search.includes('deployment=')")
    shown.get_by_role("heading", name="Deployment").wait_for()
    context.close()
