"""Power loss takes what was not synced: a sample of what ``make faults`` tries at every call."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.faults.clocks import DAY, Clocks
from tests.faults.injector import Clock
from tests.faults.power import list_states, lose_power, rebuild, record
from tests.faults.scenarios import Scenario, Stage, sample
from tests.faults.state import compare, read_landing

MONTH = "2026-11"
SAMPLES = {"first files": 1, "night git": 1, "build": 0, "migration": 1}


@pytest.mark.parametrize("name", SAMPLES)
def test_d12_after_power_loss_the_next_run_heals(name: str, scenarios: dict[str, Scenario]) -> None:
    """With only what was synced, or with some of the rest, the next run ends as if nothing had happened.

    What a run that has ended wrote is on disk.
    """
    points = list(lose_power(scenarios[name], lambda calls: sample(range(1, calls + 1), SAMPLES[name])))
    assert not [str(point) for point in points if point.damages]
    assert len(points) >= SAMPLES[name]


def test_d12_a_backup_and_what_is_restored_are_on_disk(stage: Stage, tmp_path: Path) -> None:
    """When the command has ended, all that it says it copied is synced, with the names of its folders."""
    shutil.copytree(stage.today, tmp_path / "installation")
    backup = record(stage, tmp_path / "installation", "backup", "copy")
    assert backup.list_lost() == []
    shutil.rmtree(tmp_path / "installation" / "data")
    with stage.place(backup.after) as folder:
        shutil.copytree(folder / "copy", tmp_path / "installation" / "copy")
    assert record(stage, tmp_path / "installation", "restore", "copy").list_lost() == []


def test_d12_power_loss_while_payloads_are_compacted_loses_none(clocks: Clocks) -> None:
    """Before and after each call, a replay of the payloads gives what it gave before."""
    stage, clock = clocks.stage, Clock(clocks.right + 40 * DAY)
    recording = record(stage, clocks.yesterday, "nightly", clock=clock)
    real = [call for call in recording.calls if call.is_real]
    compacting = [number for number, call in enumerate(real, 1) if Path(call.other or call.path).parent.name == MONTH]
    assert compacting
    points = range(compacting[0], len(real) + 1)
    chosen = points if os.environ.get("EVERY") else sample(points, 2)
    for state in list_states(recording, lambda _: chosen):
        assert not state.lost
        with stage.place(state.files) as folder:
            rebuild(folder)
            assert compare(read_landing(folder / "data"), clocks.clean.landing) == {}, state.place
