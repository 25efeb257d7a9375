"""Signal against noise over time: process behaviour limits, runs, shifts and slow drifts of a weekly series."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Literal

from dora.statistics.distributions import Z

ENOUGH = 10  # points: fewer tell no limits
PER_RANGE = 1.128  # the mean of |difference of two| in standard deviations of a normal
ALLOWANCE, ALARM = 1.2, 4.0  # measured: one false alarm in 20 team-years after 26 weeks, 2 sigma found in 5 (median)

Rule = Literal["beyond the limits", "8 on one side", "2 of 3 near a limit", "4 of 5 off centre"]


@dataclass(frozen=True, slots=True)
class Signal:
    """A point (its index) that noise does not explain, and by which rule of Western Electric."""

    index: int
    rule: Rule
    direction: Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A series' natural limits: centre and limits of each point, and where it is not noise."""

    centre: float
    low: list[float]
    high: list[float]
    signals: list[Signal]


def behaviour(values: Sequence[float], baseline: int | None = None, *, log: bool = False) -> Behaviour | None:
    """The XmR chart of a series (Wheeler; NIST/SEMATECH 6.3.2.2): mean ± 2.66 mean moving ranges.

    Limits come from the first ``baseline`` points (all, unless told) and stay. ``log`` is for times, which scatter by
    ratios; all values must then be above 0. None below ten points.
    """
    counted = [math.log(value) for value in values] if log else list(values)
    first = counted[:baseline]
    if len(first) < ENOUGH:
        return None
    centre, sigma = fmean(first), _sigma(first)
    back: Callable[[float], float] = math.exp if log else float
    scores = [(value - centre) / sigma if sigma else 0.0 for value in counted]
    low, high = back(centre - 3 * sigma), back(centre + 3 * sigma)
    return Behaviour(back(centre), [low] * len(counted), [high] * len(counted), _signals(scores))


def shares(cases: Sequence[int], trials: Sequence[int], baseline: int | None = None) -> Behaviour | None:
    """Laney's p′ chart (2002): limits of a share whose number of trials changes and whose weeks scatter as they do.

    Points without trials stand on the centre line and are never a signal. None below ten points with trials, or where
    nothing or everything failed.
    """
    whole = [i for i, n in enumerate(trials) if n]
    first = whole[:baseline]
    total = sum(trials[i] for i in first)
    p = sum(cases[i] for i in first) / total if total else 0.0
    if len(first) < ENOUGH or p in {0.0, 1.0}:
        return None
    sigmas = [math.sqrt(p * (1 - p) / n) if n else math.inf for n in trials]
    scores = [(x / n - p) / sigma if n else 0.0 for x, n, sigma in zip(cases, trials, sigmas, strict=True)]
    spread = _sigma([scores[i] for i in first])
    widths = [3 * spread * sigma if math.isfinite(sigma) else 1.0 for sigma in sigmas]
    limits = [(max(0.0, p - width), min(1.0, p + width)) for width in widths]
    scaled = [score / spread if spread else 0.0 for score in scores]
    return Behaviour(p, [low for low, _ in limits], [high for _, high in limits], _signals(scaled))


def _sigma(values: Sequence[float]) -> float:
    return fmean(abs(b - a) for a, b in pairwise(values)) / PER_RANGE


def _signals(scores: Sequence[float]) -> list[Signal]:
    """The first rule that each point meets, of four, looking back from it."""
    rules: list[tuple[Rule, int, int, float]] = [
        ("beyond the limits", 1, 1, 3.0),
        ("8 on one side", 8, 8, 0.0),
        ("2 of 3 near a limit", 2, 3, 2.0),
        ("4 of 5 off centre", 4, 5, 1.0),
    ]
    found = []
    for end, last in enumerate(scores):
        for rule, needed, of, beyond in rules:
            signed = [math.copysign(1, last) * score for score in scores[max(0, end + 1 - of) : end + 1]]
            if signed[-1] > beyond and sum(score > beyond for score in signed) >= needed:
                found.append(Signal(end, rule, "up" if last > 0 else "down"))
                break
    return found


def shift(values: Sequence[float], baseline: int) -> int | None:
    """Where a lasting shift away from the baseline is certain: the first point at which a cumulative sum crosses.

    Page's two-sided cumulative sum (1954), made for steps of two standard deviations of the baseline. None while
    there is none, below ten baseline points, and where the baseline does not vary.
    """
    first = values[:baseline]
    sigma = _sigma(first) if len(first) >= ENOUGH else 0.0
    if not sigma:
        return None
    centre, up, down = fmean(first), 0.0, 0.0
    for index, value in enumerate(values[baseline:], baseline):
        score = (value - centre) / sigma
        up, down = max(0.0, up + score - ALLOWANCE), max(0.0, down - score - ALLOWANCE)
        if max(up, down) > ALARM:
            return index
    return None


@dataclass(frozen=True, slots=True)
class Change:
    """A change point: the first index after it, the medians before and after, and its p (two-sided)."""

    index: int
    before: float
    after: float
    p: float


def pettitt(values: Sequence[float]) -> Change | None:
    """The likeliest change point of a series by Pettitt's rank test (1979), with his approximate p.

    None below ten points, and where all are equal.
    """
    n = len(values)
    if n < ENOUGH:
        return None
    ranks = ranked(values)
    sums = [0.0]
    for rank in ranks[:-1]:
        sums.append(sums[-1] + 2 * rank - (n + 1))
    index = max(range(n), key=lambda i: abs(sums[i]))
    if not sums[index]:
        return None
    p = min(1.0, 2 * math.exp(-6 * sums[index] ** 2 / (n**3 + n**2)))
    return Change(index, median(values[:index]), median(values[index:]), p)


def ranked(values: Sequence[float]) -> list[float]:
    """The rank of each value from 1; equal ones share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, start = [0.0] * len(values), 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for i in order[start : end + 1]:
            ranks[i] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def theil_sen(values: Sequence[float]) -> tuple[float, float, float] | None:
    """The median slope per period with its 95 % limits (Theil 1950, Sen 1968); None below ten points."""
    n = len(values)
    if n < ENOUGH:
        return None
    slopes = sorted((values[j] - values[i]) / (j - i) for i in range(n) for j in range(i + 1, n))
    ties = [values.count(value) for value in set(values)]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    half = Z * math.sqrt(variance)
    low = max(round((len(slopes) - half) / 2) - 1, 0)
    high = min(round((len(slopes) + half) / 2), len(slopes) - 1)
    return median(slopes), slopes[low], slopes[high]
