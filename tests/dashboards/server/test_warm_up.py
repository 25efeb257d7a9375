"""The server runs its first page before the first user opens it, and again after a swap of the build."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import requests

from dashboards.server import warm_up
from tests.dashboards.conftest import serve_dashboard

SERVER_WITH_METRICS = Path(__file__).with_name("open_server.py")


def count_misses(server: str, function: str) -> int:
    """Return how often a cached function had to query the build, by the server's own metrics."""
    metrics = requests.get(f"{server}/_stcore/metrics", timeout=60).text
    match = re.search(
        rf'lookups_total\{{cache="dashboards\.queries\.\w+\.{function}",.*?result="miss"\}} (\d+)', metrics
    )
    return int(match[1]) if match else 0


def test_the_first_page_is_cached_before_the_first_user(organisation: Path, short: Path, tmp_path: Path) -> None:
    """Every number of the overview has been queried once; after a swap, soon once more."""
    path = Path(shutil.copy(organisation, tmp_path / "dora.duckdb"))
    with serve_dashboard(path, tmp_path, SERVER_WITH_METRICS) as server:
        assert count_misses(server, "values") > 20
        assert count_misses(server, "list_deployments") == count_misses(server, "about") == 1
        Path(shutil.copy(short, tmp_path / "next.duckdb")).replace(path)
        deadline = time.monotonic() + warm_up.CHECK_INTERVAL + warm_up.VISIT_TIMEOUT
        while count_misses(server, "list_deployments") < 2 and time.monotonic() < deadline:
            time.sleep(1)
        assert count_misses(server, "list_deployments") == count_misses(server, "about") == 2


def test_a_server_without_a_build_starts(tmp_path: Path) -> None:
    """There is no page to visit, and the server is healthy."""
    with serve_dashboard(tmp_path / "none.duckdb", tmp_path) as server:
        assert requests.get(f"{server}/_stcore/health", timeout=10).text == "ok"
