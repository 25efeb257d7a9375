"""Roll-ups that lie, and many applications at once: what changed within, what by the mix, and who stands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dora.statistics.distributions import TAIL, beta_quantile, binomial_cdf

Cases = Mapping[str, tuple[int, int]]  # of each group: cases, trials


@dataclass(frozen=True, slots=True)
class Split:
    """A change of a pooled share: ``within`` groups and by their ``mix``, which add up to ``total``.

    ``lies`` where the pooled share and the groups point apart (Simpson).
    """

    total: float
    within: float
    mix: float

    @property
    def lies(self) -> bool:
        """The pooled share moved one way and the groups, at the same mix, the other."""
        return self.total * self.within < 0


def kitagawa(before: Cases, after: Cases) -> Split | None:
    """The components of the difference of two pooled shares (Kitagawa 1955).

    A group without trials in one window has no share there: its other one stands for both, so that it counts as mix
    alone. None where a window has no trials.
    """
    n, m = (sum(trials for _, trials in window.values()) for window in (before, after))
    if not n or not m:
        return None
    within = mix = 0.0
    for group in before.keys() | after.keys():
        (x, a), (y, b) = before.get(group, (0, 0)), after.get(group, (0, 0))
        p = x / a if a else y / b if b else 0.0
        q = y / b if b else p
        within += (q - p) * (a / n + b / m) / 2
        mix += (b / m - a / n) * (p + q) / 2
    return Split(within + mix, within, mix)


def standardised(groups: Cases, weights: Mapping[str, float]) -> float | None:
    """The pooled share had the groups the given weights; None where a weighted group has no trials."""
    shares = {name: cases / trials for name, (cases, trials) in groups.items() if trials}
    total = sum(weights.values())
    if not total or any(weight and name not in shares for name, weight in weights.items()):
        return None
    return sum(weight * shares.get(name, 0.0) for name, weight in weights.items()) / total


def funnel(trials: int, share: float, level: float = 1 - 2 * TAIL) -> tuple[float, float]:
    """Between which shares that many trials fall, by chance alone, around a common share (Spiegelhalter 2005).

    Exact: the least and the most cases that are not in either tail.
    """
    tail = (1 - level) / 2
    low = next(k for k in range(trials + 1) if binomial_cdf(trials, k, share) > tail)
    high = next(k for k in range(low, trials + 1) if binomial_cdf(trials, k, share) >= 1 - tail)
    return low / trials, high / trials


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A group's share drawn to all groups' as far as its own trials leave room: estimate and 95 % limits."""

    value: float
    low: float
    high: float


def shrink(groups: Cases) -> dict[str, Shrunk]:
    """Beta–binomial shrinkage: the groups' shares vary by a Beta of the moments of what was seen (Kleinman 1973)."""
    seen = {name: given for name, given in groups.items() if given[1]}
    if not seen:
        return {}
    a, b = _prior(list(seen.values()))
    return {name: _posterior(a + cases, b + trials - cases) for name, (cases, trials) in seen.items()}


def _prior(seen: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Method of moments; groups that differ no more than chance get a prior worth all their trials."""
    total = sum(n for _, n in seen)
    share = (sum(x for x, _ in seen) + 0.5) / (total + 1)
    spread = sum(n * (x / n - share) ** 2 for x, n in seen)
    even = total - sum(n * n for _, n in seen) / total
    excess = (spread - share * (1 - share) * (len(seen) - 1)) / (share * (1 - share) * (even - len(seen) + 1) or 1)
    strength = 1 / excess - 1 if 0 < excess < 1 else 0.0
    strength = strength if 0 < strength < total else float(total)
    return share * strength, (1 - share) * strength


def _posterior(a: float, b: float) -> Shrunk:
    return Shrunk(a / (a + b), beta_quantile(a, b, TAIL), beta_quantile(a, b, 1 - TAIL))


def discoveries(ps: Mapping[str, float], rate: float = 0.05) -> set[str]:
    """Which of many tests stand when one in twenty of those named may be chance (Benjamini and Hochberg 1995)."""
    order = sorted(ps, key=ps.__getitem__)
    last = max((i for i, name in enumerate(order, 1) if ps[name] <= rate * i / len(order)), default=0)
    return set(order[:last])


def outside(cases: int, trials: int, share: float) -> float:
    """The exact two-sided p of a group sharing a common share: twice its smaller tail."""
    if not trials or not 0 < share < 1:
        return 1.0
    below, above = binomial_cdf(trials, cases, share), 1 - binomial_cdf(trials, cases - 1, share)
    return min(1.0, 2 * min(below, above))
