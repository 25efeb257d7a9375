"""Kill a run at one call, run it again, and compare with the run that was never killed."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dora.storage.database import LANDING, PUBLISHED
from tests.faults.injector import Fault, Outcome
from tests.faults.scenarios import Scenario
from tests.faults.state import State, compare, read_build, read_landing


class Point(NamedTuple):
    """One fault in one scenario: where it ``fired``, and what is wrong after it, by kind of damage."""

    scenario: str
    fault: Fault
    fired: bool
    place: str
    damages: dict[str, list[str]]

    def __str__(self) -> str:
        return f"{self.scenario}: {self.fault.action} at {self.fault.at} ({self.place}): {self.damages}"


def kill(scenario: Scenario, fault: Fault, *builds: State | None) -> Point:
    """Kill a run; the same command then ends as if nothing had happened.

    Meanwhile people see one of ``builds``, by default the one before the run or the one after it.
    """
    with scenario.stage.copy(scenario.template) as folder:
        outcome = scenario.stage.injector.run(folder, *scenario.words, fault=fault)
        damages: dict[str, list[str]] = {}
        if outcome.fired:
            if outcome.code != -9:
                damages["alive"] = [f"exit code {outcome.code}: {outcome.err}"]
            damages |= check_build(scenario, folder, *builds) | repeat(scenario, folder)
        return Point(scenario.name, fault, outcome.fired, describe(outcome, folder), damages)


def check_build(scenario: Scenario, folder: Path, *builds: State | None) -> dict[str, list[str]]:
    """Return what is wrong with dora.duckdb after a fault: it is one of these builds, or none is there."""
    expected = builds or (scenario.earlier_build, scenario.clean.build)
    try:
        build = read_build(folder / "data")
    except Exception as error:
        return {"unreadable build": [str(error)]}
    return {} if build in expected else {"another build": [f"{build}"]}


def repeat(scenario: Scenario, folder: Path) -> dict[str, list[str]]:
    """Run the command of a scenario again, and return what differs from a clean run."""
    outcome = scenario.stage.injector.run(folder, *scenario.words)
    if outcome.code != 0 or "Traceback" in outcome.err:
        return {"not healed": [f"exit code {outcome.code}: {outcome.err}"]}
    data, clean = folder / "data", scenario.clean
    damages = compare(read_landing(data), clean.landing)
    if clean.build:
        damages |= compare(read_build(data) or {}, clean.build)
    expected = {LANDING, PUBLISHED, "landing.lock", "payloads", "mirrors", "logs"}
    if left := sorted(path.name for path in data.iterdir() if path.name not in expected):
        damages["left behind"] = left
    return damages


def describe(outcome: Outcome, folder: Path) -> str:
    """Return the call of a fault and the file, below the data folder."""
    return f"{outcome.call} {outcome.path.removeprefix(f'{folder.resolve()}/')}"
