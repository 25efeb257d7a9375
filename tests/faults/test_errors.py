"""A full, used-up or broken disk: a sample of what ``make faults`` tries at every call."""

from __future__ import annotations

import pytest

from tests.faults.errors import disk_faults, fail
from tests.faults.scenarios import Scenario, sample

SAMPLES = {"first files": 2, "night spinnaker": 2, "build": 1, "heal": 1}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_disk_that_fails_is_told_and_the_next_run_heals(name: str, scenarios: dict[str, Scenario]) -> None:
    """The run is right or says in our words what happened; the build stays readable, and the next run is whole."""
    points = [fail(scenarios[name], fault) for fault in sample(disk_faults(scenarios[name]), SAMPLES[name])]
    assert not [str(point) for point in points if point.damages]
    assert sum(point.fired for point in points) >= len(points) / 2
