"""Effects of aggregation: change within groups or of their mix, outliers, shrinkage and multiple comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dora.statistics.distributions import TAIL, beta_quantile, binomial_cdf

Cases = Mapping[str, tuple[int, int]]  # of each group: cases, trials


@dataclass(frozen=True, slots=True)
class Split:
    """A change of a pooled share: ``within`` groups and by their ``mix``, which add up to ``total``."""

    total: float
    within: float
    mix: float

    @property
    def lies(self) -> bool:
        """Whether the pooled share moved one way and the groups, at the same mix, the other (Simpson's paradox)."""
        return self.total * self.within < 0


def kitagawa(before: Cases, after: Cases) -> Split | None:
    """Return the components of the difference of two pooled shares (Kitagawa 1955); None for a window without trials.

    A group without trials in one window has no share there: its other share is used in both, so it counts as mix.
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
    """Return the pooled share if groups had these weights; None if a weighted group has no trials."""
    shares = {name: cases / trials for name, (cases, trials) in groups.items() if trials}
    total = sum(weights.values())
    if not total or any(weight and name not in shares for name, weight in weights.items()):
        return None
    return sum(weight * shares.get(name, 0.0) for name, weight in weights.items()) / total


def funnel(trials: int, share: float, level: float = 1 - 2 * TAIL) -> tuple[float, float]:
    """Return the limits of a funnel plot: shares of that many trials around a common one (Spiegelhalter 2005).

    They are exact: the fewest and the most cases that are in neither tail of the binomial.
    """
    tail = (1 - level) / 2
    low = next(k for k in range(trials + 1) if binomial_cdf(trials, k, share) > tail)
    high = next(k for k in range(low, trials + 1) if binomial_cdf(trials, k, share) >= 1 - tail)
    return low / trials, high / trials


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A group's share, shrunken towards that of all groups the more, the fewer trials it has; with 95 % limits.

    It is the Beta distribution with these numbers of ``cases`` and ``rest``, the prior's included.
    """

    cases: float
    rest: float

    @property
    def value(self) -> float:
        """The mean of the distribution."""
        return self.cases / (self.cases + self.rest)

    @property
    def low(self) -> float:
        """The lower limit; a search, which most callers do not need."""
        return beta_quantile(self.cases, self.rest, TAIL)

    @property
    def high(self) -> float:
        """The upper limit."""
        return beta_quantile(self.cases, self.rest, 1 - TAIL)


def shrink(groups: Cases) -> dict[str, Shrunk]:
    """Return beta–binomial estimates: the prior is a Beta with the moments of the groups' shares (Kleinman 1973)."""
    observed = {name: counts for name, counts in groups.items() if counts[1]}
    if not observed:
        return {}
    prior_cases, prior_rest = _prior(list(observed.values()))
    return {name: Shrunk(prior_cases + cases, prior_rest + n - cases) for name, (cases, n) in observed.items()}


def _prior(groups: Sequence[tuple[int, int]]) -> tuple[float, float]:
    total = sum(n for _, n in groups)
    share = (sum(x for x, _ in groups) + 0.5) / (total + 1)
    variance = share * (1 - share)
    spread = sum(n * (x / n - share) ** 2 for x, n in groups)
    even = total - sum(n * n for _, n in groups) / total
    excess = (spread - variance * (len(groups) - 1)) / (variance * (even - len(groups) + 1) or 1)
    # Groups that differ no more than by chance get a prior as strong as all their trials together.
    strength = 1 / excess - 1 if 0 < excess < 1 else 0.0
    strength = strength if 0 < strength < total else float(total)
    return share * strength, (1 - share) * strength


def discoveries(ps: Mapping[str, float], rate: float = 0.05) -> set[str]:
    """Return which of many tests are significant at a false discovery rate (Benjamini and Hochberg 1995)."""
    order = sorted(ps, key=ps.__getitem__)
    last = max((i for i, name in enumerate(order, 1) if ps[name] <= rate * i / len(order)), default=0)
    return set(order[:last])


def outside(cases: int, trials: int, share: float) -> float:
    """Return the exact two-sided p of a group under a common share: twice its smaller tail."""
    if not trials or not 0 < share < 1:
        return 1.0
    lower_tail, upper_tail = binomial_cdf(trials, cases, share), 1 - binomial_cdf(trials, cases - 1, share)
    return min(1.0, 2 * min(lower_tail, upper_tail))
