"""What is asked for and what is answered: a scope, one number with what makes it believable, and how it moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dora.periods import Grain
from dora.render import text as wording
from dora.statistics.aggregation_effects import discoveries
from dora.statistics.distributions import Z, normal_tail
from dora.statistics.intervals import fisher, newcombe, rate_ratio, trials_to_see

Bounds = tuple[float | None, float | None]
By = Literal["application", "team", "group"]
AMONG = 1_000_000  # trials: a difference that needs more is none that anybody will see
GROUPS: tuple[By, ...] = ("application", "team", "group")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a number is asked for. Moments as ``periods.parse_moment`` reads them; ``until`` is not included.

    ``teams`` take in those below them: ``platform`` holds ``platform/delivery``. ``statistic`` is the metric's own
    where none is named; durations have ``median``, ``plain_median``, ``p75``, ``p90`` and ``mean``.
    """

    since: str | None = None
    until: str | None = None
    by: By | None = None
    every: Grain | None = None
    applications: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    statistic: str | None = None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Spread:
    """How a duration or a size is spread, in the metric's unit; null where more than that is still open.

    ``plain_median`` and ``mean`` are of those that ended alone, blind to what is open.
    """

    p10: float | None = None
    p25: float | None = None
    p75: float | None = None
    p90: float | None = None
    plain_median: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A difference in words, its direction (1 up, -1 down, 0 none) and whether noise alone explains it.

    ``low`` and ``high`` bound 95 % of it: of shares as a difference, of all else as a ratio; null where there is no
    bound. ``needed`` says how many observations each side needs to tell such shares apart four times of five, where
    they can not be told apart yet. ``p`` is the two-sided probability of such a difference where there is none: of
    shares Fisher's exact one, else by the limits; null where these are.
    """

    text: str
    direction: int
    significant: bool
    low: float | None = None
    high: float | None = None
    needed: int | None = None
    p: float | None = None

    @staticmethod
    def significant_among(moves: Sequence[Move]) -> list[bool]:
        """Which of many moves stand when one in twenty of those named may be chance (Benjamini and Hochberg 1995)."""
        named = discoveries({str(place): move.p for place, move in enumerate(moves) if move.p is not None})
        return [move.significant and str(place) in named for place, move in enumerate(moves)]


@dataclass(frozen=True, slots=True)
class Value:
    """One number with what makes it believable.

    ``value`` is in ``unit``, or null with a ``reason``; ``n`` counts observations (``open`` of them still
    open); ``low`` and ``high`` bound 95 %, null where there is no finite bound; ``excluded`` counts rows
    left out, by reason; ``partial`` marks a period that is not whole and ``incomplete`` says why: the window or
    the data's end cuts it, or history of an application is missing in it; ``as_of`` is the instant (UTC) up
    to which the data is known. ``scatter`` says how many times as much as chance the weeks of a rate vary, by which
    its limits were widened; ``days`` is the length of what was looked at, in calendar days.
    """

    metric: str
    group: str | None
    period: datetime | None
    value: float | None
    unit: str
    statistic: str
    n: int
    low: float | None
    high: float | None
    open: int
    excluded: dict[str, int]
    partial: bool
    reason: str | None
    as_of: datetime | None
    incomplete: str | None = None
    days: float = 0.0
    scatter: float | None = None
    spread: Spread | None = None

    @property
    def text(self) -> str:
        """The number as a person would say it, such as ``25 min`` or ``–``."""
        return wording.quantity(self.value, self.unit)

    def compare_to(self, before: Value | None) -> Move | None:
        """How it moved from another value of the same metric; null where either is null, or its history has a gap."""
        return move(self, before)

    @property
    def evidence(self) -> str:
        """The line under the number, such as ``142 of 1,468 · 95 % 8.3–11.3 %``."""
        if self.value is None:
            return self.reason or wording.NOTHING
        limits = wording.interval(self.low, self.high, self.unit, self.n)
        cases = round(self.value * self.n) if self.statistic == "share" else None
        return wording.evidence(self.n, cases, limits, self.open)


def move(now: Value, before: Value | None) -> Move | None:
    """How a value moved against another of the same metric; null where either is null, or its history has a gap."""
    if before is None or now.value is None or before.value is None or now.incomplete or before.incomplete:
        return None
    text = _words(now, before, now.value, before.value)
    low, high = _difference(now, before) if now.statistic == "share" else _ratio(now, before)
    none = 0.0 if now.statistic == "share" else 1.0
    beyond = (low is not None and low > none) or (high is not None and high < none)
    if not any(digit in text for digit in "123456789"):
        return Move(f"±{text[1:]}", 0, False, low, high)
    direction = 1 if now.value > before.value else -1
    needed = None if beyond else _needed(now, before)
    return Move(text, direction, beyond, low, high, needed, _p(now, before, low if direction > 0 else high))


def _words(now: Value, before: Value, new: float, old: float) -> str:
    if now.statistic == "share":
        return f"{100 * (new - old):+.1f} points"
    if new == old:
        return "+0 %"
    if old == 0:
        return f"up by {now.text}"
    ratio = new / old
    return f"{100 * (ratio - 1):+.0f} %" if ratio < 10 else f"× {ratio:.0f}"


def _cases(value: Value) -> tuple[int, int]:
    return round((value.value or 0.0) * value.n), value.n


def _difference(now: Value, before: Value) -> Bounds:
    """Newcombe's limits (1998) of the difference of two shares."""
    return newcombe(_cases(before), _cases(now)) or (None, None)


def _p(now: Value, before: Value, near: float | None) -> float | None:
    """Of a ratio by its limit on the side of no difference, which lies ``Z`` standard errors from it."""
    if now.statistic == "share":
        return fisher(_cases(before), _cases(now))
    if not near or not now.value or not before.value:
        return None
    ratio = math.log(now.value / before.value)
    return normal_tail(Z * ratio / (ratio - math.log(near))) if ratio != math.log(near) else 0.0


def _needed(now: Value, before: Value) -> int | None:
    if now.statistic != "share":
        return None
    needed = trials_to_see(before.value or 0.0, now.value or 0.0)
    return needed if needed is not None and needed <= AMONG else None


def _ratio(now: Value, before: Value) -> Bounds:
    """The exact conditional limits of two rates, wider as their weeks scatter; else those of both intervals.

    The interval of a ratio is recovered from those of both values on the log scale (Zou and Donner 2008). An end
    without a bound, or at zero, can not exclude anything.
    """
    if now.statistic != "count":
        return _recovered(now, before)
    low, high = rate_ratio((before.n, before.days), (now.n, now.days))
    wider = math.sqrt(max(now.scatter or 1.0, before.scatter or 1.0))
    if not now.value or not before.value or not low or not high:
        return low, high
    middle = now.value / before.value
    return middle * (low / middle) ** wider, middle * (high / middle) ** wider


def _recovered(now: Value, before: Value) -> Bounds:
    new, old = (_logs(value) for value in (now, before))
    if new is None or old is None:
        return None, None
    (low, middle, high), (low_before, middle_before, high_before) = new, old
    difference = middle - middle_before
    below = difference - math.hypot(middle - low, high_before - middle_before)
    above = difference + math.hypot(high - middle, middle_before - low_before)
    return math.exp(below), math.exp(above)


def _logs(value: Value) -> tuple[float, float, float] | None:
    ends = (value.low, value.value, value.high)
    known = [end for end in ends if end is not None and end > 0]
    return (math.log(known[0]), math.log(known[1]), math.log(known[2])) if len(known) == len(ends) else None
