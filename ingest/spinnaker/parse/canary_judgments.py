"""Judgments of Kayenta (GET /v2/canaries/canary/{id}): exact scores, and the metrics that they rest on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from dora.storage.rows.canaries import CanaryJudgment, CanaryMetric
from ingest.spinnaker.model.coerce import (
    as_dict,
    as_list,
    as_micros,
    as_number,
    as_status,
    as_text,
    first_text,
    get_nested,
)
from ingest.spinnaker.model.failure_reason import exception_message, shorten_reason
from ingest.spinnaker.parse.canary_scores import NO_DATA, PASSED, WeightedScores, failed

_NOT_MEASURED = frozenset({NO_DATA, "nodata_fail", "error"})
_ISTIO_METRIC = re.compile(r"\bistio_\w")


def parse_judgment(body: dict[str, Any]) -> Iterator[CanaryJudgment | CanaryMetric]:
    """Yield one judgment and its metrics; without a score, the reason. Raises ``ValueError`` without an id."""
    judgment, metrics = read_judgment(body)
    yield judgment
    yield from metrics


def read_judgment(body: dict[str, Any]) -> tuple[CanaryJudgment, list[CanaryMetric]]:
    """Return what ``parse_judgment`` yields."""
    judgment_id = first_text(body.get("pipelineId"))
    if judgment_id is None:
        raise ValueError("a canary judgment without an id")
    config = as_dict(body.get("config"))
    # Only a judgment that succeeded has a result (ExecutionMapper).
    result = as_dict(get_nested(body, "result", "judgeResult"))
    metrics = list(_metrics(judgment_id, as_list(result.get("results")), config))
    weights = as_dict(get_nested(config, "classifier", "groupWeights"))
    scores = WeightedScores(metrics, {group: as_number(weight) or 0.0 for group, weight in weights.items()})
    has_data_by_group = scores.groups_with_data()
    thresholds = as_dict(get_nested(body, "canaryExecutionRequest", "thresholds"))
    thresholds = thresholds or as_dict(get_nested(config, "classifier", "scoreThresholds"))
    final = as_dict(result.get("score"))
    score = as_number(final.get("score"))
    explained = isinstance(config.get("classifier"), dict) and scores.explain(score)
    judgment = CanaryJudgment(
        id=judgment_id,
        execution_id=first_text(body.get("parentPipelineExecutionId")),
        application=first_text(body.get("application")),
        config=first_text(config.get("name"), body.get("canaryConfigId"), config.get("id")),
        config_id=first_text(body.get("canaryConfigId"), config.get("id")),
        score=score,
        best_score=scores.best_score() if explained else None,
        classification=_classification(final),
        reason=shorten_reason(first_text(final.get("classificationReason"), exception_message(body.get("exception")))),
        pass_threshold=as_number(thresholds.get("pass")),
        marginal_threshold=as_number(thresholds.get("marginal")),
        no_data_groups=list(has_data_by_group.values()).count(False),
        groups=len(has_data_by_group),
        metrics=len(scores.counted) if result else None,
        status=as_status(str(body.get("status")).upper()),  # Kayenta writes Orca's words in lower case
        started_at=as_micros(body.get("startTimeMillis")) or as_micros(body.get("buildTimeMillis")),
        finished_at=as_micros(body.get("endTimeMillis")),
    )
    if explained:
        metrics = [
            msgspec.structs.replace(metric, score_if_passed=scores.score({metric.metric}) if failed(metric) else None)
            for metric in metrics
        ]
    return judgment, metrics


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


def _metrics(judgment_id: str, results: list[Any], config: dict[str, Any]) -> Iterator[CanaryMetric]:
    """Yield the metrics; one that is split by a label has a result, and a row, for each value."""
    configured_metrics = {
        as_text(metric.get("name")): metric for metric in map(as_dict, as_list(config.get("metrics")))
    }
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
        analysis = as_dict(get_nested(configured, "analysisConfigurations", "canary"))
        classification = _classification(result)
        baseline, experiment = (_stats(result.get(side)) for side in ("controlMetadata", "experimentMetadata"))
        has_data = classification not in _NOT_MEASURED and 0 not in (baseline.size, experiment.size)
        critical = _first_flag(result.get("critical"), analysis.get("critical"))
        yield CanaryMetric(
            id=f"{judgment_id}/{name}{suffix}",
            judgment_id=judgment_id,
            metric=name,
            groups=[group for group in groups if isinstance(group, str)] or None,
            provider=metric_provider(as_dict(configured.get("query")), templates),
            classification=classification,
            reason=shorten_reason(result.get("classificationReason")),
            # The flag of the result is an outcome, which a critical effect size sets as well.
            critical=_first_flag(analysis.get("critical"), None if configured else critical),
            failed_critically=critical and classification != PASSED,
            muted=_first_flag(result.get("muted"), analysis.get("muted")),
            all_zero=analysis.get("nanStrategy") == "replace" and baseline.all_zero and experiment.all_zero,
            ratio=as_number(get_nested(result, "resultMetadata", "ratio")) if has_data else None,
            baseline_mean=baseline.mean,
            baseline_count=baseline.size,
            experiment_mean=experiment.mean,
            experiment_count=experiment.size,
        )


class _Stats(NamedTuple):
    """What the values of one side are; without any, the mean is null."""

    mean: float | None
    size: int | None
    all_zero: bool


def _stats(metadata: object) -> _Stats:
    """Read the values of one side; Kayenta writes a number that is not defined as the text "NaN", and 0 for no data."""
    stats = as_dict(get_nested(metadata, "stats"))
    count = as_number(stats.get("count"), 0, 2**53)
    mean, low, high = (as_number(stats.get(name)) for name in ("mean", "min", "max"))
    return _Stats(None if count == 0 else mean, None if count is None else int(count), count != 0 and low == high == 0)


def _classification(result: dict[str, Any]) -> str | None:
    classification = (first_text(result.get("classification")) or "").lower()
    return "nodata_fail" if classification == "nodatafailmetric" else classification or None


def _first_flag(*values: object) -> bool:
    return next((value for value in values if isinstance(value, bool)), False)
