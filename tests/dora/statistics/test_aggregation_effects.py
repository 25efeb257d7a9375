"""Roll-ups: a change splits into parts that add up; applications are told apart no further than chance allows."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from dora.statistics import aggregation_effects

cases = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
windows = st.dictionaries(st.sampled_from("abcdef"), cases, min_size=1)


def share(window: aggregation_effects.Cases) -> float:
    return sum(x for x, _ in window.values()) / sum(n for _, n in window.values())


@given(windows, windows)
def test_the_parts_add_up(before: aggregation_effects.Cases, after: aggregation_effects.Cases) -> None:
    """Within and mix are together the change of the pooled share, whatever groups come and go."""
    split = aggregation_effects.kitagawa(before, after)
    assert split is not None
    assert split.total == pytest.approx(share(after) - share(before), abs=1e-12)
    assert split.within + split.mix == pytest.approx(split.total)


def test_a_better_total_of_worse_parts_is_a_lie() -> None:
    """By hand: both applications fail more, yet the safe one deploys more, so the pooled rate falls from 26 to 14 %.

    within = (5 − 0) points at the mean mixes = .05; mix = the rest, −.17.
    """
    before = {"safe": (5, 100), "risky": (120, 400)}
    after = {"safe": (40, 400), "risky": (35, 100)}
    split = aggregation_effects.kitagawa(before, after)
    assert split is not None
    assert (split.total, split.within, split.mix) == pytest.approx((-0.10, 0.05, -0.15))
    assert split.lies


def test_the_same_mix_is_all_within() -> None:
    """Where weights stay, nothing is mix; where shares stay, nothing is within."""
    stay = aggregation_effects.kitagawa({"a": (1, 10), "b": (2, 10)}, {"a": (2, 10), "b": (4, 10)})
    move = aggregation_effects.kitagawa({"a": (1, 10), "b": (4, 10)}, {"a": (2, 20), "b": (4, 10)})
    assert stay is not None
    assert move is not None
    assert stay.mix == pytest.approx(0)
    assert move.within == pytest.approx(0)
    assert not stay.lies


def test_nothing_has_no_split() -> None:
    """A window without trials has no share to compare."""
    assert aggregation_effects.kitagawa({}, {"a": (1, 2)}) is None
    assert aggregation_effects.kitagawa({"a": (1, 2)}, {"a": (0, 0)}) is None


def test_standardised_by_hand() -> None:
    """10 % and 40 % at weights 3 and 1 are 17.5 %; a weight on a group without trials has no answer."""
    groups = {"a": (1, 10), "b": (4, 10), "c": (0, 0)}
    assert aggregation_effects.standardised(groups, {"a": 3, "b": 1}) == pytest.approx(0.175)
    assert aggregation_effects.standardised(groups, {"a": 3, "c": 1}) is None
    assert aggregation_effects.standardised(groups, {}) is None


@given(st.integers(1, 300), st.floats(0.01, 0.99))
def test_the_funnel_is_the_binomials(trials: int, p: float) -> None:
    """Its edges are scipy's binomial quantiles."""
    low, high = aggregation_effects.funnel(trials, p)
    inside = np.flatnonzero(stats.binom.cdf(np.arange(trials + 1), trials, p) > 0.025)
    assert low * trials == pytest.approx(inside[0])
    assert high * trials == pytest.approx(stats.binom.ppf(0.975, trials, p))


def test_groups_that_differ_by_chance_shrink_to_one() -> None:
    """Fifty applications with one true rate are drawn together, and all limits hold it."""
    draw = random.Random(2)
    groups = {str(i): (sum(draw.random() < 0.1 for _ in range(30)), 30) for i in range(50)}
    result = aggregation_effects.shrink(groups).values()
    assert max(row.value for row in result) - min(row.value for row in result) < 0.12
    assert sum(row.low <= 0.1 <= row.high for row in result) >= 48


def test_groups_that_differ_keep_their_own() -> None:
    """Much evidence outweighs the others; little is drawn to them."""
    result = aggregation_effects.shrink(
        {"a": (10, 1000), "b": (500, 1000), "c": (300, 1000), "new": (1, 1), "none": (0, 0)}
    )
    assert result["a"].value == pytest.approx(0.01, abs=0.005)
    assert result["b"].value == pytest.approx(0.5, abs=0.01)
    assert 0.2 < result["new"].value < 0.7
    assert "none" not in result
    assert aggregation_effects.shrink({}) == {}


def test_shrunk_limits_cover_what_they_promise() -> None:
    """Over 200 organisations whose applications' rates are Beta(2, 18), limits hold the truth in 93 to 99.5 %."""
    draw, covered, n = random.Random(9), 0, 0
    for _ in range(60):
        truth = {str(i): draw.betavariate(2, 18) for i in range(40)}
        trials = {name: draw.randint(20, 120) for name in truth}
        observed = {
            name: (sum(draw.random() < p for _ in range(trials[name])), trials[name]) for name, p in truth.items()
        }
        for name, row in aggregation_effects.shrink(observed).items():
            covered, n = covered + (row.low <= truth[name] <= row.high), n + 1
    assert 0.93 <= covered / n <= 0.995


@given(st.dictionaries(st.integers(0, 99).map(str), st.floats(0, 1), min_size=1, max_size=40))
def test_discoveries_are_statsmodels(ps: dict[str, float]) -> None:
    """Which tests stand is what Benjamini and Hochberg's procedure of statsmodels says."""
    stand = multipletests(list(ps.values()), 0.05, method="fdr_bh")[0]
    assert aggregation_effects.discoveries(ps) == {name for name, stands in zip(ps, stand, strict=True) if stands}


@given(cases, st.floats(0.01, 0.99))
def test_who_stands_outside_is_the_binomials_smaller_tail(case: tuple[int, int], p: float) -> None:
    """The p is twice the smaller tail of scipy's binomial, and 1 where there is nothing to hold against."""
    x, n = case
    tail = min(stats.binom.cdf(x, n, p), stats.binom.sf(x - 1, n, p))
    assert aggregation_effects.outside(x, n, p) == pytest.approx(min(1, 2 * tail), abs=1e-9)
    assert aggregation_effects.outside(0, 0, p) == aggregation_effects.outside(x, n, 0.0) == 1.0
