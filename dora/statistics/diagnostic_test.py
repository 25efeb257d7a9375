"""The canary as a diagnostic test: how well its verdict predicts failures, and what can not be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dora.statistics.intervals import Limits, wilson

BEST = 100.0  # the highest score where the weights sum to 100; a score outside 0 to 100 is in the bin beside it


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How many canaries there were of each verdict and outcome.

    ``stopped`` are failed canaries that no user overrode: whether the change was bad is never observed.
    """

    passed_good: int = 0
    passed_bad: int = 0
    overridden_good: int = 0
    overridden_bad: int = 0
    stopped: int = 0


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Sensitivity and specificity, with bounds that hold whatever the stopped canaries were (Manski 1990).

    Without overrides, which verify some failed canaries (Begg and Greenes 1983), both are null: not identifiable.
    ``precision`` is (bad, all) of failed canaries that were overridden, ``missed`` (bad, all) of passed ones, both
    with Wilson's limits.
    """

    sensitivity: float | None
    sensitivity_bounds: Limits | None
    specificity: float | None
    specificity_bounds: Limits | None
    precision: tuple[int, int]
    precision_limits: Limits | None
    missed: tuple[int, int]
    missed_limits: Limits | None


def diagnose(counts: Verdicts) -> Diagnosis:
    """Return how well canaries predict failures.

    Overridden canaries represent the stopped ones only if users overrode without knowing more than the canary.
    """
    precision = (counts.overridden_bad, counts.overridden_good + counts.overridden_bad)
    missed = (counts.passed_bad, counts.passed_good + counts.passed_bad)
    sensitivity, specificity = _corrected(counts)
    return Diagnosis(
        sensitivity, _sensitivity_bounds(counts), specificity, _specificity_bounds(counts),
        precision, wilson(*precision), missed, wilson(*missed),
    )  # fmt: skip


def _corrected(counts: Verdicts) -> tuple[float | None, float | None]:
    """Begg and Greenes: the stopped canaries are bad and good in the proportion of the overridden ones."""
    overridden = counts.overridden_good + counts.overridden_bad
    if not overridden:
        return None, None
    failed = overridden + counts.stopped
    bad = failed * counts.overridden_bad / overridden
    good = failed - bad
    return _ratio(bad, bad + counts.passed_bad), _ratio(counts.passed_good, good + counts.passed_good)


def _sensitivity_bounds(counts: Verdicts) -> Limits | None:
    """Sensitivity if all stopped canaries were good, and if all were bad."""
    caught, missed = counts.overridden_bad, counts.passed_bad
    low, high = _ratio(caught, caught + missed), _ratio(caught + counts.stopped, caught + counts.stopped + missed)
    return None if high is None else (low or 0.0, high)


def _specificity_bounds(counts: Verdicts) -> Limits | None:
    """Specificity if all stopped canaries were good, and if all were bad."""
    passed, alarmed = counts.passed_good, counts.overridden_good
    low, high = _ratio(passed, passed + alarmed + counts.stopped), _ratio(passed, passed + alarmed)
    return None if low is None else (low, 1.0 if high is None else high)


def _ratio(part: float, total: float) -> float | None:
    return part / total if total else None


@dataclass(frozen=True, slots=True)
class Bin:
    """Canaries with a score from ``low`` up to ``high``: how many, how many later failed, with Wilson's limits."""

    low: float
    high: float
    n: int
    failed: int
    limits: Limits | None


def calibration(counts: Sequence[tuple[int, int]], edges: Sequence[float]) -> list[Bin]:
    """Return the bins between edges with their counts (failed, all) of verified canaries."""
    return [
        Bin(low, high, n, failed, wilson(failed, n))
        for (low, high), (failed, n) in zip(pairwise(edges), counts, strict=True)
    ]
