"""Where the time of a deployment went: stretches that touch, never overlap, and add up to the whole."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dora

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
Facts = Callable[..., dora.Delivery]
STRETCHES = (
    "SELECT d.root_id, stage, date_diff('second', s.started_at, s.ended_at) AS seconds"
    " FROM deployment_stages s JOIN deployments d USING (deployment_id) ORDER BY d.root_id, s.started_at"
)


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def execution(name: str, *, started: float, finished: float) -> dict[str, Any]:
    return {
        "id": name,
        "application": "shop",
        "root_id": name,
        "status": "succeeded",
        "queued_at": at(0),
        "started_at": at(started),
        "finished_at": at(finished),
    }


def rollout(name: str, started: float, traffic: float, finished: float) -> dict[str, Any]:
    served = {"first_traffic_at": at(traffic), "full_traffic_at": at(traffic)}
    return {
        "id": f"{name}-{started}",
        "execution_id": name,
        "application": "shop",
        "action": "deploy",
        "environment": "production",
        "status": "succeeded",
        "started_at": at(started),
        "finished_at": at(finished),
        "version": name,
    } | served


def approval(name: str, started: float, decided: float) -> dict[str, Any]:
    times = {"started_at": at(started), "decided_at": at(decided), "finished_at": at(decided)}
    return {"id": f"{name}-ask", "execution_id": name, "status": "succeeded", "decision": "continue"} | times


def list_stages(delivery: dora.Delivery) -> list[tuple[str, float]]:
    return [(row["stage"], row["seconds"] / 60) for row in delivery.sql(STRETCHES)]


def test_a_day_in_the_life_of_a_deployment(facts: Facts) -> None:
    """Each stretch has the name of what held it up, in minutes worked out by hand.

    Queued at 0, started at 2; test environments until the canary at 10–30; a window closed 30–35, a question 33–50
    (the question holds the window up too), the rollout 50–55, nothing until a second region 58–60.
    """
    delivery = facts(
        as_of=START + timedelta(days=3),
        rows={
            "execution": [execution("e1", started=2, finished=61)],
            "canary": [
                {"id": "c1", "execution_id": "e1", "status": "succeeded", "score": 95}
                | {"started_at": at(10), "finished_at": at(30)}
            ],
            "stage": [
                {"id": "w1", "execution_id": "e1", "kind": "window", "status": "succeeded"}
                | {"started_at": at(30), "finished_at": at(35)}
            ],
            "approval": [approval("e1", 33, 50)],
            "rollout": [rollout("e1", 50, 54, 55), rollout("e1", 58, 60, 60)],
        },
    )
    assert list_stages(delivery) == [
        ("queue", 2),
        ("pre-production stages", 8),
        ("canary", 20),
        ("execution window", 3),
        ("approval", 17),
        ("rollout", 5),
        ("other", 3),
        ("rollout", 2),
    ]


def test_an_earlier_revision_is_in_no_stage(facts: Facts) -> None:
    """An execution that was read again has the approvals and windows of its latest revision alone."""
    now, before = {"revision": 2}, {"revision": 1}
    window = {"id": "w1", "execution_id": "e1", "kind": "window", "status": "succeeded"}
    delivery = facts(
        as_of=START + timedelta(days=3),
        rows={
            "execution": [execution("e1", started=2, finished=35) | now],
            "stage": [window | {"started_at": at(22), "finished_at": at(25)} | before],
            "approval": [approval("e1", 10, 20) | now, approval("e1", 3, 9) | {"id": "gone"} | before],
            "rollout": [rollout("e1", 30, 34, 35) | now],
        },
    )
    assert list_stages(delivery) == [
        ("queue", 2),
        ("pre-production stages", 8),
        ("approval", 10),
        ("pre-production stages", 10),
        ("rollout", 5),
    ]


def test_a_deployment_without_times_has_no_stages(facts: Facts) -> None:
    """A deployment that nobody saw queued has no stages; one that took no time has none either."""
    bare = execution("e1", started=0, finished=0) | {"queued_at": None}
    delivery = facts(
        as_of=START + timedelta(days=3),
        rows={"execution": [bare], "rollout": [rollout("e1", 0, 0, 0)]},
    )
    assert list_stages(delivery) == []


def test_stretches_add_up_whatever_overlaps(built_in: Callable[..., dora.Delivery], tmp_path: Path) -> None:
    """Two hundred deployments of random, overlapping, even impossible parts: stretches touch and fill the whole."""
    draw = random.Random(3)
    rows: dict[str, list[dict[str, Any]]] = {"execution": [], "rollout": [], "approval": []}
    for i in range(200):
        name, end = f"e{i}", draw.uniform(1, 90)
        rows["execution"].append(execution(name, started=draw.uniform(-5, 20), finished=end))
        for _ in range(draw.randint(1, 3)):
            rows["rollout"].append(rollout(name, *(draw.uniform(-10, 100) for _ in range(3))))
        rows["approval"].append(approval(name, draw.uniform(-10, 100), draw.uniform(-10, 100)))
    rows["rollout"] = list({row["id"]: row for row in rows["rollout"]}.values())
    delivery = built_in(tmp_path, as_of=START + timedelta(days=3), rows=rows)
    wrong = delivery.sql(
        "WITH s AS (SELECT *, lag(ended_at) OVER (PARTITION BY deployment_id ORDER BY started_at) AS before"
        " FROM deployment_stages) SELECT * FROM s WHERE before <> started_at OR ended_at <= started_at"
    )
    assert wrong == []
    uneven = delivery.sql(
        "SELECT d.deployment_id FROM deployments d JOIN (SELECT deployment_id, min(started_at) AS a, max(ended_at) AS z"
        " FROM deployment_stages GROUP BY ALL) s USING (deployment_id) WHERE s.a <> d.queued_at"
        " OR s.z <> greatest(d.queued_at, d.started_at, d.first_traffic_at, d.full_traffic_at, d.finished_at)"
    )
    assert uneven == []
    (counted,) = delivery.sql("SELECT count(DISTINCT deployment_id) AS n FROM deployment_stages")
    assert counted["n"] == 200
