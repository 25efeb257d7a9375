"""Judgments of Kayenta (GET /v2/canaries/canary/{id}): exact scores, and the metrics that they rest on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from dora.storage.rows.canaries import CanaryJudgment, CanaryMetric
from ingest.spinnaker.model.coerce import as_dict, as_list, as_micros, as_number, as_status, first_text, get_nested
from ingest.spinnaker.model.failure_reason import shorten_reason

_WITHOUT_DATA = frozenset({"nodata", "error"})
_ISTIO_METRIC = re.compile(r"\bistio_\w")


def parse_judgment(body: dict[str, Any]) -> Iterator[CanaryJudgment | CanaryMetric]:
    """Yield one judgment and its metrics; without a score, the reason. Raises ``ValueError`` without an id."""
    judgment_id = first_text(body.get("pipelineId"))
    if judgment_id is None:
        raise ValueError("a canary judgment without an id")
    config = as_dict(body.get("config"))
    # Only a judgment that succeeded has a result (ExecutionMapper).
    result = as_dict(get_nested(body, "result", "judgeResult"))
    metrics = list(_metrics(judgment_id, as_list(result.get("results")), config))
    has_data_by_group = _groups_with_data(metrics, as_dict(get_nested(config, "classifier", "groupWeights")))
    thresholds = as_dict(get_nested(body, "canaryExecutionRequest", "thresholds"))
    thresholds = thresholds or as_dict(get_nested(config, "classifier", "scoreThresholds"))
    score, error = as_dict(result.get("score")), as_dict(get_nested(body, "exception", "details"))
    yield CanaryJudgment(
        id=judgment_id,
        execution_id=first_text(body.get("parentPipelineExecutionId")),
        application=first_text(body.get("application")),
        config=first_text(config.get("name"), body.get("canaryConfigId"), config.get("id")),
        score=as_number(score.get("score"), 0, 100),
        classification=_classification(score),
        # Not the url of the exception: it holds internal addresses.
        reason=shorten_reason(
            first_text(score.get("classificationReason"), *as_list(error.get("errors")), error.get("error"))
        ),
        pass_threshold=as_number(thresholds.get("pass"), 0, 100),
        marginal_threshold=as_number(thresholds.get("marginal"), 0, 100),
        no_data_groups=list(has_data_by_group.values()).count(False),
        groups=len(has_data_by_group),
        status=as_status(str(body.get("status")).upper()),  # Kayenta writes Orca's words in lower case
        started_at=as_micros(body.get("startTimeMillis")) or as_micros(body.get("buildTimeMillis")),
        finished_at=as_micros(body.get("endTimeMillis")),
    )
    yield from (metric for metric, _ in metrics)


def metric_provider(query: dict[str, Any], templates: dict[str, Any]) -> str | None:
    """Return the type of a metric's query; ``istio`` if it asks Prometheus for a metric of the mesh.

    Kayenta has no type for Istio: its metrics are Prometheus queries, inline, by name or in a template of the config.
    """
    provider = first_text(query.get("type"), query.get("serviceType"))
    texts = [value for value in query.values() if isinstance(value, str)]
    texts += [template for template in map(templates.get, texts) if isinstance(template, str)]
    if provider == "prometheus" and any(map(_ISTIO_METRIC.search, texts)):
        return "istio"
    return provider.lower() if provider else None


def _metrics(judgment_id: str, results: list[Any], config: dict[str, Any]) -> Iterator[tuple[CanaryMetric, list[str]]]:
    """Yield the metrics with their groups; one that is split by a label has a result, and a row, for each value."""
    configured_metrics = {metric.get("name"): metric for metric in map(as_dict, as_list(config.get("metrics")))}
    templates = as_dict(config.get("templates"))
    occurrences: Counter[str] = Counter()
    for result in map(as_dict, results):
        name = first_text(result.get("name"), result.get("id"))
        if not name:
            continue
        occurrences[name] += 1
        suffix = f"#{occurrences[name]}" if occurrences[name] > 1 else ""
        configured = as_dict(configured_metrics.get(name))
        groups = as_list(result.get("groups")) or as_list(configured.get("groups"))
        group_names = [group for group in groups if isinstance(group, str)]
        analysis = as_dict(get_nested(configured, "analysisConfigurations", "canary"))
        baseline_mean, baseline_count = _stats(result.get("controlMetadata"))
        experiment_mean, experiment_count = _stats(result.get("experimentMetadata"))
        row = CanaryMetric(
            id=f"{judgment_id}/{name}{suffix}",
            judgment_id=judgment_id,
            metric=name,
            groups=" ".join(group_names) or None,
            provider=metric_provider(as_dict(configured.get("query")), templates),
            classification=_classification(result),
            reason=shorten_reason(result.get("classificationReason")),
            critical=_first_flag(result.get("critical"), analysis.get("critical")),
            muted=_first_flag(result.get("muted"), analysis.get("muted")),
            ratio=as_number(get_nested(result, "resultMetadata", "ratio")),
            baseline_mean=baseline_mean,
            baseline_count=baseline_count,
            experiment_mean=experiment_mean,
            experiment_count=experiment_count,
        )
        yield row, group_names


def _groups_with_data(metrics: list[tuple[CanaryMetric, list[str]]], weights: dict[str, Any]) -> dict[str, bool]:
    """Tell for each group that counts in the score whether a metric of it had data; muted metrics do not count."""
    weight_by_group = {group: as_number(weight) or 0.0 for group, weight in weights.items()}
    # Kayenta's WeightedSumScorer shares what is left of 100 among the groups without a weight.
    default_weight = 0.0 if sum(weight_by_group.values()) >= 100 else 1.0
    has_data: dict[str, bool] = {}
    for metric, groups in metrics:
        for group in groups:
            if not metric.muted and weight_by_group.get(group, default_weight) > 0:
                has_data[group] = has_data.get(group, False) or metric.classification not in _WITHOUT_DATA
    return has_data


def _classification(result: dict[str, Any]) -> str | None:
    classification = (first_text(result.get("classification")) or "").lower()
    return "nodata_fail" if classification == "nodatafailmetric" else classification or None


def _stats(metadata: object) -> tuple[float | None, int | None]:
    """Return mean and count; Kayenta writes a number that is not defined as the text "NaN"."""
    stats = as_dict(get_nested(metadata, "stats"))
    count = as_number(stats.get("count"), 0, 2**53)
    return as_number(stats.get("mean")), None if count is None else int(count)


def _first_flag(*values: object) -> bool:
    return next((value for value in values if isinstance(value, bool)), False)
