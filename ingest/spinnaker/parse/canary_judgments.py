"""Judgments as Kayenta keeps them (GET /v2/canaries/canary/{id}) → exact scores, and the metrics they rest on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from ingest.core.rows import CanaryJudgment, CanaryMetric
from ingest.spinnaker.model.coerce import as_dict, as_list, as_micros, as_number, as_status, as_text, first_text
from ingest.spinnaker.model.failure_reason import MAX_REASON_LENGTH

CLASSIFICATIONS = {"nodatafailmetric": "nodata_fail"}
EMPTY = frozenset({"nodata", "error"})
_ISTIO = re.compile(r"\bistio_\w")


def parse_judgment(body: dict[str, Any]) -> Iterator[CanaryJudgment | CanaryMetric]:
    """One judgment and its metrics; where the judge came to no score, why. Raises ``ValueError`` without an id."""
    identity = as_text(body.get("pipelineId"))
    if identity is None:
        raise ValueError("a canary judgment without an id")
    config = as_dict(body.get("config"))
    judged = as_dict(as_dict(body.get("result")).get("judgeResult"))
    metrics = list(_metrics(identity, as_list(judged.get("results")), config))
    yield _judged(identity, body, config, as_dict(judged.get("score")), _filled(metrics, config))
    yield from (metric for metric, _ in metrics)


def _judged(
    identity: str, body: dict[str, Any], config: dict[str, Any], score: dict[str, Any], filled: dict[str, bool]
) -> CanaryJudgment:
    thresholds = as_dict(as_dict(body.get("canaryExecutionRequest")).get("thresholds"))
    thresholds = thresholds or as_dict(as_dict(config.get("classifier")).get("scoreThresholds"))
    return CanaryJudgment(
        id=identity,
        execution_id=as_text(body.get("parentPipelineExecutionId")),
        application=as_text(body.get("application")),
        config=first_text(config.get("name"), body.get("canaryConfigId"), config.get("id")),
        score=as_number(score.get("score"), 0, 100),
        classification=_classification(score),
        reason=first_text(_short(score.get("classificationReason")), _exception(body)),
        pass_threshold=as_number(thresholds.get("pass"), 0, 100),
        marginal_threshold=as_number(thresholds.get("marginal"), 0, 100),
        no_data_groups=list(filled.values()).count(False),
        groups=len(filled),
        status=as_status(str(body.get("status")).upper()),
        started_at=as_micros(body.get("startTimeMillis")) or as_micros(body.get("buildTimeMillis")),
        finished_at=as_micros(body.get("endTimeMillis")),
    )


def _metrics(identity: str, results: list[Any], config: dict[str, Any]) -> Iterator[tuple[CanaryMetric, list[str]]]:
    """Metrics with their groups; one that is split by a label is judged for each value, under the same name."""
    configs = {one.get("name"): one for one in map(as_dict, as_list(config.get("metrics")))}
    templates = as_dict(config.get("templates"))
    met: Counter[str] = Counter()
    for result in map(as_dict, results):
        name = first_text(result.get("name"), result.get("id"))
        if name:
            met[name] += 1
            nth = f"{name}#{met[name]}" if met[name] > 1 else name
            configured = as_dict(configs.get(name))
            groups = as_list(result.get("groups")) or as_list(configured.get("groups"))
            named = [group for group in groups if isinstance(group, str)]
            row = _metric(identity, name, result, configured, templates)
            yield msgspec.structs.replace(row, id=f"{identity}/{nth}", groups=" ".join(named) or None), named


def _metric(
    judgment_id: str, name: str, result: dict[str, Any], config: dict[str, Any], templates: dict[str, Any]
) -> CanaryMetric:
    asked = as_dict(as_dict(config.get("analysisConfigurations")).get("canary"))
    baseline, experiment = (_stats(result, key) for key in ("controlMetadata", "experimentMetadata"))
    return CanaryMetric(
        id=name,
        judgment_id=judgment_id,
        metric=name,
        provider=metric_provider(as_dict(config.get("query")), templates),
        classification=_classification(result),
        reason=_short(result.get("classificationReason")),
        critical=_flag(result.get("critical"), asked.get("critical")),
        muted=_flag(result.get("muted"), asked.get("muted")),
        ratio=as_number(as_dict(result.get("resultMetadata")).get("ratio")),
        baseline_mean=baseline[0],
        baseline_count=baseline[1],
        experiment_mean=experiment[0],
        experiment_count=experiment[1],
    )


def metric_provider(query: dict[str, Any], templates: dict[str, Any]) -> str | None:
    """Where a metric's values come from: the type of its query; ``istio`` where Prometheus is asked for the mesh's."""
    kind = first_text(query.get("type"), query.get("serviceType"))
    told = [value for value in query.values() if isinstance(value, str)]
    told += [value for value in map(templates.get, told) if isinstance(value, str)]
    if kind == "prometheus" and any(_ISTIO.search(value) for value in told):
        return "istio"
    return kind.lower() if kind else None


def _filled(metrics: list[tuple[CanaryMetric, list[str]]], config: dict[str, Any]) -> dict[str, bool]:
    """The groups that make up the score, and whether any of their metrics had data; muted metrics do not count."""
    weights = as_dict(as_dict(config.get("classifier")).get("groupWeights"))
    given = {group: as_number(weight) or 0.0 for group, weight in weights.items()}
    rest = 0.0 if sum(given.values()) >= 100 else 1.0
    found: dict[str, bool] = {}
    for metric, groups in metrics:
        for group in groups:
            if not metric.muted and given.get(group, rest) > 0:
                found[group] = found.get(group, False) or metric.classification not in EMPTY
    return found


def _classification(told: dict[str, Any]) -> str | None:
    word = (as_text(told.get("classification")) or "").lower()
    return CLASSIFICATIONS.get(word, word) or None


def _exception(body: dict[str, Any]) -> str | None:
    details = as_dict(as_dict(body.get("exception")).get("details"))
    return _short(first_text(*as_list(details.get("errors")), details.get("error")))


def _stats(result: dict[str, Any], key: str) -> tuple[float | None, int | None]:
    stats = as_dict(as_dict(result.get(key)).get("stats"))
    count = as_number(stats.get("count"), 0, 2**53)
    return as_number(stats.get("mean")), None if count is None else int(count)


def _flag(*values: object) -> bool:
    return next((value for value in values if isinstance(value, bool)), False)


def _short(value: object) -> str | None:
    found = as_text(value)
    return found[:MAX_REASON_LENGTH] if found else None
