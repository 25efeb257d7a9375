"""The ten minutes of a new user: from the wheel to numbers, against the double of Gate and a world it does not know.

``python -m tests.first_day`` builds the wheel, installs it for ``--python`` into an environment of its own, and in an
empty folder runs `dora init`, `dora nightly` and `dora show` as a person types them. It prints each command with its
output and seconds, and fails unless the build has every deployment, change and failure of that world, and no other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.simulation.expected import Truth
from tests.simulation.gate import serve
from tests.simulation.other_world import OtherWorld, make_other_world

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "spk_first_day"
BASELINE = "shipped before the first recorded deployment"
FORGETS = timedelta(days=14)  # operations from the UI


class Terminal:
    """Commands in one folder, each printed with what it prints and how long it takes."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder, self.seconds = folder, 0.0
        self.environment = {name: value for name, value in os.environ.items() if name != "DORA_CONFIG"} | environment

    def run(self, *words: str, code: int = 0, **environment: str) -> str:
        """Run a command and return its standard output; raises ``AssertionError`` for another exit code."""
        print(f"$ {' '.join(words)}", flush=True)
        start = time.monotonic()
        result = subprocess.run(
            words, cwd=self.folder, env={**self.environment, **environment}, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - start
        self.seconds += seconds
        print(f"{result.stdout}{result.stderr}({seconds:.1f} s)\n", flush=True)
        assert result.returncode == code, f"{words} ended with {result.returncode}"
        return result.stdout


def install(python: str, folder: Path) -> Path:
    """Build the wheel, install it with its pinned dependencies for an interpreter, and return the command `dora`."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)], check=True
    )
    (wheel,) = folder.glob("*.whl")
    subprocess.run([python, "-m", "venv", str(folder / "venv")], check=True)
    bin_folder = folder / "venv" / "bin"
    own_pip = [str(bin_folder / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    requirements = str(ROOT / "deploy" / "requirements.txt")
    subprocess.run([*own_pip, "--require-hashes", "--no-deps", "-r", requirements], check=True)
    subprocess.run([*own_pip, "--no-deps", str(wheel)], check=True)
    return bin_folder / "dora"


def walk(dora: list[str], folder: Path, world: OtherWorld) -> Terminal:
    """Do what a new user does, in an empty folder; the last command shows numbers."""
    terminal = Terminal(folder, COLUMNS="80")
    incidents = folder / "incidents.csv"
    incidents.write_bytes(world.organisation.incidents.read_bytes())
    with serve(world.organisation.world, auth=TOKEN) as gate:
        init = [*dora, "init", "--endpoint", gate.url, "--repositories", str(world.repositories.parent)]
        terminal.run(*dora, "--version")
        terminal.run(*dora, "show", code=2)
        terminal.run(*init, "--yes", code=4)
        terminal.environment["DORA_GATE_TOKEN"] = TOKEN
        terminal.run(*init, "--yes")
        terminal.run("cat", "dora.toml")
        terminal.run(*dora, "ingest", "files", "incidents.csv")
        terminal.run(*dora, "nightly")
        terminal.run(*dora, "show")
        terminal.run(*init)
    return terminal


def compare(terminal: Terminal, dora: list[str], truth: Truth) -> None:
    """Raise ``AssertionError`` unless what the commands print is the truth: deployments, changes, failures."""

    def rows(*words: str) -> list[dict[str, object]]:
        result = subprocess.run(
            [*dora, *words, "--json"], cwd=terminal.folder, env=terminal.environment, capture_output=True, check=True
        )
        parsed: list[dict[str, object]] = json.loads(result.stdout)
        return parsed

    served = [d for d in truth.deployments if d.outcome in ("succeeded", "failed")]
    counted = sorted(
        (d.application, d.root_id)
        for d in served
        if d.outcome == "succeeded" and d.kind in ("release", "hotfix", "config", "promotion")
    )
    listed = [row for row in rows("explain", "deployment_frequency") if row["excluded"] is None]
    assert sorted((str(row["application"]), root(row)) for row in listed) == counted
    failed = rows("explain", "change_failure_rate", "--failed")
    assert {(str(row["application"]), root(row)) for row in failed} == set(truth.failures)
    changes = rows("changes")
    shipped = {(r["application"], r["repository"], r["sha"], root(r)) for r in changes if r["deployment_id"]}
    # The first recorded deployment ships what was there before: its content, which the truth does not list.
    before = {(r["application"], r["repository"], r["sha"], root(r)) for r in changes if r["state"] == BASELINE}
    assert truth.shipped <= shipped <= truth.shipped | before
    awaiting = {(r["application"], r["repository"], r["sha"]) for r in changes if r["state"] == "open"}
    assert awaiting == truth.open_changes
    values = {str(row["metric"]): row for row in rows("show")}
    assert values["deployment_frequency"]["n"] == len(counted)
    print(
        f"equal to the truth: {len(counted)} deployments, {len(failed)} failures, {len(truth.shipped)} changes shipped"
    )


def root(row: dict[str, object]) -> str:
    """Return the execution of a deployment by its id, application/execution@source."""
    return str(row.get("deployment_id") or row["deployment"]).rpartition("@")[0].rpartition("/")[2]


def main() -> None:
    """Install, walk and compare; print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter that the wheel is installed for")
    python = parser.parse_args().python
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = make_other_world(folder / "world", end=today, ui_operations_since=today - FORGETS)
        start = time.monotonic()
        dora = [str(install(python, folder))]
        installed = time.monotonic() - start
        (folder / "day").mkdir()
        terminal = walk(dora, folder / "day", world)
        compare(terminal, dora, world.truth)
    print(f"{python}: installed in {installed:.0f} s, from an empty folder to numbers in {terminal.seconds:.0f} s")


if __name__ == "__main__":
    main()
