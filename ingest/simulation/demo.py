"""The simulated organisation as a running installation: repositories on disk, Gate over HTTP, settings to read both."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from dora.errors import DoraError, UsageError
from ingest.simulation.gate.server import Gate, serve
from ingest.simulation.organisation import Organisation, simulate

SETTINGS = "dora.toml"
TITLE = "# A simulated organisation; this folder is made anew by every `dora demo`."


@contextmanager
def organisation(
    folder: Path, *, seed: int, scale: float, end: datetime, report: Callable[[str], None]
) -> Iterator[Path]:
    """Simulate into a folder and serve it while the block runs; gives the settings file that reads it.

    Gate runs in a process of its own, as a real one does, so that reader and server do not share a lock.
    Raises ``UsageError`` where the folder holds anything that an earlier demo did not make.
    """
    _emptied(folder)
    report(f"simulating 12 months of an organisation up to {end:%Y-%m-%d} …")
    near, far = get_context("spawn").Pipe()
    host = get_context("spawn").Process(target=_host, args=(folder, seed, scale, end, far), daemon=True)
    host.start()
    far.close()
    try:
        report(near.recv())
        yield folder / SETTINGS
    except EOFError:
        raise DoraError("The simulated organisation could not be served; see above.") from None
    finally:
        near.close()
        host.join(timeout=5)


def _host(folder: Path, seed: int, scale: float, end: datetime, pipe: Connection) -> None:
    """Serve until the other end of the pipe is closed."""
    made = simulate(folder, seed=seed, end=end, scale=scale)
    with serve(Gate(made.world)) as gate, suppress(EOFError):
        (folder / SETTINGS).write_text(settings_text(made, gate.url))
        pipe.send(f"Gate answers at {gate.url}: {len(made.world.executions):,} executions")
        pipe.recv()


def _emptied(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        settings = folder / SETTINGS
        if not (settings.exists() and settings.read_text().startswith(TITLE)):
            raise UsageError(f"{folder} holds something that is not a demo; nothing was touched.", "name another.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def settings_text(made: Organisation, gate: str) -> str:
    """The dora.toml that reads a simulated organisation whose Gate answers at a URL."""
    repositories = [
        {"name": name, "url": str(path.resolve()), "trunk": "main", "paths": True}
        for name, path in sorted(made.repositories.items())
    ]
    tables: dict[str, Mapping[str, Any]] = {
        "sources.spinnaker": {"endpoint": gate, "deck": "https://spinnaker.acme.example", "requests_per_10s": 0},
        "sources.git": {"repositories": repositories},
        "sources.files": {"paths": [str(made.incidents.resolve())]},
        "definitions": made.settings["definitions"],
        "teams": made.settings["teams"],
    }
    lines = [TITLE, 'data = "."', ""]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items()), ""]
    for override in made.settings["applications"]:
        lines += ["[[applications]]", *(f"{key} = {_toml(value)}" for key, value in override.items()), ""]
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value)
