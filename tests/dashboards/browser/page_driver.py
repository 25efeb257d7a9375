"""Open pages in a browser, wait for them, and find their charts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

CHART = "[data-testid=stVegaLiteChart]"
TABLE = "[data-testid=stDataFrame]"
SHOW_ALL = """async () => {
  const main = document.querySelector('[data-testid=stMain]')
  for (let y = 0; y < main.scrollHeight; y += 700) { main.scrollTo(0, y); await new Promise(f => setTimeout(f, 60)) }
  main.scrollTo(0, 0)
}"""


def open_page(page: Any, address: str) -> Any:
    """Open an address and wait until the page is complete."""
    page.goto(address)
    page.wait_for_selector(f"{TABLE} canvas, {CHART} svg", timeout=120_000)
    wait_until_idle(page)
    return page


def wait_until_idle(page: Any) -> None:
    """Wait until the script has run, and some time more for the browser to draw."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_timeout(700)


def find_resting_box(page: Any, mark: Any) -> dict[str, float]:
    """Scroll to a mark and return its box once it no longer moves: the page scrolls to a list that opened."""
    mark.scroll_into_view_if_needed()
    box = None
    while (now := mark.bounding_box()) != box:
        box = now
        page.wait_for_timeout(250)
    return dict(now)


def header(page: Any) -> str:
    """The line under the title."""
    return str(page.locator("[data-testid=stCaptionContainer]").first.inner_text())


def show_all(page: Any) -> None:
    """Scroll through the page: charts are drawn when they come into view."""
    page.evaluate(SHOW_ALL)


def find_charts(page: Any) -> dict[str, Any]:
    """All charts of a page by title."""
    show_all(page)
    charts = page.locator(CHART)
    labels = charts.evaluate_all(
        "all => all.map(chart => chart.getAttribute('aria-label') || chart.querySelector('[aria-label]').ariaLabel)"
    )
    return {label.partition(".")[0]: charts.nth(place) for place, label in enumerate(labels)}


def foreign_requests(urls: Iterable[str], server: str) -> list[str]:
    """The requests that went to any other host than the dashboard."""
    own = (server, server.replace("http", "ws"), "data:", "blob:")
    return [url for url in urls if not url.startswith(own)]
