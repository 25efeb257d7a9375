"""The ``context`` of a stage, by its type and status."""

from __future__ import annotations

from collections.abc import Callable

from ingest.simulation.model import canary
from ingest.simulation.model.clock import DAY, iso, uuid
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage
from ingest.simulation.model.world import Json
from ingest.simulation.payload import manifests, server_groups

_ERRORS = {
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
_SCORE_THRESHOLDS = {name: str(value) for name, value in canary.THRESHOLDS.items()}


def context(run: Run, stage: Stage) -> Json:
    """The context of one stage of a run."""
    builder = _BY_TYPE.get(stage.type)
    fields: Json = builder(run, stage) if builder else {"application": run.app.name}
    # A rejected judgment is a decision, not an exception.
    if stage.status in {"TERMINAL", "FAILED_CONTINUE"} and stage.stuck in _ERRORS and not stage.detail.get("decision"):
        fields["exception"] = {
            "exceptionType": "RuntimeException",
            "operation": stage.stuck,
            "details": {"error": "Unexpected Task Failure", "errors": [_ERRORS[stage.stuck]]},
            "shouldRetry": False,
        }
    if stage.detail.get("restarted"):
        fields["restartDetails"] = {
            "restartedBy": "oncall@acme.example",
            "restartTime": stage.detail["restarted"],
            "previousException": {"details": {"error": "Unexpected Task Failure", "errors": ["Pod was evicted"]}},
        }
    return fields


def _bake(run: Run, stage: Stage) -> Json:
    chart = {"type": "helm/chart", "name": "acme-service", "version": "3.1.0", "artifactAccount": "acme-charts"}
    fields: Json = {
        "cloudProvider": "kubernetes",
        "namespace": "shop",
        "outputName": run.app.name,
        "templateRenderer": "HELM3",
        "overrides": {"image.tag": run.change.sha[: run.app.tag], "replicas": "3"},
        "inputArtifacts": [{"account": "acme-charts", "artifact": chart}],
    }
    return fields | {"artifacts": [manifests.baked_artifact(run)]} if stage.status == "SUCCEEDED" else fields


def _vm_bake(run: Run, stage: Stage) -> Json:
    fields: Json = {"cloudProviderType": "aws", "baseOs": "jammy", "package": run.app.name, "regions": ["eu-west-1"]}
    ami, name = server_groups.machine_image(run)
    return fields | {"ami": ami, "imageName": name} if stage.status == "SUCCEEDED" else fields


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
    return {"master": "ci", "job": f"{run.app.name}-nightly", "parameters": {}, "buildNumber": run.build // DAY}


def _judgment(run: Run, stage: Stage) -> Json:
    fields: Json = {
        "instructions": f"Release {run.app.name} {run.change.sha[:7]} to production?",
        "judgmentInputs": [],
        "selectedStageRoles": ["release-managers"],
        "notifications": [],
        "failPipeline": True,
        # Four hours in the scenario of a timeout, else Orca's default of three days.
        "stageTimeoutMs": 14_400_000 if run.ending == "judgment_timeout" else 259_200_000,
    }
    if stage.status in {"SUCCEEDED", "TERMINAL"} and stage.detail.get("decision"):
        fields |= {"judgmentStatus": stage.detail["decision"], "lastModifiedBy": approver(run)}
    return fields


def approver(run: Run) -> str:
    """Who decides the manual judgment: not the user who started the run."""
    return next(f"{name}@acme.example" for name in ("dora", "cesar") if not run.user.startswith(name))


def _child(run: Run, stage: Stage) -> Json:
    fields: Json = {
        "application": run.app.name,
        "pipeline": uuid("pipeline", run.app.name, "deploy-production"),
        "failPipeline": True,
        "waitForCompletion": True,
    }
    if run.child and stage.start:
        fields |= {"executionId": run.child.id, "executionName": run.child.name}
    return fields


def _canary(run: Run, stage: Stage) -> Json:
    location = run.app.targets[0][1]
    scope = {
        "scopeName": "default",
        "controlScope": f"{run.app.name}-baseline",
        "controlLocation": location,
        "experimentScope": f"{run.app.name}-canary",
        "experimentLocation": location,
        "step": 60,
        "extendedScopeParams": {},
    }
    fields: Json = {
        "analysisType": "realTime",
        "canaryConfig": {
            "canaryConfigId": canary.CONFIG_ID,
            "metricsAccountName": "acme-prometheus",
            "storageAccountName": canary.STORAGE,
            "scopes": [scope],
            "scoreThresholds": _SCORE_THRESHOLDS,
            "lifetimeDuration": "PT15M",
            "beginCanaryAnalysisAfterMins": "2",
            "canaryAnalysisIntervalMins": "5",
        },
    }
    # Continue on failure: the stage is FAILED_CONTINUE, and people decide.
    if run.ending == "canary_overridden":
        fields |= {"continuePipeline": True, "failPipeline": False}
    if stage.start:
        # The synthetic stage that contains the analyses.
        fields["intervalStageId"] = run.stage_id(f"{stage.ref}<1")
    scores = None if run.action == "dry" else stage.detail.get("scores")
    # An interval that is not above the marginal threshold ends the analysis with a message of its own.
    if scores and scores[-1] > canary.THRESHOLDS["marginal"] and stage.status not in {"RUNNING", "NOT_STARTED"}:
        comparison = "met or exceeded" if scores[-1] >= canary.THRESHOLDS["pass"] else "is below"
        message = f"Final canary score {scores[-1]} {comparison} the pass score threshold."
        fields |= {"canaryScores": scores, "canaryScoreMessage": message}
    return fields


def _canary_analysis(run: Run, stage: Stage) -> Json:
    fields: Json = {
        "canaryConfigId": canary.CONFIG_ID,
        "scopes": canary.scopes(run, stage),
        "scoreThresholds": canary.THRESHOLDS,
        "storageAccountName": canary.STORAGE,
    }
    if stage.start is None or stage.end is None or run.action == "dry":
        return fields
    fields["canaryPipelineExecutionId"] = canary.analysis_id(run, stage.detail["nth"])
    if stage.status == "RUNNING":
        return fields
    fields |= {"lastUpdated": stage.end, "lastUpdatedIso": iso(stage.end), "durationString": "PT25S"}
    if run.ending == "canary_error" and stage.detail["last"]:
        return fields | {"canaryPipelineStatus": "TERMINAL", "exception": canary.failure(stage.end)}
    if stage.status == "CANCELED":
        return fields | {"canaryPipelineStatus": "CANCELED"}
    score = int(canary.score(canary.bad_metrics(run, stage)))
    if score <= canary.THRESHOLDS["marginal"]:
        fields["canaryScoreMessage"] = "Canary score is not above the marginal score threshold."
    return fields | {"canaryPipelineStatus": "SUCCEEDED", "canaryScore": score}


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
    "runCanary": _canary_analysis,
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
