"""Every chart in a real Chromium: a click on a mark selects it in the address, a second click clears it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboards.charts.style import HIGHLIGHT, SELECTED
from tests.dashboards.browser.page_driver import TABLE, find_charts, find_resting_box, open_page, wait_until_idle

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
    box = find_resting_box(page, chart_mark)
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


def test_the_list_opens_under_the_click_with_a_chip(page: Any, server: str) -> None:
    """The list is below the row of the clicked mark and in view, the mark is tinted, and the chip's × clears it."""
    open_page(page, f"{server}/flow?window=all")
    page.set_viewport_size({"width": 1440, "height": 700})
    click(page, "Batch size", AREAS, -6)
    page.wait_for_url("**part=1+change**")
    chip = page.get_by_role("button", name="1 change ×")
    chip.wait_for()
    wait_until_idle(page)
    page.wait_for_timeout(1000)
    chart, row = (page.get_by_role("heading", name=name, exact=True) for name in ("Batch size", "Deployments"))
    below = row.bounding_box()["y"] - chart.bounding_box()["y"]
    assert 250 < below < 500
    assert 0 < chip.bounding_box()["y"] < 500
    tinted = page.locator(f"svg path[fill='{SELECTED}'][opacity='{HIGHLIGHT}']")
    assert tinted.count() == 1
    chip.click()
    page.wait_for_url(lambda url: "part=" not in url)
    chip.wait_for(state="detached")
    wait_until_idle(page)
    assert tinted.count() == 0


def test_a_second_click_clears_the_selection(page: Any, server: str) -> None:
    """A click on the selected class lists all deployments again."""
    open_page(page, f"{server}/flow?window=1y")
    for selected in (True, False):
        click(page, "Batch size", AREAS, -6)
        page.wait_for_function("selected => new URL(location).searchParams.has('part') === selected", arg=selected)
        wait_until_idle(page)
    assert page.get_by_label("Filter").input_value() == "all deployments"


def test_a_trend_alert_opens_its_control_chart(page: Any, server: str) -> None:
    """The button of a row opens the chart with the weeks of the alert; a second button filters, a third closes it."""
    open_page(page, f"{server}/?window=180d")
    heading = page.get_by_role("heading", name="Trend alerts (control chart)")
    block = page.locator("[data-testid=stVerticalBlock]").filter(has=heading).last
    box = find_resting_box(page, block.locator(TABLE))
    page.mouse.click(box["x"] + 30, box["y"] + 52)
    page.wait_for_url("**alert=**")
    wait_until_idle(page)
    assert block.locator("svg .mark-symbol path").count() > 10
    assert block.locator("svg .mark-line path").count() == 4
    block.get_by_role("button", name="×").click()
    page.wait_for_url(lambda url: "alert=" not in url)
    wait_until_idle(page)
    assert block.locator("svg .mark-symbol").count() == 0
