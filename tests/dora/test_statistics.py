"""Every interval against an independent implementation, and against the coverage that it promises."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from dora.statistics import kaplan_meier, median_interval_ranks, normal_quantile, poisson, wilson

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
    plain_median: float | None


def curves(groups: dict[str, Sequence[Observation]]) -> dict[str, Curve]:
    rows = [(name, value, censored) for name, seen in groups.items() for value, censored in seen]
    columns = [[row[i] for row in rows] for i in range(3)]
    types = (pa.string(), pa.float64(), pa.bool_())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    observations = pa.table(arrays, names=["team", "value", "censored"])
    with duckdb.connect() as con:
        con.register("observations", observations)
        return {row[0]: Curve(*row[1:]) for row in con.execute(kaplan_meier("observations", ["team"])).fetchall()}


def curve(observations: Sequence[Observation]) -> Curve:
    return curves({"a": observations})["a"]


def oracle(observations: Sequence[Observation]) -> tuple[float | None, ...]:
    """Where the curve and the limits of lifelines cross one half; its own crossing slips at exactly ½.

    Where the curve reaches zero Greenwood's variance is infinite; lifelines calls the limits 0 there (one
    observation would be known exactly), R's survfit and this tool call them unknown.
    """
    fitter = KaplanMeierFitter().fit([t for t, _ in observations], [not censored for _, censored in observations])
    survival = fitter.survival_function_.iloc[:, 0]
    limits = fitter.confidence_interval_[survival > 0]
    crossed = [line.index[line <= 0.5 + 1e-9] for line in (survival, limits.iloc[:, 0], limits.iloc[:, 1])]
    return tuple(float(times[0]) if len(times) else None for times in crossed)


def finite(value: float | None) -> float:
    return math.inf if value is None else value


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
@settings(deadline=None)
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


# --- the rank interval of a median ----------------------------------------------------------------


@given(st.one_of(st.integers(6, 400), st.integers(6, 10**5)))
@example(6)
@example(7)
@settings(deadline=None)
def test_median_ranks_are_the_binomial_quantile(n: int) -> None:
    """The ranks are the narrowest symmetric pair that encloses the median with 95 % confidence."""
    low = int(stats.binom.ppf(0.025, n, 0.5))
    assert median_interval_ranks(n) == (low, n + 1 - low)


def test_a_million_values_have_ranks_at_once() -> None:
    """Large samples cost milliseconds."""
    started = time.perf_counter()
    assert median_interval_ranks(10**6) == (499_020, 500_981)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("n", range(6))
def test_few_values_enclose_nothing(n: int) -> None:
    """Below six values even the extremes miss the median in more than one sample of twenty."""
    assert median_interval_ranks(n) is None


# --- survival -------------------------------------------------------------------------------------


def test_freireich() -> None:
    """The textbook's data have the textbook's median: 23 weeks, against 10 for those who relapsed."""
    assert curve(SIX_MP) == Curve(21, 9, 12, 23.0, 13.0, None, 35.0, 10.0)


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


@given(st.integers(1, 400), st.integers(1, 10**6))
@settings(deadline=None, max_examples=40)
def test_half_is_exactly_half(pairs: int, seed: int) -> None:
    """Without open ones the median is the middle value, or the lower of two: no last bit slips."""
    values = random.Random(seed).sample(range(10 * pairs), 2 * pairs)
    found = curve([(float(v), False) for v in values])
    assert found.median == sorted(values)[pairs - 1]
    assert found.plain_median == sum(sorted(values)[pairs - 1 : pairs + 1]) / 2


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
    assert curve([(3.0, True), (9.0, True)]) == Curve(2, 0, 2, None, None, None, 9.0, None)


def test_nothing_at_all() -> None:
    """No observation: no group, and without keys one row whose numbers are null, not 0."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE o (team VARCHAR, value DOUBLE, censored BOOLEAN)")
        assert con.execute(kaplan_meier("o", ["team"])).fetchall() == []
        assert con.execute(kaplan_meier("o", [])).fetchall() == [(0, 0, 0, None, None, None, None, None)]


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
    plain = million.execute("SELECT quantile_cont(value, 0.5) FROM o WHERE team = 7 AND NOT censored").fetchall()
    assert found[7] == pytest.approx(plain[0][0], rel=1e-12)


def test_no_oracle_at_run_time() -> None:
    """The intervals need none of the libraries that they are tested with."""
    code = (
        "import sys, dora.statistics;"
        "print([m for m in ('numpy', 'scipy', 'statsmodels', 'lifelines', 'pandas') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
