"""Which metrics decide a canary: a metric decides if the deployment would have continued had that metric passed.

A score is the weighted sum, over metric groups, of the share of a group's metrics that passed; it is 0 if a critical
metric failed. Sources do not report the weights. They are solved from the scores, and used only if they reproduce all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDING = 0.02  # scores are reported with two decimals
NO_DATA = "nodata"
Floats = NDArray[np.float64]


@dataclass(slots=True)
class DecidingMetric:
    """One metric in the judgments that decided canaries.

    canaries   canaries with this metric
    failed     canaries in which it failed
    decided    it failed, and its failure alone stopped the deployment
    outvoted   it failed, and the canary passed
    unknown    it failed in a stopped canary, and the scores do not show whether it decided
    no_data    it had no data
    """

    metric: str
    canaries: int = 0
    failed: int = 0
    decided: int = 0
    outvoted: int = 0
    unknown: int = 0
    no_data: int = 0


@dataclass(frozen=True, slots=True)
class Pattern:
    """One combination of metric results, which ``canaries`` canaries had. ``groups`` are separated by a space."""

    config: str | None
    verdict: str
    score: float | None
    pass_threshold: float
    metrics: Sequence[str]
    groups: Sequence[str]
    classifications: Sequence[str]
    critical: Sequence[bool]
    canaries: int

    def failing(self) -> set[int]:
        """Return the indices of the metrics that failed; a metric without data failed only if it must have some."""
        return {i for i, result in enumerate(self.classifications) if result not in ("pass", NO_DATA)}

    def pass_shares(self, groups: Sequence[str], except_for: int | None = None) -> Floats:
        """Return the share of each group's metrics that passed; ``except_for`` counts as passed, no data not at all."""
        failing = self.failing() - {except_for}
        passed: dict[str, list[bool]] = defaultdict(list)
        for i, groups_of_metric in enumerate(self.groups):
            if self.classifications[i] != NO_DATA:
                for group in groups_of_metric.split():
                    passed[group].append(i not in failing)
        # A group without any data scores as if it had passed.
        return np.array([np.mean(passed[group]) if passed[group] else 1.0 for group in groups])

    def is_vetoed(self, except_for: int | None = None) -> bool:
        """Return whether a critical metric other than ``except_for`` failed, which alone makes the score 0."""
        return any(self.critical[i] for i in self.failing() - {except_for})


def count_deciding_metrics(rows: Iterable[dict[str, Any]]) -> list[DecidingMetric]:
    """Return every metric, the most decisive first, from rows of ``analyses/canary_patterns.sql``."""
    metrics: dict[str, DecidingMetric] = {}
    by_config: dict[str | None, list[Pattern]] = defaultdict(list)
    for row in rows:
        by_config[row["config"]].append(Pattern(**row))
    for patterns in by_config.values():
        weights = _GroupWeights(patterns)
        for pattern in patterns:
            _count(metrics, pattern, weights)
    return sorted(metrics.values(), key=lambda metric: (-metric.decided, -metric.failed, metric.metric))


def _count(metrics: dict[str, DecidingMetric], pattern: Pattern, weights: _GroupWeights) -> None:
    failing = pattern.failing()
    for i, name in enumerate(pattern.metrics):
        metric = metrics.setdefault(name, DecidingMetric(name))
        metric.canaries += pattern.canaries
        metric.no_data += pattern.canaries * (pattern.classifications[i] == NO_DATA)
        if i not in failing:
            continue
        metric.failed += pattern.canaries
        if pattern.verdict == "pass":
            metric.outvoted += pattern.canaries
        elif pattern.verdict != "no_data":
            passes = weights.would_pass(pattern, i)
            metric.decided += pattern.canaries * (passes is True)
            metric.unknown += pattern.canaries * (passes is None)


class _GroupWeights:
    """The weights of one configuration's groups, solved by least squares from the scores of its canaries."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.groups = sorted({group for pattern in patterns for groups in pattern.groups for group in groups.split()})
        # A veto sets the score to 0 whatever the weights are, so vetoed canaries say nothing about them.
        usable = [pattern for pattern in patterns if pattern.score is not None and not pattern.is_vetoed()]
        shares = [pattern.pass_shares(self.groups) for pattern in usable]
        self.shares: Floats = np.array(shares).reshape(len(usable), len(self.groups))
        scores = np.array([pattern.score for pattern in usable], dtype=float)
        self.weights: Floats = np.linalg.pinv(self.shares) @ scores
        self.reproduce_scores = bool(usable) and np.abs(self.shares @ self.weights - scores).max() <= ROUNDING

    def would_pass(self, pattern: Pattern, i: int) -> bool | None:
        """Return whether a canary would have passed had metric ``i`` passed; null if the scores do not show it."""
        if pattern.is_vetoed(except_for=i):
            return False
        if not self.reproduce_scores:
            return None
        shares = pattern.pass_shares(self.groups, except_for=i)
        # With few canaries many weights fit. Only shares in the span of the observed ones have a determined score.
        if not np.allclose(shares @ np.linalg.pinv(self.shares) @ self.shares, shares, atol=1e-9):
            return None
        return bool(shares @ self.weights >= pattern.pass_threshold - ROUNDING)
