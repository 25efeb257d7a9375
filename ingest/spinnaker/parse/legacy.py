"""The canary analysis that came before Kayenta (``canary`` → ``monitorCanary`` stages) → the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.core.rows import Canary, CanaryInterval, CanaryJudgment
from ingest.spinnaker.model.coerce import as_dict, as_micros, as_number, as_text, first_text
from ingest.spinnaker.model.failure_reason import failure_reason
from ingest.spinnaker.model.payload import Stage

HEALTH = {"HEALTHY": "pass", "UNHEALTHY": "fail"}


def parse_legacy_canary(execution_id: str, stage: Stage) -> Iterator[Canary | CanaryInterval | CanaryJudgment]:
    """The analysis of a ``monitorCanary`` stage: its score where it was given one, and what it said of health."""
    told = as_dict(stage.values.canary)
    analysis = _analysis(execution_id, stage, told)
    yield analysis
    classification = HEALTH.get((as_text(as_dict(told.get("health")).get("health")) or "").upper())
    if analysis.score is not None or classification:
        yield _interval(analysis)
        yield _judgment(analysis, classification)


def _analysis(execution_id: str, stage: Stage, told: dict[str, Any]) -> Canary:
    config = as_dict(told.get("canaryConfig"))
    score = _score(told, "canaryResult", "overallScore")
    health, ended = as_dict(told.get("health")), as_dict(told.get("status"))
    return Canary(
        id=stage.id,
        execution_id=execution_id,
        analysis="legacy",
        config=as_text(config.get("name")),
        score=score,
        pass_threshold=_score(config, "canarySuccessCriteria", "canaryResultScore"),
        marginal_threshold=_score(config, "canaryHealthCheckHandler", "minimumCanaryResultScore"),
        intervals=int(score is not None),
        status=stage.state,
        started_at=as_micros(told.get("launchedDate")) or as_micros(stage.start_time),
        finished_at=as_micros(told.get("endDate")) or as_micros(stage.end_time),
        reason=first_text(health.get("message"), ended.get("reason"), failure_reason(stage)),
    )


def _interval(analysis: Canary) -> CanaryInterval:
    return CanaryInterval(canary_id=analysis.id, judgment_id=analysis.id, **_told(analysis))


def _judgment(analysis: Canary, classification: str | None) -> CanaryJudgment:
    more = _told(analysis, "config", "reason", "pass_threshold", "marginal_threshold")
    return CanaryJudgment(classification=classification, **more)


def _told(analysis: Canary, *more: str) -> dict[str, Any]:
    """What the analysis says that its only interval and its judgment say too."""
    shared = ("id", "execution_id", "score", "status", "started_at", "finished_at")
    return {name: getattr(analysis, name) for name in (*shared, *more)}


def _score(told: dict[str, Any], part: str, name: str) -> float | None:
    return as_number(as_dict(told.get(part)).get(name), 0, 100)
