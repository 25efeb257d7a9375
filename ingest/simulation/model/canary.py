"""Canary analyses: the configuration, the scores, and Kayenta's result document."""

from __future__ import annotations

from functools import cache
from typing import Any

from ingest.simulation.model.clock import MINUTE, dice, iso, uuid
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage

Json = dict[str, Any]
CONFIG_ID = uuid("canary-config")
CONFIG_NAME = "istio-golden-signals"
STORAGE = "acme-canaries"
THRESHOLDS = {"pass": 75, "marginal": 50}
_WEIGHTS = {"errors": 50, "latency": 30, "saturation": 20}
_SELECTOR = 'reporter="destination",destination_workload="${scope}",destination_workload_namespace="${location}"'
_ERRORS = 'PromQL:sum(rate(istio_requests_total{%s,response_code=~"%s"}[1m]))'
_LATENCY = "PromQL:histogram_quantile(%s,rate(istio_request_duration_milliseconds_bucket{%s}[1m]))"
_METRICS = {
    "server errors": ("errors", _ERRORS % (_SELECTOR, "5..")),
    "client errors": ("errors", _ERRORS % (_SELECTOR, "4..")),
    "latency p50": ("latency", _LATENCY % ("0.5", _SELECTOR)),
    "latency p99": ("latency", _LATENCY % ("0.99", _SELECTOR)),
    "cpu": ("saturation", 'PromQL:avg(rate(container_cpu_usage_seconds_total{pod=~"${scope}-.*"}[1m]))'),
    "memory": ("saturation", 'PromQL:avg(container_memory_working_set_bytes{pod=~"${scope}-.*"})'),
}
# Requests per second, milliseconds, cores, bytes.
_TYPICAL = dict(zip(_METRICS, (0.02, 0.4, 18, 140, 0.3, 3e8), strict=True))
# Sets of bad metrics by verdict; their weighted scores are on the right side of the thresholds.
_BAD = {
    "pass": ((), (), (), ("memory",), ("latency p99",)),
    "marginal": (("latency p50", "latency p99"), ("server errors", "latency p99")),
    "fail": (
        ("server errors", "client errors"),
        ("server errors", "client errors", "latency p99"),
        ("server errors", "client errors", "latency p50", "latency p99"),
    ),
}
VERDICTS = {
    "canary_fail": "fail",
    "canary_overridden": "fail",
    "canary_marginal": "marginal",
    "canary_error": "error",
    "canary_canceled": "canceled",
}
"""The verdict of a canary by the ending of its run, as ``canaries.verdict``; other endings pass."""


def analysis_id(run: Run, nth: int) -> str:
    """Kayenta's id of the nth analysis of a run."""
    return uuid(run.id, "judgment", nth)


def bad_metrics(run: Run, stage: Stage) -> tuple[str, ...]:
    """The metrics in which the canary is worse; only the last analysis of a run has the verdict of its ending."""
    verdict = VERDICTS.get(run.ending, "pass") if stage.detail["last"] else "pass"
    return dice(run.seed, "judgment", stage.detail["nth"]).choice(_BAD[verdict])


def score(bad: tuple[str, ...]) -> float:
    """Sum over the metric groups of weight times share of passing metrics; 0 to 100."""
    return sum(weight * _share(group, bad) for group, weight in _WEIGHTS.items())


def _share(group: str, bad: tuple[str, ...]) -> float:
    names = [name for name, (metric_group, _) in _METRICS.items() if metric_group == group]
    return sum(name not in bad for name in names) / len(names)


@cache
def config() -> Json:
    """The canary configuration."""
    metrics = [
        {
            "name": name,
            "query": {"type": "prometheus", "serviceType": "prometheus", "customInlineTemplate": query},
            "groups": [group],
            "analysisConfigurations": {"canary": {"direction": "increase", "critical": False}},
            "scopeName": "default",
        }
        for name, (group, query) in _METRICS.items()
    ]
    return {
        "id": CONFIG_ID,
        "name": CONFIG_NAME,
        "description": "Errors and latency as the mesh sees them, and saturation",
        "configVersion": "1.0",
        "applications": [],
        "judge": {"name": "NetflixACAJudge-v1.0", "judgeConfigurations": {}},
        "metrics": metrics,
        "classifier": {"groupWeights": _WEIGHTS, "scoreThresholds": THRESHOLDS},
    }


