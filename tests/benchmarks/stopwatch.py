"""How long a lead needs from opening the dashboard to the changes that the slowest team has waiting.

Run: ``python -m tests.benchmarks.stopwatch [DATABASE]``, by default of the simulated organisation in data/demo. A real
server, a real Chromium: open Overview, read which team has the longest lead time, select its number, and scroll to its
oldest changes awaiting deployment. The limit is three clicks and ten seconds; the brief has a shorter way where it
names the team.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import sync_playwright

from tests.benchmarks.dashboard import DEMO, IDLE, QUIET
from tests.dashboards.conftest import CHROMIUM, serve_dashboard

LEAD_TIMES = "td[data-title^='Lead time'] a"
PENDING = ".st-key-pending"
ROWS = f"{PENDING} [data-testid=stDataFrame]"
MAX_CLICKS, MAX_SECONDS = 3, 10.0
SLOWEST = """cells => cells.reduce((worst, cell, place) =>
  Number(cell.closest('td').dataset.value) > Number(cells[worst].closest('td').dataset.value) ? place : worst, 0)"""


class Way(NamedTuple):
    """How many clicks and seconds a way took, and what it ended at."""

    name: str
    clicks: int
    seconds: float
    team: str


def follow_scorecard(page: Any, address: str) -> Way:
    """Select the longest lead time of the scorecard, then go to the list of pending changes."""
    began = time.perf_counter()
    page.goto(address)
    cells = page.locator(LEAD_TIMES)
    cells.first.wait_for()
    slowest = cells.nth(cells.evaluate_all(SLOWEST))
    slowest.click()
    page.locator(PENDING).scroll_into_view_if_needed()
    page.locator(ROWS).wait_for()
    return Way("scorecard", 1, time.perf_counter() - began, _team(page))


def follow_brief(page: Any, address: str) -> Way | None:
    """Follow the sentence of the brief that is about pending changes; null if there is none."""
    began = time.perf_counter()
    page.goto(address)
    page.locator(LEAD_TIMES).first.wait_for()
    link = page.locator(".brief a", has_text="pending change")
    if not link.count():
        return None
    link.first.click()
    page.locator(ROWS).wait_for()
    page.wait_for_function(f"document.querySelector('{PENDING}').getBoundingClientRect().top < innerHeight / 2")
    return Way("brief", 1, time.perf_counter() - began, _team(page))


def _team(page: Any) -> str:
    page.wait_for_selector(IDLE)
    return str(page.evaluate("new URL(location).searchParams.getAll('team').join()"))


def main(database: Path) -> int:
    """Print each way; the exit code says whether all are within the limits."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_dashboard(database.resolve(), Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        ways = [way for way in (follow_scorecard(page, address), follow_brief(page, address)) if way]
        browser.close()
    for way in ways:
        print(f"{way.name:10} {way.clicks} click, {way.seconds:.1f} s: pending changes of {way.team or 'all teams'}")
    return int(any(way.clicks > MAX_CLICKS or way.seconds > MAX_SECONDS for way in ways))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEMO))
