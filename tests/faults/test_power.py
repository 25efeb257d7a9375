"""Power loss takes what was not synced: a sample of what ``make faults`` tries at every call."""

from __future__ import annotations

import pytest

from tests.faults.power import lose_power
from tests.faults.scenarios import Scenario, sample

SAMPLES = {"first files": 1, "night spinnaker": 1, "night git": 1, "build": 0, "migration": 1}


@pytest.mark.parametrize("name", SAMPLES)
def test_d12_after_power_loss_the_next_run_heals(name: str, scenarios: dict[str, Scenario]) -> None:
    """With only what was synced, or with some of the rest, the next run ends as if nothing had happened.

    What a run that has ended wrote is on disk.
    """
    points = list(lose_power(scenarios[name], lambda calls: sample(range(1, calls + 1), SAMPLES[name])))
    assert not [str(point) for point in points if point.damages]
    assert len(points) >= SAMPLES[name]
