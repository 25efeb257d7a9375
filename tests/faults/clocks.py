"""Nights on a machine whose clock jumps, between two runs or in the middle of one."""

from __future__ import annotations

import shutil
import time
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ingest.payloads.archive import archived_sources, is_compacted, list_archives
from tests.conftest import opened
from tests.faults.injector import Clock, Outcome
from tests.faults.power import rebuild
from tests.faults.scenarios import Stage
from tests.faults.state import State, read_build, read_landing

DAY = 86_400
ARCHIVE = '[archive]\nkeep = "20d"\n'


class Nights(NamedTuple):
    """What some nights left: rows, numbers, what the payloads give, the ids of loads in their order, and files."""

    outcomes: list[Outcome]
    landing: State
    build: State | None
    replayed: State
    loads: list[str]
    logs: int
    is_compacted: bool


class Clocks:
    """Nights of one world, each with its clock; the right one is that of the world."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.right = stage.world.today // 1000 - int(time.time())

    @cached_property
    def yesterday(self) -> Path:
        """A first night, with the right clock."""
        folder = self.stage.folder / "first night"
        shutil.copytree(self.stage.empty, folder)
        with (folder / "dora.toml").open("a") as settings:
            settings.write(ARCHIVE)
        self.stage.world.move(to_today=False)
        outcome = self.stage.injector.run(folder, "nightly", clock=Clock(self.right - 3 * DAY))
        self.stage.world.move(to_today=True)
        assert outcome.code == 0, outcome.err
        return folder

    @cached_property
    def clean(self) -> Nights:
        """Two more nights, with the right clock."""
        return self.run(Clock(self.right), Clock(self.right + 60))

    def run(self, *clocks: Clock) -> Nights:
        """Run nights after the first one."""
        with self.stage.copy(self.yesterday) as folder:
            outcomes = [self.stage.injector.run(folder, "nightly", clock=clock) for clock in clocks]
            data = folder / "data"
            landing, build, logs = read_landing(data), read_build(data), len(list((data / "logs").iterdir()))
            with opened(data / "landing.duckdb") as con:
                loads = [id_ for (id_,) in con.execute("SELECT load_id FROM load ORDER BY rowid").fetchall()]
            archives = [path for source in archived_sources(data) for path in list_archives(data, source)]
            rebuild(folder)
            compacted = any(map(is_compacted, archives))
            return Nights(outcomes, landing, build, read_landing(data), loads, logs, compacted)
