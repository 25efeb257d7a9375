"""All pages in a real Chromium: marks, deployments, contrast, phones, two windows, a replaced build, hostile text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe

import dora
from tests.dashboards.browser.page_driver import (
    find_charts,
    foreign_requests,
    header,
    open_page,
    show_all,
    wait_until_idle,
)
from tests.dashboards.hostile import STRINGS, Words

pytestmark = pytest.mark.browser
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"
PAGES = ["", "flow", "stability", "canary", "audit", "data"]
CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true})
  const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data].map((part, i) => i == 3 ? part / 255 : part) }
  const over = (top, under) => top.slice(0, 3).map((part, i) => part * top[3] + under[i] * (1 - top[3]))
  const ground = element => { const layers = []
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor))
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]) }
  const linear = part => part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4
  const light = rgb => rgb.map(linear)
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0)
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05) }
  const contrasts = []
  for (const text of document.querySelectorAll('[data-testid=stMain] svg text')) {
    if (!text.textContent.trim() || getComputedStyle(text).opacity == 0) continue
    const under = ground(text.closest('[data-testid=stVegaLiteChart]'))
    contrasts.push(['chart: ' + text.textContent, ratio(over(rgba(getComputedStyle(text).fill), under), under)])
  }
  const walk = document.createTreeWalker(document.querySelector('[data-testid=stMain]'), NodeFilter.SHOW_TEXT)
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement, style = getComputedStyle(element)
    if (!node.textContent.trim() || !element.getClientRects().length) continue
    if (element.closest('svg, canvas, style, [disabled]')) continue
    contrasts.push([node.textContent, ratio(over(rgba(style.color), ground(element)), ground(element))])
  }
  return contrasts
}"""


def test_flow_and_stability_draw_a_mark_for_every_row(
    window: Callable[..., Any], server: str, organisation: Path
) -> None:
    """As many cells as days with data, as many dots as applications, a bar for every class."""
    delivery, page = dora.open(organisation), window()
    open_page(page, f"{server}/flow?window=30d")
    charts = find_charts(page)
    days = delivery.metric("deployment_frequency", since="30d", every="day").rows
    observed = [day for day in days if day.value is not None]
    assert charts["Deployments per day"].locator("svg .mark-rect path").count() == len(observed) == 30
    assert charts["Lead time by stage"].locator("svg .mark-rect path").count() >= 3
    assert charts["Changes awaiting deployment"].locator("svg .mark-rect path:not([opacity='0.001'])").count() == 7
    assert charts["Lead time for changes"].locator("svg .mark-area path").count() >= 2
    open_page(page, f"{server}/stability?window=1y")
    charts = find_charts(page)
    applications = delivery.speed_and_safety(dora.Scope("365d")).applications
    assert charts["By deployment frequency"].locator("svg .mark-symbol path").count() == len(applications) == 5
    assert charts["Time to recovery (share not yet recovered)"].locator("svg .mark-line path").count() >= 1


def test_a_row_opens_its_deployment_and_the_address_alone_does_too(
    window: Callable[..., Any], server: str, organisation: Path
) -> None:
    """A row opens its deployment at the top, so does its address; one step back returns to the place of the page."""
    page = open_page(window(), f"{server}/stability?window=180d")
    table = page.locator("[data-testid=stDataFrame]").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    wait_until_idle(page)
    box, entries = table.bounding_box(), page.evaluate("history.length")
    assert page.evaluate(SCROLLED) > 0
    page.mouse.click(box["x"] + 30, box["y"] + 50)
    page.wait_for_url("**deployment=**")
    page.get_by_role("heading", name="Deployment", exact=True).wait_for()
    wait_until_idle(page)
    assert page.evaluate("history.length") == entries + 1
    assert page.evaluate(SCROLLED) == 0
    assert page.get_by_role("combobox").count() == 0
    page.go_back()
    page.get_by_role("heading", name="Stability", exact=True).wait_for()
    wait_until_idle(page)
    page.wait_for_function(f"{SCROLLED} > 0")
    wait_until_idle(page)
    assert table.bounding_box()["y"] == pytest.approx(box["y"], abs=40)
    page.go_forward()
    page.get_by_role("heading", name="Deployment", exact=True).wait_for()
    wait_until_idle(page)
    assert page.get_by_text("Timeline").count() == 1
    summary = page.locator("[data-testid=stText]").first.inner_text()
    copy = window()
    copy.goto(page.url)
    copy.get_by_role("heading", name="Deployment", exact=True).wait_for()
    assert copy.locator("[data-testid=stText]").first.inner_text() == summary
    page.get_by_role("button", name="Back to stability").click()
    page.wait_for_url(lambda url: "deployment" not in url)
    page.get_by_role("heading", name="Stability", exact=True).wait_for()
    wait_until_idle(page)
    assert "in the last 180 days" in header(page)
    page.go_back()
    page.get_by_role("heading", name="Deployment", exact=True).wait_for()
    page.go_back()
    page.get_by_role("heading", name="Stability", exact=True).wait_for()
    assert "window=180d" in page.url
    page.go_forward()
    page.get_by_role("heading", name="Deployment", exact=True).wait_for()
    wait_until_idle(page)
    page.get_by_role("link", name="Flow").first.click()
    page.get_by_role("heading", name="Flow", exact=True).wait_for()
    wait_until_idle(page)
    assert "window=180d" in page.url
    assert "deployment" not in page.url


