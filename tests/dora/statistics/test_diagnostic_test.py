"""The canary as a test: bounds that hold whatever was never seen, and no number where none can be known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.statistics.diagnostic_test import Verdicts, calibration, diagnose
from dora.statistics.intervals import wilson

counts = st.integers(0, 40)


@given(counts, counts, counts, counts, st.lists(st.booleans(), max_size=40))
def test_bounds_hold_whatever_the_stopped_were(pg: int, pb: int, og: int, ob: int, stopped: list[bool]) -> None:
    """For any truth of the stopped ones, sensitivity and specificity lie within the bounds."""
    result = diagnose(Verdicts(pg, pb, og, ob, len(stopped)))
    caught, alarmed = ob + sum(stopped), og + len(stopped) - sum(stopped)
    if caught + pb:
        assert result.sensitivity_bounds is not None
        low, high = result.sensitivity_bounds
        assert low - 1e-12 <= caught / (caught + pb) <= high + 1e-12
    if alarmed + pg:
        assert result.specificity_bounds is not None
        low, high = result.specificity_bounds
        assert low - 1e-12 <= pg / (pg + alarmed) <= high + 1e-12


def test_without_overrides_nothing_is_identified() -> None:
    """Stopped canaries alone leave sensitivity unknown between what was missed and everything."""
    result = diagnose(Verdicts(passed_good=90, passed_bad=2, stopped=8))
    assert result.sensitivity is None
    assert result.specificity is None
    assert result.sensitivity_bounds == (0.0, 0.8)
    assert result.specificity_bounds == (90 / 98, 1.0)
    assert result.precision_limits is None


def test_overrides_verify_some() -> None:
    """By hand: 15 overridden, 9 of them bad, 10 more stopped: 15 of 25 bad; with 5 missed 15/20 caught."""
    result = diagnose(Verdicts(passed_good=95, passed_bad=5, overridden_good=6, overridden_bad=9, stopped=10))
    assert result.sensitivity == pytest.approx(15 / 20)
    assert result.specificity == pytest.approx(95 / 105)
    assert result.precision == (9, 15)
    assert result.precision_limits == wilson(9, 15)
    assert result.missed == (5, 100)
    assert result.missed_limits == wilson(5, 100)


def test_nothing_is_nothing() -> None:
    """No canaries have no figures, not zeros."""
    result = diagnose(Verdicts())
    assert (result.sensitivity_bounds, result.specificity_bounds, result.missed_limits) == (None, None, None)


def test_the_correction_finds_the_truth() -> None:
    """A simulated canary of sensitivity 0.8 and specificity 0.95, a third of whose alarms are overridden blindly."""
    draw, observed = random.Random(6), {}
    for _ in range(40_000):
        bad = draw.random() < 0.1
        alarm = draw.random() < (0.8 if bad else 0.05)
        word = "passed" if not alarm else "overridden" if draw.random() < 1 / 3 else "stopped"
        name = word if word == "stopped" else f"{word}_{'bad' if bad else 'good'}"
        observed[name] = observed.get(name, 0) + 1
    result = diagnose(Verdicts(**observed))
    assert result.sensitivity == pytest.approx(0.8, abs=0.02)
    assert result.specificity == pytest.approx(0.95, abs=0.01)


def test_bins_have_their_counts_and_limits() -> None:
    """Each bin has the counts of its place, and limits if it has any."""
    bins = calibration([(2, 2), (0, 1), (0, 0)], (0, 50, 75, 100))
    assert [(row.low, row.high, row.n, row.failed) for row in bins] == [(0, 50, 2, 2), (50, 75, 1, 0), (75, 100, 0, 0)]
    assert bins[0].limits is not None
    assert bins[2].limits is None
