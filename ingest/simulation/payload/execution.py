"""Execution documents as Gate serves them, rendered from the plan of a run on each request."""

from __future__ import annotations

from functools import partial

from ingest.simulation.model.clock import uuid
from ingest.simulation.model.company import TEMPLATE
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage, Task
from ingest.simulation.model.world import Json, Stub
from ingest.simulation.payload.manifests import outputs
from ingest.simulation.payload.stage_context import approver, context
from ingest.simulation.payload.trigger import trigger
from ingest.simulation.story.rollout_plan import plan_stages

_ACCOUNTS = ["prod-eu", "prod-us", "prod-vm", "staging"]
_FOREVER = 1 << 62  # an instant after all runs


def stub(run: Run) -> Stub:
    """The row of a run in Orca's execution table."""
    return Stub(
        id=run.id,
        application=run.app.name,
        config_id=None if run.action == "undo" else uuid("pipeline", run.app.name, run.name),
        name=run.name,
        status=run.status,
        build_time=run.build,
        # A restart overwrites the start time in the table, and in the document once the run is over.
        start_time=run.restarted or run.start,
        payload=partial(document, run),
        orchestration=run.action == "undo",
    )


def document(run: Run, as_of: int | None = None) -> Json:
    """The execution of a run at ``as_of`` (default: at the end of the simulation).

    Null keys are left out, as Orca does.
    """
    now = as_of or run.cut or _FOREVER
    over = run.start is not None and not run.cut and not as_of
    canceled = run.status == "CANCELED" and not as_of
    reason = "a newer execution is waiting" if run.start is None else "superseded, canceled by hand"
    execution: Json = {
        "type": "ORCHESTRATION" if run.action == "undo" else "PIPELINE",
        "id": run.id,
        "application": run.app.name,
        **_identity(run),
        "buildTime": run.build,
        "startTime": (run.restarted if over else None) or run.start,
        "endTime": run.end if over else None,
        "status": "RUNNING" if as_of else run.status,
        "canceled": canceled,
        "canceledBy": run.user if canceled else None,
        "cancellationReason": reason if canceled else None,
        "limitConcurrent": True,
        "maxConcurrentExecutions": 0,
        "keepWaitingPipelines": False,
        "authentication": {"user": run.user, "allowedAccounts": _ACCOUNTS},
        "origin": "deck" if run.trigger == "manual" else "api",
        "trigger": trigger(run),
        "stages": [_stage(run, stage, now) for stage in plan_stages(run).up_to(now)],
        "notifications": [],
        "initialConfig": {},
        "systemNotifications": [],
        "spelEvaluator": "v4",
    }
    # Orca embeds the parent as it was when it started the child.
    if run.parent:
        execution["trigger"]["parentExecution"] = document(run.parent, as_of=run.build)
    if run.upstream:
        execution["trigger"]["parentExecution"] = document(run.upstream)
    return _without_nulls(execution)


def _without_nulls(fields: Json) -> Json:
    return {key: value for key, value in fields.items() if value is not None}


def _identity(run: Run) -> Json:
    # An orchestration has a description instead of a name, and no pipeline.
    if run.action == "undo":
        return {"description": run.name}
    fields: Json = {"name": run.name, "pipelineConfigId": uuid("pipeline", run.app.name, run.name)}
    if run.name == run.app.pipeline and run.app.template != "none":
        fields["source"] = {"type": "templatedPipeline", "version": "v2"}
        fields["templateVariables"] = {"application": run.app.name, "template": TEMPLATE, "canary": run.canary}
    return fields


def _tasks(run: Run, stage: Stage, now: int) -> list[Task]:
    tasks = stage.tasks(now)
    if run.action == "dry" and tasks:
        # Orca's DryRunStage has this task in the place of those that act.
        return [Task("dry run", tasks[0].start, tasks[-1].end, tasks[-1].status)]
    return tasks


def _stage(run: Run, stage: Stage, now: int) -> Json:
    over = stage.status not in {"RUNNING", "NOT_STARTED"}
    fields: Json = {
        "id": run.stage_id(stage.ref),
        "refId": stage.ref,
        "type": stage.type,
        "name": stage.name,
        "startTime": stage.start,
        "endTime": stage.end if over else None,
        "status": stage.status,
        "context": context(run, stage),
        "outputs": outputs(run, stage),
        "tasks": [
            {
                "id": str(nth),
                "name": task.name,
                **_without_nulls({"startTime": task.start, "endTime": task.end}),
                "status": task.status,
            }
            for nth, task in enumerate(_tasks(run, stage, min(now, stage.end or now)), 1)
        ],
        "requisiteStageRefIds": list(stage.after),
        "parentStageId": run.stage_id(stage.parent) if stage.parent else None,
        "syntheticStageOwner": stage.owner or None,
    }
    if stage.detail.get("decided") and over:
        # Orca stamps the judgment, not the end of the stage, which follows seconds later.
        decided = (stage.start or 0) + stage.detail["decided"]
        fields["lastModified"] = {"user": approver(run), "allowedAccounts": _ACCOUNTS, "lastModifiedTime": decided}
    return _without_nulls(fields)
