"""Survival against lifelines, against exact fractions, and against the coverage that it promises."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
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

from dora.statistics import kaplan_meier, order_limits, plain_quantiles, survival_curve

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


def curves(groups: dict[str, Sequence[Observation]], p: float = 0.5) -> dict[str, Curve]:
    return {row[0]: Curve(*row[1:]) for row in asked(groups, kaplan_meier("observations", ["team"], p))}


def asked(groups: dict[str, Sequence[Observation]], sql: str) -> list[tuple[Any, ...]]:
    rows = [(name, value, censored) for name, seen in groups.items() for value, censored in seen]
    columns = [[row[i] for row in rows] for i in range(3)]
    types = (pa.string(), pa.float64(), pa.bool_())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    observations = pa.table(arrays, names=["team", "value", "censored"])
    with duckdb.connect() as con:
        con.register("observations", observations)
        return con.execute(sql).fetchall()


def curve(observations: Sequence[Observation]) -> Curve:
    return curves({"a": observations})["a"]


def oracle(observations: Sequence[Observation], left: float = 0.5) -> tuple[float | None, ...]:
    """Where the curve and the limits of lifelines cross one half, or what is ``left``; its own slips at exactly ½.

    Where the curve reaches zero Greenwood's variance is infinite; lifelines calls the limits 0 there (one
    observation would be known exactly), R's survfit and this tool call them unknown.
    """
    fitter = KaplanMeierFitter().fit([t for t, _ in observations], [not censored for _, censored in observations])
    survival = fitter.survival_function_.iloc[:, 0]
    limits = fitter.confidence_interval_[survival > 0]
    crossed = [line.index[line <= left + 1e-9] for line in (survival, limits.iloc[:, 0], limits.iloc[:, 1])]
    return tuple(float(times[0]) if len(times) else None for times in crossed)


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
    found = curve(observations)
    assert (found.median, found.low, found.high) == oracle(observations)


@given(st.lists(observation, min_size=1, max_size=60), st.sampled_from([0.1, 0.25, 0.75, 0.9]))
@settings(deadline=None, max_examples=40)
def test_other_quantiles_are_lifelines_too(observations: list[Observation], p: float) -> None:
    """Whatever quantile is asked for, with its limits, and the four of the spread without."""
    found = curves({"a": observations}, p)["a"]
    assert (found.median, found.low, found.high) == oracle(observations, 1 - p)
    assert getattr(found, f"p{100 * p:.0f}") == found.median


@given(st.lists(observation, min_size=1, max_size=60), st.sampled_from([0.5, 0.75, 0.9]))
@settings(deadline=None, max_examples=40)
def test_plain_quantiles_are_numpys(observations: list[Observation], p: float) -> None:
    """Of those that ended alone: quantiles of type 7, mean and deviation, as numpy has them."""
    ended = [t for t, censored in observations if not censored]
    rows = asked({"a": observations}, plain_quantiles("observations", ["team"], p))
    if not ended:
        assert rows == []
        return
    _, n, value, longest, *spread, middle, mean, deviation = rows[0]
    assert (n, longest) == (len(ended), max(ended))
    assert [value, *spread] == pytest.approx([np.quantile(ended, q) for q in (p, 0.1, 0.25, 0.75, 0.9)])
    assert (middle, mean) == pytest.approx((np.median(ended), np.mean(ended)))
    assert deviation == (pytest.approx(np.std(ended, ddof=1)) if len(ended) > 1 else None)


@given(st.lists(observation, max_size=80), st.sampled_from([0.5, 0.75, 0.9]))
@settings(deadline=None, max_examples=40)
def test_limits_are_values_that_were_seen(observations: list[Observation], p: float) -> None:
    """The limits of a plain quantile are the order statistics of scipy's binomial; none where none is sure enough."""
    ended = sorted(t for t, censored in observations if not censored)
    rows = asked({"a": observations}, order_limits("observations", ["team"], [len(ended), 7], p))
    if not ended:
        assert rows == []
        return
    below, above = int(binom.ppf(0.025, len(ended), p)), int(binom.ppf(0.975, len(ended), p))
    low = ended[below - 1] if below else None
    assert rows == [("a", low, ended[above] if above < len(ended) else None)]


@given(st.lists(observation, min_size=1, max_size=60))
@example([(1.0, False)])
@settings(deadline=None, max_examples=40)
def test_the_curve_is_lifelines(observations: list[Observation]) -> None:
    """What is left after each event, with its limits; where nothing is left the limits are unknown and say all."""
    fitter = KaplanMeierFitter().fit([t for t, _ in observations], [not censored for _, censored in observations])
    rows = asked({"a": observations}, survival_curve("observations"))
    assert [row[0] for row in rows] == sorted({t for t, censored in observations if not censored})
    for t, left, low, high in rows:
        assert left == pytest.approx(fitter.survival_function_.iloc[:, 0][t], abs=1e-9)
        limits = fitter.confidence_interval_.loc[t] if left > 1e-9 else (0.0, 1.0)
        assert (low, high) == pytest.approx(tuple(limits), abs=1e-9)


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    """Of ten thousand steps some hundreds are told, the last among them."""
    rows = asked({"a": [(float(t), False) for t in range(1, 10_001)]}, survival_curve("observations", 100))
    assert 100 <= len(rows) <= 102
    assert rows[-1][:2] == (10_000.0, 0.0)


