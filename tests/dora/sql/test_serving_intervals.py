"""From when to when each target served a content."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import dora
from tests.conftest import read_scenario

SETTINGS = {"definitions": {"production_accounts": ["prod"]}}
PLACE = {"application": "shop", "account": "prod", "location": "eu", "cluster": "web", "status": "succeeded"}


def execution(name: str) -> dict[str, Any]:
    return {"id": name, "application": "shop", "root_id": name, "status": "succeeded", "queued_at": at(0)}


def rollout(name: str, accepted: float, full: float | None, **other: Any) -> dict[str, Any]:
    traffic = at(full) if full is not None else None
    return {
        "id": name, "execution_id": name, "action": "deploy", "started_at": at(accepted), "accepted_at": at(accepted),
        "first_traffic_at": traffic, "full_traffic_at": traffic, **PLACE, **other,
    }  # fmt: skip


def at(hour: float) -> str:
    return f"2026-03-02T{int(hour):02}:{int(hour % 1 * 60):02}:00Z"


def spans(delivery: dora.Delivery) -> list[tuple[str | None, int, int | None]]:
    rows = delivery.sql("SELECT * FROM serving_intervals ORDER BY target, since, is_dark")
    return [(row["version"], row["since"].hour, row["until"] and row["until"].hour) for row in rows]


def test_a_target_serves_one_content_at_a_time(facts: Callable[..., dora.Delivery]) -> None:
    """Intervals of one target follow each other without a gap and without two at once; only the last has no end."""
    delivery = facts(**read_scenario("what_serves_where"))
    rows = delivery.sql("SELECT * FROM serving_intervals WHERE NOT is_dark ORDER BY target, since")
    for before, after in pairwise(rows):
        if before["target"] == after["target"]:
            assert before["until"] == after["since"]
            assert before["content"] != after["content"]
        else:
            assert before["until"] is None
    (dark,) = delivery.sql("SELECT * FROM serving_intervals WHERE is_dark")
    assert (dark["since"], dark["until"]) == (datetime(2026, 3, 5, 14, 5), datetime(2026, 3, 6, 4, 10))


def test_what_is_applied_later_serves(facts: Callable[..., dora.Delivery]) -> None:
    """A slow rollout that ends after a later one has replaced it never served (T5)."""
    rows = {
        "execution": [execution(name) for name in ("a", "b", "c")],
        "rollout": [rollout("a", 8, 9, version="a"), rollout("b", 10, 13, version="b"),
                    rollout("c", 11, 12, version="c")],
    }  # fmt: skip
    assert spans(facts(rows=rows, settings=SETTINGS)) == [("a", 9, 12), ("c", 12, None)]


def test_a_removed_workload_serves_nothing(facts: Callable[..., dora.Delivery]) -> None:
    """The interval ends when the workload is deleted, and the next deploy begins another one (T5)."""
    rows = {
        "execution": [execution(name) for name in ("a", "b", "c")],
        "rollout": [rollout("a", 8, 9, version="a"), rollout("b", 11, None, action="delete"),
                    rollout("c", 14, 15, version="a")],
    }  # fmt: skip
    assert spans(facts(rows=rows, settings=SETTINGS)) == [("a", 9, 11), ("a", 15, None)]


def test_a_deployment_undone_by_its_own_execution_served_until_then(facts: Callable[..., dora.Delivery]) -> None:
    """The undo of the same execution begins an interval of the content of before."""
    rows = {
        "execution": [execution("a"), execution("b")],
        "rollout": [
            rollout("a", 8, 9, version="a"), rollout("b", 10, 11, version="b"),
            rollout("u", 12, 13, action="rollback", steps_back=1, execution_id="b"),
        ],
    }  # fmt: skip
    assert spans(facts(rows=rows, settings=SETTINGS)) == [("a", 9, 11), ("b", 11, 13), ("a", 13, None)]
