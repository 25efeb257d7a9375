"""A period against the equal one before it, Simpson's paradox, and many comparisons at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import dora
from dora.analysis.period_comparison import KEY_METRICS
from dora.errors import UsageError
from dora.query.value import judge_moves

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
OLD, NEW = datetime(2026, 1, 5), datetime(2026, 2, 5)
START = datetime(2026, 1, 5)
DAYS = 56  # two periods of four weeks
NOW, BEFORE = dora.Scope(since="28d"), dora.Scope(since="56d", until="28d")


def deployment_rows(application: str, start: datetime, deployments: int, failed: int) -> list[str]:
    """Return this many deployments ten minutes apart, of which the first ``failed`` failed."""
    rows = []
    for number in range(deployments):
        at = start + timedelta(minutes=10 * number)
        status = "failed" if number < failed else "succeeded"
        rows.append(f"{application}-{at:%m%d-%H%M} | {application} | production | {status} | {at} | {at}")
    return rows


@pytest.fixture(scope="module")
def simpson(facts_of_file: Callable[..., dora.Delivery]) -> dora.Delivery:
    """Both services fail more often, but the safe one now makes most of the deployments.

    risky 10 of 40 → 3 of 10, safe 0 of 10 → 2 of 40: all together 10 of 50 → 5 of 50.
    """
    deployments = [
        *deployment_rows("risky", OLD, 40, 10),
        *deployment_rows("safe", OLD, 10, 0),
        *deployment_rows("risky", NEW, 10, 3),
        *deployment_rows("safe", NEW, 40, 2),
    ]
    head = "id | application | environment | status | started_at | finished_at"
    return facts_of_file(deployments="\n".join([head, *deployments]), as_of=AS_OF)


def test_simpsons_paradox_has_a_warning(simpson: dora.Delivery) -> None:
    """By hand: within +5 points in each at the mean mix of 1/2 is +5; the mix −15; together −10.

    At the old mix of 4 to 1 the new shares of 30 % and 5 % are 25 %.
    """
    (comparison,) = simpson.compare("change_failure_rate", dora.Scope(since="2026-02-01"))
    assert (comparison.before.value, comparison.now.value) == (0.2, 0.1)
    split = comparison.split
    assert split is not None
    assert (split.total, split.within, split.mix) == pytest.approx((-0.1, 0.05, -0.15))
    assert comparison.warning == (
        "within applications it moved +5.0 points, against the total; their mix moved it −15.0 points"
        " (with the old mix it would be 25.0 %)"
    )
    assert comparison.plain()["warning"] == comparison.warning


def test_each_application_alone_has_nothing_to_mix(simpson: dora.Delivery) -> None:
    """By application there is no split, and each moved up."""
    comparisons = simpson.compare("change_failure_rate", dora.Scope(since="2026-02-01", by="application"))
    assert [(row.now.group, row.split, row.move and row.move.text) for row in comparisons] == [
        ("risky", None, "+5.0 points"),
        ("safe", None, "+5.0 points"),
    ]


def test_a_quarter_that_is_split_keeps_its_end(simpson: dora.Delivery) -> None:
    """The part from the split on ends with the quarter, not with the data."""
    quarter, dated = (
        simpson.compare("deployment_frequency", scope, split_at="2025-11-15")[0]
        for scope in (dora.Scope("last quarter"), dora.Scope("2025-10-01", "2026-01-01"))
    )
    assert (quarter.now.window_days, quarter.windows) == (dated.now.window_days, dated.windows)
    assert dated.now.window_days == 47  # 16 days of November and 31 of December


def test_windows_are_equal_and_meet(simpson: dora.Delivery) -> None:
    """28 days of February against the 28 before, of which data has 27; the moment between belongs to the later one."""
    (comparison,) = simpson.compare("deployment_frequency", dora.Scope(since="2026-02-01"))
    assert comparison.windows == "2026-02-01 to 2026-03-01 against 2026-01-04 to 2026-02-01"
    assert (comparison.before.n, comparison.now.n) == (40, 45)
    assert (comparison.before.window_days, comparison.now.window_days) == (28, 28)
    assert (comparison.before.days, comparison.now.days) == (27, 28)


def test_a_window_without_a_start_is_refused(simpson: dora.Delivery) -> None:
    """All of history has no period before it."""
    with pytest.raises(UsageError, match="without a start"):
        simpson.compare("deployment_frequency")


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
    delivery = built_in(tmp_path_factory.mktemp("changes"), deployments="\n".join(rows), as_of=as_of)
    yield delivery
    delivery.close()


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


def test_the_verdict_is_the_same_wherever_it_is_asked_for(delivery: dora.Delivery) -> None:
    """A comparison alone, one of the key metrics, and one of the list have one verdict: all are judged together."""
    listed = {(change.now.metric, change.now.group): change.verdict for change in delivery.significant_changes(
        NOW, BEFORE, by="application")}  # fmt: skip
    for by in (None, "application"):
        scopes = replace(NOW, by=by), replace(BEFORE, by=by)
        judged = {name: delivery.judge_changes(name, *scopes) for name in dora.metrics()}
        for name, changes in judged.items():
            family = [(change, metric) for metric in dict.fromkeys([*KEY_METRICS, name]) for change in judged[metric]]
            verdicts = judge_moves([(change.move, dora.metrics()[metric].better) for change, metric in family])
            for change in changes:
                assert change.verdict == listed.get((name, change.now.group), change.verdict)
                assert change.verdict == verdicts[family.index((change, name))]


def test_what_can_not_be_compared_says_why(delivery: dora.Delivery) -> None:
    """A period before all history, and a metric without observations, have a reason each."""
    (early,) = delivery.compare("deployment_frequency", dora.Scope(since="2026-01-05", until="2026-01-25"))
    assert (early.move, early.reason) == (None, "before: nothing was observed in this window")
    (none,) = delivery.compare("lead_time", NOW)
    assert (none.move, none.reason) == (None, "before: no changes to count in all of history")
    assert none.verdict == "not significant"
