"""Goals against values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import dora
from dora.query.value import Scope

# Forty days of one deployment a day of `fast`, ten deployments of `slow`; one of forty of `fast` fails.
DAYS = [f"2026-{3 + day // 31:02}-{1 + day % 31:02}" for day in range(40)]
DEPLOYMENTS = "\n".join(
    [
        "id | application | environment | status | started_at | finished_at",
        *(f"f{day} | fast | production | succeeded | {day}T09:00 | {day}T09:10" for day in DAYS),
        *(f"s{day} | slow | production | succeeded | {day}T09:00 | {day}T09:10" for day in DAYS[::4]),
    ]
)
SETTINGS = {
    "teams": {"pay/fast": ["fast"], "pay/slow": ["slow"]},
    "goals": {
        "change_failure_rate": {"at_most": "5 %"},
        "deployment_frequency": {"at_least": "1 per week"},
        "teams": {"pay": {"deployment_frequency": {"at_least": "2 per day"}}, "gone": {"rework_rate": {"at_most": 0}}},
        "applications": {"fast": {"deployment_frequency": {"at_least": "3 per week"}}},
    },
}
MARCH = Scope(since="2026-03-01")


def built(facts: Callable[..., dora.Delivery]) -> dora.Delivery:
    return facts(deployments=DEPLOYMENTS, settings=SETTINGS, as_of=datetime(2026, 4, 10, tzinfo=UTC))


def test_a_goal_is_met_if_the_whole_interval_meets_it(facts: Callable[..., dora.Delivery]) -> None:
    """0 of 50 failures does not show a rate of at most 5 % (upper limit 7.1 %); 50 in 40 days show one a week."""
    rows = {row.value.metric: row for row in built(facts).goals(MARCH)}
    assert (rows["deployment_frequency"].verdict, rows["deployment_frequency"].text) == ("met", "≥ 0.143 / day")
    assert (rows["change_failure_rate"].verdict, rows["change_failure_rate"].text) == ("undecided", "≤ 5 %")
    assert set(rows) == {"deployment_frequency", "change_failure_rate"}


def test_a_group_has_its_own_goal_or_that_above_it(facts: Callable[..., dora.Delivery]) -> None:
    """An application's own goal wins, then its team's, then the one of the team above, then the organisation's."""
    delivery = built(facts)

    def of(scope: Scope) -> dict[str | None, tuple[str | None, str]]:
        rows = delivery.goals(scope)
        return {row.value.group: (row.name, row.verdict) for row in rows if row.value.metric == "deployment_frequency"}

    assert of(Scope("2026-03-01", by="application")) == {"fast": ("fast", "met"), "slow": ("pay", "missed")}
    assert of(Scope("2026-03-01", by="team")) == {"pay/fast": ("pay", "missed"), "pay/slow": ("pay", "missed")}
    assert of(Scope("2026-03-01", applications=("slow",))) == {None: ("pay", "missed")}
    assert of(Scope("2026-03-01", teams=("pay/fast",))) == {None: ("pay", "missed")}


def test_a_goal_of_nobody_is_told(facts: Callable[..., dora.Delivery]) -> None:
    """A misspelt team would have no goal, in silence."""
    rows = built(facts).sql("SELECT examples FROM check_results WHERE name = 'goals_without_owner' AND rows = 1")
    assert [("gone" in row["examples"]) for row in rows] == [True]
