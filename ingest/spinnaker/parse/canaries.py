"""Canary analyses as canaries and their intervals: of Kayenta, and of orca-mine, which Kayenta replaced."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from dora.storage.rows.canaries import Canary, CanaryInterval, CanaryJudgment
from ingest.spinnaker.model.coerce import (
    as_dict,
    as_list,
    as_micros,
    as_number,
    as_text,
    first_person,
    first_text,
    get_nested,
)
from ingest.spinnaker.model.failure_reason import failure_reason, shorten_reason
from ingest.spinnaker.model.payload import Stage, decode_raw
from ingest.spinnaker.model.stage_tree import StageTree

_ENDED = frozenset({"succeeded", "failed", "canceled"})
_CLASSIFICATIONS_OF_HEALTH = {"HEALTHY": "pass", "UNHEALTHY": "fail"}


def parse_canary(execution_id: str, stage: Stage, tree: StageTree) -> Iterator[Canary | CanaryInterval]:
    """Yield the analysis of a ``kayentaCanary`` stage and its intervals, one for each ``runCanary`` stage.

    The last interval that ended decides: AggregateCanaryResultsTask compares its score alone with the thresholds.
    """
    runs = [run for run in tree.descendants(stage) if run.type == "runCanary"]
    in_order = sorted(runs, key=lambda run: (as_micros(run.start_time) or math.inf, run.id))
    intervals = [_interval(execution_id, stage, run) for run in in_order]
    context, config = stage.context, as_dict(stage.context.canary_config)
    # An interval has the numbers that Orca applied, the stage what its author wrote.
    all_thresholds = (*(run.context.score_thresholds for run in runs), config.get("scoreThresholds"))
    thresholds = next(filter(None, map(as_dict, all_thresholds)), {})
    scores = [interval.score for interval in intervals if interval.status in _ENDED]
    if not intervals:
        scores = [_score(score) for score in as_list(context.canary_scores)]
    ended_reasons = [interval.reason for interval in reversed(intervals) if interval.status in _ENDED]
    yield Canary(
        id=stage.id,
        execution_id=execution_id,
        analysis=as_text(context.analysis_type),
        config=first_text(config.get("canaryConfigName"), config.get("canaryConfigId")),
        score=scores[-1] if scores else None,
        pass_threshold=_score(thresholds.get("pass")),
        marginal_threshold=_score(thresholds.get("marginal")),
        intervals=len(scores) - scores.count(None),
        status=stage.status,
        started_at=as_micros(stage.start_time),
        finished_at=as_micros(stage.end_time),
        # Only the last of several intervals has a message on the stage; one that fails has it on its own.
        reason=shorten_reason(first_text(context.canary_score_message, *ended_reasons, failure_reason(stage))),
        restarted_by=first_person(get_nested(decode_raw(context.restart_details), "restartedBy")),
    )
    yield from intervals


def parse_legacy_canary(execution_id: str, stage: Stage) -> Iterator[Canary | CanaryInterval | CanaryJudgment]:
    """Yield the analysis of a ``monitorCanary`` stage; if it has a result, also its only interval and judgment."""
    analysis = as_dict(stage.context.canary)
    health, config = as_dict(analysis.get("health")), as_dict(analysis.get("canaryConfig"))
    score = _score(get_nested(analysis, "canaryResult", "overallScore"))
    canary = Canary(
        id=stage.id,
        execution_id=execution_id,
        analysis="legacy",
        config=as_text(config.get("name")),
        score=score,
        pass_threshold=_score(get_nested(config, "canarySuccessCriteria", "canaryResultScore")),
        marginal_threshold=_score(get_nested(config, "canaryHealthCheckHandler", "minimumCanaryResultScore")),
        intervals=int(score is not None),
        status=stage.status,
        started_at=as_micros(analysis.get("launchedDate")) or as_micros(stage.start_time),
        finished_at=as_micros(analysis.get("endDate")) or as_micros(stage.end_time),
        reason=first_text(health.get("message"), get_nested(analysis, "status", "reason"), failure_reason(stage)),
    )
    yield canary
    classification = _CLASSIFICATIONS_OF_HEALTH.get((as_text(health.get("health")) or "").upper())
    if score is not None or classification:
        common: dict[str, Any] = {
            name: getattr(canary, name)
            for name in ("id", "execution_id", "score", "status", "started_at", "finished_at")
        }
        yield CanaryInterval(canary_id=canary.id, judgment_id=canary.id, **common)
        yield CanaryJudgment(
            classification=classification,
            config=canary.config,
            reason=canary.reason,
            pass_threshold=canary.pass_threshold,
            marginal_threshold=canary.marginal_threshold,
            **common,
        )


def _interval(execution_id: str, stage: Stage, run: Stage) -> CanaryInterval:
    return CanaryInterval(
        id=run.id,
        canary_id=stage.id,
        execution_id=execution_id,
        judgment_id=as_text(run.context.canary_execution),
        storage_account=as_text(run.context.storage_account_name),
        # Orca truncates Kayenta's score to an integer (KayentaService.kt); the judgment has the exact one.
        score=_score(run.context.canary_score),
        # One that is canceled in Kayenta is TERMINAL in Orca.
        status="canceled" if run.context.canary_pipeline_status == "CANCELED" else run.status,
        started_at=as_micros(run.start_time),
        finished_at=as_micros(run.end_time),
        reason=first_text(shorten_reason(run.context.canary_score_message), failure_reason(run)),
        warnings=shorten_reason("\n".join(filter(None, map(as_text, as_list(run.context.warnings))))),
    )


def _score(value: object) -> float | None:
    return as_number(value)  # the weights may sum to more than 100, or to less than 0
