"""The trigger of an execution: what started it, and the commit as that names it."""

from __future__ import annotations

from ingest.simulation.model.clock import uuid
from ingest.simulation.model.execution import Run
from ingest.simulation.model.world import Json


def trigger(run: Run) -> Json:
    """The trigger of a run, without the document of its parent."""
    common: Json = {
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
        return common | {"cronExpression": "0 0 3 ? * MON-FRI"}
    if run.upstream:
        return common | _pipeline(run.upstream)
    if parent := run.parent:
        # The waiting stage is the one after bake, staging (if inline) and tests.
        stage = parent.stage_id("4" if parent.app.staging == "inline" else "3")
        fields = _pipeline(parent)
        correlation = f"{parent.id}_{stage}_{fields['parentPipelineId']}_{parent.start}"
        fields |= {"parentPipelineStageId": stage, "parentStatus": "RUNNING", "correlationId": correlation}
        return common | fields
    # Rollbacks of server groups, restarts and half of the config deployments carry no commit.
    if not run.names_commit:
        return common | {"parameters": {"reason": "by hand", "config_revision": str(run.manifest)}}
    # A manual pipeline has no push to name the commit, so that people pass it as a parameter.
    if run.action == "rollback" and run.app.trigger != "docker":
        return common | {"parameters": {"GIT_COMMIT": run.change.sha, "reason": "error rate went up"}}
    return common | {"git": _git, "jenkins": _jenkins, "docker": _docker}[run.app.trigger](run)


def _pipeline(parent: Run) -> Json:
    return {
        "isPipeline": True,
        "parentPipelineApplication": parent.app.name,
        "parentPipelineId": uuid("pipeline", parent.app.name, parent.name),
        "parentPipelineName": parent.name,
        "parentStatus": "SUCCEEDED",
    }


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
    # Build numbers rise with the trunk.
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
    return {
        "account": "acme-registry",
        "organization": "acme",
        "registry": "registry.acme.example",
        "repository": run.app.name,
        "tag": run.image.split(":")[1],
        "artifacts": [_artifact(run)],
    }
