"""Whether a number moved: its difference from the window before, judged against the noise of both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from dora import Value


@dataclass(frozen=True, slots=True)
class Move:
    """A difference in words, its direction (1 up, -1 down, 0 none) and whether noise alone explains it."""

    text: str
    direction: int
    beyond_noise: bool


def move(now: Value, before: Value | None, among: int = 1) -> Move | None:
    """How a value moved against another of the same metric; null where either is null, or its history has a gap.

    Where it is one ``among`` many comparisons, it has to move further: noise makes one of twenty look like a move.
    """
    if before is None or now.value is None or before.value is None or now.incomplete or before.incomplete:
        return None
    text = _words(now, before, now.value, before.value)
    if not any(digit in text for digit in "123456789"):
        return Move(f"±{text[1:]}", 0, False)
    return Move(text, 1 if now.value > before.value else -1, _beyond_noise(now, before, among))


def _words(now: Value, before: Value, new: float, old: float) -> str:
    if now.unit == "share":
        return f"{100 * (new - old):+.1f} points"
    if new == old:
        return "+0 %"
    if old == 0:
        return f"up by {now.text}"
    ratio = new / old
    return f"{100 * (ratio - 1):+.0f} %" if ratio < 10 else f"× {ratio:.0f}"


def _beyond_noise(now: Value, before: Value, among: int) -> bool:
    """Whether the 95 % interval of the difference, of all comparisons together, leaves out zero.

    The interval is recovered from those of both values (Zou and Donner 2008); durations are compared as
    ratios; intervals are widened for many comparisons (Bonferroni). An end without a bound can exclude nothing.
    """
    ends = (now.low, now.value, now.high, before.low, before.value, before.high)
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return False
    if now.unit == "hours" and min(known) > 0:
        known = [math.log(end) for end in known]
    low, new, high, low_before, old, high_before = known
    difference, wider = new - old, NormalDist().inv_cdf(1 - 0.025 / max(1, among)) / NormalDist().inv_cdf(0.975)
    up, down = math.hypot(new - low, high_before - old), math.hypot(high - new, old - low_before)
    return difference > wider * up or -difference > wider * down
