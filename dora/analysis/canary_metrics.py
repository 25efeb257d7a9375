"""Which metrics decide a canary: those without whose failing it would have let the deployment go on.

A score is the weighted sum of the shares of metrics that passed, group by group, and 0 where a critical one did not.
The weights are not told; they are solved from the scores that are, and used only where they reproduce all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLOSE = 0.02  # scores are told to two places
NO_DATA = "nodata"
Floats = NDArray[np.float64]


@dataclass(slots=True)
class DecidingMetric:
    """One metric over the judgments that decided canaries.

    ``failed`` in ``canaries`` judged; ``decided``: its failing alone was the difference between stopping and going on;
    ``outvoted``: it failed and the canary passed; ``unknown``: it failed in a stopped canary and what would have been
    is not known; ``no_data``: it had none.
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
    """One way in which metrics came out, in ``canaries`` analyses. ``groups`` are joined by a space."""

    config: str | None
    verdict: str
    score: float | None
    pass_threshold: float
    metrics: Sequence[str]
    groups: Sequence[str]
    classifications: Sequence[str]
    critical: Sequence[bool]
    canaries: int

    def failing(self) -> list[int]:
        """Places of the metrics that did not pass; one without data only where it must have some."""
        return [i for i, how in enumerate(self.classifications) if how not in ("pass", NO_DATA)]

    def shares(self, names: Sequence[str], spared: int | None = None) -> Floats:
        """Of each group the share of its metrics that passed; ``spared`` counts as passed, no data not at all."""
        bad = set(self.failing()) - {spared}
        counted: dict[str, list[bool]] = defaultdict(list)
        for i, groups in enumerate(self.groups):
            if self.classifications[i] != NO_DATA:
                for group in groups.split():
                    counted[group].append(i not in bad)
        return np.array([np.mean(counted[name]) if counted[name] else 1.0 for name in names])

    def vetoed(self, spared: int | None = None) -> bool:
        """Whether a critical metric alone makes it 0."""
        return any(self.critical[i] for i in self.failing() if i != spared)


def weigh(rows: Iterable[dict[str, Any]]) -> list[DecidingMetric]:
    """Every metric, the most decisive first, from rows of ``analyses/canary_patterns.sql``."""
    told: dict[str, DecidingMetric] = {}
    configs: dict[str | None, list[Pattern]] = defaultdict(list)
    for row in rows:
        configs[row["config"]].append(Pattern(**row))
    for patterns in configs.values():
        judge = _Judge(patterns)
        for pattern in patterns:
            _count(told, pattern, judge)
    return sorted(told.values(), key=lambda one: (-one.decided, -one.failed, one.metric))


def _count(told: dict[str, DecidingMetric], pattern: Pattern, judge: _Judge) -> None:
    failing = set(pattern.failing())
    for place, name in enumerate(pattern.metrics):
        one = told.setdefault(name, DecidingMetric(name))
        one.canaries += pattern.canaries
        one.no_data += pattern.canaries * (pattern.classifications[place] == NO_DATA)
        if place not in failing:
            continue
        one.failed += pattern.canaries
        if pattern.verdict == "pass":
            one.outvoted += pattern.canaries
        elif pattern.verdict != "no_data":
            passes = judge.without(pattern, place)
            one.decided += pattern.canaries * (passes is True)
            one.unknown += pattern.canaries * (passes is None)


class _Judge:
    """The weights of one configuration's groups, where the scores tell them."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.groups = sorted({group for one in patterns for groups in one.groups for group in groups.split()})
        usable = [one for one in patterns if one.score is not None and not one.vetoed()]
        self.known = np.array([one.shares(self.groups) for one in usable]).reshape(len(usable), len(self.groups))
        scores = np.array([one.score for one in usable], dtype=float)
        self.weights: Floats = np.linalg.pinv(self.known) @ scores
        self.sound = bool(usable) and float(np.abs(self.known @ self.weights - scores).max()) <= CLOSE

    def without(self, pattern: Pattern, place: int) -> bool | None:
        """Whether it would have passed had that metric passed; null where the scores seen do not tell."""
        if pattern.vetoed(place):
            return False
        shares = pattern.shares(self.groups, place)
        told = shares @ np.linalg.pinv(self.known) @ self.known if self.sound else None
        if told is None or not np.allclose(told, shares, atol=1e-9):
            return None
        return bool(shares @ self.weights >= pattern.pass_threshold - CLOSE)
