"""The brief and the scorecard in a real Chromium: links filter without loading the page again, columns sort."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dashboards.browser.page_driver import open_page, wait_until_idle

pytestmark = pytest.mark.browser
TEAMS = ".scorecard tbody th a"
TITLE = "h1"


def selected(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_team_filters_the_page_and_back_shows_all(page: Any, server: str) -> None:
    """The same session shows the team's applications; one step back shows the teams again."""
    open_page(page, f"{server}/?window=this+year")
    page.evaluate("window.isSameSession = true")
    team = page.locator(TEAMS).first.inner_text()
    page.locator(TEAMS).first.click()
    page.get_by_role("button", name="Application", exact=True).wait_for()
    assert selected(page) == {"window": ["this year"], "team": [team]}
    page.go_back()
    page.get_by_role("button", name="Team", exact=True).wait_for()
    assert selected(page) == {"window": ["this year"]}
    assert page.evaluate("window.isSameSession")


def test_a_number_opens_the_page_of_its_metric(page: Any, server: str) -> None:
    """A change failure rate leads to Stability, filtered to the team."""
    open_page(page, server)
    page.evaluate("window.isSameSession = true")
    team = page.locator(TEAMS).first.inner_text()
    page.locator(".scorecard tbody tr").first.locator("td[data-title='Change failure rate'] a").click()
    page.locator(TITLE, has_text="Stability").wait_for()
    wait_until_idle(page)
    assert selected(page) == {"team": [team]}
    assert page.evaluate("window.isSameSession")


def test_a_column_sorts_the_teams(page: Any, server: str) -> None:
    """Descending, then ascending, by the number and not by its text; the header says which."""
    open_page(page, server)
    button = page.locator(".scorecard thead button", has_text="Deployment frequency")
    for order in ("descending", "ascending"):
        button.click()
        cells = page.locator("td[data-title='Deployment frequency']")
        values = cells.evaluate_all("all => all.map(cell => Number(cell.dataset.value))")
        assert values == sorted(values, reverse=order == "descending")
        assert button.locator("..").get_attribute("aria-sort") == order
