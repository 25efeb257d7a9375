"""What stands in a stage's ``context``, by its type and by how far it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ingest.simulation.model import canary
from ingest.simulation.model.clock import iso, uuid
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage
from ingest.simulation.payload import manifests, server_groups

Json = dict[str, Any]
_FAILED = frozenset({"TERMINAL", "FAILED_CONTINUE"})
_REASONS = {
    "createBake": "Bake failed: chart acme-service 3.1.0 could not be rendered",
    "monitorBake": "Bake failed: the package repository did not answer",
    "waitOnJobCompletion": "Job integration-tests failed: 3 of 412 tests failed",
    "deployManifest": "Deploy failed: exceeded quota: compute, requested: limits.cpu=4",
    "waitForManifestToStabilize": "Deployment exceeded its progress deadline: readiness probe failed with 503",
    "waitForUpInstances": "Timed out waiting for instances to come up",
    "waitForClusterDisable": "Timed out waiting for instances to leave the load balancer",
    "monitorPipeline": "Pipeline deploy-production failed",
    "waitForJudgment": "Judgment was not given",
}


def context(run: Run, stage: Stage) -> Json:
    """The context of one stage of a run."""
    found = _BY_TYPE.get(stage.type, _plain)(run, stage)
    if stage.status in _FAILED and stage.stuck in _REASONS and not stage.detail.get("decision"):
        found["exception"] = _exception(stage)
    if stage.detail.get("restarted"):
        found["restartDetails"] = {
            "restartedBy": "oncall@acme.example",
            "restartTime": stage.detail["restarted"],
            "previousException": {"details": {"error": "Unexpected Task Failure", "errors": ["Pod was evicted"]}},
        }
    return found


def _exception(stage: Stage) -> Json:
    details = {"error": "Unexpected Task Failure", "errors": [_REASONS[stage.stuck]]}
    return {"exceptionType": "RuntimeException", "operation": stage.stuck, "details": details, "shouldRetry": False}


def _plain(run: Run, stage: Stage) -> Json:
    return {"application": run.app.name}


def _bake(run: Run, stage: Stage) -> Json:
    found: Json = {
        "cloudProvider": "kubernetes",
        "namespace": "shop",
        "outputName": run.app.name,
        "templateRenderer": "HELM3",
        "overrides": {"image.tag": run.change.sha[: run.app.tag], "replicas": "3"},
        "inputArtifacts": [{"account": "acme-charts", "artifact": manifests.chart()}],
    }
    if stage.status == "SUCCEEDED":
        found["artifacts"] = [manifests.baked(run)]
    return found


def _vm_bake(run: Run, stage: Stage) -> Json:
    found: Json = {"cloudProviderType": "aws", "baseOs": "jammy", "package": run.app.name, "regions": ["eu-west-1"]}
    if stage.status == "SUCCEEDED":
        found |= {"ami": server_groups.machine_image(run)[0], "imageName": server_groups.machine_image(run)[1]}
    return found


def _job(run: Run, stage: Stage) -> Json:
    return {
        "account": "staging",
        "application": run.app.name,
        "cloudProvider": "kubernetes",
        "credentials": "staging",
        "source": "text",
        "completeOtherBranchesThenFail": False,
        "failPipeline": True,
    }


def _jenkins(run: Run, stage: Stage) -> Json:
    return {"master": "ci", "job": f"{run.app.name}-nightly", "parameters": {}, "buildNumber": run.build // 86_400_000}


def _judgment(run: Run, stage: Stage) -> Json:
    found: Json = {
        "instructions": f"Release {run.app.name} {run.change.sha[:7]} to production?",
        "judgmentInputs": [],
        "selectedStageRoles": ["release-managers"],
        "notifications": [],
        "failPipeline": True,
        "stageTimeoutMs": 14_400_000 if run.ending == "judgment_timeout" else 259_200_000,
    }
    if stage.status in {"SUCCEEDED", "TERMINAL"} and stage.detail.get("decision"):
        found |= {"judgmentStatus": stage.detail["decision"], "lastModifiedBy": approver(run)}
    return found


def approver(run: Run) -> str:
    """Who decides the run's judgment: somebody other than whoever started it."""
    return next(f"{name}@acme.example" for name in ("dora", "cesar") if not run.user.startswith(name))


