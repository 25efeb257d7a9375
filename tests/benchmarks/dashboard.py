"""How fast the dashboard is for one user, how much it sends, and whether twenty users notice a nightly run.

Run: ``python -m tests.benchmarks.dashboard [DATABASE]``, by default of the simulated organisation in data/demo, whose
landing.duckdb is beside it. A real server, a real Chromium. The first table is measured from the request to the frame
with its first row, by the clock of the page, on a server that has just started and on one that has served the page
before; the complete page until nothing runs; a filter from the click to the new numbers under the title. The baseline
is a Streamlit page with only one table, measured alternately; the processor time of the page is independent of other
load on the machine, unlike the wait. Then twenty windows change pages and filters while ``dora nightly`` runs again and
again over a copy of the facts, and replaces the build each time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from playwright.sync_api import sync_playwright

from tests.dashboards.conftest import CHROMIUM, SERVER, serve_dashboard

DEMO = Path("data/demo/dora.duckdb")
PAGES = {"Overview": "", "Flow": "flow", "Stability": "stability", "Canary": "canary", "Audit": "audit", "Data": "data"}
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CELL = "[data-testid=stDataFrame] canvas, .scorecard td"
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
CAPTION = "[data-testid=stCaptionContainer]"
VIEWERS, ROUNDS, NIGHTS, MOST = 20, 3, 2, 30
WATCH = """([caption, words]) => {
  const rendered = () => [...document.querySelectorAll(caption)].some(node => node.innerText.includes(words))
  window.sawAt = null
  document.addEventListener('click', () => { window.clickedAt = performance.now() }, {once: true, capture: true})
  new MutationObserver((_, self) => { if (rendered()) { window.sawAt = performance.now(); self.disconnect() } })
    .observe(document.body, {subtree: true, childList: true, characterData: true})
}"""
PAINTED = """selector => {
  const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => { window.tableAt = performance.now() }))
  new MutationObserver((_, self) => { if (document.querySelector(selector)) { self.disconnect(); painted() } })
    .observe(document, {subtree: true, childList: true})
}"""
LIMITS = {"fresh": 3.0, "warm": 2.0, "filter": 0.3, "bytes": 200_000}
FLOOR = """
import pandas as pd
import streamlit as st

st.set_page_config(layout="wide")
st.dataframe(pd.DataFrame({"number": range(200), "word": ["row"] * 200}))
"""
NIGHTLY = """
data = "{folder}"
[sources.files]
paths = ["{folder}/deployments.csv"]
[definitions]
production_accounts = ["prod-*"]
"""
LATEST = "id,application,environment,status,started_at,finished_at\n"


class Opening(NamedTuple):
    """Seconds until the first table, until the whole page, and of the browser's processor until the first table."""

    table: float
    total: float
    processor: float


