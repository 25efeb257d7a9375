"""Survival and quantiles against lifelines, numpy, exact fractions, and the coverage that they promise."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from scipy.stats import binom

from dora.statistics import survival_curve_sql
from dora.statistics.quantiles import Samples, sort_samples
from dora.statistics.survival import Survival

Observation = tuple[float, bool]

# Freireich 1963: weeks of remission under 6-mercaptopurine; True is still in remission.
SIX_MP: list[Observation] = [
    *[(float(t), False) for t in (6, 6, 6, 7, 10, 13, 16, 22, 23)],
    *[(float(t), True) for t in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)],
]


class Curve(NamedTuple):
    n: int
    events: int
    open: int
    median: float | None
    low: float | None
    high: float | None
    longest: float | None
    p10: float | None
    p25: float | None
    p75: float | None
    p90: float | None


def samples_of(groups: dict[str, Sequence[Observation]]) -> Samples:
    rows = [(number, *row) for number, observations in enumerate(groups.values()) for row in observations]
    numbers, values, censored = (np.array([row[i] for row in rows], kind) for i, kind in enumerate((int, float, bool)))
    return sort_samples(numbers, values, censored, len(groups))


def curves(groups: dict[str, Sequence[Observation]], p: float = 0.5) -> dict[str, Curve]:
    samples = samples_of(groups)
    counts = [(samples.end - samples.start).tolist(), samples.ended.tolist(), (samples.end - samples.middle).tolist()]
    survival = Survival(samples)
    quantiles = [
        survival.quantile(p),
        *survival.limits(p),
        samples.longest,
        *map(survival.quantile, (0.1, 0.25, 0.75, 0.9)),
    ]
    columns = [*counts, *([None if math.isnan(x) else x for x in column.tolist()] for column in quantiles)]
    names = list(groups)
    return {names[number]: Curve(*row) for number, *row in zip(samples.groups.tolist(), *columns, strict=True)}


def query(observations: Sequence[Observation], sql: str) -> list[tuple[Any, ...]]:
    arrays = [
        pa.array([observation[i] for observation in observations], kind)
        for i, kind in enumerate((pa.float64(), pa.bool_()))
    ]
    with duckdb.connect() as con:
        con.register("observations", pa.table(arrays, names=["value", "censored"]))
        return con.execute(sql).fetchall()


def curve(observations: Sequence[Observation]) -> Curve:
    return curves({"a": observations})["a"]


def oracle(observations: Sequence[Observation], left: float = 0.5) -> tuple[float | None, ...]:
    """Where the curve and the limits of lifelines cross ``left``: half-way to the next event where it is exactly that.

    There are no limits of fewer than six. If the curve reaches zero, Greenwood's variance is infinite; lifelines calls
    the limits 0 there, R's survfit and this tool call them unknown.
    """
    fitter = KaplanMeierFitter().fit([t for t, _ in observations], [not censored for _, censored in observations])
    survival = fitter.survival_function_.iloc[:, 0]
    limits = fitter.confidence_interval_[survival > 0]
    crossed = [line.index[line <= left + 1e-9] for line in (survival, limits.iloc[:, 0], limits.iloc[:, 1])]
    quantile, *ends = (float(times[0]) if len(times) else None for times in crossed)
    if quantile is not None and abs(survival[quantile] - left) < 1e-9:
        later = [t for t, censored in observations if t > quantile and not censored]
        quantile = (quantile + min(later, default=quantile)) / 2
    return (quantile, *(ends if len(observations) >= 6 else (None, None)))


def finite(value: float | None) -> float:
    return math.inf if value is None else value


def test_freireich() -> None:
    """The textbook's data have the textbook's median, 23 weeks; a quarter had relapsed after 13, and never three."""
    assert curve(SIX_MP) == Curve(21, 9, 12, 23.0, 13.0, None, 35.0, 6.0, 13.0, None, None)


observation = st.tuples(st.integers(1, 30).map(float), st.booleans())


@given(st.lists(observation, min_size=1, max_size=60))
@example([(1.0, False)])
@example([(1.0, False), (1.0, True)])
@example([(1.0, True), (2.0, False)])
@settings(deadline=None, max_examples=60)
def test_survival_is_lifelines(observations: list[Observation]) -> None:
    """Median and limits are those of lifelines, ties and a curve that ends at zero included."""
    result = curve(observations)
    assert (result.median, result.low, result.high) == oracle(observations)


@given(st.lists(observation, min_size=1, max_size=60), st.sampled_from([0.1, 0.25, 0.75, 0.9]))
@settings(deadline=None, max_examples=40)
def test_other_quantiles_are_lifelines_too(observations: list[Observation], p: float) -> None:
    """Any quantile with its limits; the four of the spread without."""
    result = curves({"a": observations}, p)["a"]
    assert (result.median, result.low, result.high) == oracle(observations, 1 - p)
    assert getattr(result, f"p{100 * p:.0f}") == result.median


@given(st.lists(observation, min_size=1, max_size=60), st.sampled_from([0.5, 0.75, 0.9]))
@settings(deadline=None, max_examples=40)
def test_plain_quantiles_are_numpys(observations: list[Observation], p: float) -> None:
    """Quantiles of type 7, mean and deviation of what has ended are those of numpy."""
    ended = [t for t, censored in observations if not censored]
    samples = samples_of({"a": observations})
    (mean,), (deviation,) = samples.moments()
    quantiles = [samples.quantile(q)[0] for q in (p, 0.1, 0.25, 0.75, 0.9)]
    assert samples.ended.tolist() == [len(ended)]
    if not ended:
        assert all(map(math.isnan, [*quantiles, mean, deviation]))
        return
    assert quantiles == pytest.approx([np.quantile(ended, q) for q in (p, 0.1, 0.25, 0.75, 0.9)])
    assert mean == pytest.approx(np.mean(ended))
    assert math.isnan(deviation) if len(ended) < 2 else deviation == pytest.approx(np.std(ended, ddof=1))


@given(st.lists(observation, min_size=1, max_size=80), st.sampled_from([0.5, 0.75, 0.9]))
@settings(deadline=None, max_examples=40)
def test_limits_are_observed_values(observations: list[Observation], p: float) -> None:
    """The limits of a plain quantile are the order statistics of scipy's binomial; none if there are too few."""
    ended = sorted(t for t, censored in observations if not censored)
    (low,), (high,) = samples_of({"a": observations}).limits(p)
    lower, upper = (int(binom.ppf(end, len(ended), p)) if ended else 0 for end in (0.025, 0.975))
    assert low == ended[lower - 1] if lower else math.isnan(low)
    assert high == ended[upper] if upper < len(ended) else math.isnan(high)


