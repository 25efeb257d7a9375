"""Canary analyses → canaries and their intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.core.rows import Canary, CanaryInterval
from ingest.spinnaker.model.coerce import COMPLETE, as_dict, as_list, as_micros, as_number, as_text, first_text
from ingest.spinnaker.model.failure_reason import MAX_REASON_LENGTH, failure_reason
from ingest.spinnaker.model.payload import Stage
from ingest.spinnaker.model.stage_tree import StageTree

ENDED = COMPLETE - {"skipped"}


def parse_canary(execution_id: str, stage: Stage, tree: StageTree) -> Iterator[Canary | CanaryInterval]:
    """The analysis of a ``kayentaCanary`` stage and its intervals; the last that ended gives the score."""
    runs = [one for one in tree.below(stage) if one.type == "runCanary"]
    intervals = [_interval(execution_id, stage, run) for run in sorted(runs, key=_order)]
    context, config = stage.values, as_dict(stage.values.canary_config)
    thresholds = _thresholds(config.get("scoreThresholds"), *(run.values.score_thresholds for run in runs))
    ended = [one.score for one in intervals if one.status in ENDED]
    scores = ended if intervals else [_score(score) for score in as_list(context.canary_scores)]
    yield Canary(
        id=stage.id,
        execution_id=execution_id,
        analysis=as_text(context.analysis_type),
        config=first_text(config.get("canaryConfigName"), config.get("canaryConfigId")),
        score=scores[-1] if scores else None,
        pass_threshold=_score(thresholds.get("pass")),
        marginal_threshold=_score(thresholds.get("marginal")),
        intervals=len(scores) - scores.count(None),
        status=stage.state,
        started_at=as_micros(stage.start_time),
        finished_at=as_micros(stage.end_time),
        reason=first_text(context.canary_score_message, failure_reason(stage), *(failure_reason(run) for run in runs)),
    )
    yield from intervals


def _interval(execution_id: str, stage: Stage, run: Stage) -> CanaryInterval:
    return CanaryInterval(
        id=run.id,
        canary_id=stage.id,
        execution_id=execution_id,
        judgment_id=as_text(run.values.canary_execution),
        score=_score(run.values.canary_score),
        status=run.state,
        started_at=as_micros(run.start_time),
        finished_at=as_micros(run.end_time),
        warnings="\n".join(filter(None, map(as_text, as_list(run.values.warnings))))[:MAX_REASON_LENGTH] or None,
    )


def _thresholds(*told: object) -> dict[str, Any]:
    """Those of the analysis, else those that an interval was judged by."""
    return next((found for one in told if (found := as_dict(one))), {})


def _order(run: Stage) -> tuple[bool, int, str]:
    started = as_micros(run.start_time)
    return started is None, started or 0, run.id


def _score(value: object) -> float | None:
    return as_number(value, 0, 100)
