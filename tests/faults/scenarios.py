"""The runs in which a fault is put: first ingest, night, build, migration and the healing of a damaged landing."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeVar

import duckdb

from dora.storage.database import LANDING
from dora.storage.schema import CONTRACT
from tests.faults import disk
from tests.faults.injector import Fault, Injector, Outcome
from tests.faults.state import State, read_build, read_landing
from tests.faults.world import MovingWorld, serve_world

T = TypeVar("T")
SOURCES = ("spinnaker", "git", "files")


def sample(faults: Sequence[T], count: int) -> list[T]:
    """Return as many faults, evenly spread."""
    step = max(len(faults) / max(count, 1), 1)
    return [faults[int(step * (number + 0.5))] for number in range(min(count, len(faults)))]


class Clean(NamedTuple):
    """What a run without a fault does, and leaves."""

    outcome: Outcome
    landing: State
    build: State | None


@dataclass
class Scenario:
    """One command on a copy of one folder."""

    name: str
    words: tuple[str, ...]
    template: Path
    stage: Stage

    @cached_property
    def clean(self) -> Clean:
        """The run without a fault; it is run once."""
        with self.stage.copy(self.template) as folder:
            outcome = self.stage.injector.run(folder, *self.words)
            assert outcome.code == 0, outcome.err
            return Clean(outcome, read_landing(folder / "data"), read_build(folder / "data"))

    @cached_property
    def earlier_build(self) -> State | None:
        """The build that people see before the run."""
        return read_build(self.template / "data")

    def faults(self) -> list[Fault]:
        """Return a kill before each call of the clean run, and one in the middle of each call that writes data."""
        kills = [Fault("kill", at) for at in range(1, self.clean.outcome.calls + 1)]
        return kills + [Fault("tear", at) for at in self.clean.outcome.data]


class Stage:
    """A world that stands at today, and the folders from which runs begin, each made once by real runs."""

    def __init__(self, folder: Path, world: MovingWorld, injector: Injector) -> None:
        self.folder, self.world, self.injector = folder, world, injector
        self._copies = 0

    @contextlib.contextmanager
    def copy(self, template: Path) -> Iterator[Path]:
        """Yield a copy of a folder, which is removed at the end of the block."""
        self._copies += 1
        copy = self.folder / f"run{self._copies}"
        shutil.copytree(template, copy)
        try:
            yield copy
        finally:
            shutil.rmtree(copy)

    @contextlib.contextmanager
    def place(self, files: disk.Files) -> Iterator[Path]:
        """Yield a folder of these files, which is removed at the end of the block."""
        self._copies += 1
        folder = self.folder / f"run{self._copies}"
        disk.write(files, folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def scenarios(self) -> dict[str, Scenario]:
        """Return every scenario by its name."""
        first = [(f"first {name}", ("ingest", name), self.empty) for name in SOURCES]
        later = [(f"night {name}", ("ingest", name), self.yesterday) for name in SOURCES]
        others = [
            ("build", ("build",), self.today),
            ("nightly", ("nightly",), self.yesterday),
            ("migration", ("ingest", "files"), self.older),
            ("heal", ("ingest", "files"), self.damaged),
        ]
        return {name: Scenario(name, words, template, self) for name, words, template in first + later + others}

    @cached_property
    def empty(self) -> Path:
        """Settings, and no data."""
        folder = self.folder / "empty"
        folder.mkdir()
        (folder / "dora.toml").write_text(self.world.settings())
        return folder

    @cached_property
    def yesterday(self) -> Path:
        """Everything up to yesterday, ingested and built."""
        self.world.move(to_today=False)
        folder = self._make("yesterday", self.empty, *(("ingest", name) for name in SOURCES), ("build",))
        self.world.move(to_today=True)
        return folder

    @cached_property
    def today(self) -> Path:
        """Everything up to today, of which only yesterday is built."""
        return self._make("today", self.yesterday, *(("ingest", name) for name in SOURCES))

    @cached_property
    def older(self) -> Path:
        """A landing of an older contract."""
        folder = self._make("older", self.today)
        with duckdb.connect(str(folder / "data" / LANDING)) as con:
            con.execute("UPDATE contract SET version = ?", [CONTRACT - 1])
        return folder

    @cached_property
    def damaged(self) -> Path:
        """A landing that lost its second half."""
        folder = self._make("damaged", self.today)
        landing = folder / "data" / LANDING
        landing.write_bytes(landing.read_bytes()[: landing.stat().st_size // 2])
        return folder

    def _make(self, name: str, template: Path, *commands: tuple[str, ...]) -> Path:
        folder = self.folder / name
        shutil.copytree(template, folder)
        for words in commands:
            outcome = self.injector.run(folder, *words)
            assert outcome.code == 0, outcome.err
        return folder


@contextlib.contextmanager
def set_stage(folder: Path, source: Path | None = None) -> Iterator[Stage]:
    """Serve a small world and yield a stage on it; ``source`` is the code that runs, if not this."""
    injector = Injector(folder / "injector", source)
    try:
        with serve_world(folder) as world:
            yield Stage(folder, world, injector)
    finally:
        injector.close()