@given(st.lists(observation, min_size=1, max_size=60))
@example([(1.0, False)])
@settings(deadline=None, max_examples=40)
def test_the_curve_is_lifelines(observations: list[Observation]) -> None:
    """The share left after each event with its limits; if nothing is left the limits are 0 and 1."""
    fitter = KaplanMeierFitter().fit([t for t, _ in observations], [not censored for _, censored in observations])
    rows = query(observations, survival_curve_sql("observations"))
    assert [row[0] for row in rows] == sorted({t for t, censored in observations if not censored})
    for t, left, low, high in rows:
        assert left == pytest.approx(fitter.survival_function_.iloc[:, 0][t], abs=1e-9)
        limits = fitter.confidence_interval_.loc[t] if left > 1e-9 else (0.0, 1.0)
        assert (low, high) == pytest.approx(tuple(limits), abs=1e-9)


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    """Of ten thousand steps about a hundred are returned, the last one included."""
    rows = query([(float(t), False) for t in range(1, 10_001)], survival_curve_sql("observations", 100))
    assert 100 <= len(rows) <= 102
    assert rows[-1][:2] == (10_000.0, 0.0)


@given(st.integers(1, 400), st.integers(1, 10**6))
@settings(deadline=None, max_examples=40)
def test_half_is_exactly_half(pairs: int, seed: int) -> None:
    """Without open values the median is that of the statistics module, to the last bit: of two middle ones the mean."""
    values = random.Random(seed).sample(range(10 * pairs), 2 * pairs)
    for part in (values, values[1:]):
        assert curve([(float(v), False) for v in part]).median == statistics.median(part)


@given(st.integers(2, 40), st.integers(1, 10**6))
@settings(deadline=None, max_examples=40)
def test_half_is_exact_behind_censoring(steps: int, seed: int) -> None:
    """The median is that of a curve computed in exact fractions, whatever factors the half has."""
    draw = random.Random(seed)
    observations: list[Observation] = [(float(t), draw.random() < 0.4) for t in range(steps * 2)]
    left, survival, median, exact = Fraction(len(observations)), Fraction(1), None, None
    for t, censored in observations:
        survival *= 1 if censored else 1 - 1 / left
        left -= 1
        if exact is not None and not censored and median is None:
            median = (exact + t) / 2
        elif exact is None and survival == Fraction(1, 2):
            exact = t
        elif median is None and survival < Fraction(1, 2):
            median = t
    assert curve(observations).median == (exact if median is None else median)


