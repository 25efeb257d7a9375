"""Keyboard only: every filter, page and table is reachable, the focus is visible, and a deployment opens."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageChops

from tests.dashboards.browser.page_driver import open_page, wait_until_idle

pytestmark = pytest.mark.browser
FOCUSED = """() => {
  const at = document.activeElement, visible = at.closest('canvas') || at
  const box = visible.closest('[data-testid=stMultiSelect], [data-testid=stSelectbox]') || visible
  const {x, y, width, height} = box.getBoundingClientRect()
  return {name: at.getAttribute('aria-label') || at.innerText || at.closest('[aria-label]')?.ariaLabel || '',
          role: at.closest('canvas') ? 'table' : at.getAttribute('role') || at.tagName, box: {x, y, width, height}}
}"""
EDGE = 4


@pytest.fixture
def page(window: Callable[..., Any]) -> Any:
    return window(reduced_motion="reduce")


def tab_stops(page: Any, count: int) -> list[dict[str, Any]]:
    """The elements that Tab reaches from the top, in order."""
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    stops = []
    for _ in range(count):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUSED))
    return stops


def test_tab_reaches_every_control(page: Any, server: str) -> None:
    """Tab reaches pages, filters, the meaning of each metric, the week, the CSV file and the tables."""
    open_page(page, f"{server}/?window=30d")
    names = " | ".join(f"{stop['name']} ({stop['role']})" for stop in tab_stops(page, 150))
    for expected in (
        "Overview", "Audit", r"Teams \(combobox\)", r"Applications \(combobox\)", r"7d \(radio\)", "Compare with",
        "Lead time for changes", "Deployment frequency", r"Week of \(combobox\)", "CSV", r"Deployments[^|]*\(table\)",
    ):  # fmt: skip
        assert re.search(expected, names), (expected, names)


def test_the_focus_is_visible(page: Any, server: str) -> None:
    """Each element looks different with the focus, in both themes."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        open_page(page, f"{server}/?window=30d")
        page.evaluate("document.body.tabIndex = -1; document.body.focus()")
        for _ in range(16):
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUSED)
            with_focus = take_picture(page, stop["box"])
            page.evaluate("window.last = document.activeElement; window.last.blur()")
            without_focus = take_picture(page, stop["box"])
            page.evaluate("window.last.focus({focusVisible: true})")
            assert ImageChops.difference(with_focus, without_focus).getbbox(), (scheme, stop)


def take_picture(page: Any, box: dict[str, float]) -> Image.Image:
    """A picture of a box with some pixels around it."""
    page.wait_for_timeout(150)
    clip = {"x": max(0, box["x"] - EDGE), "y": max(0, box["y"] - EDGE), "width": box["width"] + 2 * EDGE,
            "height": min(box["height"] + 2 * EDGE, 200)}  # fmt: skip
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")


def test_a_filter_a_week_and_a_deployment_by_keys(page: Any, server: str) -> None:
    """A team is typed, a week is selected, and Enter on the button of a row opens its deployment."""
    open_page(page, f"{server}/?window=90d")
    page.get_by_role("combobox", name="Teams").focus()
    page.keyboard.type("money")
    page.get_by_role("option", name="money").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**team=money**")
    page.keyboard.press("Escape")
    page.get_by_text(
        "deployments of 2 applications"
    ).wait_for()  # after the rerun, which renders the list of weeks again
    wait_until_idle(page)
    weeks = page.get_by_role("option", name="entire window")
    while not weeks.is_visible():  # the list is drawn again when the page comes to rest, which closes it
        page.get_by_role("combobox", name="Week of").press("ArrowDown")
        page.wait_for_timeout(1000)
    page.wait_for_timeout(300)
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    page.wait_for_url("**period=**")
    wait_until_idle(page)
    table = page.locator("[data-testid=stDataFrame]").last
    table.locator("canvas").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.wait_for_timeout(1000)
    row = page.evaluate(
        "[...document.activeElement.closest('tr').children].map(cell => cell.innerText || cell.textContent)"
    )
    page.keyboard.press("Enter")
    page.wait_for_url("**deployment=**")
    page.get_by_role("heading", name="Deployment", exact=True).wait_for()
    wait_until_idle(page)
    assert row[3] in page.locator("[data-testid=stText]").first.inner_text()
    page.get_by_role("button", name="Back to overview").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Overview", exact=True).wait_for()
    assert "team=money" in page.url
