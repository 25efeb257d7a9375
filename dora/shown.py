"""The dashboard as a process: Streamlit on the page that is packed with us."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from dora import output
from dora.errors import DoraError


def serve(path: Path, port: int, address: str) -> None:
    """Become the server of a build's dashboard. Raises ``DoraError`` where the pages are not installed."""
    spec = find_spec("dashboards")
    if spec is None or not spec.submodule_search_locations:
        raise DoraError("The package dashboards is not installed.", "install delivery-metrics again.")
    page = Path(spec.submodule_search_locations[0]) / "app.py"
    os.environ["DORA_DATABASE"] = str(path.resolve())
    output.note(f"dashboard of {path} at http://localhost:{port}")
    where = ["--server.address", address, "--server.port", str(port)]
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(page), *where])  # noqa: S606
