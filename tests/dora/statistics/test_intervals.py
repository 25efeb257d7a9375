"""Every interval against an independent implementation, and against the coverage that it promises."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from itertools import pairwise
from statistics import stdev

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from dora.statistics import intervals, normal_quantile, poisson, quantile_ranks, wilson

tables = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


# --- shares ---------------------------------------------------------------------------------------


@given(st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@example((0, 1))
@example((1, 1))
@example((2, 37))
def test_wilson_is_statsmodels(case: tuple[int, int]) -> None:
    """The Wilson limits are those of statsmodels to nine digits, and never leave 0 to 1."""
    limits = wilson(*case)
    assert limits is not None
    assert limits == pytest.approx(proportion_confint(*case, method="wilson"), abs=1e-9)
    assert 0 <= limits[0] <= case[0] / case[1] <= limits[1] <= 1


def test_no_trials_have_no_share() -> None:
    """Without deployments the failure share is unknown, not 0."""
    assert wilson(0, 0) is None


def test_none_of_twelve_still_has_an_upper_limit() -> None:
    """ "0 of 12" says how bad it may still be."""
    limits = wilson(0, 12)
    assert limits is not None
    assert limits[0] == 0.0
    assert limits[1] == pytest.approx(0.2425, abs=1e-4)


def test_wilson_covers_what_it_promises() -> None:
    """Averaged over the shares that occur, the interval holds the truth in 93 to 99.5 % of samples."""
    for n, share in ((20, 0.05), (20, 0.3), (60, 0.15), (200, 0.1)):
        covered = 0.0
        for x in range(n + 1):
            limits = wilson(x, n)
            assert limits is not None
            covered += stats.binom.pmf(x, n, share) * (limits[0] <= share <= limits[1])
        assert 0.92 <= covered <= 0.995, (n, share, covered)


# --- counts ---------------------------------------------------------------------------------------


@given(st.one_of(st.integers(0, 300), st.integers(0, 10**6)))
@example(0)
@example(1)
@example(10**6)
def test_poisson_is_the_chi_square_quantile(count: int) -> None:
    """Garwood's limits are half a chi-square quantile, to better than one in a million."""
    low, high = poisson(count)
    assert high == pytest.approx(stats.chi2.ppf(0.975, 2 * count + 2) / 2, rel=1e-9)
    assert low == pytest.approx(stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0, rel=1e-9)


def test_no_deployment_bounds_the_rate() -> None:
    """Nothing seen still allows a mean of 3.689."""
    assert poisson(0) == (0.0, pytest.approx(3.688879, abs=1e-6))


def test_poisson_covers_what_it_promises() -> None:
    """The exact interval never covers less than 95 %, and is not absurdly wide."""
    for mean in (0.5, 3.0, 12.0, 80.0):
        counts = range(int(stats.poisson.ppf(1 - 1e-9, mean)) + 1)
        covered = sum(stats.poisson.pmf(k, mean) for k in counts if poisson(k)[0] <= mean <= poisson(k)[1])
        assert 0.95 <= covered <= 0.995, mean


@given(st.floats(1e-9, 1 - 1e-9))
def test_normal_quantile_is_scipys(p: float) -> None:
    """The normal quantile is that of scipy to nine digits."""
    assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p), abs=1e-9)


# --- shares by Jeffreys, and two shares -------------------------------------------------------------


@given(tables, st.floats(0.001, 0.999))
def test_the_probability_of_a_share_below_a_limit_is_the_betas(case: tuple[int, int], limit: float) -> None:
    """The posterior under Jeffreys' prior is scipy's beta."""
    x, n = case
    assert intervals.share_below(x, n, limit) == pytest.approx(stats.beta.cdf(limit, x + 0.5, n - x + 0.5), abs=1e-9)


