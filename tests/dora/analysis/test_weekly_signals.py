"""Weekly series: normal variation raises no alert, everything else is named by its week."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

import pytest

import dora
from dora.analysis.weekly_signals import BASELINE, WeeklySeries
from dora.statistics.control_chart import RULES, Behaviour, Signal

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
    (weekly,) = delivery.signals(metric, dora.Scope(applications=(application,)))
    return weekly


def test_a_step_is_detected_within_its_first_weeks(delivery: dora.Delivery) -> None:
    """The week of the step is outside the control limits, shows a lasting shift, and is the change point."""
    weekly = series(delivery, "deployment_frequency")
    assert (len(weekly.weeks), weekly.baseline, weekly.starts) == (WEEKS, 15, 0)
    assert weekly.shifted == STEP
    assert weekly.change is not None
    assert weekly.change.index == STEP
    alert = weekly.alerts[0]
    assert (alert.first, alert.last, alert.weeks) == (STEP, WEEKS - 1, WEEKS - STEP)
    assert alert.text == "outside control limits, down"
    assert weekly.slope is not None
    assert weekly.slope[2] < 0


def test_an_alert_says_what_is_usual_and_what_is_now(delivery: dora.Delivery) -> None:
    """Usual is the centre line, now the median of its weeks; fewer deployments are worse, failures that fall better."""
    weekly = series(delivery, "deployment_frequency")
    assert weekly.behaviour is not None
    for alert in weekly.alerts:
        weeks = weekly.weeks[alert.first : None if alert.lasting else alert.last + 1]
        assert alert.usual == weekly.behaviour.centre
        assert alert.now == median(week.value or 0.0 for week in weeks)
        assert alert.weeks == len(weeks)
        assert alert.usual
        assert alert.now
        assert (alert.verdict == "worse") == (alert.now <= 0.9 * alert.usual)
        assert alert.matters == (alert.verdict == "worse" and not alert.weak)
    columns = weekly.describe(weekly.alerts[0])
    assert list(columns) == ["metric", "group", "from week", "weeks", "alert", "usual", "now", "assessment"]


def test_an_alert_that_prints_the_same_is_no_verdict(delivery: dora.Delivery) -> None:
    """A move below ``relevant_change`` is too small to matter, and one that prints as the same is not significant."""
    weekly = series(delivery, "deployment_frequency")
    usual = weekly.weeks[0].value or 0.0
    for factor, verdict in ((1.0, "not significant"), (1.05, "too small to matter"), (1.2, "better"), (0.8, "worse")):
        weeks = [replace(week, value=usual * factor) for week in weekly.weeks]
        behaviour = Behaviour(usual, [0.0] * WEEKS, [9.0] * WEEKS, [Signal(9, RULES[0], "up")])
        moved = WeeklySeries("deployment_frequency", None, weeks, behaviour=behaviour)
        assert [alert.verdict for alert in moved.alerts] == [verdict]


def test_limits_are_frozen_on_the_first_weeks(delivery: dora.Delivery) -> None:
    """The mean of the first half plus and minus 2.66 mean moving ranges, worked out here from the counts."""
    weekly = series(delivery, "deployment_frequency")
    assert weekly.behaviour is not None
    first = [week.n / 7 for week in weekly.weeks[:15]]
    ranges = [abs(b - a) for a, b in pairwise(first)]
    half = 2.66 * sum(ranges) / len(ranges)
    assert weekly.behaviour.centre == pytest.approx(sum(first) / 15)
    assert weekly.behaviour.high[-1] == pytest.approx(sum(first) / 15 + half, rel=1e-3)
    assert BASELINE == 26


def test_nothing_failed_for_weeks_has_no_limits(delivery: dora.Delivery) -> None:
    """A baseline without a single failure does not show how failures vary; the change point is still found."""
    weekly = series(delivery, "change_failure_rate")
    assert weekly.behaviour is None
    assert weekly.change is not None
    assert weekly.change.index == STEP


def test_ten_complete_weeks_are_needed(delivery: dora.Delivery) -> None:
    """With fewer there is a reason instead of limits; weeks without an observation do not count."""
    weekly = series(delivery, "recovery_time", "new")
    assert (weekly.alerts, weekly.reason) == ([], "0 complete weeks; control limits need 10")


def test_consecutive_weeks_by_one_rule_are_one_alert(delivery: dora.Delivery) -> None:
    """Ten weeks below the control limits are one alert."""
    alerts = series(delivery, "deployment_frequency").alerts
    assert len([alert for alert in alerts if alert.text == "outside control limits, down"]) == 1
    assert all(alert.last < STEP for alert in alerts if alert.weak)


def test_limits_stay_while_the_window_moves_on(delivery: dora.Delivery) -> None:
    """Windows that begin in July get their limits from the 26 weeks before the first Monday of July, and have no alerts
    from before they begin."""
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
    assert all(alert.last >= late.starts for alert in late.alerts)


def test_a_short_history_sets_its_limits_by_its_first_half(delivery: dora.Delivery) -> None:
    """With fewer than ten weeks before the half-year, the first half of the weeks sets the limits."""
    weekly = delivery.signals("deployment_frequency", dora.Scope(since="2026-02-02", applications=("shop",)))[0]
    assert (weekly.baseline, weekly.starts) == (15, 4)
