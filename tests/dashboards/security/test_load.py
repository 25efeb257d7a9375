"""Forty viewers at once, each over all time: every page arrives whole, in bounded memory."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from tests.dashboards.conftest import SERVER, free_port, run_server
from tests.dashboards.server.viewer import Viewer

SESSIONS = 40
MAX_MEMORY = 1_500 << 20  # bytes of the server
PAGES = ("", "flow", "stability", "canary", "audit", "data")


def test_s13_forty_sessions_are_served_in_bounded_memory(organisation: Path, tmp_path: Path) -> None:
    """Each viewer gets its page, and the server ends well below the memory of a small machine."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(SERVER), "--server.port", str(port)]
    address = f"http://127.0.0.1:{port}"

    def view(number: int) -> int:
        return len(Viewer(address).read_page(PAGES[number % len(PAGES)], "window=all"))

    with run_server(command, f"{address}/_stcore/health", tmp_path, DORA_DATABASE=str(organisation)):
        with ThreadPoolExecutor(SESSIONS) as viewers:
            sizes = list(viewers.map(view, range(SESSIONS)))
        children = psutil.Process().children(recursive=True)
        servers = [child for child in children if str(SERVER) in " ".join(child.cmdline())]
        memory = max(server.memory_info().rss for server in servers)
    assert min(sizes) > 5_000
    assert memory < MAX_MEMORY, f"{memory >> 20} MB"


def test_s13_a_page_over_its_memory_ends_with_a_message(organisation: Path, tmp_path: Path) -> None:
    """The viewer reads what happened; no word of an exception."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(SERVER), "--server.port", str(port)]
    address = f"http://127.0.0.1:{port}"
    limits = {"DORA_DATABASE": str(organisation), "DORA_MEMORY": "2MB"}
    with run_server(command, f"{address}/_stcore/health", tmp_path, **limits):
        page = Viewer(address).read_page("", "window=all")
    assert b"This page can not be shown" in page
    assert b"emory" in page
    assert b"Traceback" not in page
