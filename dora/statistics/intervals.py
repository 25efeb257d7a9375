"""95 % limits of shares, rates, quantiles and means, and of their differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from statistics import fmean, stdev

from dora.statistics.distributions import (
    TAIL,
    Z,
    beta_cdf,
    beta_quantile,
    binomial_cdf,
    gamma_cdf,
    gamma_quantile,
    log_choose,
    normal_quantile,
    student_quantile,
)

Limits = tuple[float, float]
MIN_WEEKS = 10  # the variance of fewer weekly counts is too uncertain to widen limits by


def wilson(successes: int, n: int) -> Limits | None:
    """Return the Wilson limits (1927) of a share, both within 0 and 1; None without trials.

    Two failures in 37 deployments are 1.5 % to 17.7 %.
    """
    if n == 0:
        return None
    share, weight = successes / n, Z * Z / n
    centre = share + weight / 2
    half = Z * math.sqrt((share * (1 - share) + weight / 4) / n)
    low = 0.0 if successes == 0 else (centre - half) / (1 + weight)
    high = 1.0 if successes == n else (centre + half) / (1 + weight)
    return low, high


def share_below(successes: int, n: int, limit: float) -> float:
    """Return the posterior probability, with Jeffreys' prior, that the true share is less than a limit."""
    return beta_cdf(successes + 0.5, n - successes + 0.5, limit)


def mean_below(count: float, limit: float) -> float:
    """Return the posterior probability, with Jeffreys' prior, that the mean of a count is less than a limit.

    After none in 30 days it is at least one a month with 16 %; a flat prior says 37 %, always for the faster rate.
    """
    return gamma_cdf(count + 0.5, limit) if limit > 0 else 0.0


def newcombe(first: tuple[int, int], second: tuple[int, int]) -> Limits | None:
    """Return the limits of the difference of two shares, second minus first, from Wilson's (Newcombe 1998).

    Each is (successes, n); None if either has no trials.
    """
    of_first, of_second = wilson(*first), wilson(*second)
    if of_first is None or of_second is None:
        return None
    p, q = first[0] / first[1], second[0] / second[1]
    low = q - p - math.hypot(q - of_second[0], of_first[1] - p)
    high = q - p + math.hypot(of_second[1] - q, p - of_first[0])
    return low, high


def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Return Fisher's exact two-sided p of equal shares: the tables with these margins that are no likelier."""
    (x, n), (y, m) = first, second
    total = x + y
    possible = range(max(0, total - m), min(n, total) + 1)
    logs = [log_choose(n, k) + log_choose(m, total - k) - log_choose(n + m, total) for k in possible]
    observed = logs[x - max(0, total - m)]
    # Tables that are equally likely differ in the last digits of lgamma; R's fisher.test has the same tolerance.
    return min(1.0, math.fsum(math.exp(log) for log in logs if log <= observed + 1e-7))


def trials_to_see(p: float, q: float, power: float = 0.8) -> int | None:
    """Return how many trials each of two groups needs to detect a difference of p and q (Fleiss 1981)."""
    if p == q:
        return None
    mean = (p + q) / 2
    alternative = normal_quantile(power) * math.sqrt(p * (1 - p) + q * (1 - q))
    return math.ceil(((Z * math.sqrt(2 * mean * (1 - mean)) + alternative) / (p - q)) ** 2)


@lru_cache(maxsize=4096)
def poisson(count: int) -> Limits:
    """Return the exact limits of the mean of a count (Garwood 1936): for 0 they are 0 and 3.689.

    Divide by the days observed to get the limits of a rate.
    """
    low = gamma_quantile(count, TAIL) if count else 0.0
    return low, gamma_quantile(count + 1, 1 - TAIL)


def dispersion(counts: Sequence[int]) -> float:
    """Return variance over mean of the counts of equal periods, at least 1; 1 if they are too few."""
    mean = fmean(counts) if counts else 0.0
    if len(counts) < MIN_WEEKS or mean == 0:
        return 1.0
    return max(1.0, stdev(counts) ** 2 / mean)


def widened(limits: Limits, count: int, factor: float) -> Limits:
    """Widen Poisson limits by the root of a dispersion ``factor`` (quasi-Poisson)."""
    root = math.sqrt(factor)
    return max(0.0, count - (count - limits[0]) * root), count + (limits[1] - count) * root


def rate_ratio(first: tuple[int, float], second: tuple[int, float]) -> tuple[float | None, float | None]:
    """Return the exact conditional limits of the second rate over the first; each is (count, days observed).

    Given their sum, a count is binomial (Clopper and Pearson 1934). None for no finite limit.
    """
    (x, days), (y, others) = first, second
    if x + y == 0:
        return None, None
    low = beta_quantile(y, x + 1, TAIL) if y else 0.0
    high = beta_quantile(y + 1, x, 1 - TAIL) if x else 1.0
    return low / (1 - low) * days / others, high / (1 - high) * days / others if x else None


@lru_cache(maxsize=4096)
def quantile_ranks(n: int, p: float = 0.5) -> tuple[int | None, int | None]:
    """Return which of n ordered values (counted from 1) enclose the p-quantile with at least 95 % confidence.

    From Binomial(n, p), 2.5 % at most on each side (Conover; Hahn and Meeker). None if not even the extreme does, as
    below 6 values for a median, and for the upper limit of a 90th percentile below 36.
    """
    low = _last(n, lambda k: binomial_cdf(n, k - 1, p) <= TAIL)
    high = _last(n, lambda k: 1 - binomial_cdf(n, n - k, p) <= TAIL)
    return low or None, n + 1 - high if high else None


def _last(n: int, holds: Callable[[int], bool]) -> int:
    """Return the largest k of 1 … n for which a condition holds that holds for all smaller ones; 0 if for none."""
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def mean_half(deviation: float | None, n: int) -> float | None:
    """Return half of Student's interval of a mean, from the standard deviation of n values; None below two."""
    if deviation is None or n < 2:
        return None
    return student_quantile(n - 1) * deviation / math.sqrt(n)
