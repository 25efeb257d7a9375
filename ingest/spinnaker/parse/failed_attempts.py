"""Attempts that failed: upstream a restart wipes them, so each is kept as a row of its own when it is seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingest.core.rows import ExecutionAttempt, Rollout
from ingest.spinnaker.model.coerce import as_dict, as_micros, first_person
from ingest.spinnaker.model.failure_reason import MAX_REASON_LENGTH, exception_message
from ingest.spinnaker.model.payload import NULL, Stage, decode_raw
from ingest.spinnaker.model.stage_tree import StageTree


def list_failed_attempts(execution_id: str, tree: StageTree, rollouts: Iterable[Rollout]) -> Iterator[ExecutionAttempt]:
    """Rollouts that failed short of full traffic, and restarts that a stage tells of.

    A listing without tasks does not tell how far a rollout came: it makes no attempt, lest it hide what is known.
    """
    if any(stage.tasks for stage in tree.stages):
        for row in rollouts:
            if row.status == "failed" and row.started_at and row.full_traffic_at is None:
                yield _failed(row, row.started_at)
    for stage in tree.stages:
        if stage.values.restart_details is not NULL:
            yield from _restarted(execution_id, stage)


def _failed(row: Rollout, began: int) -> ExecutionAttempt:
    return ExecutionAttempt(
        id=f"{row.id}@{began // 1000}",
        execution_id=row.execution_id,
        rollout_id=row.id,
        started_at=began,
        ended_at=row.finished_at,
        first_traffic_at=row.first_traffic_at,
        reason=row.reason,
    )


def _restarted(execution_id: str, stage: Stage) -> Iterator[ExecutionAttempt]:
    details = as_dict(decode_raw(stage.values.restart_details))
    if at := as_micros(details.get("restartTime")):
        cause = exception_message(details.get("previousException"))
        yield ExecutionAttempt(
            id=f"{stage.id}@restart-{at // 1000}",
            execution_id=execution_id,
            ended_at=at,
            restarted_by=first_person(details.get("restartedBy")),
            reason=cause[:MAX_REASON_LENGTH] if cause else None,
        )
