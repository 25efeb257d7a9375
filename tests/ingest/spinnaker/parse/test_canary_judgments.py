"""Judgments of Kayenta: exact scores, groups without data, and the providers of metrics."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dora.storage.rows.canaries import CanaryJudgment, CanaryMetric
from ingest.payloads.archive import Document
from ingest.simulation.model import canary as simulated
from ingest.spinnaker.parse.canary_judgments import metric_provider, parse_judgment
from ingest.spinnaker.parse.document import parse_document

T = 1_747_000_000_000
Json = dict[str, Any]
WORDS = {
    "Pass": "pass",
    "High": "high",
    "Low": "low",
    "Nodata": "nodata",
    "NodataFailMetric": "nodata_fail",
    "Error": "error",
}


def result(name: str, classification: str = "Pass", groups: tuple[str, ...] = ("errors",), **more: Any) -> Json:
    """One metric as judged."""
    stats = {"experimentMetadata": {"stats": {"mean": 3.0, "count": 50}}, "controlMetadata": {"stats": {"mean": 1.5}}}
    return {"name": name, "classification": classification, "groups": list(groups), **stats, **more}


def judgment_body(*results: Json, score: Json | None = None, config: Json | None = None, **more: Any) -> Json:
    """A judgment that ended."""
    return {
        "pipelineId": "J",
        "parentPipelineExecutionId": "E",
        "application": "shop",
        "status": "succeeded",
        "config": config or {},
        "result": {"judgeResult": {"results": list(results), "score": score or {"score": 66.67}}},
        **more,
    }


def read(body: Json) -> tuple[CanaryJudgment, list[CanaryMetric]]:
    """The judgment and its metrics."""
    first, *metrics = parse_document(Document("canary", json.dumps(body).encode()))
    assert isinstance(first, CanaryJudgment)
    return first, [metric for metric in metrics if isinstance(metric, CanaryMetric)]


def test_the_exact_score_and_its_thresholds() -> None:
    """The double, not the integer of the stage; thresholds, classification and times of the service."""
    times = {"buildTimeMillis": T, "startTimeMillis": T + 1, "endTimeMillis": T + 2}
    request = {"thresholds": {"pass": 80, "marginal": "60"}}
    score = {"score": 79.96, "classification": "Marginal", "classificationReason": "below"}
    judgment, _ = read(judgment_body(score=score, config={"name": "golden"}, canaryExecutionRequest=request, **times))
    assert judgment == CanaryJudgment(
        id="J",
        execution_id="E",
        application="shop",
        config="golden",
        score=79.96,
        classification="marginal",
        reason="below",
        pass_threshold=80,
        marginal_threshold=60,
        no_data_groups=0,
        groups=0,
        metrics=0,
        status="succeeded",
        started_at=(T + 1) * 1000,
        finished_at=(T + 2) * 1000,
    )


def test_thresholds_of_the_configuration_where_the_request_names_none() -> None:
    """The thresholds of the request go before those of the configuration."""
    config = {"id": "c-1", "classifier": {"scoreThresholds": {"pass": 95, "marginal": 75}}}
    judgment, _ = read(judgment_body(config=config))
    assert (judgment.config, judgment.pass_threshold, judgment.marginal_threshold) == ("c-1", 95, 75)


@pytest.mark.parametrize("score", ["NaN", None, "", True, {}, []])
def test_a_score_that_is_none(score: object) -> None:
    """What is not a number is no score; weights may take it above 100 or below 0."""
    assert read(judgment_body(score={"score": score}))[0].score is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("terminal", "failed"),
        ("canceled", "canceled"),
        ("running", "running"),
        ("TERMINAL", "failed"),
        ("?", "unknown"),
    ],
)
def test_a_judgment_that_did_not_end_well(status: str, expected: str) -> None:
    """Its status in the words of the contract, and the reason why it has no score."""
    exception = {"details": {"error": "Unexpected", "errors": ["prometheus is away"]}}
    judgment, metrics = read({"pipelineId": "J", "status": status, "exception": exception})
    assert (judgment.status, judgment.score, judgment.reason, metrics) == (expected, None, "prometheus is away", [])
    assert (judgment.groups, judgment.no_data_groups) == (0, 0)


@pytest.mark.parametrize(("theirs", "ours"), WORDS.items())
def test_classification_of_a_metric(theirs: str, ours: str) -> None:
    """The six classifications of a metric in the contract's words."""
    _, (metric,) = read(judgment_body(result("latency", theirs)))
    assert metric.classification == ours


def test_the_fields_of_a_metric() -> None:
    """Groups, statistics, ratio, critical and muted (also if only the configuration has them)."""
    analysis = {"canary": {"critical": True, "muted": True}}
    config = {"metrics": [{"name": "latency", "groups": ["old"], "analysisConfigurations": analysis}]}
    more = {"resultMetadata": {"ratio": 2.0}, "classificationReason": "too high", "muted": False}
    _, (metric,) = read(judgment_body(result("latency", "High", ("slow", "web tier"), **more), config=config))
    assert metric == CanaryMetric(
        id="J/latency",
        judgment_id="J",
        metric="latency",
        groups=["slow", "web tier"],
        classification="high",
        reason="too high",
        critical=True,
        failed_critically=True,
        muted=False,
        all_zero=False,
        ratio=2.0,
        baseline_mean=1.5,
        experiment_mean=3.0,
        experiment_count=50,
    )


