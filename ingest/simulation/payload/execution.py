"""Execution documents as Gate serves them, rendered from a run's plan whenever somebody asks."""

from __future__ import annotations

from functools import partial
from typing import Any

from ingest.simulation.model.clock import uuid
from ingest.simulation.model.company import TEMPLATE
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage
from ingest.simulation.model.world import Stub
from ingest.simulation.payload.manifests import rolled_out
from ingest.simulation.payload.stage_context import approver, context
from ingest.simulation.payload.trigger import trigger
from ingest.simulation.story.rollout_plan import unfold

Json = dict[str, Any]
_ACCOUNTS = ["prod-eu", "prod-us", "prod-vm", "staging"]
_FOREVER = 1 << 62


def stub(run: Run) -> Stub:
    """The run as Orca's table has it."""
    return Stub(
        id=run.id,
        application=run.app.name,
        config_id=None if run.action == "undo" else uuid("pipeline", run.app.name, run.name),
        name=run.name,
        status=run.status,
        build_time=run.build,
        start_time=run.restarted or run.start,
        payload=partial(document, run),
        orchestration=run.action == "undo",
    )


def document(run: Run, seen: int | None = None) -> Json:
    """The execution of a run, as it stood at ``seen`` (else at the end of the simulation).

    The keys with nothing to say are left out, as Orca does.
    """
    now = seen or run.cut or _FOREVER
    over = run.start is not None and not run.cut and not seen
    stages = unfold(run).up_to(now)
    canceled = run.status == "CANCELED" and not seen
    found: Json = {
        "type": "ORCHESTRATION" if run.action == "undo" else "PIPELINE",
        "id": run.id,
        "application": run.app.name,
        **_identity(run),
        "buildTime": run.build,
        "startTime": (run.restarted if over else None) or run.start,
        "endTime": run.end if over else None,
        "status": "RUNNING" if seen else run.status,
        "canceled": canceled,
        "canceledBy": run.user if canceled else None,
        "cancellationReason": _why(run) if canceled else None,
        "limitConcurrent": True,
        "maxConcurrentExecutions": 0,
        "keepWaitingPipelines": False,
        "authentication": {"user": run.user, "allowedAccounts": _ACCOUNTS},
        "origin": "deck" if run.trigger == "manual" else "api",
        "trigger": _trigger(run),
        "stages": [_stage(run, stage, now) for stage in stages],
        "notifications": [],
        "initialConfig": {},
        "systemNotifications": [],
        "spelEvaluator": "v4",
    }
    return {key: value for key, value in found.items() if value is not None}


def _identity(run: Run) -> Json:
    if run.action == "undo":
        return {"description": run.name}
    found: Json = {"name": run.name, "pipelineConfigId": uuid("pipeline", run.app.name, run.name)}
    if run.name == run.app.pipeline and run.app.template != "none":
        found["source"] = {"type": "templatedPipeline", "version": "v2"}
        found["templateVariables"] = {"application": run.app.name, "template": TEMPLATE, "canary": run.canary}
    return found


def _why(run: Run) -> str:
    return "a newer execution is waiting" if run.start is None else "superseded, canceled by hand"


def _trigger(run: Run) -> Json:
    found = trigger(run)
    if run.parent:
        found["parentExecution"] = document(run.parent, seen=run.build)
    if run.upstream:
        found["parentExecution"] = document(run.upstream)
    return found


def _stage(run: Run, stage: Stage, now: int) -> Json:
    over = stage.status not in {"RUNNING", "NOT_STARTED"}
    found: Json = {
        "id": run.stage_id(stage.ref),
        "refId": stage.ref,
        "type": stage.type,
        "name": stage.name,
        "startTime": stage.start,
        "endTime": stage.end if over else None,
        "status": stage.status,
        "context": context(run, stage),
        "outputs": rolled_out(run, stage),
        "tasks": _tasks(stage, now),
        "requisiteStageRefIds": list(stage.after),
        "parentStageId": run.stage_id(stage.parent) if stage.parent else None,
        "syntheticStageOwner": stage.owner or None,
    }
    if stage.detail.get("decided") and over:
        decided = (stage.start or 0) + stage.detail["decided"]
        found["lastModified"] = {"user": approver(run), "allowedAccounts": _ACCOUNTS, "lastModifiedTime": decided}
    return {key: value for key, value in found.items() if value is not None}


def _tasks(stage: Stage, now: int) -> list[Json]:
    until = min(now, stage.end) if stage.end is not None else now
    found = []
    for nth, task in enumerate(stage.tasks(until)):
        times = {"startTime": task.start, "endTime": task.end}
        found.append(
            {
                "id": str(nth + 1),
                "name": task.name,
                **{key: value for key, value in times.items() if value is not None},
                "status": task.status,
            }
        )
    return found
