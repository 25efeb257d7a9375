"""Canary and Audit in a real browser: every chart is drawn, every request goes to the dashboard, rows open."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.dashboards.browser.page_driver import foreign_requests

pytestmark = pytest.mark.browser
DRAWN = """
[...document.querySelectorAll('[data-testid=stVegaLiteChart] svg')].map(svg =>
  [...svg.querySelectorAll('.mark-symbol path, .mark-rect path, .mark-rule line')].filter(
    mark => mark.getBoundingClientRect().width + mark.getBoundingClientRect().height > 2).length)
"""


@pytest.mark.parametrize(("name", "charts"), [("canary", 6), ("audit", 2)])
def test_charts_are_drawn_and_a_row_opens(name: str, charts: int, server: str, browser: Any) -> None:
    """No chart is blank, and a click on the button of a row opens its deployment."""
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    page, requests = context.new_page(), []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{server}/{name}?window=1y")
    page.wait_for_function(f"() => ({DRAWN}).length === {charts} && ({DRAWN}).every(marks => marks > 3)")
    assert foreign_requests(requests, server) == []
    assert page.locator("[data-testid=stException]").count() == 0
    table = page.locator("[data-testid=stDataFrame]").first
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    # A table may be taller than the window: its first row has to be below the header of the page.
    table.evaluate("table => { table.style.scrollMarginTop = '150px'; table.scrollIntoView({block: 'start'}) }")
    box = table.bounding_box()
    page.mouse.click(box["x"] + 30, box["y"] + 52)
    page.wait_for_function("() => location.search.includes('deployment=')")
    page.get_by_role("heading", name="Deployment").wait_for()
    context.close()


def test_paper_has_every_column_and_says_how_many_rows_it_has(server: str, browser: Any) -> None:
    """No table is wider than the page, and a list names its rows on paper, of how many and where all of them are."""
    context = browser.new_context(viewport={"width": 1440, "height": 1300})
    page = context.new_page()
    page.goto(f"{server}/")
    page.locator("[data-testid=stDataFrame] canvas").last.wait_for()
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    note = page.locator(".on-paper").last
    assert not note.is_visible()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1032, "height": 703})  # A4, landscape, without its margins
    note.wait_for()
    assert re.fullmatch(r"Printed: 11 of [\d,]+ rows, those in view; all are in the CSV file\.", note.inner_text())
    assert not page.locator(".stAppHeader").is_visible()
    right = "element => element.getBoundingClientRect().right"
    assert all(
        box.evaluate(right) <= 1032 for box in page.locator(".scorecard, [data-testid=stDataFrame] canvas").all()
    )
    context.close()
