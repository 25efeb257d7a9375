"""The Kaplan–Meier estimator (1958): quantiles of durations of which some are still open, for many groups at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dora.statistics.distributions import Z
from dora.statistics.late_entry import TOLERANCE, LateEntryCurve
from dora.statistics.quantiles import Flags, Floats, Positions, Samples

MIN_SIZE = 6  # the interval of fewer covers the true median in 75 % (two) to 94 % (four) of samples, not in 95 %
FIRST_STEP, GROWTH = 64, 4  # a scan looks at 64 positions first, then at four times as many each time


@dataclass(frozen=True)
class Survival:
    """The survival curves S of groups of durations; at ties, events come before what is still open.

    Between two open values the factors 1 − 1/r cancel: after an event that ``left`` of n survive, S = left / n · Π r /
    (r − 1) over the open values before it, with r at risk at each. So one half is exactly one half.
    """

    samples: Samples

    @cached_property
    def _censoring(self) -> tuple[Positions, Floats, Floats, Positions]:
        """Of each open value: the position of the next event, the product of r / (r − 1) and Greenwood's sum so far.

        Product and sum have one neutral entry before each group, for "no open value yet". Of each group: how many open
        values the groups before it have.
        """
        samples = self.samples
        open_values = samples.end - samples.middle
        next_event = np.empty(int(open_values.sum()), np.int64)
        product = np.ones(len(next_event) + len(samples.groups))
        greenwood = np.zeros(len(product))
        bounds = zip(samples.start.tolist(), samples.middle.tolist(), samples.end.tolist(), strict=True)
        offset = 0
        for group, (start, middle, end) in enumerate(bounds):
            if size := end - middle:
                positions = start + samples.values[start:middle].searchsorted(samples.values[middle:end], "right")
                risk = end - positions - np.arange(size)
                next_event[offset : offset + size] = positions
                entries = slice(offset + group + 1, offset + group + 1 + size)
                product[entries] = (risk / (risk - 1)).cumprod()
                greenwood[entries] = (1 / (risk * (risk - 1.0))).cumsum()
                offset += size
        return next_event, product, greenwood, open_values.cumsum() - open_values

    @np.errstate(all="ignore")
    def _state(self, group: Positions, position: Positions) -> tuple[Floats, Floats]:
        """Return S after the events at positions, and Greenwood's sum."""
        next_event, product, greenwood, open_before = self._censoring
        censored = next_event.searchsorted(position, "right")
        left = self.samples.end[group] - 1 - position - (censored - open_before[group])
        n = (self.samples.end - self.samples.start)[group]
        return left * product[censored + group] / n, 1 / left - 1 / n - greenwood[censored + group]

    @np.errstate(all="ignore")
    def _limit(self, group: Positions, position: Positions, side: int) -> Floats:
        """Return Greenwood's log(−log) limit of S: the lower for side 1, the upper for −1; NaN if none is left."""
        survival, greenwood = self._state(group, position)
        width = side * Z * np.sqrt(greenwood) / np.abs(np.log(survival))
        return np.where(survival > 0, survival ** np.exp(width), np.nan)

    @cached_property
    def _late_curves(self) -> dict[int, LateEntryCurve]:
        """The curves of the groups of which some entered late, by index."""
        samples, curves = self.samples, {}
        for group, entries in samples.entries.items():
            start, middle, end = samples.start[group], samples.middle[group], samples.end[group]
            curves[group] = LateEntryCurve.estimate(samples.values[start:middle], samples.values[middle:end], entries)
        return curves

    def _crossing(self, left: float) -> Positions:
        """Return the position of the first event after which at most ``left`` remain; ``middle`` if there is none."""
        samples, group = self.samples, np.arange(len(self.samples.groups))
        return _bisect(samples.start, samples.middle, lambda at: self._state(group, at)[0] <= left + TOLERANCE)

    def _end_of_limits(self) -> Positions:
        """Return where limits end: at the last tie if the curve reaches zero there, else ``middle``.

        At zero Greenwood's variance is infinite; R's survfit calls these limits unknown as well.
        """
        samples, group = self.samples, np.arange(len(self.samples.groups))
        last_value = samples.values[samples.middle - 1]
        tie = _bisect(samples.start, samples.middle, lambda at: samples.values.take(at, mode="clip") >= last_value)
        return np.where(self._state(group, samples.middle - 1)[0] > 0, samples.middle, tie)

    def limits(self, p: float) -> tuple[Floats, Floats]:
        """Return the first times at which the limits of the curve are at most 1 − p; NaN is unbounded.

        There are none for fewer than six values, or while fewer than six are at risk where some entered late.
        """
        samples, group, end, left = self.samples, np.arange(len(self.samples.groups)), self._end_of_limits(), 1 - p
        # The lower limit never rises from event to event (as Z < 2), so bisection finds it. The upper one may rise
        # where few are at risk: it is scanned, from where the curve itself crosses.
        low = _bisect(samples.start, end, lambda position: self._limit(group, position, 1) <= left + TOLERANCE)

        def reached(groups: Positions, position: Positions) -> Flags:
            next_value = samples.at(position + 1, samples.middle[groups])
            last_of_tie: Flags = next_value != samples.values.take(position, mode="clip")
            return last_of_tie & (self._limit(groups, position, -1) <= left + TOLERANCE)

        high = _scan(self._crossing(left), end, reached)
        enough = samples.end - samples.start >= MIN_SIZE
        lows, highs = (np.where(enough, samples.at(position, end), np.nan) for position in (low, high))
        for late, curve in self._late_curves.items():
            lows[late], highs[late] = curve.limits(p)
        return lows, highs

    def quantile(self, p: float) -> Floats:
        """Return the first times at which less than 1 − p remain; NaN if more are still open.

        Where exactly 1 − p remain until a later event, it is the midpoint of both, as of the middle two of an even
        number of values; without a later event it is the first.
        """
        samples, group, left = self.samples, np.arange(len(self.samples.groups)), 1 - p
        crossing = self._crossing(left)
        is_exact = np.abs(self._state(group, crossing)[0] - left) <= TOLERANCE
        after = np.where(is_exact, np.minimum(crossing + 1, samples.middle - 1), crossing)
        quantiles: Floats = (samples.at(crossing, samples.middle) + samples.at(after, samples.middle)) / 2
        for late, curve in self._late_curves.items():
            quantiles[late] = curve.quantile(p)
        return quantiles


def _bisect(low: Positions, high: Positions, holds: Callable[[Positions], Flags]) -> Positions:
    """Return each group's first position from ``low`` on from which a condition holds for good; ``high`` if none."""
    while (undecided := low < high).any():
        middle = (low + high) // 2
        true = holds(middle)
        low, high = np.where(undecided & ~true, middle + 1, low), np.where(undecided & true, middle, high)
    return high


def _scan(low: Positions, high: Positions, holds: Callable[[Positions, Positions], Flags]) -> Positions:
    """Return each group's first position from ``low`` on at which a condition holds; ``high`` if none."""
    low, result, width = low.copy(), high.copy(), FIRST_STEP
    undecided = np.flatnonzero(low < high)
    while len(undecided):
        positions = low[undecided, None] + np.arange(min(width, (high - low)[undecided].max()))
        true = holds(undecided[:, None], positions) & (positions < high[undecided, None])
        decided = true.any(axis=1)
        result[undecided[decided]] = low[undecided[decided]] + true[decided].argmax(axis=1)
        low[undecided] += positions.shape[1]
        undecided = undecided[~decided & (low[undecided] < high[undecided])]
        width *= GROWTH
    return result
