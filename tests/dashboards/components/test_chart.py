"""Every chart in a real Chromium: a click on a mark puts its word in the address, and another lets go of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import dora
from dashboards.components.metric_card import KEYS
from tests.dashboards.browser.page_driver import CHART, SHOW_ALL, chart_titles, header, open_page, wait_until_idle
from tests.dashboards.conftest import TEAMS

pytestmark = pytest.mark.browser
CAUGHT, DOTS = ".mark-rect path", ".mark-symbol path"
CLICKS = {
    "": [("Change failure rate over the window", CAUGHT, -3, "period"), ("Deployments", CAUGHT, -3, "period")],
    "flow": [
        ("Lead time by stage", CAUGHT, -1, "part"),
        ("Batch size", CAUGHT, -6, "part"),
        ("Changes awaiting deployment", CAUGHT, -3, "age"),
        ("Approval wait", CAUGHT, -6, "part"),
    ],
    "stability": [
        ("Time to recovery (share not yet recovered)", DOTS, -1, "part"),
        ("Stopped before production", CAUGHT, -1, "part"),
        ("By batch size", CAUGHT, -1, "part"),
    ],
    "canary": [
        ("Canary result vs", CAUGHT, 0, "canaries"),
        ("Failure rate by canary score", CAUGHT, -1, "canaries"),
        ("Deciding metrics", CAUGHT, 0, "canaries"),
        ("Coverage", DOTS, 0, "application"),
        ("Canary score over time", DOTS, 5, "deployment"),
    ],
    "audit": [
        ("Production changes by hour", CAUGHT, 0, "hour"),
        ("Approval wait by application", DOTS, 0, "application"),
    ],
}


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 1300})
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def click(page: Any, title: str, marks: str, place: int) -> None:
    """Click a mark of the chart under a title, the last ones counted from behind."""
    page.evaluate(SHOW_ALL)
    found = page.locator(CHART).nth(chart_titles(page).index(title)).locator(f"svg {marks}")
    mark = found.nth(place if place >= 0 else found.count() + place)
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)


@pytest.mark.parametrize("name", CLICKS)
def test_a_click_in_every_chart_leads_to_rows(page: Any, server: str, name: str) -> None:
    """The word of the mark stands in the address, so that the list below is of it and a copied link shows the same."""
    open_page(page, f"{server}/{name}?window=1y")
    for title, marks, place, key in CLICKS[name]:
        before = parse_qs(urlsplit(page.url).query).get(key)
        click(page, title, marks, place)
        page.wait_for_function(
            "([key, before]) => { const now = new URL(location).searchParams.get(key); return now && now !== before }",
            arg=[key, before and before[0]],
        )
        wait_until_idle(page)
        assert page.locator("[data-testid=stException]").count() == 0


def test_a_second_click_lets_go(page: Any, server: str) -> None:
    """A click on the class that is listed lists every deployment again."""
    open_page(page, f"{server}/flow?window=1y")
    for there in (True, False):
        click(page, "Batch size", CAUGHT, -6)
        page.wait_for_function("there => new URL(location).searchParams.has('part') === there", arg=there)
        wait_until_idle(page)
    assert page.get_by_label("Filter").input_value() == "all deployments"


def test_a_signal_leads_to_whose_it_is_and_to_its_week(page: Any, server: str, organisation: Path) -> None:
    """The button of a row narrows the page to the team that the row is of, and its list to the week of the signal."""
    delivery = dora.open(organisation)
    series = [one for name in KEYS for one in delivery.signals(name, dora.Scope(since="180d", by="team"))]
    strong = {(one.weeks[f.last].period, one.group) for one in series for f in one.alerts if not f.weak}
    latest = max(week for week, _ in strong)
    open_page(page, f"{server}/?window=180d")
    box = (
        page.locator("[data-testid=stDataFrame]")
        .nth(page.locator("[data-testid=stDataFrame]").count() - 2)
        .bounding_box()
    )
    page.mouse.click(box["x"] + 30, box["y"] + 52)
    page.wait_for_url("**period=**")
    wait_until_idle(page)
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["period"] == [f"{latest:%Y-%m-%d}"]
    assert asked["team"][0] in {team for week, team in strong if week == latest}
    assert f"of {list(TEAMS.values()).count(asked['team'][0])} application" in header(page)
