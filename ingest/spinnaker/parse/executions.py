"""One execution as rows: itself, its stages, approvals, canaries, rollouts and failed attempts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import chain
from urllib.parse import quote

import msgspec

from dora.storage.rows import executions
from dora.storage.rows.base import Row
from ingest.spinnaker.commits.artifacts import find_in_metadata
from ingest.spinnaker.commits.find import find_commit
from ingest.spinnaker.commits.search import CommitMatch
from ingest.spinnaker.commits.sha import normalise_key
from ingest.spinnaker.model.coerce import COMPLETE, as_dict, as_micros, as_text, first_person, first_text, get_nested
from ingest.spinnaker.model.failure_reason import exception_message, failure_reason, shorten_reason
from ingest.spinnaker.model.payload import NULL, Execution, Stage, Trigger, decode_raw
from ingest.spinnaker.model.revision import compute_revision
from ingest.spinnaker.model.stage_kinds import stage_kind
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.parse.approvals import parse_approval
from ingest.spinnaker.parse.canaries import parse_canary, parse_legacy_canary
from ingest.spinnaker.recognise.facts import recognise_facts
from ingest.spinnaker.recognise.run import Run

_TRIGGER_TYPES = {
    "git": "git",
    "build": "jenkins travis wercker concourse gcb codebuild build",
    "image": "docker",
    "manual": "manual",
    "pipeline": "pipeline pipelineRef",
    "webhook": "webhook",
    "schedule": "cron",
}
_TRIGGER_BY_TYPE = {type_: trigger for trigger, types in _TRIGGER_TYPES.items() for type_ in types.split()}


def parse_execution(execution: Execution, body: bytes, deck: str | None, keys: Collection[str]) -> Iterator[Row]:
    """Yield the rows of an execution, each with the revision of the document ``body``; see ``parse_document``."""
    application = as_text(execution.application)
    if application is None:
        raise ValueError(f"execution {execution.id} without an application")
    revision, tree = compute_revision(execution, body), StageTree(execution.stages)
    normalised_keys = frozenset(map(normalise_key, keys))
    run = Run(execution, application, tree, partial(find_in_metadata, normalised_keys))
    facts = list(recognise_facts(run))
    rollouts = [row for row in facts if isinstance(row, executions.Rollout)]
    for row in chain(
        [_execution_row(execution, application, tree, deck, find_commit(execution, keys))],
        chain.from_iterable(_stage_rows(execution.id, stage, tree) for stage in tree.stages),
        _pause_rows(execution),
        facts,
        _failed_attempts(execution.id, tree, rollouts),
    ):
        if hasattr(row, "revision"):
            # Rows are frozen, but this one is not shared yet: to replace it would copy every row of every document.
            msgspec.structs.force_setattr(row, "revision", revision)
        yield row


def _stage_rows(execution_id: str, stage: Stage, tree: StageTree) -> Iterator[Row]:
    yield executions.Stage(
        id=stage.id,
        execution_id=execution_id,
        parent_id=stage.parent_stage_id,
        name=as_text(stage.name),
        kind=stage_kind(stage.type),
        status=stage.status,
        started_at=as_micros(stage.start_time),
        finished_at=as_micros(stage.end_time),
        reason=failure_reason(stage),
    )
    if stage.type == "manualJudgment":
        yield parse_approval(execution_id, stage)
    elif stage.type == "kayentaCanary":
        yield from parse_canary(execution_id, stage, tree)
    elif stage.type == "monitorCanary":
        yield from parse_legacy_canary(execution_id, stage)


def _execution_row(
    execution: Execution, application: str, tree: StageTree, deck: str | None, commit: CommitMatch | None
) -> executions.Execution:
    trigger = execution.trigger or Trigger()
    root_id, parent_id = _root_and_parent(execution, trigger)
    return executions.Execution(
        id=execution.id,
        application=application,
        pipeline=first_text(execution.name, execution.description),
        pipeline_id=as_text(execution.pipeline_config_id),
        root_id=root_id,
        parent_id=parent_id,
        status=execution.status,
        queued_at=as_micros(execution.build_time),
        started_at=as_micros(execution.start_time),
        # A restarted execution that runs again still carries the end of its first run.
        finished_at=as_micros(execution.end_time) if execution.status in COMPLETE else None,
        trigger=_trigger(trigger) if execution.trigger else None,
        triggered_by=first_person(trigger.user, get_nested(execution.authentication, "user")),
        dry_run=trigger.dry_run is True or trigger.is_dry_run is True or trigger.type == "dryrun",
        repository=commit.repository if commit else None,
        commit=commit.sha if commit else None,
        branch=commit.branch if commit else None,
        commit_origin=commit.origin if commit else None,
        reason=_cancellation(execution) or next(filter(None, map(failure_reason, tree.stages)), None),
        url=_url(execution, application, deck),
    )


def _pause_rows(execution: Execution) -> Iterator[executions.Stage]:
    """Yield the last pause of an execution as a stage of its own, so that it counts as deliberate waiting."""
    paused = as_dict(execution.paused)
    if paused_at := as_micros(paused.get("pauseTime")):
        resumed_at, user = as_micros(paused.get("resumeTime")), first_person(paused.get("pausedBy"))
        yield executions.Stage(
            id=f"{execution.id}/paused",
            execution_id=execution.id,
            name=f"Paused by {user}" if user else "Paused",
            kind="wait",
            status="succeeded" if resumed_at else "running",
            started_at=paused_at,
            finished_at=resumed_at,
        )


def _cancellation(execution: Execution) -> str | None:
    reason, user = as_text(execution.cancellation_reason), first_person(execution.canceled_by)
    # Orca keeps `canceledBy` of a cancel that came after the end and changed nothing.
    by_user = f"canceled by {user}" if user and execution.status == "canceled" else None
    return f"{reason} ({by_user})" if reason and by_user else reason or by_user


def _root_and_parent(execution: Execution, trigger: Trigger) -> tuple[str, str | None]:
    """Return the execution at the root of the tree, and the one that triggered this one.

    Only a child that a stage of its parent started is in the parent's tree: a pipeline that the completion of another
    triggers is the root of its own.
    """
    root_id, parent_id, nested = execution.id, None, trigger
    while (parent := _parent_id(nested)) is not None:
        parent_id = parent_id or parent
        if not _starts_child(nested):
            break
        root_id = parent
        if nested.parent_execution is None:
            # Newer Orcas write `rootId`; it is needed only if the parents are not nested in the trigger.
            stated = as_text(execution.root_id) if nested is trigger else None
            root_id = stated if stated and stated != execution.id else parent
        nested = (nested.parent_execution and nested.parent_execution.trigger) or Trigger()
    return root_id, parent_id


def _parent_id(trigger: Trigger) -> str | None:
    """Return the execution that started the one of a trigger, as far as the document nests or names it."""
    # Only a pipeline trigger makes a child: a manual re-run copies `parentExecution` of what it repeats.
    if _TRIGGER_BY_TYPE.get(as_text(trigger.type) or "") != "pipeline":
        return None
    parent = trigger.parent_execution
    return first_text(parent and parent.id, trigger.parent_pipeline_id, trigger.parent_execution_id)


def _starts_child(trigger: Trigger) -> bool:
    """Tell whether a stage of the parent started the child: a pipeline stage, or a custom strategy."""
    return as_text(trigger.parent_pipeline_stage_id) is not None or True in (trigger.strategy, trigger.is_strategy)


def _trigger(trigger: Trigger) -> str:
    """Return what started an execution: by a known type, else, as Orca's TriggerDeserializer, by the fields."""
    if known_type := _TRIGGER_BY_TYPE.get(as_text(trigger.type) or ""):
        return known_type
    if as_text(trigger.hash) and as_text(trigger.slug):
        return "git"
    if as_text(trigger.build_number):
        return "build"
    return "image" if as_text(trigger.repository) and as_text(trigger.tag) else "other"


