"""What a judgment would have scored had a metric passed: against a judge written apart, and by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from dora.storage.rows.canaries import CanaryJudgment, CanaryMetric
from ingest.spinnaker.parse.canary_judgments import read_judgment

WEIGHTS = {"errors": 50.0, "latency": 30.0, "saturation of nodes": 20.0}
GROUPS = {"e1": "errors", "e2": "errors", "l1": "latency", "l2": "latency", "s1": "saturation of nodes"}
Words = dict[str, str]


def judge(bad: set[str]) -> float:
    """The weighted share of each group's metrics that passed."""
    shares = {g: np.mean([name not in bad for name, of in GROUPS.items() if of == g]) for g in WEIGHTS}
    return float(sum(WEIGHTS[group] * share for group, share in shares.items()))


def read(
    words: Words, score: float, critical: tuple[str, ...] = (), **classifier: Any
) -> tuple[CanaryJudgment, dict[str, CanaryMetric]]:
    """Read a judgment with these classifications; the weights are those above unless it names others."""
    results = [
        {"name": name, "classification": words.get(name, "Pass"), "groups": [group], "critical": name in critical}
        for name, group in GROUPS.items()
    ]
    config = {"classifier": {"groupWeights": WEIGHTS} | classifier} if classifier != {"groupWeights": None} else {}
    judged = {"judgeResult": {"results": results, "score": {"score": score}}}
    judgment, metrics = read_judgment({"pipelineId": "J", "config": config, "result": judged})
    return judgment, {metric.metric: metric for metric in metrics}


def test_the_score_had_a_metric_passed() -> None:
    """Equal to the judge's for every way in which five metrics can come out."""
    for outs in product((0, 1), repeat=5):
        bad = {name for name, out in zip(GROUPS, outs, strict=True) if out}
        judgment, metrics = read(dict.fromkeys(bad, "High"), judge(bad))
        assert judgment.best_score == 100
        for name, metric in metrics.items():
            assert metric.score_if_passed == (pytest.approx(judge(bad - {name})) if name in bad else None)


def test_a_critical_metric_without_data_decides() -> None:
    """Had it passed, the score would not be 0; one that is not critical lowers nothing."""
    _, metrics = read({"e1": "Nodata", "l1": "Nodata"}, 0.0, critical=("e1",))
    assert (metrics["e1"].score_if_passed, metrics["l1"].score_if_passed) == (100.0, None)


def test_two_critical_metrics_hold_each_other() -> None:
    """Without one of them the other still makes the score 0."""
    _, metrics = read({"e1": "High", "l1": "High"}, 0.0, critical=("e1", "l1"))
    assert (metrics["e1"].score_if_passed, metrics["l1"].score_if_passed) == (0.0, 0.0)


def test_half_of_the_metrics_without_data_score_0() -> None:
    """Three of five without data; a failed one beside them would not have helped."""
    judgment, metrics = read(dict.fromkeys(("e1", "e2", "l1"), "Nodata") | {"s1": "Low"}, 0.0)
    assert (judgment.best_score, metrics["s1"].score_if_passed) == (100.0, 0.0)


@pytest.mark.parametrize(
    ("weights", "score", "best"),
    [
        ({"errors": 40, "latency": 20, "saturation of nodes": 0}, 40.0, 60.0),
        ({"errors": 80, "latency": 40, "saturation of nodes": 0}, 80.0, 120.0),
        ({"errors": 60, "absent": 20}, 70.0, 80.0),
        ({"errors": 130}, 115.0, 100.0),
        ({}, 66.67, 100.0),
    ],
    ids=["below 100", "above 100", "of an absent group", "a negative rest", "none"],
)
def test_weights_are_taken_as_they_are(weights: dict[str, float], score: float, best: float) -> None:
    """Groups without one share what is left of 100; weights of groups without results are lost. Both latencies fail."""
    judgment, metrics = read({"l1": "High", "l2": "High"}, score, groupWeights=weights)
    assert judgment.best_score == pytest.approx(best)
    assert metrics["l1"].score_if_passed is not None


@pytest.mark.parametrize("classifier", [{}, {"groupWeights": None}], ids=["another judge", "no configuration"])
def test_weights_that_do_not_give_the_score_tell_nothing(classifier: dict[str, Any]) -> None:
    """A score that the weights do not explain has another judge; neither has a judgment without its configuration."""
    judgment, metrics = read({"e1": "High"}, 12.5, **classifier)
    assert (judgment.best_score, metrics["e1"].score_if_passed) == (None, None)


def test_placeholders_are_no_measurements() -> None:
    """Without data the mean 0 and the ratio 1 of Kayenta are null; zeros that replace missing values are marked."""
    empty = {"stats": {"count": 0, "mean": 0.0, "min": 0.0, "max": 0.0}}
    zeros = {"stats": {"count": 60, "mean": 0.0, "min": 0.0, "max": 0.0}}
    undefined = {"stats": {"count": 60, "mean": "NaN", "min": "NaN", "max": "NaN"}}
    ratio = {"resultMetadata": {"ratio": 1.0}}
    results = [
        {"name": "gone", "classification": "Nodata", "controlMetadata": zeros, "experimentMetadata": empty, **ratio},
        {"name": "flat", "classification": "Pass", "controlMetadata": zeros, "experimentMetadata": zeros, **ratio},
        {"name": "odd", "classification": "Pass", "controlMetadata": zeros, "experimentMetadata": undefined, **ratio},
    ]
    analysis = {"canary": {"nanStrategy": "replace"}}
    config = {"metrics": [{"name": name, "analysisConfigurations": analysis} for name in ("gone", "flat", "odd")]}
    _, metrics = read_judgment(
        {"pipelineId": "J", "config": config, "result": {"judgeResult": {"results": results, "score": {"score": 1}}}}
    )
    fields = [(metric.ratio, metric.experiment_mean, metric.experiment_count, metric.all_zero) for metric in metrics]
    assert fields == [(None, None, 0, False), (1.0, 0.0, 60, True), (1.0, None, 60, False)]
