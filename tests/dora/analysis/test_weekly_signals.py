"""Weekly series: what noise explains is silent, what it does not is named by the week."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

import dora
from dora.analysis.weekly_signals import BASELINE, TrendAlert, WeeklySeries

MONDAY = datetime(2026, 1, 5)
WEEKS, STEP = 30, 20  # five deployments a day, from week 20 on two


def _deployments() -> str:
    """Thirty weeks of a steady service that then deploys less and fails more, and a service of five weeks."""
    dice, rows = random.Random(5), ["id | application | environment | status | started_at | finished_at"]
    for week in range(WEEKS):
        for number in range(dice.choice([24, 25, 26]) if week < STEP else dice.choice([9, 10, 11])):
            at = MONDAY + timedelta(weeks=week, hours=6 * number + 1)
            status = "failed" if number % 5 == 0 and week >= STEP else "succeeded"
            rows.append(f"s{week}-{number} | shop | production | {status} | {at} | {at + timedelta(minutes=9)}")
    for week in range(5):
        at = MONDAY + timedelta(weeks=week, hours=9)
        rows.append(f"n{week} | new | production | succeeded | {at} | {at + timedelta(minutes=9)}")
    return "\n".join(rows)


@pytest.fixture(scope="module")
def delivery(
    tmp_path_factory: pytest.TempPathFactory, built_in: Callable[..., dora.Delivery]
) -> Iterator[dora.Delivery]:
    end = (MONDAY + timedelta(weeks=WEEKS)).replace(tzinfo=UTC)
    opened = built_in(tmp_path_factory.mktemp("weeks"), deployments=_deployments(), as_of=end)
    yield opened
    opened.close()


def series(delivery: dora.Delivery, metric: str, application: str = "shop") -> WeeklySeries:
    (found,) = delivery.signals(metric, dora.Scope(applications=(application,)))
    return found


def test_a_step_is_found_within_its_first_weeks(delivery: dora.Delivery) -> None:
    """The week of the step is beyond the limits, a lasting shift is certain at once, the change point is that week."""
    found = series(delivery, "deployment_frequency")
    assert (len(found.weeks), found.baseline, found.starts) == (WEEKS, 15, 0)
    assert found.shifted == STEP
    assert found.change is not None
    assert found.change.index == STEP
    assert found.alerts[0] == TrendAlert(STEP, WEEKS - 1, "outside control limits, down")
    assert found.slope is not None
    assert found.slope[2] < 0


def test_limits_are_frozen_on_the_first_weeks(delivery: dora.Delivery) -> None:
    """The mean of the first half plus and minus 2.66 mean moving ranges, worked out here from the counts."""
    found = series(delivery, "deployment_frequency")
    assert found.behaviour is not None
    first = [week.n / 7 for week in found.weeks[:15]]
    ranges = [abs(b - a) for a, b in pairwise(first)]
    half = 2.66 * sum(ranges) / len(ranges)
    assert found.behaviour.centre == pytest.approx(sum(first) / 15)
    assert found.behaviour.high[-1] == pytest.approx(sum(first) / 15 + half, rel=1e-3)
    assert BASELINE == 26


def test_nothing_failed_for_weeks_has_no_limits(delivery: dora.Delivery) -> None:
    """A baseline without a single failure says nothing of how failures scatter; the change point still stands out."""
    found = series(delivery, "change_failure_rate")
    assert found.behaviour is None
    assert found.change is not None
    assert found.change.index == STEP


def test_ten_whole_weeks_are_needed(delivery: dora.Delivery) -> None:
    """Fewer make a sentence, not limits; weeks in which nothing was seen of a metric are none."""
    found = series(delivery, "recovery_time", "new")
    assert (found.alerts, found.reason) == ([], "0 complete weeks; control limits need 10")


def test_weeks_that_one_rule_names_are_one_finding(delivery: dora.Delivery) -> None:
    """Ten weeks below the limits are one line, and each finding's weeks follow one another."""
    found = series(delivery, "deployment_frequency").alerts
    assert len([one for one in found if one.text == "outside control limits, down"]) == 1
    assert all(one.last < STEP for one in found if one.weak)


def test_limits_stay_while_the_window_moves_on(delivery: dora.Delivery) -> None:
    """Windows that begin in July are judged by the 26 weeks before the first Monday of July, wherever they begin; what
    happened before a window is no finding of it."""
    early, late = (
        delivery.signals("deployment_frequency", dora.Scope(since=since, applications=("shop",)))[0]
        for since in ("2026-07-07", "2026-07-21")
    )
    assert early.behaviour is not None
    assert late.behaviour is not None
    assert (early.baseline, late.baseline) == (26, 26)
    assert early.behaviour.centre == late.behaviour.centre == pytest.approx(sum(w.n for w in early.weeks[:26]) / 26 / 7)
    assert early.weeks[26].period == datetime(2026, 7, 6)
    assert [early.weeks[early.starts].period, late.weeks[late.starts].period] == [
        datetime(2026, 7, 13),
        datetime(2026, 7, 27),
    ]
    assert all(one.last >= late.starts for one in late.alerts)


def test_a_short_history_is_judged_by_its_first_half(delivery: dora.Delivery) -> None:
    """Without ten weeks before the half-year the first half of what there is sets the limits."""
    found = delivery.signals("deployment_frequency", dora.Scope(since="2026-02-02", applications=("shop",)))[0]
    assert (found.baseline, found.starts) == (15, 4)