class Window:
    """One person's browser window; counts what it asks for and what it is sent."""

    def __init__(self, browser: Any, address: str) -> None:
        # The policy of the page refuses the expressions that this file waits for.
        self.page = browser.new_context(viewport={"width": 1440, "height": 1000}, bypass_csp=True).new_page()
        self.page.set_default_timeout(600_000)
        self.page.add_init_script(f"({PAINTED})('{CELL}')")
        self.address, self.received, self.urls, self.errors = address, 0, [], []
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._frame))
        self.page.on("request", lambda request: self.urls.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _frame(self, payload: Any) -> None:
        self.received += len(payload)

    def open(self, path: str = "") -> Opening:
        """Open a page and wait for the first row of its first table, then for all of it."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        began = time.perf_counter()
        self.page.goto(f"{self.address}/{path}", wait_until="commit")
        self.page.wait_for_function("window.tableAt")
        table = self.page.evaluate("window.tableAt") / 1000
        spent = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
        self.page.wait_for_selector(IDLE)
        total = time.perf_counter() - began
        return Opening(table, total, spent["TaskDuration"])

    def close(self) -> None:
        """Close it."""
        self.page.context.close()

    def filter(self, window: str) -> float:
        """Seconds from choosing a window to its numbers."""
        words = {"30d": "last 30 days", "14d": "last 14 days", "90d": "last 90 days"}[window]
        self.page.evaluate(WATCH, [CAPTION, words])
        self.page.get_by_role("radio", name=window).click()
        self.page.wait_for_function("window.sawAt")
        took = self.page.evaluate("window.sawAt - window.clickedAt")
        self.page.wait_for_selector(IDLE)
        return float(took) / 1000

    def list_errors(self) -> list[str]:
        """Errors of the page, and any that it shows."""
        return (
            self.errors
            + self.page.locator("[data-testid=stException], [data-testid=stAlertContentError]").all_inner_texts()
        )


def measure_single_user(browser: Any, address: str, floor: str) -> Iterator[tuple[str, str, str]]:
    """What one person waits for, page by page."""
    fresh = Window(browser, address).open()
    yield "first table on a fresh server", f"{fresh.table:.2f} s", compare_with_limit(fresh.table, LIMITS["fresh"], "s")
    Window(browser, floor).open()
    for title, path in PAGES.items():
        yield from measure_warm_pages(browser, address, floor, title, path)
    window = Window(browser, address)
    window.open()
    first = [window.filter(name) for name in ("30d", "14d")]
    again = [window.filter(name) for name in ("90d", "30d", "14d", "90d")]
    for when, seconds in (("first time", median(first)), ("repeated", median(again))):
        yield (
            f"filter to new text, {when}",
            f"{1000 * seconds:.0f} ms",
            compare_with_limit(seconds, LIMITS["filter"], "s"),
        )
    own = (address, "data:", "blob:", address.replace("http", "ws"))
    out = [url for url in window.urls if not url.startswith(own)]
    yield "requests to other hosts", f"{len(out)} of {len(window.urls)}", compare_with_limit(len(out), 0, "")


def measure_warm_pages(browser: Any, address: str, floor: str, title: str, path: str) -> Iterator[tuple[str, str, str]]:
    """One page on a server that has served it, alternating with the baseline; with the best of each and the median."""
    Window(browser, address).open(path)
    ours: list[Opening] = []
    baseline: list[Opening] = []
    sent = {}
    for _ in range(ROUNDS):
        for openings, where, page in ((ours, address, path), (baseline, floor, "")):
            window = Window(browser, where)
            openings.append(window.open(page))
            sent[where] = window.received
            window.close()
    table, lowest = median(opening.table for opening in ours), median(opening.table for opening in baseline)
    best = f"best {min(o.table for o in ours):.2f}, floor {lowest:.2f}, best {min(o.table for o in baseline):.2f}"
    yield f"{title}: first table, warm", f"{table:.2f} s", f"{compare_with_limit(table, LIMITS['warm'], 's')} ({best})"
    yield f"{title}: complete page, warm", f"{median(opening.total for opening in ours):.2f} s", ""
    spent, floored = (min(opening.processor for opening in openings) for openings in (ours, baseline))
    yield f"{title}: browser's processor to the table", f"{spent:.2f} s", f"floor {floored:.2f}"
    yield (
        f"{title}: data of a view",
        f"{sent[address] / 1000:,.0f} kB",
        compare_with_limit(sent[address], LIMITS["bytes"], "B"),
    )


def compare_with_limit(value: float, limit: float, unit: str) -> str:
    return f"{'within' if value <= limit else 'OVER'} {limit:g} {unit}".strip()


@contextmanager
def run_nightly(folder: Path) -> Iterator[list[float]]:
    """Runs ``dora nightly`` over a folder until the block ends; how long each took that put a new build in place."""
    runs: list[float] = []
    build, over = folder / "dora.duckdb", threading.Event()
    (folder / "dora.toml").write_text(NIGHTLY.format(folder=folder))
    command = [sys.executable, "-m", "dora", "nightly", "--config", str(folder / "dora.toml")]

    def run() -> None:
        while not over.is_set():
            now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
            (folder / "deployments.csv").write_text(f"{LATEST}n{len(runs)},ledger,prod-eu,succeeded,{now},{now}\n")
            began, before = time.perf_counter(), build.stat().st_mtime_ns
            subprocess.run(command, check=True, capture_output=True)
            if build.stat().st_mtime_ns != before:
                runs.append(time.perf_counter() - began)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield runs
    finally:
        over.set()
        thread.join()


def together(browser: Any, address: str, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Twenty people who go from page to page while the build is swapped under them."""
    windows = [Window(browser, address) for _ in range(VIEWERS)]
    waits: list[float] = []
    with run_nightly(folder) as runs:
        turn = 0
        while turn < ROUNDS or (len(runs) < NIGHTS and turn < MOST):
            waits += _turn(windows, address, turn)
            turn += 1
    for window in windows:
        window.page.get_by_role("radio", name="90d").click()
        window.page.wait_for_selector(IDLE)
    wrong = [message for window in windows for message in window.list_errors()]
    yield f"views by {VIEWERS} windows at once", f"{2 * VIEWERS * turn}", f"in {turn} turns"
    yield "dora nightly meanwhile", f"{len(runs)} swaps", f"{median(runs or [0.0]):.0f} s each run"
    yield "first table, all twenty asking at once", f"{median(waits):.1f} s", f"the slowest {max(waits):.1f} s"
    yield (
        "errors shown or thrown",
        f"{len(wrong)}",
        compare_with_limit(len(wrong), 0, "") + (f": {wrong[0][:90]}" if wrong else ""),
    )


def _turn(windows: list[Window], address: str, turn: int) -> list[float]:
    """Each opens the next page, and when all have their table, filters; how long each waited for that."""
    began = time.perf_counter()
    for number, window in enumerate(windows):
        window.page.goto(f"{address}/{list(PAGES.values())[(number + turn) % len(PAGES)]}", wait_until="commit")
    waits = []
    for window in windows:
        window.page.wait_for_selector(CELL)
        waits.append(time.perf_counter() - began)
    for window in windows:
        window.page.get_by_role("radio", name=["30d", "14d"][turn % 2]).click()
    for window in windows:
        window.page.wait_for_selector(IDLE)
    return waits


def main(database: Path) -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        for file in (database, database.with_name("landing.duckdb")):
            shutil.copy(file, folder / file.name)
        (folder / "floor.py").write_text(FLOOR)
        shutil.copytree(SERVER.with_name(".streamlit"), folder / ".streamlit")
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        with (
            serve_dashboard(folder / "dora.duckdb", folder, folder / "floor.py") as floor,
            serve_dashboard(folder / "dora.duckdb", folder) as address,
        ):
            for rows in (measure_single_user(browser, address, floor), together(browser, address, folder)):
                for title, value, verdict in rows:
                    print(f"{title:<46} {value:>10}  {verdict}", flush=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEMO)
