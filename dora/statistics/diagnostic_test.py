"""The canary as a diagnostic test: what its verdict says about what happened after, and what can not be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dora.statistics.intervals import Limits, wilson

BEST = 100.0  # the highest score


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How many canaries there were of each verdict and outcome.

    ``stopped`` are failed canaries that nobody overrode: whether the change was bad will never be seen.
    """

    passed_good: int = 0
    passed_bad: int = 0
    overridden_good: int = 0
    overridden_bad: int = 0
    stopped: int = 0


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Sensitivity and specificity between the bounds that hold whatever the stopped ones were (Manski 1990).

    ``sensitivity`` and ``specificity`` themselves only where overrides verify some failed canaries (Begg and Greenes
    1983), else null: they are then not identifiable.
    """

    sensitivity: float | None
    sensitivity_bounds: Limits | None
    specificity: float | None
    specificity_bounds: Limits | None
    precision: tuple[int, int]
    precision_limits: Limits | None
    missed: tuple[int, int]
    missed_limits: Limits | None


def diagnose(seen: Verdicts) -> Diagnosis:
    """What the canaries of some deployments are worth.

    ``precision`` is (bad, of failed canaries that were overridden), ``missed`` (bad, of passed ones), with Wilson's
    limits. Overridden ones stand for the stopped ones only if people overrode without knowing more than the canary.
    """
    overridden, passed = seen.overridden_good + seen.overridden_bad, seen.passed_good + seen.passed_bad
    sensitivity, specificity = _corrected(seen) if overridden else (None, None)
    return Diagnosis(
        sensitivity,
        _between(seen.overridden_bad, seen.passed_bad, seen.stopped),
        specificity,
        _falling(seen.passed_good, seen.overridden_good, seen.stopped),
        (seen.overridden_bad, overridden),
        wilson(seen.overridden_bad, overridden),
        (seen.passed_bad, passed),
        wilson(seen.passed_bad, passed),
    )


def _corrected(seen: Verdicts) -> tuple[float | None, float | None]:
    """Begg and Greenes: the stopped are shared out as the overridden were."""
    verified = seen.overridden_good + seen.overridden_bad
    failed = verified + seen.stopped
    bad = failed * seen.overridden_bad / verified
    good = failed - bad
    return _share(bad, bad + seen.passed_bad), _share(seen.passed_good, good + seen.passed_good)


def _between(caught: int, missed: int, unknown: int) -> Limits | None:
    """Sensitivity if all the stopped were good, and if all were bad."""
    low, high = _share(caught, caught + missed), _share(caught + unknown, caught + unknown + missed)
    if high is None:
        return None
    return (low if low is not None else 0.0), high


def _falling(passed: int, alarmed: int, unknown: int) -> Limits | None:
    """Specificity if all the stopped were good, and if all were bad."""
    low, high = _share(passed, passed + alarmed + unknown), _share(passed, passed + alarmed)
    if low is None:
        return None
    return low, (high if high is not None else 1.0)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class Bin:
    """Canaries whose score lies from ``low`` up to ``high``: how many, how many later failed, and the limits."""

    low: float
    high: float
    n: int
    failed: int
    limits: Limits | None

    def holds(self, score: float) -> bool:
        """Whether a score is one of these."""
        return _inside(score, self.low, self.high)


def _inside(score: float, low: float, high: float) -> bool:
    return low <= score < high or score == high == BEST


def calibration(scored: Sequence[tuple[float, bool]], edges: Sequence[float] = (0, 50, 75, 90, 95, 100)) -> list[Bin]:
    """Whether a lower score means more failures: the verified canaries (score, failed) by bins of their score."""
    bins = []
    for low, high in pairwise(edges):
        inside = [failed for score, failed in scored if _inside(score, low, high)]
        bins.append(Bin(low, high, len(inside), sum(inside), wilson(sum(inside), len(inside))))
    return bins
