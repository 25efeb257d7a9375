"""Contexts of the stages that change Kubernetes workloads, with manifests as the cluster returns them."""

from __future__ import annotations

from ingest.simulation.model.clock import digest, ulid, uuid
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage
from ingest.simulation.model.world import Json


def baked_artifact(run: Run) -> Json:
    """The baked manifest as a reference into the artifact store."""
    # The same image with another configuration is another artifact.
    reference = f"ref://{run.app.name}/{digest(run.image, run.manifest)}"
    return {"type": "remote/base64", "name": run.app.name, "reference": reference, "customKind": False, "metadata": {}}


def _workload(run: Run, stage: Stage) -> str:
    role = stage.detail.get("role")
    return f"{run.app.name}-{role}" if role else run.app.name


def _manifest(run: Run, stage: Stage) -> Json:
    name, location, account = _workload(run, stage), stage.detail["location"], stage.detail["account"]
    baseline = stage.detail.get("role") == "baseline"
    # The configuration is in the pod template: a config deployment changes nothing else.
    variables = {"REGION": account.removeprefix("prod-"), "CONFIG_REVISION": str(run.manifest), "LOG_LEVEL": "info"}
    container = {
        "name": run.app.name,
        "image": f"registry.acme.example/{run.app.name}:stable" if baseline else run.image,
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


def _applied(run: Run, stage: Stage, manifest: Json) -> Json:
    """A manifest as the cluster returns it after it was applied."""
    name, location = _workload(run, stage), stage.detail["location"]
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
    """Context of deployManifest: only the plan until the stage has started, then its results too."""
    account, location, name = stage.detail["account"], stage.detail["location"], _workload(run, stage)
    context: Json = {
        "account": account,
        "cloudProvider": "kubernetes",
        "manifestArtifactId": uuid("baked", run.app.name),
        "moniker": {"app": run.app.name, "cluster": f"deployment {name}"},
        "namespaceOverride": location,
        "skipExpressionEvaluation": True,
        "source": "artifact",
        "trafficManagement": {"enabled": False, "options": {"enableTraffic": False, "services": []}},
    }
    # Orca adds results to the context of a stage while its tasks run; its plan is there from the beginning.
    if stage.start is None:
        return context
    manifest = _manifest(run, stage)
    context |= {"manifests": [manifest], **_kato(run, stage)}
    # Clouddriver refused the manifest, so that the cluster returned none.
    if stage.stuck == "deployManifest":
        return context
    artifact = {"type": "kubernetes/deployment", "name": name, "location": location, "reference": name, "version": ""}
    here = [{"manifestName": f"deployment {name}", "location": location}]
    return context | {
        **_names(run, stage),
        "outputs.manifests": [_applied(run, stage, manifest)],
        "outputs.createdArtifacts": [{**artifact, "customKind": False, "metadata": {"account": account}}],
        "outputs.boundArtifacts": [],
        "stableManifests": here if stage.status == "SUCCEEDED" else [],
        "failedManifests": here if stage.stuck else [],
    }


def _kato(run: Run, stage: Stage) -> Json:
    task = ulid(stage.start or 0, run.seed, "kato", stage.ref)
    failed = stage.stuck == "deployManifest"
    # Orca keeps the Clouddriver task of each operation under ``kato``.
    return {
        "deploy.account.name": stage.detail["account"],
        "deploy.server.groups": {},
        "kato.last.task.id": {"id": task},
        "kato.result.expected": False,
        "kato.task.lastStatus": "TERMINAL" if failed else "SUCCEEDED",
        "kato.tasks": [{"id": task, "status": {"completed": True, "failed": failed, "retryable": False}}],
    }


def restart(run: Run, stage: Stage) -> Json:
    """Context of rollingRestartManifest, and what other stages on an existing workload share with it."""
    context: Json = {
        "account": stage.detail["account"],
        "app": run.app.name,
        "cloudProvider": "kubernetes",
        "location": stage.detail["location"],
        "manifestName": f"deployment {_workload(run, stage)}",
        "mode": "static",
    }
    return context if stage.start is None else context | _names(run, stage) | _kato(run, stage)


def delete(run: Run, stage: Stage) -> Json:
    """Context of deleteManifest, which removes the workloads of a canary."""
    return {**restart(run, stage), "options": {"cascading": True}}


def undo(run: Run, stage: Stage) -> Json:
    """Context of undoRolloutManifest as the UI makes it: a revision to return to, or how many to go back."""
    context = {**restart(run, stage), "reason": "error rate went up after the rollout", "user": run.user}
    if run.to_revision and run.restored:
        return context | {"revision": str(run.restored.revision)}
    return context | {"numRevisionsBack": run.steps}


def outputs(run: Run, stage: Stage) -> Json:
    """Outputs of a stage that applied a manifest; empty for other stages."""
    if stage.type != "deployManifest" or stage.start is None or stage.stuck == "deployManifest":
        return {}
    return _names(run, stage)


def _names(run: Run, stage: Stage) -> Json:
    names = [f"deployment {_workload(run, stage)}"]
    return {"outputs.manifestNamesByNamespace": {stage.detail["location"]: names}}
