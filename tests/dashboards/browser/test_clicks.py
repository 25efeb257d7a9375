"""Every chart in a real Chromium: a click on a mark selects it in the address, a second click clears it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import dora
from tests.dashboards.browser.page_driver import TABLE, find_charts, header, open_page, wait_until_idle
from tests.dashboards.conftest import TEAMS

pytestmark = pytest.mark.browser
AREAS, DOTS = ".mark-rect path", ".mark-symbol path"
CLICKS = {
    "": [("Change failure rate over the window", AREAS, -3, "period"), ("Deployments", AREAS, -3, "period")],
    "flow": [
        ("Lead time by stage", AREAS, -1, "part"),
        ("Batch size", AREAS, -6, "part"),
        ("Changes awaiting deployment", AREAS, -3, "age"),
        ("Approval wait", AREAS, -6, "part"),
    ],
    "stability": [
        ("Time to recovery (share not yet recovered)", DOTS, -1, "part"),
        ("Stopped before production", AREAS, -1, "part"),
        ("By batch size", AREAS, -1, "part"),
    ],
    "canary": [
        ("Canary result vs", AREAS, 0, "canaries"),
        ("Failure rate by canary score", AREAS, -1, "canaries"),
        ("Deciding metrics", AREAS, 0, "canaries"),
        ("Coverage", DOTS, 0, "application"),
        ("Canary score over time", DOTS, 5, "deployment"),
    ],
    "audit": [
        ("Production changes by hour", AREAS, 0, "hour"),
        ("Approval wait by application", DOTS, 0, "application"),
    ],
}


def click(page: Any, title: str, marks: str, place: int) -> None:
    """Click a mark of the chart with a title; negative places count from the last mark."""
    matches = find_charts(page)[title].locator(f"svg {marks}")
    chart_mark = matches.nth(place if place >= 0 else matches.count() + place)
    chart_mark.scroll_into_view_if_needed()
    box = chart_mark.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)


@pytest.mark.parametrize("name", CLICKS)
def test_a_click_in_every_chart_filters_a_list(page: Any, server: str, name: str) -> None:
    """The address contains the mark, so that a copied link shows the same list."""
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


def test_a_second_click_clears_the_selection(page: Any, server: str) -> None:
    """A click on the selected class lists all deployments again."""
    open_page(page, f"{server}/flow?window=1y")
    for selected in (True, False):
        click(page, "Batch size", AREAS, -6)
        page.wait_for_function("selected => new URL(location).searchParams.has('part') === selected", arg=selected)
        wait_until_idle(page)
    assert page.get_by_label("Filter").input_value() == "all deployments"


def test_a_trend_alert_filters_to_its_team_and_week(page: Any, server: str, organisation: Path) -> None:
    """The button of a row filters the page to its team, and the list to its week."""
    delivery = dora.open(organisation)
    scope = dora.Scope(since="180d", by="team")
    strong = {
        (series.weeks[alert.last].period, series.group)
        for name in dora.Delivery.key_metrics
        for series in delivery.signals(name, scope)
        for alert in series.alerts
        if not alert.weak
    }
    latest = max(week for week, _ in strong)
    open_page(page, f"{server}/?window=180d")
    tables = page.locator(TABLE)
    box = tables.nth(tables.count() - 2).bounding_box()  # the last one is the list of deployments
    page.mouse.click(box["x"] + 30, box["y"] + 52)
    page.wait_for_url("**period=**")
    wait_until_idle(page)
    parameters = parse_qs(urlsplit(page.url).query)
    assert parameters["period"] == [f"{latest:%Y-%m-%d}"]
    assert parameters["team"][0] in {team for week, team in strong if week == latest}
    assert f"of {list(TEAMS.values()).count(parameters['team'][0])} application" in header(page)
