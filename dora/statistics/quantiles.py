"""Quantiles of many groups at once: of what is still open in part by survival, of what has ended by its order.

Each group's values are sorted once; every quantile and limit is then a place among them, found by bisection. Needs
numpy, which whoever asks for no duration need not load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dora.statistics.distributions import Z
from dora.statistics.intervals import quantile_ranks

TOLERANCE = 1e-12  # a survival of exactly one half must not slip past it in the last bit
ROW = 36  # bits for the number of a row; those above it name its group
FIRST, WIDER = 64, 4  # places that a search looks at first, and how many times as many each time after
Places = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Ordered:
    """Groups of durations: ``values[start:middle]`` of each ended, ``values[middle:end]`` are still open; both sorted.

    ``groups`` are the numbers of those that have any; all else is in their order, NaN where there is no number.
    """

    values: Floats
    groups: Places
    start: Places
    middle: Places
    end: Places

    def at(self, place: Places, until: Places) -> Floats:
        """The values at places, NaN where a place is not before ``until``."""
        return np.where(place < until, self.values.take(place, mode="clip"), np.nan)

    @property
    def ended(self) -> Places:
        """How many of each group ended."""
        return self.middle - self.start

    @property
    def longest(self) -> Floats:
        """The largest value of each group, open or not."""
        ended = np.where(self.ended > 0, self.values[self.middle - 1], -np.inf)
        return np.maximum(ended, np.where(self.end > self.middle, self.values[self.end - 1], -np.inf))

    def quantile(self, p: float) -> Floats:
        """The p-quantile of what ended (type 7)."""
        place = (self.ended - 1) * p
        below = np.floor(place).astype(np.int64)
        low, high = (self.at(self.start + np.maximum(at, 0), self.middle) for at in (below, np.ceil(place).astype(int)))
        told: Floats = low * (1 - (place - below)) + high * (place - below)
        return told

    def limits(self, p: float) -> tuple[Floats, Floats]:
        """The order statistics of what ended that enclose the p-quantile; NaN where none is sure enough, as below 6
        for a median (Conover; Hahn and Meeker).
        """
        ranks = {n: quantile_ranks(n, p) for n in np.unique(self.ended).tolist()}
        sizes = zip(self.start.tolist(), self.ended.tolist(), strict=True)
        told = [[self.values[start + rank - 1] if rank else np.nan for rank in ranks[n]] for start, n in sizes]
        low, high = np.array(told, dtype=float).reshape(-1, 2).T
        return low, high

    def moments(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of what ended; the deviation of one is NaN."""
        told = np.full((2, len(self.groups)), np.nan)
        for group, (start, middle) in enumerate(zip(self.start.tolist(), self.middle.tolist(), strict=True)):
            if n := middle - start:
                mean = self.values[start:middle].sum() / n
                off = self.values[start:middle] - mean
                told[:, group] = mean, np.sqrt(off @ off / (n - 1)) if n > 1 else np.nan
        return told[0], told[1]


def ordered(groups: NDArray[np.integer], values: Floats, still: Flags, count: int) -> Ordered:
    """Values sorted within their groups (numbered below ``count``); ``still`` marks those that are open."""
    words: NDArray[np.uint64] = groups.astype(np.uint64) << np.uint64(ROW + 1)
    words |= still.astype(np.uint64) << np.uint64(ROW)
    words |= np.arange(len(words), dtype=np.uint64)
    words.sort()
    values = values.take((words & np.uint64((1 << ROW) - 1)).view(np.int64))
    words >>= np.uint64(ROW)
    edges = np.searchsorted(words, np.arange(2 * count + 1, dtype=np.uint64)).astype(np.int64)
    for part in np.flatnonzero(np.diff(edges) > 1).tolist():
        values[edges[part] : edges[part + 1]].sort()
    start, middle, end = edges[:-1:2], edges[1::2], edges[2::2]
    there = np.flatnonzero(end > start)
    return Ordered(values, there, start[there], middle[there], end[there])


