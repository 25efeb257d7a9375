"""The simulated organisation as an installation: repositories on disk, Gate over HTTP, and the settings for both."""

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
# Marks a folder as a demo that may be replaced, older ones included: it must stay.
MARK = "# A simulated organisation;"
TITLE = f"{MARK} every `dora demo` replaces this folder."


@contextmanager
def organisation(
    folder: Path, *, seed: int, scale: float, end: datetime, report: Callable[[str], None]
) -> Iterator[Path]:
    """Simulate into a folder and serve it while the block runs; gives the path of its settings file.

    Raises ``UsageError`` if the folder has contents that no earlier demo simulated.
    """
    _clear_folder(folder)
    report(f"simulating 12 months of an organisation up to {end:%Y-%m-%d} …")
    # A process of its own, as for a real Gate: in a thread, server and reader would compete for the interpreter's lock.
    context = get_context("spawn")
    pipe, host_pipe = context.Pipe()
    host = context.Process(target=_host_gate, args=(folder, seed, scale, end, host_pipe), daemon=True)
    host.start()
    # Only the host may hold its end: else ``recv`` would wait for ever if the host fails.
    host_pipe.close()
    try:
        report(pipe.recv())
        yield folder / SETTINGS
    except EOFError:
        raise DoraError("The simulated organisation could not be served; its error is above.") from None
    finally:
        pipe.close()
        host.join(timeout=5)


def _host_gate(folder: Path, seed: int, scale: float, end: datetime, pipe: Connection) -> None:
    """Serve until the other end of the pipe is closed."""
    simulated = simulate(folder, seed=seed, end=end, scale=scale)
    with serve(Gate(simulated.world)) as gate, suppress(EOFError):
        (folder / SETTINGS).write_text(settings_text(simulated, gate.url))
        pipe.send(f"Gate answers at {gate.url}: {len(simulated.world.executions):,} executions")
        pipe.recv()


def _clear_folder(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        settings = folder / SETTINGS
        if not (settings.exists() and settings.read_text().startswith(MARK)):
            raise UsageError(f"{folder} has contents that are not a demo; nothing was changed.", "name another folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def settings_text(simulated: Organisation, gate: str) -> str:
    """The dora.toml for a simulated organisation whose Gate is served at a URL."""
    repositories = [
        {"name": name, "url": str(path.resolve()), "trunk": "main", "paths": True}
        for name, path in sorted(simulated.repositories.items())
    ]
    files = (simulated.incidents, simulated.events, simulated.change_requests)
    tables: dict[str, Mapping[str, Any]] = {
        # No rate limit: this Gate has one reader.
        "sources.spinnaker": {"endpoint": gate, "deck": "https://spinnaker.acme.example", "requests_per_10s": 0},
        "sources.git": {"repositories": repositories},
        "sources.files": {"paths": [str(path.resolve()) for path in files]},
        "definitions": simulated.settings["definitions"],
        "teams": simulated.settings["teams"],
        "goals": simulated.settings["goals"],
    }
    lines = [TITLE, 'data = "."', ""]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items()), ""]
    for override in simulated.settings["applications"]:
        lines += ["[[applications]]", *(f"{key} = {_toml(value)}" for key, value in override.items()), ""]
    return "\n".join(lines)


# A dozen lines instead of a dependency: the standard library reads TOML and does not write it.
def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    # A JSON string, number or boolean is a TOML one.
    return json.dumps(value)
