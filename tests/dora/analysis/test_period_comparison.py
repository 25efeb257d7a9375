"""A period against the equal one before it, and the warning of Simpson's paradox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

import dora
from dora.errors import UsageError

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
OLD, NEW = datetime(2026, 1, 5), datetime(2026, 2, 5)


def rows(application: str, start: datetime, deployments: int, failed: int) -> list[str]:
    """So many deployments, ten minutes apart, the first so many of them failed."""
    made = []
    for number in range(deployments):
        at = start + timedelta(minutes=10 * number)
        status = "failed" if number < failed else "succeeded"
        made.append(f"{application}-{at:%m%d-%H%M} | {application} | production | {status} | {at} | {at}")
    return made


@pytest.fixture
def simpson(facts: Callable[..., dora.Delivery]) -> dora.Delivery:
    """Both services fail more often, but the safe one now makes most of the deployments.

    risky 10 of 40 → 3 of 10, safe 0 of 10 → 2 of 40: all together 10 of 50 → 5 of 50.
    """
    deployments = [
        *rows("risky", OLD, 40, 10),
        *rows("safe", OLD, 10, 0),
        *rows("risky", NEW, 10, 3),
        *rows("safe", NEW, 40, 2),
    ]
    head = "id | application | environment | status | started_at | finished_at"
    return facts(deployments="\n".join([head, *deployments]), as_of=AS_OF)


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
        "within applications it moved +5.0 points, against the total; their mix moved it -15.0 points"
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


def test_windows_are_equal_and_meet(simpson: dora.Delivery) -> None:
    """28 days of February against the 28 before; the moment between belongs to the later one."""
    (comparison,) = simpson.compare("deployment_frequency", dora.Scope(since="2026-02-01"))
    assert comparison.windows == "2026-02-01 to 2026-03-01 against 2026-01-04 to 2026-02-01"
    assert (comparison.before.n, comparison.now.n) == (40, 45)
    assert (comparison.before.days, comparison.now.days) == pytest.approx((28, 28))


def test_a_window_without_a_start_is_refused(simpson: dora.Delivery) -> None:
    """All of history has no period before it."""
    with pytest.raises(UsageError, match="without a start"):
        simpson.compare("deployment_frequency")
