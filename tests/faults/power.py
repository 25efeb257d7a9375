"""Power is lost at one call of a run: the disk has what it may have then, the run is repeated and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from dora.config.settings import read as read_settings
from dora.storage.database import LANDING
from ingest.rebuild import rebuild_landing
from tests.faults import disk
from tests.faults.injector import Clock, Fault
from tests.faults.kills import Point, check_build, repeat
from tests.faults.scenarios import Scenario, Stage
from tests.faults.state import compare, read_landing

Choice = Callable[[int], Iterable[int]]  # from the number of calls of a run to the numbers of those that are tried
SEED = 20_261_129
# What a run does not promise to keep: it can be made again, or no command needs it. An old log of DuckDB is ignored.
_NOT_PROMISED = ("data/mirrors", "data/logs", f"data/{LANDING}.wal")


class State(NamedTuple):
    """What a disk may have before a call, or at the end of the run, and what it has not of what was promised."""

    number: int
    place: str  # the call, and "strict": only what was synced, or "mixed": some of the rest
    files: disk.Files
    lost: Sequence[str] = ()


def lose_power(scenario: Scenario, choose: Choice) -> Iterator[Point]:
    """Lose power at the chosen calls of a run; the same command then ends as if nothing had happened."""
    recording = record(scenario.stage, scenario.template, *scenario.words)
    for state in list_states(recording, choose):
        damages = {"not on disk": list(state.lost)} if state.lost else check(scenario, state.files)
        yield Point(scenario.name, Fault("power", state.number), fired=True, place=state.place, damages=damages)


class Recording(NamedTuple):
    """The calls of a run, and the disk as it was before the first of them."""

    before: disk.Disk
    calls: list[disk.Call]
    after: disk.Files

    def list_lost(self) -> list[str]:
        """Let all calls happen, and return the files that are not on disk then, and were promised to be."""
        for call in self.calls:
            self.before.happen(call)
        assert self.before.now() == self.after, "the journal lacks a call"
        left = self.before.lose_power()
        promised = {name: content for name, content in self.after.items() if not name.startswith(_NOT_PROMISED)}
        return [name for name, content in promised.items() if left.get(name, b"-") != content]


def record(stage: Stage, template: Path, *words: str, clock: Clock = Clock()) -> Recording:  # noqa: B008 - as in run
    """Run a command in a copy of a folder, and write its journal."""
    with stage.copy(template) as folder:
        before, journal = disk.Disk(folder), stage.folder / "journal"
        journal.unlink(missing_ok=True)
        outcome = stage.injector.run(folder, *words, clock=clock, journal=journal)
        assert outcome.code == 0, outcome.err
        return Recording(before, disk.read_journal(journal), disk.read(folder))


def list_states(recording: Recording, choose: Choice) -> Iterator[State]:
    """Yield the states of the disk before the chosen calls; the end of the run is the call after the last.

    A state of which only the synced is left is not tried twice. The end comes always if something is not on disk then.
    """
    model, calls, after = recording
    number, count, tried = 0, sum(call.is_real for call in calls), set[int]()
    chosen = set(choose(count))
    for index, call in enumerate(calls):
        number += call.is_real
        if call.is_real and number in chosen:
            yield from _list_states(model, number, f"{call.kind} {Path(call.other or call.path).name}", tried)
        if index < len(calls) - 1:
            model.happen(call)
    if lost := Recording(model, calls[-1:], after).list_lost():
        yield State(count + 1, "end, strict", model.lose_power(), lost)
    elif count + 1 in chosen:
        yield from _list_states(model, count + 1, "end", tried)


def _list_states(model: disk.Disk, number: int, place: str, tried: set[int]) -> Iterator[State]:
    strict = model.lose_power()
    if (state := hash(frozenset(strict.items()))) not in tried:
        tried.add(state)
        yield State(number, f"{place}, strict", strict)
    yield State(number, f"{place}, mixed", model.lose_power(Random(SEED + number)))


def check(scenario: Scenario, files: disk.Files) -> dict[str, list[str]]:
    """Return what is wrong with a folder of these files, after the next run, and with the payloads that it has then."""
    with scenario.stage.place(files) as folder:
        damages = check_build(scenario, folder) | repeat(scenario, folder)
        return damages or check_payloads(scenario, folder)


def check_payloads(scenario: Scenario, folder: Path) -> dict[str, list[str]]:
    """Return what a landing that is made again from the payloads has lost."""
    rebuild(folder)
    damages = compare(read_landing(folder / "data"), scenario.clean.landing)
    return {f"{damage} in payloads": tables for damage, tables in damages.items()}


def rebuild(folder: Path) -> None:
    """Make landing.duckdb again from the payloads."""
    (folder / "data" / LANDING).unlink()
    rebuild_landing(folder / "data", read_settings(folder / "dora.toml").sources)
