"""The Kaplan–Meier curve of one group of which some entered late: they were under way when observation began."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dora.statistics.distributions import Z
from dora.statistics.quantiles import Floats

TOLERANCE = 1e-12  # a survival of exactly one half must not be missed by its last bit
MIN_AT_RISK = 6  # below it the normal approximation of an interval does not hold


@dataclass(frozen=True)
class LateEntryCurve:
    """The curve after each distinct time of an event.

    At risk at a time is what entered before it and lasts at least until it (left truncation, Tsai, Jewell and Wang
    1987). The curve is conditional on the earliest entry.
    """

    times: Floats
    at_risk: Floats
    survival: Floats
    greenwood: Floats

    @classmethod
    @np.errstate(all="ignore")
    def estimate(cls, ended: Floats, pending: Floats, entries: Floats) -> LateEntryCurve:
        """Return the curve of sorted values; ``entries`` are the sorted ages at which late ones entered, in any order
        of the values: each is less than its value.
        """
        times, deaths = np.unique(ended, return_counts=True)
        remaining = len(ended) - ended.searchsorted(times) + len(pending) - pending.searchsorted(times)
        at_risk = remaining - (len(entries) - entries.searchsorted(times))
        survival = (1 - deaths / at_risk).cumprod()
        greenwood = (deaths / (at_risk * (at_risk - deaths))).cumsum()
        return cls(times, at_risk.astype(float), survival, greenwood)

    def quantile(self, p: float) -> float:
        """Return the first time at which less than 1 − p remain; see ``Survival.quantile``."""
        index = self._first_at_most(self.survival, 1 - p)
        if index is None:
            return np.nan
        is_exact = abs(self.survival[index] - (1 - p)) <= TOLERANCE
        after = min(index + 1, len(self.times) - 1) if is_exact else index
        return float(self.times[index] + self.times[after]) / 2

    @np.errstate(all="ignore")
    def limits(self, p: float) -> tuple[float, float]:
        """Return the first times at which the limits of the curve are at most 1 − p; NaN is unbounded.

        Both are NaN if fewer than six were at risk at any time until the quantile.
        """
        index = self._first_at_most(self.survival, 1 - p)
        until_quantile = self.at_risk if index is None else self.at_risk[: index + 1]
        if not len(until_quantile) or until_quantile.min() < MIN_AT_RISK:
            return np.nan, np.nan
        width = Z * np.sqrt(self.greenwood) / np.abs(np.log(self.survival))
        positive = self.survival > TOLERANCE
        ends = (np.where(positive, self.survival ** np.exp(side * width), np.inf) for side in (1, -1))
        low, high = (self._first_at_most(end, 1 - p) for end in ends)
        return tuple(np.nan if end is None else float(self.times[end]) for end in (low, high))  # type: ignore[return-value]

    @staticmethod
    def _first_at_most(curve: Floats, left: float) -> int | None:
        reached = np.flatnonzero(curve <= left + TOLERANCE)
        return int(reached[0]) if len(reached) else None
