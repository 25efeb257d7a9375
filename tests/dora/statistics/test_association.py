"""Associations are scipy's, and between and within are not mixed up."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dora.statistics import association

pairs = st.lists(st.tuples(st.integers(0, 30).map(float), st.integers(0, 30).map(float)), min_size=4, max_size=40)


@given(pairs.filter(lambda observed: all(len(set(side)) > 1 for side in zip(*observed, strict=True))))
def test_spearman_is_scipys(observed: list[tuple[float, float]]) -> None:
    """Coefficient and p are scipy's, ties included."""
    result, oracle = association.spearman(observed), stats.spearmanr(observed)
    assert result is not None
    assert result.value == pytest.approx(oracle.statistic, abs=1e-9)
    assert result.p == pytest.approx(oracle.pvalue, abs=1e-6)
    assert result.low <= result.value <= result.high


def test_what_never_varies_goes_with_nothing() -> None:
    """Fewer than four pairs, or a side of one value, have no coefficient."""
    assert association.spearman([(1, 2), (2, 3), (3, 4)]) is None
    assert association.spearman([(1, float(i)) for i in range(9)]) is None
    assert association.within([]) is None
    assert association.within([[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]] * 3) is None


def groups(seed: int, slope: float, level: float, size: int = 20) -> list[list[tuple[float, float]]]:
    """Eight applications: y rises with each one's level of x by ``level``, and within it by ``slope``."""
    draw = random.Random(seed)
    made = []
    for i in range(8):
        xs = [10 * i + draw.gauss(0, 2) for _ in range(size)]
        made.append([(x, level * 10 * i + slope * (x - 10 * i) + draw.gauss(0, 1)) for x in xs])
    return made


def test_between_and_within_point_apart() -> None:
    """Applications that deploy more fail less, while in weeks with more deployments each fails more: both are seen."""
    apart = groups(1, slope=1.0, level=-1.0)
    inside = association.within(apart)
    between = association.spearman([(sum(x for x, _ in g) / 20, sum(y for _, y in g) / 20) for g in apart])
    assert inside is not None
    assert between is not None
    assert inside.low > 0.8
    assert between.high < -0.8


def test_within_is_the_regression_with_a_level_a_group() -> None:
    """The coefficient is the correlation of what is left when each group's level is taken out (Bakdash, Marusich)."""
    made = groups(2, slope=0.3, level=2.0)
    xs, ys = [], []
    for group in made:
        mx, my = (sum(side) / len(group) for side in zip(*group, strict=True))
        xs += [x - mx for x, _ in group]
        ys += [y - my for _, y in group]
    result = association.within([*made, []])
    assert result is not None
    assert result.value == pytest.approx(stats.pearsonr(xs, ys).statistic)
    freedom = 160 - 8 - 1
    t = result.value * math.sqrt(freedom / (1 - result.value**2))
    assert result.p == pytest.approx(2 * stats.t.sf(abs(t), freedom), abs=1e-9)


def test_within_covers_what_it_promises() -> None:
    """Of 1,500 organisations the limits hold the true coefficient in 93 to 99.5 %."""
    truth = 0.6 / math.sqrt(0.6**2 + 0.25)  # slope 0.6 on x of variance 4, noise of variance 1
    covered = 0
    for seed in range(1500):
        result = association.within(groups(seed, slope=0.6, level=1.0, size=12))
        assert result is not None
        covered += result.low <= truth <= result.high
    assert 0.93 <= covered / 1500 <= 0.995


def test_a_perfect_line_is_certain() -> None:
    """All on one line: the coefficient is 1 and so are its limits."""
    result = association.spearman([(float(i), float(i) ** 3) for i in range(9)])
    assert result is not None
    assert (result.value, result.low, result.high, result.p) == (
        pytest.approx(1),
        pytest.approx(1),
        pytest.approx(1),
        0.0,
    )


def test_each_deployment_as_risky_is_an_elasticity_of_one() -> None:
    """Failures in proportion to deployments give about 1, and the same number of failures everywhere gives 0."""
    risky = association.elasticity([(n, 0.2 * n - 0.5) for n in (10, 50, 100, 500, 1000)])
    safe = association.elasticity([(n, 7) for n in (10, 50, 100, 500, 1000)])
    assert risky is not None
    assert safe is not None
    assert risky.value == pytest.approx(1)
    assert safe.value == pytest.approx(0)


def test_elasticity_is_the_regression_of_logs() -> None:
    """Slope and limits are scipy's."""
    observed = [(12, 3), (40, 2), (90, 11), (160, 9), (400, 31), (0, 0)]
    logs = [(math.log(x), math.log(y + 0.5)) for x, y in observed if x]
    oracle = stats.linregress(*zip(*logs, strict=True))
    result = association.elasticity(observed)
    assert result is not None
    half = stats.t.ppf(0.975, 3) * oracle.stderr
    assert (result.value, result.low, result.high) == pytest.approx(
        (oracle.slope, oracle.slope - half, oracle.slope + half)
    )
    assert result.n == 5
    assert association.elasticity(observed[:3]) is None
    assert association.elasticity([(5, i) for i in range(6)]) is None
