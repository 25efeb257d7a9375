"""Failed attempts as rows of their own: a restart wipes them upstream (RestartStageHandler)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingest.core.rows import ExecutionAttempt, Rollout
from ingest.spinnaker.model.coerce import as_dict, as_micros, first_person
from ingest.spinnaker.model.failure_reason import exception_message, shorten_reason
from ingest.spinnaker.model.payload import NULL, decode_raw
from ingest.spinnaker.model.stage_tree import StageTree


def list_failed_attempts(execution_id: str, tree: StageTree, rollouts: Iterable[Rollout]) -> Iterator[ExecutionAttempt]:
    """Yield the rollouts that failed short of full traffic, and the restarts that stages record."""
    # A listing without tasks does not say how far a rollout came: its attempt would replace what is landed of it.
    if any(stage.tasks for stage in tree.stages):
        for row in rollouts:
            if row.status == "failed" and row.started_at and row.full_traffic_at is None:
                yield ExecutionAttempt(
                    id=f"{row.id}@{row.started_at // 1000}",
                    execution_id=row.execution_id,
                    rollout_id=row.id,
                    started_at=row.started_at,
                    ended_at=row.finished_at,
                    first_traffic_at=row.first_traffic_at,
                    reason=row.reason,
                )
    for stage in tree.stages:
        if stage.context.restart_details is not NULL:
            details = as_dict(decode_raw(stage.context.restart_details))
            if restarted_at := as_micros(details.get("restartTime")):
                yield ExecutionAttempt(
                    id=f"{stage.id}@restart-{restarted_at // 1000}",
                    execution_id=execution_id,
                    ended_at=restarted_at,
                    restarted_by=first_person(details.get("restartedBy")),
                    reason=shorten_reason(exception_message(details.get("previousException"))),
                )
