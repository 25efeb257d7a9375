"""The distribution functions are scipy's."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special, stats

from dora.statistics.distributions import (
    beta_cdf,
    beta_quantile,
    binomial_cdf,
    gamma_cdf,
    normal_tail,
    student_quantile,
    student_tail,
)

shapes = st.floats(0.5, 5000)


@given(shapes, shapes, st.floats(0, 1))
@example(0.5, 0.5, 0.5)
@example(0.5, 400.5, 1e-9)
@example(4999.5, 0.5, 0.9999)
def test_beta_is_scipys(a: float, b: float, x: float) -> None:
    """The incomplete beta function agrees to nine digits, tails included."""
    assert beta_cdf(a, b, x) == pytest.approx(special.betainc(a, b, x), abs=1e-9)


@given(shapes, shapes, st.floats(0.001, 0.999))
def test_beta_quantile_is_scipys(a: float, b: float, p: float) -> None:
    """The quantile agrees wherever scipy's is a quantile at all."""
    assert beta_quantile(a, b, p) == pytest.approx(stats.beta.ppf(p, a, b), abs=1e-9)


@given(st.floats(0.5, 3000), st.floats(1e-6, 6000))
@example(0.5, 0.9856)
@example(0.5, 1.5)
@example(2999.5, 3000.6)
def test_gamma_is_scipys(shape: float, x: float) -> None:
    """The incomplete gamma function agrees to nine digits."""
    assert gamma_cdf(shape, x) == pytest.approx(special.gammainc(shape, x), abs=1e-9)


@given(st.integers(1, 3000), st.floats(0.001, 0.999), st.data())
def test_binomial_is_scipys(n: int, p: float, data: st.DataObject) -> None:
    """The sum of chances of a binomial agrees."""
    k = data.draw(st.integers(-1, n))
    assert binomial_cdf(n, k, p) == pytest.approx(stats.binom.cdf(k, n, p), abs=1e-9)


@given(st.floats(-40, 40), st.floats(1, 500))
def test_student_is_scipys(t: float, freedom: float) -> None:
    """Student's tails agree, and so does the quantile that intervals use."""
    assert student_tail(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), abs=1e-9)
    assert student_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-8)


@given(st.floats(-30, 30))
def test_normal_tail_is_scipys(z: float) -> None:
    """Both tails of a normal agree."""
    assert normal_tail(z) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)
