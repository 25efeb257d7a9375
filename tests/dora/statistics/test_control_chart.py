"""Signals: textbook limits, known changes are found, and noise stays silent."""

from __future__ import annotations

import math
import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dora.statistics import control_chart

# NIST/SEMATECH e-Handbook 6.3.2.2, flow rates of ten batches.
NIST = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
YEARS = 20


def noise(seed: int, size: int, step: float = 0.0) -> list[float]:
    draw = random.Random(seed)
    return [draw.gauss(100 + 10 * step, 10) for _ in range(size)]


def test_limits_are_those_of_the_handbook() -> None:
    """The published limits of the handbook's example are 55.80 and 45.82, and it shows no signal."""
    result = control_chart.behaviour(NIST)
    assert result is not None
    assert (result.centre, result.high[0], result.low[0]) == pytest.approx((50.81, 55.8041, 45.8159), abs=2e-4)
    assert result.signals == []


def test_few_points_have_no_limits() -> None:
    """Below ten points, or ten of a baseline, nothing is said."""
    assert control_chart.behaviour(NIST[:9]) is None
    assert control_chart.behaviour(NIST * 3, baseline=9) is None
    assert control_chart.shares([1] * 9, [10] * 9) is None
    assert control_chart.pettitt(NIST[:9]) is None
    assert control_chart.theil_sen(NIST[:9]) is None


def test_limits_stay_those_of_the_baseline() -> None:
    """What comes after the baseline moves no limit."""
    calm, wild = control_chart.behaviour(NIST, 10), control_chart.behaviour([*NIST, 90.0, 10.0, 90.0], 10)
    assert calm is not None
    assert wild is not None
    assert wild.high[-1] == calm.high[0]
    assert [(row.index, row.direction) for row in wild.signals if row.rule.id == "outside_limits"] == [
        (10, "up"),
        (11, "down"),
        (12, "up"),
    ]


@pytest.mark.parametrize(
    ("tail", "rule", "index", "sentence"),
    [
        ([61.2], "outside_limits", 20, "outside control limits, up"),
        ([50.9] * 8, "on_one_side", 27, "8 weeks above the mean"),
        ([54.9, 50.0, 54.9], "near_limit", 22, "2 of 3 weeks near a control limit, up"),
        ([53.0, 53.0, 50.0, 53.0, 53.0], "off_mean", 24, "4 of 5 weeks off the mean, up"),
    ],
)
def test_each_rule_speaks_at_its_first_point(tail: list[float], rule: str, index: int, sentence: str) -> None:
    """Each of the four rules fires on the point that completes its pattern, worked out by hand, and says so."""
    steady = [51.0, 49.0] * 10  # mean 50, moving range 2: one sigma is 1.773, the limits 44.7 and 55.3
    result = control_chart.behaviour([*steady, *tail], 20)
    assert result is not None
    signal = result.signals[0]
    assert (signal.index, signal.rule.id, signal.rule.describe(signal.direction)) == (index, rule, sentence)


def test_times_have_limits_of_ratios() -> None:
    """On the log scale the limits of a time are never below 0, and stand by the same factor on both sides."""
    times = [math.exp(value / 10) for value in NIST]
    result = control_chart.behaviour(times, log=True)
    assert result is not None
    assert result.low[0] > 0
    assert result.high[0] / result.centre == pytest.approx(result.centre / result.low[0])


def test_weeks_that_scatter_like_chance_have_the_plain_limits() -> None:
    """Laney's limits of binomial weeks are about those of the binomial, wider in weeks of few deployments."""
    draw = random.Random(8)
    trials = [draw.choice([20, 200]) for _ in range(400)]
    cases = [sum(draw.random() < 0.1 for _ in range(n)) for n in trials]
    result = control_chart.shares(cases, trials)
    assert result is not None
    plain = 3 * math.sqrt(result.centre * (1 - result.centre) / 200)
    wide = [high - result.centre for high, n in zip(result.high, trials, strict=True) if n == 200]
    assert wide[0] == pytest.approx(plain, rel=0.1)
    narrow = [high - result.centre for high, n in zip(result.high, trials, strict=True) if n == 20]
    assert narrow[0] == pytest.approx(wide[0] * math.sqrt(10))


