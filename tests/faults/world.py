"""A small installation that moves: a month of an organisation as Gate, git and a file serve it, yesterday and today."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ingest.simulation.gate.server import Gate, serve
from ingest.simulation.organisation import Organisation, simulate

END = datetime(2026, 11, 20, tzinfo=UTC)
NIGHT = 3 * 86_400_000
REPOSITORY = "acme/checkout"


class MovingWorld:
    """One organisation, whose clock, trunk and incidents stand at yesterday or at today."""

    def __init__(self, organisation: Organisation, gate: Gate) -> None:
        self.organisation, self.gate = organisation, gate
        self.today = organisation.world.now
        self.repository = organisation.repositories[REPOSITORY]
        self.head = _git(self.repository, "rev-parse", "main")
        self.incidents = organisation.incidents.read_text()

    def move(self, *, to_today: bool) -> None:
        """Turn the clock; executions, commits and incidents follow."""
        now = self.today if to_today else self.today - NIGHT
        self.organisation.world.now = now
        _git(self.repository, "update-ref", "refs/heads/main", self.head if to_today else f"{self.head}~3")
        lines = self.incidents.splitlines(keepends=True)
        self.organisation.incidents.write_text("".join(lines if to_today else lines[:-2]))

    def settings(self) -> str:
        """The dora.toml of an installation; its data lies in ``data`` beside it."""
        return (
            'data = "data"\n'
            f'[sources.spinnaker]\nendpoint = "{self.gate.url}"\nrequests_per_10s = 0\n'
            f'[sources.git]\nrepositories = [{{ name = "{REPOSITORY}", url = "{self.repository}", trunk = "main" }}]\n'
            f'[sources.files]\npaths = ["{self.organisation.incidents}"]\n'
            '[definitions]\nproduction_accounts = ["prod-*"]\n'
        )


@contextlib.contextmanager
def serve_world(folder: Path) -> Iterator[MovingWorld]:
    """Simulate into a folder and serve it until the block ends; the clock stands at today."""
    (folder / "organisation").mkdir()
    organisation = simulate(folder / "organisation", end=END, months=1, scale=0.01)
    with serve(Gate(organisation.world)) as gate:
        yield MovingWorld(organisation, gate)


def _git(path: Path, *words: str) -> str:
    run = subprocess.run(["git", f"--git-dir={path}", *words], check=True, capture_output=True, text=True)
    return run.stdout.strip()