@dataclass(frozen=True)
class Survival:
    """The Kaplan–Meier curves (1958) of groups; events come before what is open at ties.

    After an event with k open ones before it, of n, S = left / n · Π r / (r − 1) over those k, where r were at risk
    at each: between them it is a straight line, so that one half is exactly one half.
    """

    of: Ordered

    @cached_property
    def _opened(self) -> tuple[Places, Floats, Floats]:
        """The place of the first event after each open one; what these make of S and of Greenwood's sum so far."""
        of = self.of
        before = np.empty(int((of.end - of.middle).sum()), np.int64)
        factor, gone = np.ones(len(before) + len(of.groups)), np.zeros(len(before) + len(of.groups))
        bounds, at = zip(of.start.tolist(), of.middle.tolist(), of.end.tolist(), strict=True), 0
        for group, (start, middle, end) in enumerate(bounds):
            if size := end - middle:
                places = start + of.values[start:middle].searchsorted(of.values[middle:end], "right")
                risk = end - places - np.arange(size)
                before[at : at + size], told = places, slice(at + group + 1, at + group + 1 + size)
                factor[told], gone[told] = (risk / (risk - 1)).cumprod(), (1 / (risk * (risk - 1.0))).cumsum()
                at += size
        return before, factor, gone

    @cached_property
    def _skipped(self) -> Places:
        opened = self.of.end - self.of.middle
        before: Places = opened.cumsum() - opened
        return before

    @np.errstate(all="ignore")
    def _state(self, group: Places, place: Places) -> tuple[Floats, Floats]:
        """S after the events at places, and Greenwood's sum."""
        before, factor, gone = self._opened
        opened = before.searchsorted(place, "right")
        left = self.of.end[group] - 1 - place - (opened - self._skipped[group])
        n = (self.of.end - self.of.start)[group]
        return left * factor[opened + group] / n, 1 / left - 1 / n - gone[opened + group]

    @np.errstate(all="ignore")
    def _limit(self, group: Places, place: Places, side: int) -> Floats:
        """Greenwood's log(−log) limit of S, the lower for side 1, the upper for −1; unknown where none is left."""
        s, greenwood = self._state(group, place)
        return np.where(s > 0, s ** np.exp(side * Z * np.sqrt(greenwood) / np.abs(np.log(s))), np.nan)

    def crossing(self, left: float) -> Places:
        """The place of the first event after which at most ``left`` remain; ``middle`` where there is none."""
        group = np.arange(len(self.of.groups))
        return _first(self.of.start, self.of.middle, lambda at: self._state(group, at)[0] <= left + TOLERANCE)

    def _known(self) -> Places:
        """Where the curve reaches zero, at whose last tie nothing is known; else ``middle``."""
        of, group = self.of, np.arange(len(self.of.groups))
        tie = _first(of.start, of.middle, lambda at: of.values.take(at, mode="clip") >= of.values[of.middle - 1])
        return np.where(self._state(group, of.middle - 1)[0] > 0, of.middle, tie)

    def limits(self, p: float) -> tuple[Floats, Floats]:
        """The first times at which the limits of the curve are at most 1 − p; NaN is unbounded.

        The lower limit never rises from event to event (as 1.96 < 2), so it is found by bisection. The upper one may
        where few are left at risk: it is looked for step by step, from where the curve itself crosses.
        """
        of, group, known, left = self.of, np.arange(len(self.of.groups)), self._known(), 1 - p
        low = _first(of.start, known, lambda at: self._limit(group, at, 1) <= left + TOLERANCE)

        def holds(which: Places, at: Places) -> Flags:
            later = of.at(at + 1, of.middle[which])
            last: Flags = later != of.values.take(at, mode="clip")
            return last & (self._limit(which, at, -1) <= left + TOLERANCE)

        return of.at(low, known), of.at(_searched(self.crossing(left), known, holds), known)

    def quantile(self, p: float) -> Floats:
        """The first times at which at most 1 − p remain; NaN where more are still open."""
        return self.of.at(self.crossing(1 - p), self.of.middle)


def _first(low: Places, high: Places, holds: Callable[[Places], Flags]) -> Places:
    """In each group the first place from ``low`` on at which something holds that holds at all later ones, or
    ``high``.
    """
    while (unsure := low < high).any():
        middle = (low + high) // 2
        held = holds(middle)
        low, high = np.where(unsure & ~held, middle + 1, low), np.where(unsure & held, middle, high)
    return high


def _searched(low: Places, high: Places, holds: Callable[[Places, Places], Flags]) -> Places:
    """In each group the first place from ``low`` on at which something holds, or ``high``: one after the other."""
    low, found, width = low.copy(), high.copy(), FIRST
    rest = np.flatnonzero(low < high)
    while len(rest):
        places = low[rest, None] + np.arange(min(width, (high - low)[rest].max()))
        held = holds(rest[:, None], places) & (places < high[rest, None])
        seen = held.any(axis=1)
        found[rest[seen]] = low[rest[seen]] + held[seen].argmax(axis=1)
        low[rest] += places.shape[1]
        rest = rest[~seen & (low[rest] < high[rest])]
        width *= WIDER
    return found
