"""Kubernetes manifests out of the compact description of a scenario."""

from __future__ import annotations

from itertools import chain
from typing import Any

Spec = dict[str, Any]
Json = dict[str, Any]
_POD_KINDS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Rollout", "Job", "Service")


def workload(spec: Spec, name: str, application: str) -> Json:
    """Return the manifest of a workload; a custom kind holds its pod template deeper than a Deployment."""
    kind = spec.get("kind", "Deployment")
    images = spec.get("images") or [spec["image"]] if "image" in spec or "images" in spec else []
    containers = [_container(number, image, spec) for number, image in enumerate(images)]
    pod: Json = {"containers": containers}
    if "init" in spec:
        pod["initContainers"] = [{"name": f"init-{n}", "image": image} for n, image in enumerate(spec["init"])]
    metadata = {key: dict(spec[key]) for key in ("labels", "annotations") if key in spec}
    template: Json = {"spec": pod} | ({"metadata": metadata} if metadata else {})
    body: Json = {"replicas": spec.get("replicas", 2), "template": template}
    if "steps" in spec:
        body["strategy"] = _progress(spec["steps"], spec.get("services", []))
    if kind == "CronJob":
        body = {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template}}}
    elif kind not in _POD_KINDS:
        body = {"groups": [{"replicas": 2, "worker": {"pod": template}}]}
    owner = {"annotations": {"moniker.spinnaker.io/application": spec.get("of", application)}}
    if spec.get("of") is False:
        owner = {}
    knative = {"apiVersion": "serving.knative.dev/v1"} if kind == "Service" else {}
    workload_labels = {"labels": spec["workload_labels"]} if "workload_labels" in spec else {}
    return {"kind": kind, **knative, "metadata": {"name": name, **owner, **workload_labels}, "spec": body}


def _progress(steps: Any, services: list[str]) -> Json:
    """Return the strategy of an Argo Rollout: its weights, ``pause`` until a promotion, and pauses of a duration.

    ``services`` are that of the new version and that of the stable one.
    """
    if steps == "bluegreen":
        return {"blueGreen": {"activeService": "shop", "autoPromotionEnabled": False}}
    parts = [
        {"setWeight": step} if isinstance(step, int) else {"pause": {} if step == "pause" else {"duration": step}}
        for step in steps
    ]
    return {"canary": {"steps": parts, **dict(zip(("canaryService", "stableService"), services, strict=False))}}


def _container(number: int, image: str, spec: Spec) -> Json:
    container: Json = {"name": f"c{number}", "image": image if "/" in image else f"registry/{image}"}
    if number == 0 and "env" in spec:
        container["env"] = [{"name": name, "value": str(value)} for name, value in spec["env"].items()]
    if number == 0 and "runs" in spec:
        container["command"] = ["sh", "-c", spec["runs"]]
    if number == 0 and "memory" in spec:
        container["resources"] = {"limits": {"memory": spec["memory"]}}
    return container


def config(kind_and_name: str, data: object) -> Json:
    """Return a manifest without pods."""
    kind, _, name = kind_and_name.partition(" ")
    field = "data" if kind in ("ConfigMap", "Secret") else "spec"
    return {"kind": kind, "metadata": {"name": name}, field: data if isinstance(data, dict) else {"value": data}}


def manifests_of(spec: Spec, application: str) -> list[Json]:
    """Return the manifests of a stage, in order: one, or those of ``apply``."""
    if "apply" in spec:
        return list(chain.from_iterable(manifests_of(each, application) for each in spec["apply"]))
    if "deploy" in spec:
        return [workload(spec, spec["deploy"], application)]
    if "config" in spec:
        return [config(spec["config"], spec.get("data", "same"))]
    host = spec.get("host", "shop")
    if "weights" in spec:
        shares = [(_destination(host, name), share) for name, share in spec["weights"].items()]
        route = [{"destination": destination, "weight": share} for destination, share in shares]
        return [config(f"VirtualService {host}", {"hosts": [host], "http": [{"route": route}]})]
    if "backends" in spec:
        backends = [{"name": name, "weight": share} for name, share in spec["backends"].items()]
        return [config(f"HTTPRoute {host}", {"rules": [{"backendRefs": backends}]})]
    subsets = [{"name": name, "labels": labels} for name, labels in spec["subsets"].items()]
    return [config(f"DestinationRule {host}", {"host": host, "subsets": subsets})]


def _destination(host: str, subset: str) -> Json:
    return {"host": host, "subset": subset}


def as_applied(manifest: Json, spec: Spec, namespace: str) -> Json:
    """Return a manifest as the cluster answers: with its namespace, and a ReplicaSet under its versioned name."""
    metadata = dict(manifest["metadata"]) | {"namespace": namespace}
    if manifest["kind"] == "ReplicaSet" and "version" in spec:
        metadata["name"] = f"{metadata['name']}-{spec['version']}"
    status = {"status": spec["state"]} if "state" in spec else {}
    metadata |= {"generation": spec["generation"]} if "generation" in spec else {}
    return manifest | {"metadata": metadata} | status