def test_weeks_without_deployments_are_no_signal() -> None:
    """A week without trials stands on the line, and all-or-nothing has no limits."""
    cases, trials = [1, 2] * 10, [10] * 20
    result = control_chart.shares([*cases, 0], [*trials, 0])
    assert result is not None
    assert all(row.index != 20 for row in result.signals)
    assert control_chart.shares([0] * 20, [5] * 20) is None
    assert control_chart.shares([5] * 20, [5] * 20) is None
    assert control_chart.shares([0] * 20, [0] * 20) is None


def test_noise_alarms_at_most_once_in_twenty_years() -> None:
    """Of 300 teams of 20 years of pure noise after 26 weeks of baseline, the mean number of alarms is at most 1."""
    alarms = 0
    for seed in range(300):
        series, start = noise(seed, 26 + 52 * YEARS), 26
        baseline = series[:26]
        while (at := control_chart.shift([*baseline, *series[start:]], 26)) is not None:
            alarms += 1
            start += at - 26 + 1
    assert alarms / 300 <= 1.0


def test_a_step_of_two_sigma_is_detected_within_five_weeks() -> None:
    """The middle one of 500 teams learns of a step of two standard deviations within five weeks."""
    waits = []
    for seed in range(500):
        at = control_chart.shift([*noise(seed, 26), *noise(seed + 10_000, 50, step=2)], 26)
        waits.append(math.inf if at is None else at - 26 + 1)
    assert median(waits) <= 5


def test_nothing_that_never_varies_can_shift() -> None:
    """A flat baseline gives no scale, so nothing is certain."""
    assert control_chart.shift([5.0] * 30 + [9.0] * 10, 30) is None
    assert control_chart.shift(NIST, 5) is None


def test_a_change_point_is_detected() -> None:
    """A series that steps at week 30 changes there, from the level it had to the level it has."""
    result = control_chart.pettitt([*noise(1, 30), *noise(2, 30, step=2)])
    assert result is not None
    assert abs(result.index - 30) <= 1
    assert result.p < 0.001
    assert result.before < 105
    assert result.after > 115


def test_the_statistic_is_pettitts_double_sum() -> None:
    """The ranks give the same point as comparing every early with every late value, and the p of his formula."""
    values = noise(4, 24)
    sums = [sum(math.copysign(1, a - b) for a in values[:t] for b in values[t:]) for t in range(1, 24)]
    largest = max(abs(total) for total in sums)
    result = control_chart.pettitt(values)
    assert result is not None
    assert abs(sums[result.index - 1]) == largest
    assert result.p == pytest.approx(min(1, 2 * math.exp(-6 * largest**2 / (24**3 + 24**2))))
    assert control_chart.pettitt([3.0] * 20) is None


@given(st.lists(st.integers(0, 9).map(float), min_size=1, max_size=60))
def test_ranks_are_scipys(values: list[float]) -> None:
    """Equal values share the mean of their ranks."""
    assert control_chart.ranked(values) == list(stats.rankdata(values))


@given(st.lists(st.floats(-1e3, 1e3), min_size=10, max_size=40))
def test_the_slope_is_scipys(values: list[float]) -> None:
    """Theil and Sen's slope and its limits are scipy's."""
    oracle = stats.theilslopes(values, alpha=0.95)
    result = control_chart.theil_sen(values)
    assert result is not None
    assert result[0] == pytest.approx(oracle.slope, abs=1e-9)
    assert result[1:] == pytest.approx((oracle.low_slope, oracle.high_slope), abs=1e-9)
