"""Scores as Kayenta's judge computes them, from the results of the metrics and the weights of their groups.

Source: WeightedSumScorer.scala and ScoringHelper.scala of kayenta-judge. With the weights of the configuration, the
score of every other result is known too: what it would have been had a metric passed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from dora.storage.rows.canaries import CanaryMetric

PASSED, NO_DATA = "pass", "nodata"
_WITHOUT_DATA = frozenset({NO_DATA, "error"})
_SHARE_WITHOUT_DATA = 0.5  # from this share of metrics without data on, the score is 0
_FULL = 100.0
_ROUNDING = 0.01


def failed(metric: CanaryMetric) -> bool:
    """Tell whether a metric lowered the score; one without data does so only if it is critical."""
    is_failure = metric.failed_critically or metric.classification not in (None, PASSED, *_WITHOUT_DATA)
    return is_failure and not metric.muted


class WeightedScores:
    """The scores of one judgment; ``weights`` by group need not sum to 100, and groups without one share the rest."""

    def __init__(self, metrics: Sequence[CanaryMetric], weights: Mapping[str, float]) -> None:
        self.counted = [metric for metric in metrics if not metric.muted]
        groups = dict.fromkeys(group for metric in self.counted for group in metric.groups or ())
        unlisted = [group for group in groups if group not in weights]
        share = (_FULL - sum(weights.values())) / len(unlisted) if unlisted else 0.0
        self._weights = {group: weights.get(group, share) for group in groups}

    def score(self, passing: Collection[str] = ()) -> float:
        """Return the score had the metrics ``passing`` passed, rounded to two decimals."""
        metrics = [_pass(metric) if metric.metric in passing else metric for metric in self.counted]
        empty = sum(metric.classification == NO_DATA for metric in metrics)
        if any(map(_is_veto, metrics)) or (metrics and empty >= _SHARE_WITHOUT_DATA * len(metrics)):
            return 0.0
        return round(sum(weight / _FULL * _group_score(metrics, group) for group, weight in self._weights.items()), 2)

    def best_score(self) -> float:
        """Return the score had every metric passed."""
        return self.score({metric.metric for metric in self.counted})

    def explain(self, score: float | None) -> bool:
        """Tell whether the weights give the score that the judge reported."""
        return score is not None and abs(self.score() - score) <= _ROUNDING

    def groups_with_data(self) -> dict[str, bool]:
        """Return the groups that count in the score, each with whether a metric of it had data."""
        return {group: any(_results(self.counted, group)) for group, weight in self._weights.items() if weight}


def _pass(metric: CanaryMetric) -> CanaryMetric:
    return msgspec.structs.replace(metric, classification=PASSED, failed_critically=False)


def _is_veto(metric: CanaryMetric) -> bool:
    return metric.failed_critically is True


def _results(metrics: Sequence[CanaryMetric], group: str) -> list[CanaryMetric]:
    """Return the metrics of a group that had data."""
    return [
        metric for metric in metrics if group in (metric.groups or ()) and metric.classification not in _WITHOUT_DATA
    ]


def _group_score(metrics: Sequence[CanaryMetric], group: str) -> float:
    """Return the percentage of a group's metrics that passed; 100 if none had data."""
    passed = [metric.classification == PASSED for metric in _results(metrics, group)]
    return _FULL * sum(passed) / len(passed) if passed else _FULL
