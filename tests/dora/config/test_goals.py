"""Goals as dora.toml writes them."""

from __future__ import annotations

from typing import Any

import pytest

from dora.config.goals import Goal, read_goals
from dora.config.settings import Config
from dora.errors import UsageError

UNITS = {
    "lead_time": "hours",
    "change_failure_rate": "share",
    "deployment_frequency": "per day",
    "batch_size": "changes",
}


@pytest.mark.parametrize(
    ("metric", "limit", "expected"),
    [
        ("lead_time", "1 h", 1.0),
        ("lead_time", "45 min", 0.75),
        ("lead_time", "2 d", 48.0),
        ("lead_time", "36s", 0.01),
        ("lead_time", 1.5, 1.5),
        ("change_failure_rate", "15 %", 0.15),
        ("change_failure_rate", 0, 0.0),
        ("deployment_frequency", "7 per week", 1.0),
        ("batch_size", "3 changes", 3.0),
    ],
)
def test_a_limit_is_read_in_the_unit_of_its_metric(metric: str, limit: object, expected: float) -> None:
    """A text names its unit, a number has the metric's."""
    (goal,) = read_goals(Config(goals={metric: {"at_most": limit}}), UNITS)
    assert goal == Goal("organisation", None, metric, None, "at_most", pytest.approx(expected))


def test_teams_and_applications_have_their_own() -> None:
    """Their tables stand beside the goals of the organisation."""
    goals = {
        "lead_time": {"at_most": "1 h", "statistic": "p75"},
        "teams": {"pay": {"deployment_frequency": {"at_least": 2}}},
        "applications": {"ledger": {"lead_time": {"at_most": 2}}},
    }
    assert read_goals(Config(goals=goals), UNITS) == [
        Goal("organisation", None, "lead_time", "p75", "at_most", 1.0),
        Goal("team", "pay", "deployment_frequency", None, "at_least", 2.0),
        Goal("application", "ledger", "lead_time", None, "at_most", 2.0),
    ]


@pytest.mark.parametrize(
    ("goals", "message"),
    [
        ({"speed": {"at_most": 1}}, "there is no metric speed"),
        ({"lead_time": {}}, "needs at_most or at_least"),
        ({"lead_time": {"at_most": 1, "at_least": 2}}, "needs at_most or at_least"),
        ({"lead_time": {"at_most": "1 week"}}, "'1 week' can not be read.*a number and one of: s, min, h, d"),
        ({"lead_time": {"most": 1}}, "most"),
        ({"lead_time": 1}, "lead_time"),
        ({"teams": "pay"}, r"write \[goals.teams.NAME\]"),
        ({"applications": {"shop": 1}}, r"write \[goals.applications.NAME\]"),
        ({"teams": {"pay": {"lead_time": {"at_most": True}}}}, r"\[goals.teams.pay\] lead_time"),
    ],
)
def test_a_goal_that_can_not_be_read_is_refused(goals: dict[str, Any], message: str) -> None:
    """The message has the place, and what to write."""
    with pytest.raises(UsageError, match=message):
        read_goals(Config(goals=goals), UNITS)