def test_two_values_have_the_median_between_them() -> None:
    """The median of 1 h and 25 h is 13 h, and fewer than six have no interval."""
    assert curve([(1.0, False), (25.0, False)])[3:6] == (13.0, None, None)
    values = [(float(t), False) for t in range(1, 7)]
    assert curve(values[:5])[3:6] == (3.0, None, None)
    assert curve(values)[3:6] == (3.5, 1.0, None)


def test_an_event_comes_before_an_open_one_of_the_same_age() -> None:
    """At a tie the open value is still at risk, so one event of two leaves exactly one half."""
    assert curve([(5.0, False), (5.0, True)]).median == 5.0


def test_nothing_happened_yet() -> None:
    """All open: no median and no limits, but the oldest age is known."""
    assert curve([(3.0, True), (9.0, True)]) == Curve(2, 0, 2, *[None] * 3, 9.0, *[None] * 4)


def test_nothing_at_all() -> None:
    """No observation: no group."""
    assert curves({"a": [], "b": []}) == {}
    assert curves({"a": [], "b": [(1.0, False)]}).keys() == {"b"}


def test_groups_do_not_leak() -> None:
    """Each group has the curve that it has alone."""
    random_groups = {
        name: [(random.Random(i).expovariate(1), i % 3 == 0) for i in range(40 * k, 40 * k + 30 + k)]
        for k, name in enumerate("abcd")
    }
    together = curves(random_groups)
    assert together == {name: curve(observations) for name, observations in random_groups.items()}


def test_the_order_of_rows_does_not_matter() -> None:
    """Shuffled observations have the same curve."""
    shuffled = random.Random(1).sample(SIX_MP, len(SIX_MP))
    assert curve(shuffled) == curve(SIX_MP)


@pytest.mark.parametrize(("size", "until"), [(40, 6.0), (40, 1.5), (120, 3.0)])
def test_survival_covers_what_it_promises(size: int, until: float) -> None:
    """In 93 to 99.5 % of 3,000 seeded samples with censoring, the interval contains the true median."""
    draw = random.Random(size)
    samples: dict[str, Sequence[Observation]] = {}
    for run in range(3000):
        ages = [(draw.expovariate(1), draw.uniform(0, until)) for _ in range(size)]
        samples[str(run)] = [(min(t, c), c < t) for t, c in ages]
    limits = curves(samples).values()
    covered = sum(1 for row in limits if (row.low or 0) <= math.log(2) <= finite(row.high))
    assert 0.93 <= covered / len(samples) <= 0.995


def test_the_upper_limit_is_the_first_of_several() -> None:
    """If few are at risk the upper limit may rise again; its first crossing counts, as in lifelines."""
    draw, rose = random.Random(5), 0
    for _ in range(100):
        observations: list[Observation] = [(draw.uniform(0, 10), False) for _ in range(draw.randrange(80, 160))]
        observations += [(10.0, True) for _ in range(draw.randrange(80, 160))]
        observations += [(draw.uniform(11, 20), draw.random() < 0.3) for _ in range(draw.randrange(2, 8))]
        fitter = KaplanMeierFitter().fit([t for t, _ in observations], [not censored for _, censored in observations])
        upper = fitter.confidence_interval_[fitter.survival_function_.iloc[:, 0] > 0].iloc[1:, 1]
        rose += bool((upper.diff() > 1e-9).any())
        result = curve(observations)
        assert (result.median, result.low, result.high) == oracle(observations)
    assert rose > 20


def test_ten_thousand_groups_of_a_million_are_quick() -> None:
    """Many small groups, and a large one, take seconds of processor time."""
    dice = np.random.default_rng(3)
    values, censored = dice.exponential(1.0, 1_000_000), dice.random(1_000_000) < 0.2
    for count in (10_000, 1):
        started = time.process_time()
        low, high = Survival(sort_samples(dice.integers(0, count, len(values)), values.copy(), censored, count)).limits(
            0.5
        )
        assert len(low) == len(high) == count
        assert time.process_time() - started < 8


def test_survival_of_many_is_lifelines() -> None:
    """With thousands of censored factors the product crosses one half where that of lifelines does."""
    dice = random.Random(7)
    observations = [(dice.randrange(1_000_003) / 1000, dice.random() < 0.2) for _ in range(20_000)]
    result = curve(observations)
    assert (result.median, result.low, result.high) == oracle(observations)
