"""How fast the dashboard is for one person, how much it sends, and whether twenty people notice a nightly swap.

Run: ``python -m tests.benchmarks.dashboard [DATABASE]``, by default of the simulated organisation in data/demo. A real
server, a real Chromium. The first table counts from asking for the address to the first row on the screen, on a server
that has just come up and then on one that has served it; a filter counts from the click to the new numbers in the line
under the title. The second opens twenty windows, each going from page to page and filter to filter, while the file is
replaced every few seconds as a nightly run does.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import sync_playwright

from tests.dashboards.conftest import CHROMIUM, served

DEMO = Path("data/demo/dora.duckdb")
PAGES = {"Overview": "", "Flow": "flow", "Stability": "stability", "Data": "data"}
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CELL = "[data-testid=stDataFrame] canvas"
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
CAPTION = "[data-testid=stCaptionContainer]"
VIEWERS, ROUNDS, EVERY = 20, 3, 5.0
WATCH = """([caption, words]) => {
  const seen = () => [...document.querySelectorAll(caption)].some(one => one.innerText.includes(words))
  window.sawAt = null
  document.addEventListener('click', () => { window.clickedAt = performance.now() }, {once: true, capture: true})
  new MutationObserver((_, self) => { if (seen()) { window.sawAt = performance.now(); self.disconnect() } })
    .observe(document.body, {subtree: true, childList: true, characterData: true})
}"""
LIMITS = {"fresh": 3.0, "warm": 2.0, "filter": 0.3, "bytes": 200_000}


class Window:
    """One person's browser window; counts what it asks for and what it is sent."""

    def __init__(self, browser: Any, address: str) -> None:
        self.page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
        self.page.set_default_timeout(120_000)
        self.address, self.received, self.asked, self.errors = address, 0, [], []
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._frame))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _frame(self, payload: Any) -> None:
        self.received += len(payload)

    def open(self, path: str = "") -> float:
        """Seconds until the first row of the first table is there."""
        began = time.perf_counter()
        self.page.goto(f"{self.address}/{path}")
        self.page.wait_for_selector(CELL)
        took = time.perf_counter() - began
        self.page.wait_for_selector(IDLE)
        return took

    def filter(self, window: str) -> float:
        """Seconds from choosing a window to its numbers."""
        words = {"30d": "last 30 days", "180d": "last 180 days", "90d": "last 90 days"}[window]
        self.page.evaluate(WATCH, [CAPTION, words])
        self.page.get_by_role("radio", name=window).click()
        self.page.wait_for_function("window.sawAt")
        took = self.page.evaluate("window.sawAt - window.clickedAt")
        self.page.wait_for_selector(IDLE)
        return float(took) / 1000

    def went_wrong(self) -> list[str]:
        """Errors of the page, and any that it shows."""
        return (
            self.errors
            + self.page.locator("[data-testid=stException], [data-testid=stAlertContentError]").all_inner_texts()
        )


def alone(browser: Any, address: str) -> Iterator[tuple[str, str, str]]:
    """What one person waits for, page by page."""
    fresh = Window(browser, address).open()
    yield "first table on a fresh server", f"{fresh:.2f} s", _held(fresh, LIMITS["fresh"], "s")
    for title, path in PAGES.items():
        Window(browser, address).open(path)
        warm, window = [], Window(browser, address)
        for _ in range(ROUNDS):
            window = Window(browser, address)
            warm.append(window.open(path))
        yield f"{title}: first table, warm", f"{median(warm):.2f} s", _held(median(warm), LIMITS["warm"], "s")
        yield (
            f"{title}: data of a view",
            f"{window.received / 1000:,.0f} kB",
            _held(window.received, LIMITS["bytes"], "B"),
        )
    window = Window(browser, address)
    window.open()
    first = [window.filter(name) for name in ("30d", "180d")]
    again = [window.filter(name) for name in ("90d", "30d", "180d", "90d")]
    yield (
        "filter to new text, first time",
        f"{1000 * median(first):.0f} ms",
        _held(median(first), LIMITS["filter"], "s"),
    )
    yield (
        "filter to new text, seen before",
        f"{1000 * median(again):.0f} ms",
        _held(median(again), LIMITS["filter"], "s"),
    )
    out = [
        url for url in window.asked if not url.startswith((address, "data:", "blob:", address.replace("http", "ws")))
    ]
    yield "requests to anybody else", f"{len(out)} of {len(window.asked)}", _held(len(out), 0, "")


def _held(value: float, limit: float, unit: str) -> str:
    return f"{'within' if value <= limit else 'OVER'} {limit:g} {unit}".strip()


@contextmanager
def nightly(database: Path) -> Iterator[list[float]]:
    """Replaces a file by a copy of itself again and again until the block ends; the moments at which it did."""
    moments: list[float] = []
    over = threading.Event()

    def swap() -> None:
        while not over.wait(EVERY):
            Path(shutil.copy(database, database.with_suffix(".next"))).replace(database)
            moments.append(time.time())

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield moments
    finally:
        over.set()
        thread.join()


def together(browser: Any, address: str, database: Path) -> Iterator[tuple[str, str, str]]:
    """Twenty people who go from page to page while the build is swapped under them."""
    windows = [Window(browser, address) for _ in range(VIEWERS)]
    views, waits = 0, []
    with nightly(database) as swaps:
        for turn in range(ROUNDS):
            for number, window in enumerate(windows):
                window.page.goto(f"{address}/{list(PAGES.values())[(number + turn) % len(PAGES)]}", wait_until="commit")
            for window in windows:
                began = time.perf_counter()
                window.page.wait_for_selector(CELL)
                waits.append(time.perf_counter() - began)
            for window in windows:
                window.page.get_by_role("radio", name=["30d", "180d"][turn % 2]).click()
            for window in windows:
                window.page.wait_for_selector(IDLE)
            views += 2 * len(windows)
    wrong = [said for window in windows for said in window.went_wrong()]
    yield f"views by {VIEWERS} windows at once", f"{views}", f"{len(swaps)} swaps meanwhile"
    yield "errors shown or thrown", f"{len(wrong)}", _held(len(wrong), 0, "") + (f": {wrong[0][:90]}" if wrong else "")


def main(database: Path) -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        copy = Path(shutil.copy(database, Path(folder) / "dora.duckdb"))
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        with served(copy, Path(folder)) as address:
            for rows in (alone(browser, address), together(browser, address, copy)):
                for name, value, verdict in rows:
                    print(f"{name:<40} {value:>12}  {verdict}", flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEMO)
