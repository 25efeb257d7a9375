"""What a year of the company amounts to, which a reader of its numbers should find: that, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SLOWED_TEAM, WAITING_TEAM, REVIEWED_SLOWLY_TEAM = "discovery", "insight", "fulfilment"
INSTABILITY = ("change_failure_rate", "rework_rate")
GOALS: dict[str, Any] = {
    "lead_time": {"at_most": "1 h"},
    "change_failure_rate": {"at_most": "5 %"},
    "recovery_time": {"at_most": "4 h"},
    "rework_rate": {"at_most": "4 %"},
    "teams": {
        SLOWED_TEAM: {"lead_time": {"at_most": "30 min"}},
        WAITING_TEAM: {"lead_time": {"at_most": "2 d"}},
    },
}


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to whom, for tests of those who look for it.

    In the three weeks after ``roll_out`` (epoch milliseconds) the applications adopt the template's second version.
    From then on about half as many deployments fail, and changes of ``slowed_team`` take longer, since it brings
    canaries to most of them; both stay so. Changes of ``waiting_team`` are shipped in batches after an approval: they
    wait for days, always, and more of its few deployments fail. Before the merge, which is in no lead time, requests
    of ``reviewed_slowly_team`` wait longest for a review. ``missed`` has owner and metric of the goals that are missed
    at the end; that of the organisation and of every other team is met, or undecided.
    """

    roll_out: int
    slowed_team: str = SLOWED_TEAM
    waiting_team: str = WAITING_TEAM
    reviewed_slowly_team: str = REVIEWED_SLOWLY_TEAM
    missed: tuple[tuple[str, str], ...] = ((SLOWED_TEAM, "lead_time"), (WAITING_TEAM, "lead_time"))

    @property
    def claims(self) -> frozenset[tuple[str | None, str]]:
        """Team (null for all together) and metric of everything that there is to say."""
        failures = {(team, metric) for team in (None, self.waiting_team) for metric in INSTABILITY}
        return frozenset({(self.slowed_team, "lead_time"), (self.waiting_team, "lead_time")} | failures)
