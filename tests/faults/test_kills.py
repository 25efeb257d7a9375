"""A run that is killed loses, doubles and tears nothing: a sample of what ``make faults`` kills at every call."""

from __future__ import annotations

import os

import pytest

from tests.faults.injector import Fault
from tests.faults.kills import kill
from tests.faults.scenarios import Scenario, sample

# How many kills of each scenario; $KILLS is another number, for `make mutate`.
SAMPLES = {
    "first spinnaker": 3,
    "first git": 2,
    "first files": 2,
    "night spinnaker": 2,
    "night git": 2,
    "night files": 2,
    "migration": 2,
    "heal": 1,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_killed_run_is_made_whole_by_the_next_one(name: str, scenarios: dict[str, Scenario]) -> None:
    """Killed at any call that writes, before it or in the middle of it: the next run ends as if it had not been."""
    count = int(os.environ.get("KILLS", SAMPLES[name]))
    points = [kill(scenarios[name], fault) for fault in sample(scenarios[name].faults(), count)]
    assert not [str(point) for point in points if point.damages]
    assert sum(point.fired for point in points) >= len(points) / 2  # the last calls of a run vary a little


def test_the_clean_run_can_be_repeated(scenarios: dict[str, Scenario]) -> None:
    """Without a fault all rows are equal too, which makes the comparison worth something."""
    point = kill(scenarios["night spinnaker"], Fault())
    assert not point.fired
    assert not point.damages


def test_a_build_is_published_by_its_rename(scenarios: dict[str, Scenario]) -> None:
    """Killed at it a build has changed nothing, killed at the next call it is there; the next one is whole."""
    build = scenarios["build"]
    (rename,) = build.clean.outcome.renames
    for at, published in ((rename, build.earlier_build), (rename + 1, build.clean.build)):
        point = kill(build, Fault("kill", at), published)
        assert point.fired
        assert not point.damages
