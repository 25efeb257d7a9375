"""A move is significant only if chance alone does not explain it; a value formats itself and its evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, fisher_exact, norm
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_effectsize

from dora import Value
from dora.query.value import Better, Move, Verdict, judge_moves
from dora.statistics import poisson, wilson

STATISTICS = {"share": "share", "per day": "count", "hours": "median"}


def value(
    amount: float | None, low: float | None, high: float | None, unit: str = "share", *, n: int = 100, days: float = 90
) -> Value:
    rest: dict[str, Any] = {"metric": "m", "group": None, "period": None, "statistic": STATISTICS[unit], "open": 0,
                            "excluded": {}, "partial": False, "reason": None, "as_of": None}  # fmt: skip
    return Value(value=amount, low=low, high=high, unit=unit, n=n, days=days, **rest)


def share(failed: int, n: int) -> Value:
    low, high = wilson(failed, n) or (0.0, 1.0)
    return value(failed / n, low, high, n=n)


def rate(count: int, days: int) -> Value:
    low, high = poisson(count)
    return value(count / days, low / days, high / days, "per day", n=count, days=days)


def compare(now: Value, before: Value) -> Move:
    move = now.compare_to(before)
    assert move is not None
    return move


def test_newcombes_published_example_is_significant() -> None:
    """56 of 70 against 48 of 80 differ by 5.2 % to 33.4 % (Newcombe 1998, method 10): zero is outside."""
    move = compare(share(56, 70), share(48, 80))
    assert (move.text, move.direction, move.significant) == ("+20.0 points", 1, True)


def test_newcombes_other_examples() -> None:
    """9 of 10 against 3 of 10 differ by 17.1 % to 80.9 %; 5 of 56 against 0 of 29 by -3.8 % to 19.3 %."""
    assert compare(share(9, 10), share(3, 10)).significant
    assert not compare(share(5, 56), share(0, 29)).significant


@pytest.mark.parametrize(
    ("now", "before", "text", "significant"),
    [
        (rate(1468, 90), rate(1266, 90), "+16 %", True),
        (rate(12, 90), rate(10, 90), "+20 %", False),
        (rate(3, 90), rate(0, 90), "up by 0.0333 / day", False),
        (rate(0, 90), rate(0, 90), "±0 %", False),
        (rate(0, 90), rate(90, 90), "−100 %", True),
        (rate(300, 90), rate(9, 90), "× 33", True),
        (value(2.0, 1.8, 2.2, "hours"), value(4.0, 3.6, 4.4, "hours"), "−50 %", True),
        (value(2.0, 1.0, 4.0, "hours"), value(3.0, 1.5, 6.0, "hours"), "−33 %", False),
        (share(12, 100), share(12, 100), "±0.0 points", False),
    ],
)
def test_the_text_of_a_move_fits_its_metric(now: Value, before: Value, text: str, significant: bool) -> None:
    """Rates and durations move by a ratio, shares by points, and there is no ratio to zero."""
    move = compare(now, before)
    assert (move.text, move.significant) == (text, significant)


def test_without_a_number_there_is_no_move() -> None:
    """Null is not zero: neither a missing window before nor a missing value makes a difference."""
    assert share(1, 10).compare_to(None) is None
    assert value(None, None, None).compare_to(share(1, 10)) is None
    assert share(1, 10).compare_to(value(None, None, None)) is None


def test_an_end_without_a_bound_excludes_nothing() -> None:
    """A median whose upper limit is unknown is not significantly different."""
    assert not compare(value(9.0, 8.0, None, "hours"), value(1.0, 0.9, 1.1, "hours")).significant


COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, COUNTS)
def test_significance_does_not_depend_on_the_order(first: tuple[int, int], second: tuple[int, int]) -> None:
    """Exchanging the windows reverses the direction and keeps the significance."""
    forth, back = compare(share(*first), share(*second)), compare(share(*second), share(*first))
    assert (forth.direction, forth.significant) == (-back.direction, back.significant)


@given(COUNTS)
def test_a_value_does_not_differ_from_itself(counts: tuple[int, int]) -> None:
    """The same window twice is never significant."""
    move = compare(share(*counts), share(*counts))
    assert (move.direction, move.significant) == (0, False)


def test_an_incomplete_window_is_not_compared() -> None:
    """A difference to a window with a history gap may be nothing but the gap."""
    complete, incomplete = share(9, 10), replace(share(3, 10), partial=True, incomplete="pay: history gap 3 May 2026")
    assert complete.compare_to(share(3, 10)) is not None
    assert complete.compare_to(incomplete) is incomplete.compare_to(complete) is None


def test_the_limits_of_a_difference_are_published_ones() -> None:
    """Newcombe's example (1998, method 10): 5.24 to 33.39 points; statsmodels computes the same."""
    move = compare(share(56, 70), share(48, 80))
    assert (move.low, move.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert confint_proportions_2indep(56, 70, 48, 80, method="newcomb") == pytest.approx((move.low, move.high))


def test_two_rates_are_compared_exactly_and_wider_if_weeks_scatter() -> None:
    """300 against 250 in as many days: a ratio of 1.2, 1.01 to 1.43 by the exact binomial; with weeks that vary
    twice as much as by chance, 0.94 to 1.53, which is not significant."""
    move = compare(rate(300, 90), rate(250, 90))
    wider = compare(replace(rate(300, 90), scatter=2.0), rate(250, 90))
    exact = binomtest(300, 550).proportion_ci(0.95, "exact")
    assert (move.low, move.high) == pytest.approx((exact.low / (1 - exact.low), exact.high / (1 - exact.high)))
    assert (move.significant, wider.significant) == (True, False)
    assert (wider.low, wider.high) == pytest.approx((0.94, 1.53), abs=0.01)


def test_an_insignificant_share_says_how_many_observations_it_needs() -> None:
    """2 of 40 against 4 of 40: some 430 each by statsmodels' normal power; more than a million are never named."""
    move = compare(share(2, 40), share(4, 40))
    size = NormalIndPower().solve_power(proportion_effectsize(0.05, 0.1), alpha=0.05, power=0.8)
    assert move.needed == pytest.approx(size, rel=0.05)
    assert compare(share(56, 70), share(48, 80)).needed is None
    assert compare(share(5000, 100000), share(5001, 100000)).needed is None


def test_p_is_fishers_or_that_of_the_interval() -> None:
    """Of shares scipy's exact test; of a ratio the normal that has the given 95 % limit."""
    assert compare(share(56, 70), share(48, 80)).p == pytest.approx(fisher_exact([[56, 14], [48, 32]]).pvalue)
    doubled = compare(value(4.0, 2.0 * 2**0.5, 4.0 * 2**0.5, "hours"), value(1.0, 1.0, 1.0, "hours"))
    assert doubled.p == pytest.approx(2 * norm.sf(4 * norm.ppf(0.975)))  # log 4 is four half-widths of log √2
    assert compare(value(9.0, 8.0, None, "hours"), value(1.0, 0.9, 1.1, "hours")).p is None


def test_many_moves_are_corrected_by_benjamini_and_hochberg() -> None:
    """A p of 0.04 is significant alone and not among twenty without effect; a certain one is among any."""
    before = share(9, 100)
    near, certain, none = (compare(share(failed, 100), before) for failed in (20, 60, 11))
    assert near.p == pytest.approx(0.044, abs=0.002)
    assert verdicts(near) == ["worse"]
    assert verdicts(near, certain, *[none] * 20) == ["not significant", "worse", *["not significant"] * 20]
    assert verdicts() == []
    assert verdicts(None, certain) == ["not significant", "worse"]


def verdicts(*moves: Move | None) -> list[Verdict]:
    return judge_moves([(move, "lower") for move in moves])


@pytest.mark.parametrize(
    ("direction", "significant", "relevant", "better", "verdict"),
    [
        (1, True, True, "higher", "better"),
        (1, True, True, "lower", "worse"),
        (-1, True, True, "higher", "worse"),
        (-1, True, True, "lower", "better"),
        (-1, True, False, "lower", "too small to matter"),
        (0, True, True, "higher", "not significant"),
        (1, False, True, "higher", "not significant"),
        (1, False, False, "higher", "not significant"),
    ],
)
def test_a_significant_and_relevant_move_is_better_or_worse(
    direction: int, significant: bool, relevant: bool, better: Better, verdict: Verdict
) -> None:
    """Only a significant, relevant move with a direction is better or worse, by the direction that is better."""
    move = Move("", direction, significant, p=1e-9, relevant=relevant)
    assert judge_moves([(move, better)]) == [verdict]


@pytest.mark.parametrize(
    ("now", "before", "threshold", "relevant"),
    [
        (rate(11_000, 100), rate(10_000, 100), 0.1, True),
        (rate(10_900, 100), rate(10_000, 100), 0.1, False),
        (rate(9_000, 100), rate(10_000, 100), 0.1, True),
        (rate(100, 100), rate(0, 100), 0.1, True),
        (share(2_500, 100_000), share(2_000, 100_000), 0.005, True),
        (share(2_490, 100_000), share(2_000, 100_000), 0.005, False),
        (value(2.0, 1.99, 2.01, "hours"), value(2.1, 2.09, 2.11, "hours"), 0.1, False),
        (value(2.0, 1.99, 2.01, "hours"), value(2.1, 2.09, 2.11, "hours"), 0.04, True),
    ],
)
def test_a_move_is_relevant_from_a_tenth_or_half_a_point_on(
    now: Value, before: Value, threshold: float, relevant: bool
) -> None:
    """A rate or duration moves by a part of it, a share by points; from zero every move is relevant."""
    assert compare(replace(now, relevant_change=threshold), before).relevant is relevant
