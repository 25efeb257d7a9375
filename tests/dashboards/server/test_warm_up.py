"""The server is its own first viewer: what a first page asks is known before anybody comes, and again after a swap."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import requests

from dashboards.server import warm_up
from tests.dashboards.conftest import served


def asked(server: str, cache: str) -> int:
    """How often the server had to ask the build for something, by its own count."""
    told = requests.get(f"{server}/_stcore/metrics", timeout=60).text
    found = re.search(rf'lookups_total\{{cache="dashboards\.queries\.cache\.{cache}",.*?result="miss"\}} (\d+)', told)
    return int(found[1]) if found else 0


def test_the_first_page_is_known_before_anybody_comes(organisation: Path, short: Path, tmp_path: Path) -> None:
    """Every number of the overview has been asked once; another build is visited soon after it takes its place."""
    shown = Path(shutil.copy(organisation, tmp_path / "dora.duckdb"))
    with served(shown, tmp_path) as server:
        assert asked(server, "values") > 20
        assert asked(server, "list_deployments") == asked(server, "about") == 1
        Path(shutil.copy(short, tmp_path / "next.duckdb")).replace(shown)
        until = time.monotonic() + warm_up.EVERY + warm_up.MOST
        while asked(server, "list_deployments") < 2 and time.monotonic() < until:
            time.sleep(1)
        assert asked(server, "list_deployments") == asked(server, "about") == 2


def test_a_server_without_a_build_comes_up_and_says_what_to_run(tmp_path: Path) -> None:
    """There is nothing to visit, and that is no reason not to serve."""
    with served(tmp_path / "none.duckdb", tmp_path) as server:
        assert requests.get(f"{server}/_stcore/health", timeout=10).text == "ok"


def test_programs_are_not_served(server: str) -> None:
    """The way into a page for programs is shut."""
    got = requests.post(f"{server}/_stcore/agent/interact", json={}, timeout=10)
    assert "does not serve" in got.text
