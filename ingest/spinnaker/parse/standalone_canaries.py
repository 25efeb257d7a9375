"""Standalone analyses of Kayenta (GET /standalone_canary_analysis/{id}), which no stage of a pipeline ran.

One that did not pass is SUCCEEDED or TERMINAL alike, and one that could not be judged has the score 0.0 beside its
exception: each judgment says which it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dora.storage.rows.canaries import Canary, CanaryInterval, CanaryJudgment, CanaryMetric
from ingest.spinnaker.model.coerce import as_dict, as_list, as_micros, as_number, as_status, first_text, get_nested
from ingest.spinnaker.model.failure_reason import exception_message, shorten_reason
from ingest.spinnaker.parse.canary_judgments import read_judgment

Json = dict[str, Any]
_REQUEST = "canaryAnalysisExecutionRequest"


def is_standalone(body: Json) -> bool:
    """Tell an analysis from a judgment, whose other fields are the same."""
    return isinstance(body.get(_REQUEST), dict) or "canaryAnalysisExecutionResult" in body


def parse_standalone(body: Json) -> Iterator[Canary | CanaryInterval | CanaryJudgment | CanaryMetric]:
    """Yield an analysis, its intervals, and their judgments and metrics. Raises ``ValueError`` without an id."""
    canary_id = first_text(body.get("pipelineId"))
    if canary_id is None:
        raise ValueError("a standalone canary analysis without an id")
    execution_id = first_text(body.get("parentPipelineExecutionId")) or canary_id
    result = as_dict(body.get("canaryAnalysisExecutionResult"))
    thresholds = as_dict(get_nested(body, _REQUEST, "thresholds"))
    intervals = []
    for judged in map(as_dict, as_list(result.get("canaryExecutionResults"))):
        if first_text(judged.get("executionId")):
            judgment, metrics = read_judgment(_judgment_body(body, judged, thresholds))
            intervals.append(_interval(canary_id, execution_id, judged, judgment))
            yield judgment
            yield from metrics
    last = intervals[-1] if intervals else None
    yield Canary(
        id=canary_id,
        execution_id=execution_id,
        application=first_text(body.get("application")),
        analysis="standalone",
        config=first_text(get_nested(body, "canaryConfig", "name"), body.get("canaryConfigId")),
        score=last.score if last else None,
        pass_threshold=as_number(thresholds.get("pass")),
        marginal_threshold=as_number(thresholds.get("marginal")),
        intervals=sum(interval.score is not None for interval in intervals),
        status=as_status(first_text(body.get("executionStatus"))),
        started_at=as_micros(body.get("startTimeMillis")) or as_micros(body.get("buildTimeMillis")),
        finished_at=as_micros(body.get("endTimeMillis")),
        reason=shorten_reason(
            first_text(exception_message(body.get("exception")), last and last.reason, result.get("canaryScoreMessage"))
        ),
    )
    yield from intervals


def _judgment_body(body: Json, judged: Json, thresholds: Json) -> Json:
    """Return one judgment of an analysis as the service gives it alone."""
    shared = {name: body.get(name) for name in ("application", "parentPipelineExecutionId", "canaryConfigId")}
    own = {"pipelineId": judged.get("executionId"), "status": judged.get("executionStatus")}
    return {
        **judged,
        **shared,
        **own,
        "config": body.get("canaryConfig"),
        "canaryExecutionRequest": {"thresholds": thresholds},
    }


def _interval(canary_id: str, execution_id: str, judged: Json, judgment: CanaryJudgment) -> CanaryInterval:
    return CanaryInterval(
        id=judgment.id,
        canary_id=canary_id,
        execution_id=execution_id,
        judgment_id=judgment.id,
        storage_account=first_text(judged.get("storageAccountName")),
        score=judgment.score,
        status=judgment.status,
        started_at=judgment.started_at,
        finished_at=judgment.finished_at,
        reason=judgment.reason,
        warnings=shorten_reason("\n".join(filter(None, map(first_text, as_list(judged.get("warnings")))))),
    )
