"""The dashboard as a process: Streamlit on the pages that are packed with us."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from dora.config.dashboard import COOKIE, LOGIN, SECRET, DashboardSettings, login_environment
from dora.errors import DoraError
from dora.render import console


def serve(path: Path, port: int, address: str, where: DashboardSettings) -> None:
    """Become the server of a build's dashboard. Raises ``DoraError`` where the pages are not installed."""
    spec = find_spec("dashboards")
    if spec is None or not spec.submodule_search_locations:
        raise DoraError("The package dashboards is not installed.", "install delivery-metrics again.")
    page = Path(spec.submodule_search_locations[0]) / "server" / "run.py"
    told = login_environment(where)
    for name in (LOGIN, SECRET, COOKIE):
        os.environ.pop(name, None)
    os.environ |= told | {"DORA_DATABASE": str(path.resolve())}
    console.print_note(f"dashboard of {path} at {where.url or f'http://localhost:{port}'}")
    options = ["--server.address", address, "--server.port", str(port), "--server.baseUrlPath", where.path]
    options += ["--browser.serverAddress", where.host] if where.host else []
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(page), *options])  # noqa: S606
