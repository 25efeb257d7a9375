"""Many comparisons at once: what is significant among them, and the verdict of each alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import dora
from dora.analysis.period_comparison import KEY_METRICS, compare_values
from dora.query.value import Move

START = datetime(2026, 1, 5)
DAYS = 56  # two periods of four weeks
NOW, BEFORE = dora.Scope(since="28d"), dora.Scope(since="56d", until="28d")


@pytest.fixture(scope="module")
def delivery(
    tmp_path_factory: pytest.TempPathFactory, built_in: Callable[..., dora.Delivery]
) -> Iterator[dora.Delivery]:
    """Two services of four deployments a day; in the second period one deploys once a day."""
    rows = ["id | application | environment | status | started_at | finished_at"]
    for day in range(DAYS):
        for application in ("busy", "slow"):
            for number in range(1 if application == "slow" and day >= DAYS // 2 else 4):
                at = START + timedelta(days=day, hours=5 * number + 1)
                name = f"{application}-{day}-{number}"
                rows.append(f"{name} | {application} | production | succeeded | {at} | {at + timedelta(minutes=5)}")
    as_of = (START + timedelta(days=DAYS)).replace(tzinfo=UTC)
    opened = built_in(tmp_path_factory.mktemp("changes"), deployments="\n".join(rows), as_of=as_of)
    yield opened
    opened.close()


def test_the_total_and_each_group_are_compared(delivery: dora.Delivery) -> None:
    """Every key metric with a number on both sides has one total and one comparison per application."""
    changes = delivery.significant_changes(NOW, BEFORE, by="application")
    assert {change.now.metric for change in changes} <= set(KEY_METRICS)
    frequency = {change.now.group: change for change in changes if change.now.metric == "deployment_frequency"}
    assert {group: (change.total, change.verdict) for group, change in frequency.items()} == {
        None: (True, "worse"),
        "busy": (False, "not significant"),
        "slow": (False, "worse"),
    }
    assert [group for group, change in frequency.items() if change.significant] == [None, "slow"]
    assert all(None not in (change.now.value, change.before.value) for change in changes)


def test_values_may_come_from_a_cache(delivery: dora.Delivery) -> None:
    """A caller that holds values already passes them; each is read once per metric, scope and group."""
    reads: list[tuple[str, dora.Scope]] = []

    def read_values(name: str, scope: dora.Scope) -> dora.Result:
        reads.append((name, scope))
        return delivery.values(name, scope)

    changes = delivery.significant_changes(NOW, BEFORE, "application", read_values)
    assert changes == delivery.significant_changes(NOW, BEFORE, "application")
    assert len(reads) == len(set(reads)) == 4 * len(KEY_METRICS)


def test_significance_is_the_one_of_all_comparisons_together(delivery: dora.Delivery) -> None:
    """The rule is Benjamini and Hochberg's over all pairs; a pair that cannot be compared takes no part in it."""
    (now,), (before,) = delivery.values("deployment_frequency", NOW), delivery.values("deployment_frequency", BEFORE)
    pairs = [(now, before), (now, now), (replace(now, incomplete="history"), before)]
    changes = compare_values(pairs)
    moves = [change.move for change in changes if change.move is not None]
    assert [change.significant for change in changes] == [*Move.significant_among(moves), False]
    assert [change.verdict for change in changes] == ["worse", "not significant", "not significant"]
