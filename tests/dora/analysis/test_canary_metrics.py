"""Which metrics decide: by hand, and against a judge whose weights the code does not know."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from dora.analysis.canary_metrics import DecidingMetric, Pattern, count_deciding_metrics

WEIGHTS = {"errors": 50.0, "latency": 30.0, "saturation": 20.0}
GROUPS = {"e1": "errors", "e2": "errors", "l1": "latency", "l2": "latency", "s1": "saturation"}


def score(bad: set[str]) -> float:
    """The judge: the weighted share of each group's metrics that passed."""
    shares = {g: np.mean([name not in bad for name, of in GROUPS.items() if of == g]) for g in WEIGHTS}
    return float(sum(WEIGHTS[group] * share for group, share in shares.items()))


def pattern(bad: set[str], canaries: int = 1, **more: Any) -> dict[str, Any]:
    value = score(bad)
    verdict = "pass" if value >= 75 else "marginal" if value > 50 else "fail"
    return {
        "config": "mesh",
        "verdict": verdict,
        "score": value,
        "pass_threshold": 75.0,
        "metrics": list(GROUPS),
        "groups": list(GROUPS.values()),
        "classifications": ["high" if name in bad else "pass" for name in GROUPS],
        "critical": [False] * len(GROUPS),
        "canaries": canaries,
    } | more


def by_name(rows: list[dict[str, Any]]) -> dict[str, DecidingMetric]:
    return {metric.metric: metric for metric in count_deciding_metrics(rows)}


def test_a_metric_decides_where_its_passing_would_have_let_pass() -> None:
    """Against the judge itself, for every way in which five metrics can come out."""
    names = list(GROUPS)
    ways = [{name for name, out in zip(names, outs, strict=True) if out} for outs in product((0, 1), repeat=5)]
    metrics = by_name([pattern(bad) for bad in ways])
    for name in names:
        stopped = [bad for bad in ways if name in bad and score(bad) < 75]
        assert metrics[name].decided == sum(score(bad - {name}) >= 75 for bad in stopped), name
        assert metrics[name].outvoted == sum(name in bad and score(bad) >= 75 for bad in ways)
        assert (metrics[name].canaries, metrics[name].failed, metrics[name].unknown) == (32, 16, 0)


def test_by_hand() -> None:
    """All pass (100) 9 times, both errors fail (50) 3 times: either of them alone would have made 75."""
    metrics = by_name([pattern(set(), 9), pattern({"e1"}, 2), pattern({"e1", "e2"}, 3)])
    assert metrics["e1"] == DecidingMetric("e1", canaries=14, failed=5, decided=3, outvoted=2)
    assert metrics["e2"] == DecidingMetric("e2", canaries=14, failed=3, decided=3)
    assert metrics["s1"] == DecidingMetric("s1", canaries=14)
    assert next(metric.metric for metric in count_deciding_metrics([pattern(set(), 9), pattern({"e1", "e2"}, 3)])) in {
        "e1",
        "e2",
    }


@pytest.mark.parametrize(
    "rows",
    [
        [pattern({"e1", "e2"})],
        [pattern(set()), pattern({"e1", "e2"}, score=None)],
        [pattern(set()), pattern({"e1"}), pattern({"e1", "e2"}, score=41.0), pattern({"e2"}, score=12.0)],
    ],
    ids=["too few ways seen", "no score", "scores that no weights explain"],
)
def test_what_the_scores_do_not_show_is_unknown(rows: list[dict[str, Any]]) -> None:
    """It is counted as unknown, never as decided or not."""
    metrics = by_name([row | {"verdict": "fail" if (row["score"] or 0) < 75 else row["verdict"]} for row in rows])
    assert metrics["e2"].decided == 0
    assert metrics["e2"].unknown >= 1


def test_a_critical_metric_decides_alone() -> None:
    """Score 0 by one critical metric: without it the rest would have passed; two such make each other undecided."""
    critical = [True, True, False, False, False]
    ways = [pattern(set()), pattern({"e1"}, critical=[False] * 5), pattern({"l1"}), pattern({"l1", "l2"})]
    one_critical = pattern({"e1"}, score=0.0, verdict="fail", critical=critical, canaries=4)
    two_critical = pattern({"e1", "e2"}, score=0.0, verdict="fail", critical=critical, canaries=7)
    assert by_name([*ways, one_critical])["e1"].decided == 4
    metrics = by_name([*ways, two_critical])
    assert (metrics["e1"].decided, metrics["e2"].decided, metrics["e1"].unknown) == (0, 0, 0)


def test_no_data_is_no_failure() -> None:
    """A metric without data neither failed nor counts in its group; a group without data passes."""
    classifications = ["nodata", "high", "nodata", "nodata", "pass"]
    row = pattern(set(), classifications=classifications, score=50.0, verdict="fail", canaries=2)
    pattern_without_data = Pattern(**row)
    assert pattern_without_data.pass_shares(["errors", "latency", "saturation"]).tolist() == [0.0, 1.0, 1.0]
    assert pattern_without_data.pass_shares(["errors"], except_for=1).tolist() == [1.0]
    metrics = by_name([row])
    assert (metrics["e1"].no_data, metrics["e1"].failed, metrics["e2"].failed) == (2, 0, 2)