@given(st.integers(1, 400), st.integers(1, 10**6))
@settings(deadline=None, max_examples=40)
def test_half_is_exactly_half(pairs: int, seed: int) -> None:
    """Without open ones the median is the middle value, or the lower of two: no last bit slips."""
    values = random.Random(seed).sample(range(10 * pairs), 2 * pairs)
    found = curve([(float(v), False) for v in values])
    assert found.median == sorted(values)[pairs - 1]


@given(st.integers(2, 40), st.integers(1, 10**6))
@settings(deadline=None, max_examples=40)
def test_half_is_exact_behind_censoring(steps: int, seed: int) -> None:
    """The median is that of a curve computed in exact fractions, whatever factors make up the half."""
    draw = random.Random(seed)
    seen: list[Observation] = [(float(t), draw.random() < 0.4) for t in range(steps * 2)]
    left, survival, median = Fraction(len(seen)), Fraction(1), None
    for t, censored in seen:
        survival *= 1 if censored else 1 - 1 / left
        left -= 1
        if median is None and survival <= Fraction(1, 2):
            median = t
    assert curve(seen).median == median


def test_an_event_comes_before_an_open_one_of_the_same_age() -> None:
    """At a tie the open one still counts as at risk, so one of two happening leaves exactly one half."""
    assert curve([(5.0, False), (5.0, True)]).median == 5.0


def test_nothing_happened_yet() -> None:
    """All open: no median and no limits, but the oldest age is known."""
    assert curve([(3.0, True), (9.0, True)]) == Curve(2, 0, 2, *[None] * 3, 9.0, *[None] * 4)


def test_nothing_at_all() -> None:
    """No observation: no group, and without keys one row whose numbers are null, not 0."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE o (team VARCHAR, value DOUBLE, censored BOOLEAN)")
        assert con.execute(kaplan_meier("o", ["team"])).fetchall() == []
        assert con.execute(kaplan_meier("o", [])).fetchall() == [(0, 0, 0, *[None] * 8)]


def test_groups_do_not_leak() -> None:
    """Each group has the curve that it has alone; the null group is one of them."""
    random_groups = {
        name: [(random.Random(i).expovariate(1), i % 3 == 0) for i in range(40 * k, 40 * k + 30 + k)]
        for k, name in enumerate("abcd")
    }
    together = curves(random_groups)
    assert together == {name: curve(seen) for name, seen in random_groups.items()}
    with duckdb.connect() as con:
        con.execute("CREATE TABLE o AS FROM (VALUES (NULL, 1.0, false), ('a', 7.0, false)) t(k, value, censored)")
        found = {row[0]: row[4] for row in con.execute(kaplan_meier("o", ["k"])).fetchall()}
    assert found == {None: 1.0, "a": 7.0}


def test_the_order_of_rows_does_not_matter() -> None:
    """Shuffled observations have the same curve."""
    shuffled = random.Random(1).sample(SIX_MP, len(SIX_MP))
    assert curve(shuffled) == curve(SIX_MP)


@pytest.mark.parametrize(("size", "until"), [(40, 6.0), (40, 1.5), (120, 3.0)])
def test_survival_covers_what_it_promises(size: int, until: float) -> None:
    """In 3,000 seeded samples with censoring the interval holds the true median in 93 to 99.5 % of them."""
    draw = random.Random(size)
    samples: dict[str, Sequence[Observation]] = {}
    for run in range(3000):
        ages = [(draw.expovariate(1), draw.uniform(0, until)) for _ in range(size)]
        samples[str(run)] = [(min(t, c), c < t) for t, c in ages]
    limits = curves(samples).values()
    covered = sum(1 for one in limits if (one.low or 0) <= math.log(2) <= finite(one.high))
    assert 0.93 <= covered / len(samples) <= 0.995


@pytest.fixture(scope="module")
def million() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE o AS SELECT hash(i) % 50 AS team, (hash(i * 7 + 1) % 1000003) / 1000.0 AS value,"
            " hash(i * 3) % 10 < 2 AS censored FROM range(1000000) t(i)"
        )
        yield con


def test_fifty_teams_and_a_million_observations_are_quick(million: duckdb.DuckDBPyConnection) -> None:
    """One query answers for fifty teams in seconds, on a machine that may be busy."""
    started = time.perf_counter()
    assert len(million.execute(kaplan_meier("o", ["team"])).fetchall()) == 50
    assert time.perf_counter() - started < 8


def test_survival_of_many_is_lifelines(million: duckdb.DuckDBPyConnection) -> None:
    """With thousands of censored factors the product still crosses one half where lifelines sees it."""
    seen = million.execute("SELECT value, censored FROM o WHERE team = 7").fetchall()
    found = million.execute(kaplan_meier("(SELECT * FROM o WHERE team = 7)", [])).fetchall()[0]
    assert found[3:6] == oracle(seen)
