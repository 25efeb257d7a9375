"""Contexts of the stages that change Kubernetes workloads, with manifests as the cluster gives them back."""

from __future__ import annotations

from typing import Any

from ingest.simulation.model.clock import digest, ulid, uuid
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage

Json = dict[str, Any]


def chart() -> Json:
    """The chart that every service is baked from."""
    return {"type": "helm/chart", "name": "acme-service", "version": "3.1.0", "artifactAccount": "acme-charts"}


def baked(run: Run) -> Json:
    """The baked manifest as an artifact, kept in the artifact store."""
    reference = f"ref://{run.app.name}/{digest(run.image, run.manifest)}"
    return {"type": "remote/base64", "name": run.app.name, "reference": reference, "customKind": False, "metadata": {}}


def workload(run: Run, stage: Stage) -> str:
    """Name of the workload that a stage changes: the service, or its canary or baseline."""
    role = stage.detail.get("role")
    return f"{run.app.name}-{role}" if role else run.app.name


def _manifest(run: Run, stage: Stage) -> Json:
    name, location, account = workload(run, stage), stage.detail["location"], stage.detail["account"]
    image = run.image
    if stage.detail.get("role") == "baseline":
        image = f"registry.acme.example/{run.app.name}:stable"
    variables = {"REGION": account.removeprefix("prod-"), "CONFIG_REVISION": str(run.manifest), "LOG_LEVEL": "info"}
    container = {
        "name": run.app.name,
        "image": image,
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "env": [{"name": key, "value": value} for key, value in variables.items()],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5},
    }
    labels = {"app": name, "team": run.app.team, "chart": "acme-service-3.1.0"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": location, "labels": labels},
        "spec": {
            "replicas": 1 if stage.detail.get("role") else 3,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _stamped(run: Run, stage: Stage, manifest: Json) -> Json:
    """The manifest as the cluster returns it after it was applied."""
    name, location = workload(run, stage), stage.detail["location"]
    annotations = {
        "artifact.spinnaker.io/location": location,
        "artifact.spinnaker.io/name": name,
        "artifact.spinnaker.io/type": "kubernetes/deployment",
        "artifact.spinnaker.io/version": "",
        "deployment.kubernetes.io/revision": str(run.revision),
        "moniker.spinnaker.io/application": run.app.name,
        "moniker.spinnaker.io/cluster": f"deployment {name}",
    }
    metadata = {
        **manifest["metadata"],
        "annotations": annotations,
        "creationTimestamp": "2024-02-12T09:14:03Z",
        "generation": run.revision,
        "resourceVersion": str((stage.start or 0) // 1000),
        "uid": uuid(stage.detail["account"], name),
    }
    ready = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}
    status = {"observedGeneration": run.revision, "replicas": manifest["spec"]["replicas"], "conditions": [ready]}
    return {**manifest, "metadata": metadata, "status": status}


def deploy(run: Run, stage: Stage) -> Json:
    """Context of deployManifest: the plan alone until it has begun, and what came of it after that."""
    account, location, name = stage.detail["account"], stage.detail["location"], workload(run, stage)
    found: Json = {
        "account": account,
        "cloudProvider": "kubernetes",
        "manifestArtifactId": uuid("baked", run.app.name),
        "moniker": {"app": run.app.name, "cluster": f"deployment {name}"},
        "namespaceOverride": location,
        "skipExpressionEvaluation": True,
        "source": "artifact",
        "trafficManagement": {"enabled": False, "options": {"enableTraffic": False, "services": []}},
    }
    if stage.start is None:
        return found
    manifest = _manifest(run, stage)
    found |= {"manifests": [manifest], **_kato(run, stage)}
    if stage.stuck == "deployManifest":
        return found
    artifact = {"type": "kubernetes/deployment", "name": name, "location": location, "reference": name, "version": ""}
    found |= {
        "outputs.manifestNamesByNamespace": {location: [f"deployment {name}"]},
        "outputs.manifests": [_stamped(run, stage, manifest)],
        "outputs.createdArtifacts": [{**artifact, "customKind": False, "metadata": {"account": account}}],
        "outputs.boundArtifacts": [],
    }
    here = [{"manifestName": f"deployment {name}", "location": location}]
    settled = stage.status == "SUCCEEDED"
    return found | {"stableManifests": here if settled else [], "failedManifests": here if stage.stuck else []}


def _kato(run: Run, stage: Stage) -> Json:
    account = stage.detail["account"]
    task = ulid(stage.start or 0, run.seed, "kato", stage.ref)
    failed = stage.stuck == "deployManifest"
    status = {"completed": True, "failed": failed, "retryable": False}
    return {
        "deploy.account.name": account,
        "deploy.server.groups": {},
        "kato.last.task.id": {"id": task},
        "kato.result.expected": False,
        "kato.task.lastStatus": "TERMINAL" if failed else "SUCCEEDED",
        "kato.tasks": [{"id": task, "status": status}],
    }


def _target(run: Run, stage: Stage) -> Json:
    name, location = workload(run, stage), stage.detail["location"]
    found: Json = {
        "account": stage.detail["account"],
        "app": run.app.name,
        "cloudProvider": "kubernetes",
        "location": location,
        "manifestName": f"deployment {name}",
        "mode": "static",
    }
    if stage.start is None:
        return found
    return found | {"outputs.manifestNamesByNamespace": {location: [f"deployment {name}"]}, **_kato(run, stage)}


def delete(run: Run, stage: Stage) -> Json:
    """Context of deleteManifest, which takes the canary's workloads away."""
    return {**_target(run, stage), "options": {"cascading": True}}


def restart(run: Run, stage: Stage) -> Json:
    """Context of rollingRestartManifest."""
    return _target(run, stage)


def undo(run: Run, stage: Stage) -> Json:
    """Context of undoRolloutManifest as the UI makes it: a revision to return to, or how many to go back."""
    found = {**_target(run, stage), "reason": "error rate went up after the rollout", "user": run.user}
    if run.to_revision and run.restored:
        return found | {"revision": str(run.restored.revision)}
    return found | {"numRevisionsBack": run.steps}


def rolled_out(run: Run, stage: Stage) -> Json:
    """Outputs of a stage that applied a manifest."""
    if stage.type != "deployManifest" or stage.start is None or stage.stuck == "deployManifest":
        return {}
    location = stage.detail["location"]
    names = {location: [f"deployment {workload(run, stage)}"]}
    return {"outputs.manifestNamesByNamespace": names}
