"""Pages without navigation and filters, charts as files, and a phone, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.browser.page_driver import CHART, find_charts, header, open_page, wait_until_idle

pytestmark = pytest.mark.browser
FIRST_NUMBER = """() => Math.min(...[...document.querySelectorAll('[data-testid=stMetricValue], .scorecard .value')]
  .filter(value => /\\d/.test(value.textContent)).map(value => value.getBoundingClientRect().top))"""


@pytest.mark.parametrize("mode", ["embed", "kiosk"])
def test_a_frame_or_a_wall_has_the_numbers_alone(
    window: Callable[..., Any], server: str, swap: Callable[[Path], None], short: Path, mode: str
) -> None:
    """The filters of the address apply and are not shown; a replaced build shows without a click."""
    page = open_page(window(), f"{server}/?{mode}=true&team=money&window=30d")
    assert "of 2 applications in the last 30 days" in header(page)
    assert page.get_by_role("link", name="Flow").count() == 0
    assert not page.get_by_role("combobox", name="Teams").is_visible()
    if mode == "kiosk":
        swap(short)
        page.get_by_text("of 1 application in the last 30 days").wait_for()


def test_a_chart_is_saved_as_svg_and_png(page: Any, server: str) -> None:
    """Both buttons of a chart make a file in the browser, without a request."""
    open_page(page, f"{server}/flow")
    find_charts(page)
    wait_until_idle(page)
    requests = len(page.requests)
    for kind in ("PNG", "SVG"):
        page.get_by_role("button", name=f"Download as {kind}: Batch size.").focus()
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        data = Path(download.value.path()).read_bytes()
        assert data.startswith({"SVG": b"<svg", "PNG": b"\x89PNG"}[kind])
        assert len(data) > 2000
    assert [url for url in page.requests[requests:] if not url.startswith(("blob:", "data:"))] == []


@pytest.mark.parametrize("name", ["", "flow", "stability"])
def test_the_first_number_is_on_the_first_screen_of_a_phone(window: Callable[..., Any], server: str, name: str) -> None:
    """At 390 by 844 pixels a number is above 500 pixels, and no legend is wider than its chart."""
    page = window(390)
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, f"{server}/{name}")
    assert page.evaluate(FIRST_NUMBER) < 500
    find_charts(page)
    for chart in page.locator(CHART).all():
        outer = chart.bounding_box()
        for legend in chart.locator("svg .role-legend").all():
            inner = legend.bounding_box()
            assert inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1