def _child(run: Run, stage: Stage) -> Json:
    found: Json = {
        "application": run.app.name,
        "pipeline": uuid("pipeline", run.app.name, "deploy-production"),
        "failPipeline": True,
        "waitForCompletion": True,
    }
    if run.child and stage.start:
        found |= {"executionId": run.child.id, "executionName": run.child.name}
    return found


def _canary(run: Run, stage: Stage) -> Json:
    found: Json = {
        "analysisType": "realTime",
        "canaryConfig": {
            "canaryConfigId": canary.CONFIG_ID,
            "metricsAccountName": "acme-prometheus",
            "storageAccountName": "acme-canaries",
            "scopes": [_scope(run)],
            "scoreThresholds": {name: str(value) for name, value in canary.THRESHOLDS.items()},
            "lifetimeDuration": "PT15M",
            "beginCanaryAnalysisAfterMins": "2",
            "canaryAnalysisIntervalMins": "5",
        },
    }
    if run.ending == "canary_overridden":
        found |= {"continuePipeline": True, "failPipeline": False}
    if stage.start:
        found["intervalStageId"] = run.stage_id(f"{stage.ref}<1")
    if stage.detail.get("scores") and stage.status not in {"RUNNING", "NOT_STARTED"}:
        scores = stage.detail["scores"]
        met = "met or exceeded" if scores[-1] >= canary.THRESHOLDS["pass"] else "is below"
        found["canaryScores"] = scores
        found["canaryScoreMessage"] = f"Final canary score {scores[-1]} {met} the pass score threshold."
    return found


def _scope(run: Run) -> Json:
    location = run.app.targets[0][1]
    return {
        "scopeName": "default",
        "controlScope": f"{run.app.name}-baseline",
        "controlLocation": location,
        "experimentScope": f"{run.app.name}-canary",
        "experimentLocation": location,
        "step": 60,
        "extendedScopeParams": {},
    }


def _judge(run: Run, stage: Stage) -> Json:
    found: Json = {"canaryConfigId": canary.CONFIG_ID, "scopes": canary.scopes(run, stage)}
    found["scoreThresholds"] = {name: str(value) for name, value in canary.THRESHOLDS.items()}
    if stage.start is None or stage.end is None:
        return found
    found["canaryPipelineExecutionId"] = canary.analysis_id(run, stage.detail["nth"])
    if stage.status == "RUNNING":
        return found
    found |= {"lastUpdated": stage.end, "lastUpdatedIso": iso(stage.end), "durationString": "PT25S"}
    if run.ending == "canary_error" and stage.detail["last"]:
        return found | {"canaryPipelineStatus": "TERMINAL", "exception": canary.failure(stage.end)}
    if stage.status == "CANCELED":
        return found | {"canaryPipelineStatus": "CANCELED"}
    return found | {
        "canaryPipelineStatus": "SUCCEEDED",
        "canaryScore": int(canary.score(canary.bad_metrics(run, stage))),
    }


def _wait(run: Run, stage: Stage) -> Json:
    return {"waitTime": 120 if stage.name.startswith("Warmup") else 300}


_BY_TYPE: dict[str, Callable[[Run, Stage], Json]] = {
    "bakeManifest": _bake,
    "bake": _vm_bake,
    "runJobManifest": _job,
    "jenkins": _jenkins,
    "manualJudgment": _judgment,
    "pipeline": _child,
    "kayentaCanary": _canary,
    "runCanary": _judge,
    "wait": _wait,
    "deployManifest": manifests.deploy,
    "deleteManifest": manifests.delete,
    "undoRolloutManifest": manifests.undo,
    "rollingRestartManifest": manifests.restart,
    "deploy": server_groups.clusters,
    "createServerGroup": server_groups.create_group,
    "disableCluster": server_groups.disable_cluster,
    "rollbackCluster": server_groups.roll_back_cluster,
    "rollbackServerGroup": server_groups.roll_back_group,
    "enableServerGroup": server_groups.switch_group,
    "disableServerGroup": server_groups.switch_group,
}