@given(tables, tables)
@example((56, 70), (48, 80))
def test_newcombe_is_statsmodels(first: tuple[int, int], second: tuple[int, int]) -> None:
    """The limits of a difference are those that statsmodels calls Newcombe's."""
    limits = intervals.newcombe(first, second)
    assert limits is not None
    oracle = confint_proportions_2indep(*second, *first, compare="diff", method="newcomb")
    assert limits == pytest.approx(oracle, abs=1e-9)


def test_nothing_has_no_difference() -> None:
    """Without trials on one side there is no difference."""
    assert intervals.newcombe((0, 0), (1, 2)) is None
    assert intervals.newcombe((1, 2), (0, 0)) is None


@given(tables, tables)
@example((8, 10), (1, 6))
def test_fisher_is_scipys(first: tuple[int, int], second: tuple[int, int]) -> None:
    """The exact p of two shares is scipy's."""
    rows = [[first[0], first[1] - first[0]], [second[0], second[1] - second[0]]]
    assert intervals.fisher(first, second) == pytest.approx(stats.fisher_exact(rows).pvalue, rel=1e-6, abs=1e-9)


def test_the_trials_needed_are_those_of_the_textbook() -> None:
    """10 % against 5 % needs 435 on each side for a power of 80 % (Fleiss), and equal shares can not be told apart."""
    assert intervals.trials_to_see(0.10, 0.05) == 435
    assert intervals.trials_to_see(0.05, 0.10) == 435
    assert intervals.trials_to_see(0.1, 0.1) is None


def test_newcombe_covers_what_it_promises() -> None:
    """The interval of a difference holds the truth in 93 to 99.5 % of all samples, weighed by their chance."""
    n, p, q = 40, 0.1, 0.25
    covered = sum(
        stats.binom.pmf(x, n, p) * stats.binom.pmf(y, n, q)
        for x in range(n + 1)
        for y in range(n + 1)
        if (limits := intervals.newcombe((x, n), (y, n))) and limits[0] <= q - p <= limits[1]
    )
    assert 0.93 <= covered <= 0.995


# --- rates ------------------------------------------------------------------------------------------

counted = st.tuples(st.integers(0, 300), st.floats(1, 400))


@given(counted, counted)
@example((0, 7.0), (3, 7.0))
@example((3, 7.0), (0, 7.0))
def test_the_ratio_of_rates_is_clopper_and_pearsons(first: tuple[int, float], second: tuple[int, float]) -> None:
    """Given their sum a count is binomial, whose exact limits scipy knows."""
    (x, days), (y, others) = first, second
    assume(x + y)
    low, high = intervals.rate_ratio(first, second)
    exact = stats.binomtest(y, x + y).proportion_ci(method="exact")
    assert low == pytest.approx(exact.low / (1 - exact.low) * days / others, rel=1e-8, abs=1e-12)
    assert high == (pytest.approx(exact.high / (1 - exact.high) * days / others, rel=1e-8) if x else None)


def test_no_counts_have_no_ratio() -> None:
    """Two silent windows say nothing of a ratio."""
    assert intervals.rate_ratio((0, 7), (0, 7)) == (None, None)


def test_even_weeks_widen_nothing_and_bursts_do() -> None:
    """Weeks that scatter like Poisson leave the limits; four times the variance doubles them."""
    assert intervals.dispersion([5] * 20) == 1.0
    assert intervals.dispersion([0, 20] * 10) == pytest.approx(10 * 20 / 19)
    assert intervals.dispersion([0, 20]) == 1.0, "two weeks can not tell"
    assert intervals.dispersion([]) == intervals.dispersion([0] * 20) == 1.0
    assert intervals.widened((80.0, 122.0), 100, 4.0) == (60.0, 144.0)
    assert intervals.widened((0.0, 3.7), 0, 4.0) == (0.0, 7.4)


