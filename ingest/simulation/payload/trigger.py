"""Triggers: what started a run, and where in it the commit is to be found."""

from __future__ import annotations

from typing import Any

from ingest.simulation.model.clock import uuid
from ingest.simulation.model.execution import Run

Json = dict[str, Any]


def trigger(run: Run) -> Json:
    """The trigger of a run, all but the parent's document of a child."""
    found: Json = {
        "type": run.trigger,
        "user": run.user,
        "parameters": {},
        "artifacts": [],
        "notifications": [],
        "rebake": False,
        "dryRun": run.action == "dry",
        "strategy": False,
        "resolvedExpectedArtifacts": [],
        "eventId": uuid(run.seed, "event"),
        "executionId": run.id,
    }
    if run.trigger == "cron":
        return found | {"cronExpression": "0 0 3 ? * MON-FRI"}
    if run.upstream:
        return found | _pipeline(run.upstream)
    if run.parent:
        return found | _parent(run.parent)
    if not run.carries:
        return found | {"parameters": {"reason": "by hand", "config_revision": str(run.manifest)}}
    if run.action == "rollback" and run.app.trigger != "docker":
        return found | {"parameters": {"GIT_COMMIT": run.change.sha, "reason": "error rate went up"}}
    return found | {"git": _git, "jenkins": _jenkins, "docker": _docker}[run.app.trigger](run)


def _pipeline(above: Run) -> Json:
    return {
        "isPipeline": True,
        "parentPipelineApplication": above.app.name,
        "parentPipelineId": uuid("pipeline", above.app.name, above.name),
        "parentPipelineName": above.name,
        "parentStatus": "SUCCEEDED",
    }


def _parent(parent: Run) -> Json:
    """A parent that waits is known by the stage in which it does."""
    stage, found = parent.stage_id(parent.handover), _pipeline(parent)
    correlated = f"{parent.id}_{stage}_{found['parentPipelineId']}_{parent.start}"
    return found | {"parentPipelineStageId": stage, "parentStatus": "RUNNING", "correlationId": correlated}


def _branch(run: Run) -> str:
    return run.change.branch if run.action == "branch" else "main"


def _artifact(run: Run) -> Json:
    name, version = run.image.split(":")
    return {
        "type": "docker/image",
        "name": name,
        "version": version,
        "reference": run.image,
        "artifactAccount": "acme-registry",
        "customKind": False,
        "metadata": {},
    }


def _git(run: Run) -> Json:
    return {
        "source": "github",
        "project": "acme",
        "slug": run.app.repo.split("/")[1],
        "branch": _branch(run),
        "hash": run.change.sha,
        "action": "push:push",
        "events": ["push"],
        "artifacts": [_artifact(run)],
    }


def _jenkins(run: Run) -> Json:
    change, job, number = run.change, f"{run.app.name}-main", 400 + run.change.index
    scm = {
        "name": f"origin/{_branch(run)}",
        "branch": _branch(run),
        "sha1": change.sha,
        "committer": change.author,
        "message": change.title,
        "timestamp": change.at,
        "remoteUrl": f"https://github.example/{run.app.repo}.git",
    }
    build = {
        "name": job,
        "number": number,
        "url": f"https://ci.acme.example/job/{job}/{number}/",
        "result": "SUCCESS",
        "building": False,
        "timestamp": str(change.at + 20_000),
        "duration": 240_000,
        "fullDisplayName": f"{job} #{number}",
        "artifacts": [],
        "scm": [scm],
    }
    return {"master": "ci", "job": job, "buildNumber": number, "buildInfo": build, "properties": {}, "propertyFile": ""}


def _docker(run: Run) -> Json:
    _, tag = run.image.split(":")
    return {
        "account": "acme-registry",
        "organization": "acme",
        "registry": "registry.acme.example",
        "repository": run.app.name,
        "tag": tag,
        "artifacts": [_artifact(run)],
    }
