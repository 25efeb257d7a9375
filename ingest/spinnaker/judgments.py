"""Manual judgments and canary analyses → approvals, canaries and their intervals."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.rows import Approval, Canary, CanaryInterval
from ingest.spinnaker.payload import Stage
from ingest.spinnaker.reasons import failure
from ingest.spinnaker.tree import Tree
from ingest.spinnaker.values import COMPLETE, first, items, mapping, micros, number, person, text


def approval(execution_id: str, stage: Stage) -> Approval:
    """The question of a ``manualJudgment`` stage.

    A decision counts only where the stage is complete: a refused judge leaves their name on a stage that still
    runs. The wait ends with the decision; the stage's end follows it by up to fifteen seconds.
    """
    context, modified = stage.values, mapping(stage.last_modified)
    decision = (text(context.judgment_status) or "").lower() if stage.state in COMPLETE else ""
    decided = decision in ("continue", "stop")
    roles = items(context.selected_stage_roles) or items(context.required_judgment_roles)
    ended = micros(stage.end_time)
    return Approval(
        id=stage.id,
        execution_id=execution_id,
        asked=text(context.instructions),
        decision=decision if decided else None,
        answer=text(context.judgment_input) if decided else None,
        decided_by=person(modified.get("user"), context.last_modified_by) if decided else None,
        roles=" ".join(role for role in roles if isinstance(role, str)) or None,
        status=stage.state,
        started_at=micros(stage.start_time),
        decided_at=(micros(modified.get("lastModifiedTime")) or ended) if decided else None,
        finished_at=ended,
    )


def canary(execution_id: str, stage: Stage, tree: Tree) -> Iterator[Canary | CanaryInterval]:
    """The analysis of a ``kayentaCanary`` stage and the intervals that it judged."""
    runs = [one for one in tree.stages if one.type == "runCanary" and _within(one, stage, tree)]
    intervals = [_interval(execution_id, stage, run) for run in sorted(runs, key=_order)]
    context, config = stage.values, mapping(stage.values.canary_config)
    thresholds = mapping(config.get("scoreThresholds"))
    scores = [one.score for one in intervals] or [_score(score) for score in items(context.canary_scores)]
    judged = [score for score in scores if score is not None]
    yield Canary(
        id=stage.id,
        execution_id=execution_id,
        analysis=text(context.analysis_type),
        config=first(config.get("canaryConfigName"), config.get("canaryConfigId")),
        score=judged[-1] if judged else None,
        pass_threshold=_score(thresholds.get("pass")),
        marginal_threshold=_score(thresholds.get("marginal")),
        intervals=len(judged),
        status=stage.state,
        started_at=micros(stage.start_time),
        finished_at=micros(stage.end_time),
        reason=first(context.canary_score_message, failure(stage), *(failure(run) for run in runs)),
    )
    yield from intervals


def _interval(execution_id: str, stage: Stage, run: Stage) -> CanaryInterval:
    return CanaryInterval(
        id=run.id,
        canary_id=stage.id,
        execution_id=execution_id,
        judgment_id=text(run.values.canary_execution),
        score=_score(run.values.canary_score),
        status=run.state,
        started_at=micros(run.start_time),
        finished_at=micros(run.end_time),
    )


def _within(run: Stage, stage: Stage, tree: Tree) -> bool:
    return any(above is stage for above in tree.above(run))


def _order(run: Stage) -> tuple[bool, int, str]:
    started = micros(run.start_time)
    return started is None, started or 0, run.id


def _score(value: object) -> float | None:
    return number(value, 0, 100)
