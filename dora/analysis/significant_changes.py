"""Which of many comparisons of two periods are significant: the rule of the Overview, the report and `dora compare`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dora.query.value import By, Move, Scope, Value
from dora.sql import catalog

KEY_METRICS = (
    "deployment_frequency",
    "lead_time",
    "change_failure_rate",
    "recovery_time",
    "rework_rate",
    "canary_pass_rate",
)
ReadValues = Callable[[str, Scope], Iterable[Value]]
Verdict = Literal["better", "worse", "not significant"]


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric of one group in two periods; ``move`` is null if a history is incomplete.

    ``verdict`` judges this comparison alone. ``significant`` holds among all comparisons that were made with it.
    """

    now: Value
    before: Value
    move: Move | None
    significant: bool
    total: bool = False  # over all groups together

    @property
    def verdict(self) -> Verdict:
        """Whether the metric got better or worse, as a comparison of its own."""
        if self.move is None or not self.move.significant or not self.move.direction:
            return "not significant"
        higher_is_better = catalog.metric(self.now.metric).better == "higher"
        return "better" if (self.move.direction > 0) == higher_is_better else "worse"


def compare_values(pairs: Sequence[tuple[Value, Value]]) -> list[MetricChange]:
    """Compare each pair of values (now, before) at a false discovery rate of 5 % over all pairs.

    With 100 comparisons, five of a single test's 5 % would be chance (Benjamini and Hochberg 1995).
    """
    moves = [now.compare_to(before) for now, before in pairs]
    stays_significant = iter(Move.significant_among([move for move in moves if move is not None]))
    return [
        MetricChange(now, before, move, move is not None and next(stays_significant))
        for (now, before), move in zip(pairs, moves, strict=True)
    ]


def significant_changes(read_values: ReadValues, scope: Scope, earlier: Scope, by: By) -> list[MetricChange]:
    """Compare every key metric in two scopes, in total and for each group, and mark what is significant among them.

    Comparisons without a number on both sides are left out.
    """
    pairs: list[tuple[Value, Value]] = []
    totals: list[bool] = []
    for name in KEY_METRICS:
        for group in (None, by):
            before = {value.group: value for value in read_values(name, replace(earlier, by=group))}
            for now in read_values(name, replace(scope, by=group)):
                other = before.get(now.group)
                if other is not None and None not in (now.value, other.value):
                    pairs.append((now, other))
                    totals.append(group is None)
    return [replace(change, total=total) for change, total in zip(compare_values(pairs), totals, strict=True)]