def test_widened_limits_cover_where_plain_ones_do_not() -> None:
    """Of 2,000 years whose weeks vary twice over, the widened limits hold the truth in 93 to 99.5 %."""
    draw, plain, wide = random.Random(5), 0, 0
    for _ in range(2000):
        weeks = [_poisson(draw, draw.gammavariate(4, 1)) for _ in range(52)]
        total, factor = sum(weeks), intervals.dispersion(weeks)
        limits = poisson(total)
        plain += limits[0] <= 52 * 4 <= limits[1]
        low, high = intervals.widened(limits, total, factor)
        wide += low <= 52 * 4 <= high
    assert plain / 2000 < 0.9
    assert 0.93 <= wide / 2000 <= 0.995


def _poisson(draw: random.Random, mean: float) -> int:
    count, left = 0, math.exp(-mean)
    product = draw.random()
    while product > left:
        count, product = count + 1, product * draw.random()
    return count


# --- quantiles and means ----------------------------------------------------------------------------


@given(st.integers(1, 3000), st.sampled_from([0.1, 0.5, 0.75, 0.9, 0.95]))
@example(6, 0.5)
@example(35, 0.9)
@example(36, 0.9)
def test_quantile_ranks_are_the_binomials(n: int, p: float) -> None:
    """The ranks are the innermost ones with at most 2.5 % outside on each side, by scipy's binomial."""
    low, high = quantile_ranks(n, p)
    ranks = np.arange(1, n + 1)
    lower_ranks = ranks[stats.binom.cdf(ranks - 1, n, p) <= 0.025]
    upper_ranks = ranks[stats.binom.sf(ranks - 1, n, p) <= 0.025]
    assert low == (lower_ranks.max() if lower_ranks.size else None)
    assert high == (upper_ranks.min() if upper_ranks.size else None)


@pytest.mark.parametrize(
    ("n", "p", "ranks"), [(5, 0.5, (None, None)), (6, 0.5, (1, 6)), (10**6, 0.5, (499_020, 500_981))]
)
def test_ranks_of_a_median(n: int, p: float, ranks: tuple[int | None, int | None]) -> None:
    """Below six values even the extremes miss the median in more than one sample of twenty."""
    assert quantile_ranks(n, p) == ranks


def test_a_90th_percentile_needs_36_values_for_its_upper_limit() -> None:
    """With fewer the largest value may well lie below it: the limit is "at least", not a number."""
    assert quantile_ranks(35, 0.9)[1] is None
    assert quantile_ranks(36, 0.9)[1] == 36


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40).filter(lambda observed: len(set(observed)) > 1))
def test_the_limits_of_a_mean_are_students(values: list[float]) -> None:
    """A mean's limits are scipy's t interval."""
    oracle = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    half = intervals.mean_half(stdev(values), len(values))
    assert half == pytest.approx(oracle, rel=1e-7, abs=1e-6)
    assert intervals.mean_half(None, 1) is None


def test_order_statistics_cover_what_they_promise() -> None:
    """In 10,000 samples of 50 the interval of a 75th percentile holds the truth in 93 to 99.5 %."""
    draw, covered = random.Random(3), 0
    low, high = quantile_ranks(50, 0.75)
    assert low is not None
    assert high is not None
    for _ in range(10_000):
        values = sorted(draw.random() for _ in range(50))
        covered += values[low - 1] <= 0.75 <= values[high - 1]
    assert 0.93 <= covered / 10_000 <= 0.995


def test_more_trials_have_narrower_limits() -> None:
    """Ten times the deployments at the same share have narrower limits."""
    widths = [high - low for n in (10, 100, 1000) for low, high in [wilson(n // 10, n) or (0, 1)]]
    assert all(b < a for a, b in pairwise(widths))


def test_no_oracle_at_run_time() -> None:
    """The statistics need none of the libraries that they are tested with."""
    code = (
        "import sys, dora.statistics.association, dora.statistics.diagnostic_test, dora.statistics.aggregation_effects,"
        " dora.statistics.control_chart;"
        "print([m for m in ('numpy', 'scipy', 'statsmodels', 'lifelines', 'pandas') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
