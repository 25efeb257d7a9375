"""The canary analysis that came before Kayenta (``canary`` → ``monitorCanary`` stages) → the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.core.rows import Canary, CanaryInterval, CanaryJudgment
from ingest.spinnaker.model.coerce import first, mapping, micros, number, text
from ingest.spinnaker.model.failure_reason import failure
from ingest.spinnaker.model.payload import Stage

HEALTH = {"HEALTHY": "pass", "UNHEALTHY": "fail"}


def legacy_canary(execution_id: str, stage: Stage) -> Iterator[Canary | CanaryInterval | CanaryJudgment]:
    """The analysis of a ``monitorCanary`` stage: its score where it was given one, and what it said of health."""
    told = mapping(stage.values.canary)
    analysis = _analysis(execution_id, stage, told)
    yield analysis
    classification = HEALTH.get((text(mapping(told.get("health")).get("health")) or "").upper())
    if analysis.score is not None or classification:
        yield _interval(analysis)
        yield _judgment(analysis, classification)


def _analysis(execution_id: str, stage: Stage, told: dict[str, Any]) -> Canary:
    config = mapping(told.get("canaryConfig"))
    score = _score(told, "canaryResult", "overallScore")
    health, ended = mapping(told.get("health")), mapping(told.get("status"))
    return Canary(
        id=stage.id,
        execution_id=execution_id,
        analysis="legacy",
        config=text(config.get("name")),
        score=score,
        pass_threshold=_score(config, "canarySuccessCriteria", "canaryResultScore"),
        marginal_threshold=_score(config, "canaryHealthCheckHandler", "minimumCanaryResultScore"),
        intervals=int(score is not None),
        status=stage.state,
        started_at=micros(told.get("launchedDate")) or micros(stage.start_time),
        finished_at=micros(told.get("endDate")) or micros(stage.end_time),
        reason=first(health.get("message"), ended.get("reason"), failure(stage)),
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
    return number(mapping(told.get(part)).get(name), 0, 100)
