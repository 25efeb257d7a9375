"""Control charts of a weekly series: limits, rules of Western Electric, lasting shifts, change points and drifts."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import fmean, median
from typing import Literal

from dora.statistics.distributions import Z

ENOUGH = 10  # points: limits from fewer vary too much to be used
PER_RANGE = 1.128  # the mean of |difference of two| in standard deviations of a normal
ALLOWANCE, ALARM = 1.2, 4.0  # measured: one false alarm in 20 team-years after 26 weeks, 2 sigma found in 5 (median)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of Western Electric: ``needed`` of the last ``of`` points are ``sigmas`` off the mean, on the same side.

    ``sentence`` says so of a weekly series. ``weak`` rules are met once or twice a year by chance alone.
    """

    id: str
    needed: int
    of: int
    sigmas: float
    sentence: str
    weak: bool = False

    def is_met(self, scores: Sequence[float]) -> bool:
        """Whether the last of some scores, in standard deviations from the mean, completes the pattern."""
        signed = [math.copysign(1, scores[-1]) * score for score in scores[-self.of :]]
        return signed[-1] > self.sigmas and sum(score > self.sigmas for score in signed) >= self.needed

    def describe(self, direction: Literal["up", "down"]) -> str:
        """Return the rule in words, for a point above (``up``) or below the mean."""
        side = "above" if direction == "up" else "below"
        return self.sentence.format(needed=self.needed, of=self.of, direction=direction, side=side)


RULES = (
    Rule("outside_limits", 1, 1, 3.0, "outside control limits, {direction}"),
    Rule("on_one_side", 8, 8, 0.0, "{of} weeks {side} the mean"),
    Rule("near_limit", 2, 3, 2.0, "{needed} of {of} weeks near a control limit, {direction}", weak=True),
    Rule("off_mean", 4, 5, 1.0, "{needed} of {of} weeks off the mean, {direction}", weak=True),
)


@dataclass(frozen=True, slots=True)
class Signal:
    """The index of a point that chance does not explain, and the rule of Western Electric that it breaks."""

    index: int
    rule: Rule
    direction: Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A control chart: the centre, the control limits of each point, and the points that break a rule."""

    centre: float
    low: list[float]
    high: list[float]
    signals: list[Signal]


def behaviour(values: Sequence[float], baseline: int | None = None, *, log: bool = False) -> Behaviour | None:
    """Return the XmR chart of a series (Wheeler; NIST/SEMATECH 6.3.2.2): mean ± 2.66 mean moving ranges.

    Limits come from the first ``baseline`` points (default: all). ``log`` is for durations, which scatter by ratios;
    all values must then be above 0. None below ten points.
    """
    series = [math.log(value) for value in values] if log else list(values)
    first = series[:baseline]
    if len(first) < ENOUGH:
        return None
    centre, sigma = fmean(first), _sigma(first)
    back: Callable[[float], float] = math.exp if log else float
    scores = [(value - centre) / sigma if sigma else 0.0 for value in series]
    low, high = back(centre - 3 * sigma), back(centre + 3 * sigma)
    return Behaviour(back(centre), [low] * len(series), [high] * len(series), _signals(scores))


def shares(cases: Sequence[int], trials: Sequence[int], baseline: int | None = None) -> Behaviour | None:
    """Return Laney's p′ chart (2002): limits of a share with changing trials, widened as its weeks scatter.

    Points without trials are on the centre line and break no rule. None below ten points with trials, or if nothing or
    everything failed.
    """
    first = [i for i, n in enumerate(trials) if n][:baseline]
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
    """Return the first of the rules that each point breaks, looking back from it."""
    signals = []
    for index, score in enumerate(scores):
        recent = scores[: index + 1]
        if rule := next((rule for rule in RULES if rule.is_met(recent)), None):
            signals.append(Signal(index, rule, "up" if score > 0 else "down"))
    return signals


def shift(values: Sequence[float], baseline: int) -> int | None:
    """Return the first point at which a lasting shift from the baseline is certain, by Page's CUSUM (1954).

    It is tuned for steps of two standard deviations of the baseline. None without a shift, below ten baseline points,
    and if the baseline does not vary.
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
    """A change point: the first index after it, the medians before and after, and its two-sided p."""

    index: int
    before: float
    after: float
    p: float


def pettitt(values: Sequence[float]) -> Change | None:
    """Return the likeliest change point of a series by Pettitt's rank test (1979), with his approximate p.

    None below ten points, and if all are equal.
    """
    n = len(values)
    if n < ENOUGH:
        return None
    sums = [0.0, *accumulate(2 * rank - (n + 1) for rank in ranked(values)[:-1])]
    index = max(range(n), key=lambda i: abs(sums[i]))
    if not sums[index]:
        return None
    p = min(1.0, 2 * math.exp(-6 * sums[index] ** 2 / (n**3 + n**2)))
    return Change(index, median(values[:index]), median(values[index:]), p)


def ranked(values: Sequence[float]) -> list[float]:
    """Return the rank of each value from 1; equal values share their mean rank."""
    ordered = sorted(values)
    return [(bisect_left(ordered, value) + 1 + bisect_right(ordered, value)) / 2 for value in values]


def theil_sen(values: Sequence[float]) -> tuple[float, float, float] | None:
    """Return the median slope per period with its limits (Theil 1950, Sen 1968); None below ten points."""
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