def test_a_click_on_a_day_lists_its_week_and_on_an_application_filters(
    window: Callable[..., Any], server: str, organisation: Path
) -> None:
    """A day of the calendar lists its week; the dot of an application filters the page, a second click removes it."""
    page = open_page(window(), f"{server}/flow?window=90d")
    find_charts(page)["Deployments per day"].locator("svg .mark-rect path").nth(20).click(force=True)
    page.wait_for_url("**period=**")
    wait_until_idle(page)
    start = re.search(r"period=(\d{4}-\d\d-\d\d)", page.url)[1]  # type: ignore[index]
    until = dora.open(organisation).period(start, "week")[1]
    count = len(dora.open(organisation).observations("rework_rate", dora.Scope(start, until)))
    assert page.get_by_text(f"{count} deployments, latest first").count() == 1
    open_page(page, f"{server}/stability?window=1y")
    find_charts(page)["By deployment frequency"].locator("svg .mark-symbol path").first.click(force=True)
    page.wait_for_url("**application=**")
    wait_until_idle(page)
    assert "of 1 application" in header(page)
    find_charts(page)["By deployment frequency"].locator("svg .mark-symbol path").click(force=True)
    page.wait_for_url(lambda url: "application=" not in url)
    wait_until_idle(page)
    assert "of 5 applications" in header(page)


def test_pages_keep_the_filters(window: Callable[..., Any], server: str) -> None:
    """Team and window stay the same from page to page, in the address and in the numbers."""
    page = open_page(window(), f"{server}/?window=30d&team=money")
    before = header(page)
    for name in ("Flow", "Data", "Overview"):
        page.get_by_role("link", name=name).first.click()
        page.get_by_role("heading", name=name, exact=True).wait_for()
        wait_until_idle(page)
        assert header(page) == before
        assert "window=30d" in page.url
        assert "team=money" in page.url


def violations(page: Any, *rules: str) -> list[tuple[str, str]]:
    """The rules of axe-core (all, or these) that a page violates, each with the first place."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    results = Axe().run(page, options=options).response["violations"]
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in results]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible_and_nothing_overflows(
    window: Callable[..., Any], server: str, organisation: Path, theme: str
) -> None:
    """A failed deployment too, desktop and phone, both themes: axe-core finds nothing, contrast is 4.5, all fits."""
    width = {"light": 390, "dark": 1440}[theme]
    rules = {"light": (), "dark": ("color-contrast",)}[theme]  # only colours depend on the theme
    page = window(width, color_scheme=theme)
    (failed,) = dora.open(organisation).sql(
        "SELECT deployment_id FROM recoveries SEMI JOIN canaries USING (deployment_id) LIMIT 1"
    )
    for name in (*PAGES, f"?{urlencode({'deployment': failed['deployment_id']})}"):
        open_page(page, f"{server}/{name}")
        show_all(page)
        wait_until_idle(page)
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 30
        assert [(text, round(ratio, 2)) for text, ratio in contrasts if ratio < 4.5] == []
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
        assert violations(page, *rules) == []
        page.set_viewport_size({"width": 1440 + 390 - width, "height": 1300})
        page.wait_for_timeout(300)
        assert violations(page, *rules) == []
        page.set_viewport_size({"width": width, "height": 1300})


def test_two_windows_are_independent(window: Callable[..., Any], server: str) -> None:
    """A filter in one window does not change another."""
    first, second = open_page(window(), f"{server}/?window=30d"), open_page(window(), server)
    before = header(second)
    first.get_by_role("radio", name="14d").click()
    first.wait_for_url("**window=14d**")
    wait_until_idle(first)
    second.get_by_role("radio", name="all", exact=True).click()
    second.wait_for_url("**window=all**")
    wait_until_idle(second)
    assert "last 14 days" in header(first)
    assert "over all time" in header(second) != before


def test_a_replaced_build_shows_at_the_next_click(
    window: Callable[..., Any], server: str, swap: Callable[[Path], None], short: Path
) -> None:
    """The next click uses the build that replaced the one on the screen, without an error."""
    page = open_page(window(), server)
    assert "of 5 applications" in header(page)
    swap(short)
    page.get_by_role("radio", name="30d").click()
    page.get_by_text("of 1 application in the last 30 days").wait_for()
    wait_until_idle(page)
    assert page.locator("[data-testid=stException]").count() == 0


def test_s2_fifty_hostile_strings_in_every_text_do_nothing(  # noqa: PLR0917 - fixtures
    window: Callable[..., Any],
    server: str,
    swap: Callable[[Path], None],
    build_of: Callable[..., Path],
    tmp_path: Path,
    midnight: datetime,
) -> None:
    """Names, messages and reasons stay text on every page: no script, no dialog, no beacon."""
    assert len(set(STRINGS)) >= 50
    teams = {STRINGS[0]: STRINGS[14], STRINGS[10]: STRINGS[24], "search": STRINGS[15]}
    build = build_of(tmp_path, end=midnight, days=120, teams=teams, words=Words())
    swap(build)
    page = window()
    for name in PAGES:
        open_page(page, f"{server}/{name}?window=all")
        show_all(page)
    page.get_by_label("Applications").click()
    page.get_by_role("option").first.wait_for()
    for row in dora.open(build).sql(
        "SELECT deployment_id FROM canaries UNION ALL (SELECT deployment_id FROM recoveries LIMIT 2) LIMIT 5"
    ):
        page.goto(f"{server}/?deployment={row['deployment_id'].replace('#', '%23').replace('&', '%26')}")
        page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
        wait_until_idle(page)
    assert foreign_requests(page.requests, server) == []
    assert page.dialogs == []
    assert page.evaluate("window.pwned") is None
    assert not re.search(r"href=.javascript:", page.content())
