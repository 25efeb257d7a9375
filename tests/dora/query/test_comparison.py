"""A move is coloured only where noise alone would not explain it."""

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
from dora.query.value import Move, move
from dora.statistics import poisson, wilson

STATISTICS = {"share": "share", "per day": "count", "hours": "median"}


def value(
    amount: float | None, low: float | None, high: float | None, unit: str = "share", *, n: int = 100, days: float = 90
) -> Value:
    known: dict[str, Any] = {"metric": "m", "group": None, "period": None, "statistic": STATISTICS[unit], "open": 0,
                             "excluded": {}, "partial": False, "reason": None, "as_of": None}  # fmt: skip
    return Value(value=amount, low=low, high=high, unit=unit, n=n, days=days, **known)


def share(failed: int, of: int) -> Value:
    low, high = wilson(failed, of) or (0.0, 1.0)
    return value(failed / of, low, high, n=of)


def rate(count: int, days: int) -> Value:
    low, high = poisson(count)
    return value(count / days, low / days, high / days, "per day", n=count, days=days)


def test_newcombes_published_example_is_beyond_noise() -> None:
    """56 of 70 against 48 of 80 differ by 5.2 % to 33.4 % (Newcombe 1998, method 10): zero is outside."""
    moved = move(share(56, 70), share(48, 80))
    assert moved is not None
    assert (moved.text, moved.direction, moved.significant) == ("+20.0 points", 1, True)


def test_newcombes_published_example_within_noise() -> None:
    """9 of 10 against 3 of 10 differ by 17.1 % to 80.9 %; 5 of 56 against 0 of 29 by -3.8 % to 19.3 %."""
    assert move(share(9, 10), share(3, 10)).significant  # type: ignore[union-attr]
    assert not move(share(5, 56), share(0, 29)).significant  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("now", "before", "said", "beyond"),
    [
        (rate(1468, 90), rate(1266, 90), "+16 %", True),
        (rate(12, 90), rate(10, 90), "+20 %", False),
        (rate(3, 90), rate(0, 90), "up by 0.0333 / day", False),
        (rate(0, 90), rate(0, 90), "±0 %", False),
        (rate(0, 90), rate(90, 90), "-100 %", True),
        (rate(300, 90), rate(9, 90), "× 33", True),
        (value(2.0, 1.8, 2.2, "hours"), value(4.0, 3.6, 4.4, "hours"), "-50 %", True),
        (value(2.0, 1.0, 4.0, "hours"), value(3.0, 1.5, 6.0, "hours"), "-33 %", False),
        (share(12, 100), share(12, 100), "±0.0 points", False),
    ],
)
def test_a_move_is_said_in_the_units_of_its_metric(now: Value, before: Value, said: str, beyond: bool) -> None:
    """Rates and durations move by a ratio, shares by points, and from zero there is no ratio."""
    moved = move(now, before)
    assert moved is not None
    assert (moved.text, moved.significant) == (said, beyond)


def test_without_a_number_there_is_no_move() -> None:
    """Null is not zero: neither a missing window before nor a missing value makes a difference."""
    assert move(share(1, 10), None) is None
    assert move(value(None, None, None), share(1, 10)) is None
    assert move(share(1, 10), value(None, None, None)) is None


def test_an_end_without_a_bound_excludes_nothing() -> None:
    """A median whose upper bound is unknown can not be proved different."""
    moved = move(value(9.0, 8.0, None, "hours"), value(1.0, 0.9, 1.1, "hours"))
    assert moved is not None
    assert not moved.significant


COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, COUNTS)
def test_judgement_does_not_depend_on_which_came_first(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Exchanging the windows turns the direction round and leaves the judgement."""
    there, back = move(share(*one), share(*other)), move(share(*other), share(*one))
    assert there is not None
    assert back is not None
    assert (there.direction, there.significant) == (-back.direction, back.significant)


@given(COUNTS)
def test_nothing_moves_against_itself(counts: tuple[int, int]) -> None:
    """The same window twice is never beyond noise."""
    moved = move(share(*counts), share(*counts))
    assert moved is not None
    assert (moved.direction, moved.significant) == (0, False)


def test_a_window_with_a_gap_in_it_is_not_compared() -> None:
    """Where history is missing, a difference may be nothing but the missing part."""
    whole, torn = share(9, 10), replace(share(3, 10), partial=True, incomplete="pay: history is missing 3 May 2026")
    assert move(whole, share(3, 10)) is not None
    assert move(whole, torn) is move(torn, whole) is None


def test_the_limits_of_a_difference_are_published_ones() -> None:
    """Newcombe's example (1998, method 10): 5.24 to 33.39 points; by statsmodels the same."""
    moved = move(share(56, 70), share(48, 80))
    assert moved is not None
    assert (moved.low, moved.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert confint_proportions_2indep(56, 70, 48, 80, method="newcomb") == pytest.approx((moved.low, moved.high))


def test_two_rates_are_compared_exactly_and_wider_where_weeks_scatter() -> None:
    """300 against 250 in as many days: a ratio of 1.2, 1.01 to 1.43 by the exact binomial; with weeks that vary
    twice as much as by chance, 0.94 to 1.53 and noise."""
    moved, wider = move(rate(300, 90), rate(250, 90)), move(replace(rate(300, 90), scatter=2.0), rate(250, 90))
    assert moved is not None
    assert wider is not None
    exact = binomtest(300, 550).proportion_ci(0.95, "exact")
    assert (moved.low, moved.high) == pytest.approx((exact.low / (1 - exact.low), exact.high / (1 - exact.high)))
    assert (moved.significant, wider.significant) == (True, False)
    assert (wider.low, wider.high) == pytest.approx((0.94, 1.53), abs=0.01)


def test_what_can_not_be_told_apart_says_how_many_would_be_needed() -> None:
    """2 of 40 against 4 of 40: by statsmodels' normal power some 430 each; nobody waits for a million."""
    moved = move(share(2, 40), share(4, 40))
    assert moved is not None
    size = NormalIndPower().solve_power(proportion_effectsize(0.05, 0.1), alpha=0.05, power=0.8)
    assert moved.needed == pytest.approx(size, rel=0.05)
    assert move(share(56, 70), share(48, 80)).needed is None  # type: ignore[union-attr]
    assert move(share(5000, 100000), share(5001, 100000)).needed is None  # type: ignore[union-attr]


def test_the_p_of_a_move_is_fishers_or_that_of_its_limits() -> None:
    """Of shares scipy's exact test; of a ratio the normal whose 95 % limit is the one told."""
    moved = move(share(56, 70), share(48, 80))
    assert moved is not None
    assert moved.p == pytest.approx(fisher_exact([[56, 14], [48, 32]]).pvalue)
    (doubled,) = [move(value(4.0, 2.0 * 2**0.5, 4.0 * 2**0.5, "hours"), value(1.0, 1.0, 1.0, "hours"))]
    assert doubled is not None
    assert doubled.p == pytest.approx(2 * norm.sf(4 * norm.ppf(0.975)))  # log 4 is four half-widths of log √2
    nothing = move(value(9.0, 8.0, None, "hours"), value(1.0, 0.9, 1.1, "hours"))
    assert nothing is not None
    assert nothing.p is None


def test_of_many_moves_those_stand_that_benjamini_and_hochberg_name() -> None:
    """One at p = 0.04 stands alone, and not among twenty that are nothing; a certain one stands among any."""
    near, sure, none = share(20, 100), share(60, 100), share(11, 100)
    before = share(9, 100)
    moves = [one for now in (near, sure, *[none] * 20) if (one := move(now, before))]
    assert moves[0].p == pytest.approx(0.044, abs=0.002)
    assert Move.significant_among(moves[:1]) == [True]
    assert Move.significant_among(moves) == [False, True, *[False] * 20]
    assert Move.significant_among([]) == []
