"""Services with one change a deployment, whose lead times and failures are drawn at random or by a story."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

MONDAY = datetime(2026, 1, 5)
LeadHours = Callable[[str, int, random.Random], float]
FailureRate = Callable[[str, int], float]


def weekly_world(
    teams: tuple[str, ...],
    weeks: int,
    per_week: int,
    *,
    lead_hours: LeadHours,
    failure_rate: FailureRate,
    seed: int = 1,
    start: datetime = MONDAY,
) -> dict[str, Any]:
    """Return the facts of one application per team with about ``per_week`` deployments in each week, to build from."""
    dice = random.Random(seed)
    deployments = ["id | application | environment | status | started_at | finished_at | repository | commit"]
    changes = ["repository | sha | parents | authored_at | committed_at | merged_at"]
    for team in teams:
        sha = ""
        for week in range(weeks):
            offsets = sorted(dice.random() for _ in range(per_week + dice.choice((-1, 0, 1))))
            for number, offset in enumerate(offsets):
                at = start + timedelta(weeks=week + offset)
                merged = at - timedelta(hours=lead_hours(team, week, dice))
                parent, sha = sha, f"{dice.getrandbits(160):040x}"
                status = "failed" if dice.random() < failure_rate(team, week) else "succeeded"
                deployments.append(
                    f"{team}-{week}-{number} | {team}-app | production | {status} | {at} | {at} | {team}-code | {sha}"
                )
                changes.append(f"{team}-code | {sha} | {parent} | {merged} | {merged} | {merged}")
    return {
        "deployments": "\n".join(deployments),
        "changes": "\n".join(changes),
        "settings": {"teams": {team: [f"{team}-app"] for team in teams}},
        "as_of": (start + timedelta(weeks=weeks)).replace(tzinfo=UTC),
    }
