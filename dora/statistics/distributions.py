"""Distribution functions of the intervals, to nine digits or better, without scipy."""

from __future__ import annotations

import math
from statistics import NormalDist

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
TINY = 1e-300  # replaces zero in Lentz's method


def normal_quantile(p: float) -> float:
    """Return the standard normal quantile of a probability strictly between 0 and 1."""
    return NormalDist().inv_cdf(p)


Z = normal_quantile(1 - TAIL)


def normal_tail(z: float) -> float:
    """Return the two-sided tail probability of a standard normal."""
    return math.erfc(abs(z) / math.sqrt(2))


def gamma_quantile(shape: float, p: float) -> float:
    """Return the p-quantile of a gamma distribution: Wilson–Hilferty's guess, then Newton while steps shrink."""
    ninth = 1 / (9 * shape)
    x = shape * max(1 - ninth + normal_quantile(p) * math.sqrt(ninth), 0.1) ** 3
    before = math.inf
    for _ in range(50):
        step = (gamma_cdf(shape, x) - p) / _gamma_density(shape, x)
        x = max(x - step, x / 10)
        if abs(step) < 1e-12 * x or before <= abs(step) < 1e-9 * x:
            break
        before = abs(step)
    return x


def _gamma_density(shape: float, x: float) -> float:
    return math.exp((shape - 1) * math.log(x) - x - math.lgamma(shape))


def gamma_cdf(shape: float, x: float) -> float:
    """Return the regularised lower incomplete gamma function: by its series below the shape, else by the continued
    fraction of the upper one.
    """
    if x < shape + 1:
        return _gamma_series(shape, x) * _gamma_density(shape, x) * x / shape
    return 1 - _gamma_density(shape, x) * x / _gamma_fraction(shape, x)


def _gamma_series(shape: float, x: float) -> float:
    """Return 1 + x/(a + 1) + x²/((a + 1)(a + 2)) + …, until a term is negligible."""
    total = term = k = 1.0
    while term > 1e-17 * total:
        term *= x / (shape + k)
        total += term
        k += 1
    return total


def _gamma_fraction(shape: float, x: float) -> float:
    """Return b0 + a1/(b1 + a2/(b2 + …)) of the upper function by Lentz's method; a = k(a − k), b = x + 2k + 1 − a."""
    value = c = x + 1 - shape
    d = 0.0
    for k in range(1, 10_000):
        over, under = k * (shape - k), x + 2 * k + 1 - shape
        d = 1 / (under + over * d or TINY)
        c = under + over / c or TINY
        value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value


def beta_cdf(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function, by the continued fraction that converges faster."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_cdf(b, a, 1 - x)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b)) / a
    return front / _continued(a, b, x)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _continued(a: float, b: float, x: float) -> float:
    """Return 1 + d1/(1 + d2/(1 + …)) of the incomplete beta function, by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for k in range(1, 2000):
        m = k // 2
        over, under = (-(a + m) * (a + b + m), a + k) if k % 2 else (m * (b - m), a + k - 1)
        step = over * x / (under * (a + 2 * m))
        d = 1 / (1 + step * d or TINY)
        c = 1 + step / c or TINY
        value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value


def beta_quantile(a: float, b: float, p: float) -> float:
    """Return the p-quantile of a beta distribution: Newton's steps, bisection if they leave the bracket."""
    low, high, x = 0.0, 1.0, a / (a + b)
    for _ in range(200):
        over = beta_cdf(a, b, x) - p
        low, high = (low, x) if over > 0 else (x, high)
        density = (a - 1) * math.log(x) + (b - 1) * math.log1p(-x) - _log_beta(a, b)
        newton = x - over * math.exp(min(-density, 700.0))
        guess = newton if low < newton < high else (low + high) / 2
        if abs(guess - x) <= 1e-15 * x or guess in {low, high}:
            break
        x = guess
    return x


def student_tail(t: float, freedom: float) -> float:
    """Return the two-sided tail probability of Student's t."""
    return 1 - beta_cdf(0.5, freedom / 2, t * t / (freedom + t * t))


def student_quantile(freedom: float, p: float = 1 - TAIL) -> float:
    """Return the quantile of Student's t for a p of at least one half."""
    x = beta_quantile(freedom / 2, 0.5, 2 * (1 - p))
    return math.sqrt(freedom * (1 - x) / x)


def log_choose(n: int, k: int) -> float:
    """Return the logarithm of the binomial coefficient."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def binomial_cdf(n: int, k: int, p: float) -> float:
    """Return the probability of at most k successes in n trials."""
    if k < 0 or k >= n:
        return 0.0 if k < 0 else 1.0
    return 1 - beta_cdf(k + 1, n - k, p)
