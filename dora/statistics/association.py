"""Correlation between applications and within each, and elasticity: association, never causation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import correlation, fmean

from dora.statistics.control_chart import ranked
from dora.statistics.distributions import Z, student_quantile, student_tail

Pairs = Sequence[tuple[float, float]]
MIN_PAIRS = 4  # Fisher's z has a variance of 1 / (n − 3): three pairs have no limits


@dataclass(frozen=True, slots=True)
class Association:
    """A coefficient between −1 and 1 with its limits and two-sided p, over n pairs."""

    value: float
    low: float
    high: float
    p: float
    n: int


def spearman(pairs: Pairs) -> Association | None:
    """Return Spearman's rank correlation, with limits by Fisher's z and the variance of Bonett and Wright (2000).

    None below four pairs or if one side never varies.
    """
    if len(pairs) < MIN_PAIRS or any(len(set(side)) < 2 for side in zip(*pairs, strict=True)):
        return None
    r = correlation(*(ranked(side) for side in zip(*pairs, strict=True)))
    width = math.sqrt((1 + r * r / 2) / (len(pairs) - 3))
    return _association(r, width, len(pairs) - 2, len(pairs))


def within(groups: Sequence[Pairs]) -> Association | None:
    """Return the repeated-measures correlation (Bakdash and Marusich 2017): one slope, a level for each group.

    It answers "in a week in which an application deploys more, do more deployments fail?". None with fewer than two
    degrees of freedom, or if one side never varies within its group.
    """
    centred = [(x, y) for group in groups if group for x, y in _centred(group)]
    freedom = len(centred) - sum(1 for group in groups if group) - 1
    xx, yy = (math.fsum(pair[side] ** 2 for pair in centred) for side in (0, 1))
    if freedom < 2 or not xx or not yy:
        return None
    r = math.fsum(x * y for x, y in centred) / math.sqrt(xx * yy)
    return _association(max(-1.0, min(1.0, r)), 1 / math.sqrt(freedom - 1), freedom, len(centred))


def _centred(group: Pairs) -> list[tuple[float, float]]:
    middle = [fmean(side) for side in zip(*group, strict=True)]
    return [(x - middle[0], y - middle[1]) for x, y in group]


def _association(r: float, width: float, freedom: int, n: int) -> Association:
    if abs(r) >= 1:
        return Association(r, r, r, 0.0, n)
    low, high = (math.tanh(math.atanh(r) + side * Z * width) for side in (-1, 1))
    p = student_tail(r * math.sqrt(freedom / (1 - r * r)), freedom)
    return Association(r, low, high, p, n)


@dataclass(frozen=True, slots=True)
class Elasticity:
    """By how many percent failures change if deployments change by one; at 1 each deployment is as risky."""

    value: float
    low: float
    high: float
    n: int


def elasticity(pairs: Pairs) -> Elasticity | None:
    """Return the slope of log(failures + ½) over log(deployments), by least squares, with Student's limits.

    Pairs are (deployments, failures) of applications. Below 1, deploying more often goes with safer deployments. None
    below four applications that deploy.
    """
    logs = [(math.log(x), math.log(y + 0.5)) for x, y in pairs if x > 0]
    if len(logs) < MIN_PAIRS:
        return None
    centred = _centred(logs)
    xx = math.fsum(x * x for x, _ in centred)
    if not xx:
        return None
    slope = math.fsum(x * y for x, y in centred) / xx
    residual = math.fsum((y - slope * x) ** 2 for x, y in centred) / (len(logs) - 2)
    half = student_quantile(len(logs) - 2) * math.sqrt(residual / xx)
    return Elasticity(slope, slope - half, slope + half, len(logs))