def scopes(run: Run, stage: Stage) -> Json:
    """The control and experiment of an analysis, and its five minutes."""
    end = stage.start or run.build
    # An interval of five minutes that ends when its analysis starts, in steps of 60 seconds.
    both = {"location": run.app.targets[0][1], "start": iso(end - 5 * MINUTE), "end": iso(end), "step": 60}
    control = {"scope": f"{run.app.name}-baseline", **both, "extendedScopeParams": {}}
    return {"default": {"controlScope": control, "experimentScope": {**control, "scope": f"{run.app.name}-canary"}}}


def result(run: Run, stage: Stage) -> Json:
    """The document under /v2/canaries/canary/{id} of one analysis that has ended."""
    begun, ended = stage.start or 0, stage.end or 0
    # An error is always in the last analysis: it ends the run.
    failed = run.ending == "canary_error" and stage.detail["last"]
    status = "canceled" if stage.status == "CANCELED" else "terminal" if failed else "succeeded"
    document: Json = {
        "application": run.app.name,
        "parentPipelineExecutionId": run.id,
        "pipelineId": analysis_id(run, stage.detail["nth"]),
        "stageStatus": {"setupContext": "succeeded", "judge": "not_started" if status != "succeeded" else "succeeded"},
        "complete": True,
        "status": status,
        "config": config(),
        "canaryConfigId": CONFIG_ID,
        "canaryExecutionRequest": {"scopes": scopes(run, stage), "thresholds": THRESHOLDS},
        "metricSetPairListId": uuid(run.id, "metrics", stage.detail["nth"]),
        **_times("buildTime", begun),
        **_times("startTime", begun + 60),
        **_times("endTime", ended),
        "storageAccountName": STORAGE,
        "metricsAccountName": "acme-prometheus",
    }
    if status == "succeeded":
        document["result"] = {"judgeResult": _judge_result(run, stage), "canaryDuration": "PT5M"}
    elif failed:
        document["exception"] = failure(ended)
    return document


def failure(at: int) -> Json:
    """The exception of an analysis that could not read its metrics."""
    return {
        "timestamp": at,
        "exceptionType": "RetrofitException",
        "operation": "prometheusFetch",
        "details": {
            "error": "Unexpected Task Failure",
            "errors": ["503 Service Unavailable from prometheus.acme.example"],
        },
        "shouldRetry": False,
    }


def _times(name: str, at: int) -> Json:
    return {f"{name}Millis": at, f"{name}Iso": iso(at)}


def _judge_result(run: Run, stage: Stage) -> Json:
    bad = bad_metrics(run, stage)
    total = score(bad)
    word = "Pass" if total >= THRESHOLDS["pass"] else "Marginal" if total > THRESHOLDS["marginal"] else "Fail"
    unclassified = {"classification": "", "classificationReason": ""}
    return {
        "judgeName": "NetflixACAJudge-v1.0",
        "results": [_metric(run, stage, name, name in bad) for name in _METRICS],
        "groupScores": [{"name": group, "score": 100 * _share(group, bad), **unclassified} for group in _WEIGHTS],
        "score": {**unclassified, "score": total, "classification": word},
    }


def _metric(run: Run, stage: Stage, name: str, bad: bool) -> Json:
    random = dice(run.seed, stage.detail["nth"], name)
    # Good metrics differ by a few percent, as two samples of one distribution do.
    control = _TYPICAL[name] * random.uniform(0.8, 1.2)
    ratio = random.uniform(1.6, 4.0) if bad else random.uniform(0.93, 1.06)
    return {
        "name": name,
        "id": uuid(run.id, name, stage.detail["nth"]),
        "tags": {},
        "classification": "High" if bad else "Pass",
        "classificationReason": "The metric was classified as High" if bad else "",
        "groups": [_METRICS[name][0]],
        "experimentMetadata": {"stats": _stats(control * ratio)},
        "controlMetadata": {"stats": _stats(control)},
        "resultMetadata": {"ratio": round(ratio, 4)},
        "critical": False,
        "muted": False,
    }


def _stats(mean: float) -> Json:
    return {"count": 60, "mean": mean, "min": mean * 0.7, "max": mean * 1.5, "std": mean * 0.12}
