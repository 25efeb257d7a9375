"""A disk that is full, out of quota or broken from one call on: said in our words, and the next run heals."""

from __future__ import annotations

from pathlib import Path

from tests.faults.injector import Fault, Outcome
from tests.faults.kills import Point, check_build, describe, repeat
from tests.faults.scenarios import Scenario
from tests.faults.state import compare, read_build, read_landing

PARTIAL = 3  # exit code
DISKS = (("fill", "ENOSPC"), ("fill", "EDQUOT"), ("fail", "EIO"))


def disk_faults(scenario: Scenario) -> list[Fault]:
    """Return a full disk, a used-up quota and a broken disk at each call of the clean run."""
    calls = range(1, scenario.clean.outcome.calls + 1)
    return [Fault(action, at, error) for at in calls for action, error in DISKS]


def fail(scenario: Scenario, fault: Fault) -> Point:
    """Fail a call of a run; the run is right or says what is wrong, and the next one heals."""
    with scenario.stage.copy(scenario.template) as folder:
        outcome = scenario.stage.injector.run(folder, *scenario.words, fault=fault)
        damages: dict[str, list[str]] = {}
        if outcome.fired:
            if outcome.code:
                damages |= check_words(outcome)
            else:
                damages |= compare(read_landing(folder / "data"), scenario.clean.landing)
            damages |= check_last_build(scenario, folder, outcome) | repeat(scenario, folder)
        return Point(scenario.name, fault, outcome.fired, describe(outcome, folder), damages)


def check_last_build(scenario: Scenario, folder: Path, outcome: Outcome) -> dict[str, list[str]]:
    """Return what is wrong with dora.duckdb; a night that continues without a source builds what has landed."""
    damages = check_build(scenario, folder)
    if not damages or outcome.code != PARTIAL:
        return damages
    published = read_build(folder / "data") or {}
    scenario.stage.injector.run(folder, "build")
    return compare(published, read_build(folder / "data") or {})


def check_words(outcome: Outcome) -> dict[str, list[str]]:
    """Return what is wrong with the words of a command that failed: they say what happened and what is next."""
    if "Traceback" in outcome.err or outcome.code not in (1, 2, 3, 5, 75):
        return {"traceback": [f"exit code {outcome.code}: {outcome.err}"]}
    return {} if " Next: " in outcome.err else {"no next step": [outcome.err]}