def _url(execution: Execution, application: str, deck: str | None) -> str | None:
    if not deck:
        return None
    section = "executions/details" if as_text(execution.pipeline_config_id) else "tasks"
    return f"{deck.rstrip('/')}/#/applications/{quote(application, safe='')}/{section}/{quote(execution.id, safe='')}"


def _failed_attempts(execution_id: str, tree: StageTree, rollouts: Iterable[executions.Rollout]) -> Iterator[Row]:
    """Yield rollouts that failed short of full traffic, which RestartStageHandler wipes, and recorded restarts."""
    # A listing without tasks does not say how far a rollout came: its attempt would replace what is landed of it.
    if any(stage.tasks for stage in tree.stages):
        for rollout in rollouts:
            is_switch_off = rollout.action in ("disable", "delete")
            if rollout.status == "failed" and rollout.started_at and not (rollout.full_traffic_at or is_switch_off):
                yield executions.ExecutionAttempt(
                    id=f"{rollout.id}@{rollout.started_at // 1000}",
                    execution_id=rollout.execution_id,
                    rollout_id=rollout.id,
                    started_at=rollout.started_at,
                    ended_at=rollout.finished_at,
                    first_traffic_at=rollout.first_traffic_at,
                    reason=rollout.reason,
                )
    restarts: set[int] = set()
    # A synthetic stage that a restart makes has a copy of its parent's details, and stands before or after it.
    for stage in sorted(tree.stages, key=lambda stage: stage.parent_stage_id is not None):
        if stage.context.restart_details is not NULL:
            details = as_dict(decode_raw(stage.context.restart_details))
            restarted_at = as_micros(details.get("restartTime"))
            if restarted_at and restarted_at not in restarts:
                restarts.add(restarted_at)
                yield executions.ExecutionAttempt(
                    id=f"{stage.id}@restart-{restarted_at // 1000}",
                    execution_id=execution_id,
                    ended_at=restarted_at,
                    restarted_by=first_person(details.get("restartedBy")),
                    reason=shorten_reason(exception_message(details.get("previousException"))),
                )