@pytest.mark.parametrize("name", [[], {"a": 1}, None, 7])
def test_the_configuration_of_a_metric_may_have_a_name_of_any_type(name: object) -> None:
    """A name that is no text configures no metric, and the judgment is read."""
    judgment, metric = parse_judgment(judgment_body(result("errors"), config={"metrics": [{"name": name}]}))
    assert isinstance(judgment, CanaryJudgment)
    assert isinstance(metric, CanaryMetric)


def test_a_metric_split_by_a_label_has_a_row_for_each_value() -> None:
    """Kayenta gives them one name; none replaces another."""
    _, metrics = read(judgment_body(*(result("errors", word, tags={"zone": word}) for word in ("Pass", "High", "Low"))))
    assert [(metric.id, metric.classification) for metric in metrics] == [
        ("J/errors", "pass"),
        ("J/errors#2", "high"),
        ("J/errors#3", "low"),
    ]


@pytest.mark.parametrize(
    ("results", "config", "expected"),
    [
        ([result("a", "Nodata"), result("b", "Error")], {}, (1, 1)),
        ([result("a", "Nodata"), result("b", "High")], {}, (1, 0)),
        ([result("a", "NodataFailMetric")], {}, (1, 0)),
        ([result("a", "Nodata"), result("b", "Pass", muted=True)], {}, (1, 1)),
        ([result("a", "Pass"), result("b", "Nodata", ("x", "y z"))], {}, (3, 2)),
        ([result("a", "Nodata", ("x",)), result("b")], {"classifier": {"groupWeights": {"errors": 100}}}, (1, 0)),
        ([result("a", "Nodata", ("x",)), result("b")], {"classifier": {"groupWeights": {"errors": 60}}}, (2, 1)),
        ([result("a", "Nodata", ("x",)), result("b")], {"classifier": {"groupWeights": {"x": 0}}}, (1, 0)),
    ],
)
def test_groups_that_were_scored_without_data(results: list[Json], config: Json, expected: tuple[int, int]) -> None:
    """None of a group's metrics had data; a muted metric or a group of weight 0 does not count."""
    judgment, _ = read(judgment_body(*results, config=config))
    assert (judgment.groups, judgment.no_data_groups) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"type": "prometheus", "metricName": "istio_requests_total"}, "istio"),
        ({"type": "prometheus", "customInlineTemplate": 'PromQL:sum(istio_requests_total{code="5"})'}, "istio"),
        ({"type": "prometheus", "customFilterTemplate": "mesh"}, "istio"),
        ({"type": "prometheus", "customFilterTemplate": "pods"}, "prometheus"),
        ({"type": "prometheus", "metricName": "myistio_requests"}, "prometheus"),
        ({"type": "datadog", "metricName": "istio_requests_total"}, "datadog"),
        ({"serviceType": "NewRelic"}, "newrelic"),
        ({}, None),
    ],
)
def test_provider_of_a_metric(query: Json, expected: str | None) -> None:
    """The type of its query, and the mesh where Prometheus is asked for the mesh's names."""
    templates = {"mesh": "PromQL:rate(istio_request_bytes_sum[1m])", "pods": "pod='${scope}'"}
    assert metric_provider(query, templates) == expected


@pytest.mark.parametrize("body", [{}, {"pipelineId": ""}, {"pipelineId": None}, {"pipelineId": ["x"]}])
def test_without_an_id_there_is_nothing_to_land(body: Json) -> None:
    """The document is quarantined with that reason."""
    with pytest.raises(ValueError, match="without an id"):
        read(body)


INNER = ("judgeResult", "results", "score", "metrics", "groups", "name", "query", "classifier", "details", "errors")
anything = st.recursive(
    st.sampled_from([None, True, -1, 1e9, 0.5, "", "x", "istio_x", "NaN"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner, max_size=4),
    max_leaves=12,
)
PARTS = ("status", "config", "result", "exception", "canaryExecutionRequest", "startTimeMillis", "application")


@given(st.dictionaries(st.sampled_from(PARTS), anything))
def test_no_field_of_another_shape_breaks_it(body: Json) -> None:
    """A value of an unexpected type is read as if it were missing."""
    judgment, *_ = parse_judgment({**body, "pipelineId": "J"})
    assert judgment.id == "J"


@given(st.lists(st.tuples(st.sampled_from(sorted(WORDS)), st.booleans(), st.sampled_from("abc")), max_size=9))
def test_groups_without_data_are_counted(metric_results: list[tuple[str, bool, str]]) -> None:
    """Never more than there are groups; one metric with data is enough to fill a group."""
    results = [result(f"m{n}", word, (group,), muted=muted) for n, (word, muted, group) in enumerate(metric_results)]
    judgment, metrics = read(judgment_body(*results))
    loud = {group for _, muted, group in metric_results if not muted}
    full = {group for word, muted, group in metric_results if not muted and word not in ("Nodata", "Error")}
    assert (judgment.groups, judgment.no_data_groups) == (len(loud), len(loud - full))
    assert len({metric.id for metric in metrics}) == len(metric_results)


def test_the_metrics_of_the_simulated_mesh() -> None:
    """Four of its six are Istio's."""
    names = [metric["name"] for metric in simulated.config()["metrics"]]
    _, metrics = read(judgment_body(*map(result, names), config=simulated.config()))
    assert [metric.provider for metric in metrics] == ["istio"] * 4 + ["prometheus"] * 2
