"""What a Kubernetes stage deployed: workloads of any kind, their images, templates and targets."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import SHA, fields_of, rollouts, run, stage, tables


def deployment(image: str = "shop:1", name: str = "shop", **more: Any) -> dict[str, Any]:
    """Return a Deployment."""
    pod = {"containers": [{"name": "shop", "image": image}], **more}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "prod"},
        "spec": {"template": {"spec": pod}},
    }


def content(*manifests: Any, **context: Any) -> Any:
    """Return the rollout that deploys these manifests."""
    return rollouts(stage("deployManifest", {"manifests": list(manifests), **context}))[0]


def pod_in(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the pod template of a Deployment."""
    template: dict[str, Any] = manifest["spec"]["template"]
    return template


def test_the_template_is_all_of_the_pod_but_images_and_keys() -> None:
    """Another image, label, variable, stamp or number of replicas is the same template; another limit is not."""
    plain, other = content(deployment()), deployment("shop:2")
    other["metadata"] |= {"uid": "1", "annotations": {"deployment.kubernetes.io/revision": "8"}, "labels": {"a": "b"}}
    other["spec"]["replicas"] = 7
    pod_in(other)["metadata"] = {"labels": {"app": "shop"}, "creationTimestamp": None}
    pod_in(other)["spec"]["containers"][0] |= {"env": [{"name": "LEVEL", "value": "debug"}], "envFrom": [{"x": 1}]}
    assert content(other).template == plain.template
    assert content(deployment(terminationGracePeriodSeconds=5)).template != plain.template
    assert content({"kind": "Deployment", "metadata": {"name": "shop"}}).template is None


def test_the_template_does_not_depend_on_the_order_of_keys() -> None:
    """Nor on what is deployed beside it."""
    service = {"kind": "Service", "metadata": {"name": "shop"}, "spec": {"port": 80}}
    turned = deployment(dnsPolicy="None", hostNetwork=True)
    pod_in(turned)["spec"] = dict(reversed(pod_in(turned)["spec"].items()))
    assert content(service, turned).template == content(deployment(hostNetwork=True, dnsPolicy="None")).template


@pytest.mark.parametrize(
    ("manifest", "images"),
    [
        (deployment("r.example:5000/a/shop:1"), ["r.example:5000/a/shop:1"]),
        (deployment("r.example:5000/a/shop:1@sha256:00ff"), ["r.example:5000/a/shop:1@sha256:00ff"]),
        (deployment("b:1", initContainers=[{"image": "a:1"}, {"image": "b:1"}]), ["b:1", "a:1"]),
        (deployment(containers=[{"image": "shop:1"}, {"image": "envoy:1"}, {"image": "a:2"}]),
         ["shop:1", "envoy:1", "a:2"]),
    ],
)  # fmt: skip
def test_images_are_those_of_the_containers_in_order(manifest: Any, images: list[str]) -> None:
    """Containers first, then init containers, each once, with tag and digest as they stand."""
    assert content(manifest).images == images


POD = {"containers": [{"name": "main", "image": "shop:1"}]}
OTHER_POD = {"containers": [{"image": "b"}]}


@pytest.mark.parametrize(
    ("manifest", "kind", "images"),
    [
        ({"kind": "Pod", "spec": POD}, "pod", ["shop:1"]),
        ({"kind": "Rollout", "spec": {"strategy": {}, "template": {"spec": POD}}}, "rollout", ["shop:1"]),
        ({"kind": "Job", "spec": {"template": {"spec": POD}}}, "job", ["shop:1"]),
        ({"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": POD}}}}}, "cronjob", ["shop:1"]),
        ({"kind": "Service", "spec": {"template": {"spec": POD}}}, "service", ["shop:1"]),
        ({"kind": "Flink", "spec": {"parts": [{"podTemplate": {"spec": POD}}, {"pod": OTHER_POD}]}}, "flink",
         ["shop:1", "b"]),
        ({"kind": "PodTemplate", "template": {"spec": POD}}, "podtemplate", ["shop:1"]),
        ({"kind": "StatefulSet", "spec": {"template": "${ pod }"}}, "statefulset", None),
    ],
)  # fmt: skip
def test_a_workload_is_what_holds_a_pod_wherever_it_stands(manifest: Any, kind: str, images: list[str] | None) -> None:
    """In any kind, custom ones too, and at any place of a list."""
    manifest = {**manifest, "metadata": {"name": "shop"}}
    config = {"kind": "ConfigMap", "metadata": {"name": "shop"}, "data": {"pod": '{"containers": [{"image": "x"}]}'}}
    for manifests in ([config, manifest], [manifest, config], [{"kind": "List", "items": [manifest]}]):
        (row,) = rollouts(stage("deployManifest", {"manifests": manifests}))
        assert fields_of(row, "workload_kind", "cluster", "images") == (kind, "shop", images)


@pytest.mark.parametrize(
    "manifest",
    [
        {"kind": "ConfigMap", "data": {"image": "x"}},
        {"kind": "Odd", "spec": {"template": "text", "containers": {"image": "x"}}},
        {"kind": "Odd", "spec": {"containers": ["image"]}},
        {"kind": "Rollout", "spec": {"workloadRef": {"kind": "Deployment", "name": "shop"}}},
    ],
)
def test_what_holds_no_pod_is_no_workload(manifest: Any) -> None:
    """Whatever its kind is called."""
    assert rollouts(stage("deployManifest", {"manifests": [manifest]})) == []


def test_several_workloads_of_a_stage_are_several_rollouts() -> None:
    """The first has the id of the stage, the others the workload in theirs, each its own content and application."""
    api, web = deployment("api:1", "api"), deployment("web:1", "web")
    web["metadata"]["annotations"] = {"moniker.spinnaker.io/application": "storefront"}
    service = {"kind": "Service", "metadata": {"name": "api"}}
    rows = rollouts(stage("deployManifest", {"manifests": [service, api, web, web], "moniker": {"app": "core"}}))
    assert [fields_of(row, "id", "cluster", "application", "images") for row in rows] == [
        ("S", "api", "core", ["api:1"]),
        ("S/web", "web", "storefront", ["web:1"]),
        ("S/web#2", "web", "storefront", ["web:1"]),
    ]


def test_the_images_come_from_the_applied_manifest_of_the_same_workload() -> None:
    """The pipeline names an image, Spinnaker binds its tag or digest; a ReplicaSet gets its version."""
    asked = [deployment("shop"), {**deployment("api", "api"), "kind": "ReplicaSet"}]
    applied = [deployment("shop:1@sha256:aa"), {**deployment("api:2", "api-v007"), "kind": "ReplicaSet"}]
    context = {"manifests": asked, "outputs.manifests": applied[::-1]}
    shop, api = rollouts(stage("deployManifest", context))
    assert fields_of(shop, "images", "server_group") == (["shop:1@sha256:aa"], None)
    assert fields_of(api, "images", "cluster", "server_group") == (["api:2"], "api", "api-v007")


def test_keys_and_labels_come_from_the_request() -> None:
    """What Clouddriver adds to the pod stands in the applied manifest alone; without a request it is left out."""
    asked = deployment()
    pod_in(asked)["metadata"] = {"labels": {"app": "shop"}}
    applied = deepcopy(asked)
    pod_in(applied)["metadata"]["labels"] |= {"moniker.spinnaker.io/sequence": "4", "pod-template-hash": "55d"}
    requested, outputs = content(asked, **{"outputs.manifests": [applied]}), content(**{"outputs.manifests": [applied]})
    assert fields_of(requested, "labels", "template_keys") == fields_of(outputs, "labels", "template_keys")
    assert requested.labels == ["app=shop"]


def test_the_application_of_a_workload() -> None:
    """Its annotation, then the moniker of its stage, then the execution; what the stage names otherwise is landed."""
    asked, applied = deployment(), deployment()
    applied["metadata"]["annotations"] = {"moniker.spinnaker.io/application": "annotated"}
    moniker = {"moniker": {"app": "staged"}}
    both = content(asked, **moniker, **{"outputs.manifests": [applied]})
    same = content(applied, moniker={"app": "Annotated"})
    assert fields_of(both, "application", "other_application") == ("annotated", "staged")
    assert fields_of(same, "application", "other_application") == ("annotated", None)
    assert fields_of(content(asked, **moniker), "application", "other_application") == ("staged", None)
    assert fields_of(content(asked), "application", "other_application") == ("shop", None)


@pytest.mark.parametrize(
    ("metadata", "pod_metadata", "commit"),
    [
        ({"annotations": {"acme.io/git-sha": SHA}}, {}, SHA),
        ({}, {"labels": {"app.kubernetes.io/version": "1.2-9c1f0e5"}}, "9c1f0e5"),
        ({"annotations": {"artifact.spinnaker.io/commit": SHA}}, {}, None),
        ({"labels": {"app": SHA}}, {}, None),
    ],
)
def test_the_commit_that_a_workload_names(metadata: Any, pod_metadata: Any, commit: str | None) -> None:
    """In a label or annotation of its own, under a name for one; another workload's is no commit of it."""
    own = deployment()
    own["metadata"] |= metadata
    pod_in(own)["metadata"] = pod_metadata
    other, named = rollouts(stage("deployManifest", {"manifests": [deployment(name="other"), own]}))
    assert (other.commit, named.commit) == (None, commit)


def test_location_and_cluster_of_a_manifest() -> None:
    """Override, then the stage's own location, then the manifest's namespace, then what the stage applied."""
    config = {"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "early"}}
    assert fields_of(content(config, deployment()), "location", "cluster") == ("prod", "shop")
    assert content(deployment(), namespaceOverride="over", location="there").location == "over"
    assert content(deployment(), location="there").location == "there"
    names = {"manifestNamesByNamespace": None, "outputs.manifestNamesByNamespace": {"ns": ["deployment x"]}}
    assert fields_of(rollouts(stage("deployManifest", names))[0], "location", "cluster") == ("ns", "x")


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"moniker": {"cluster": "deployment web"}}, ("deployment", "web", None)),
        ({"moniker": {"cluster": "web"}}, (None, "web", None)),
        ({"outputs.manifestNamesByNamespace": {"ns": ["replicaSet web-v012"]}}, ("replicaset", "web", "web-v012")),
        ({"outputs.manifestNamesByNamespace": {"ns": ["Rollout.argoproj.io web"]}}, ("rollout", "web", None)),
        ({"outputs.manifestNamesByNamespace": {"ns": ["service.serving.knative.dev web"]}}, ("service", "web", None)),
        ({}, (None, None, None)),
    ],
)
def test_a_stage_whose_manifests_are_unknown_is_read_by_names(context: Any, expected: tuple[str | None, ...]) -> None:
    """Before Orca has evaluated them, and in a listing without outputs."""
    (row,) = rollouts(stage("deployManifest", context, status="NOT_STARTED"))
    assert fields_of(row, "workload_kind", "cluster", "server_group") == expected
    assert fields_of(row, "images", "template", "accepted_at") == (None, None, None)


def test_pods_below_the_bound_are_not_searched() -> None:
    """A manifest that nests without end costs no more than its size, and is configuration."""
    nested: Any = POD
    for _ in range(60):
        nested = {"inner": [nested]}
    deep = {"kind": "Odd", "metadata": {"name": "x"}, "spec": nested}
    rows = tables(run(stages=[stage("deployManifest", {"manifests": [deep]})]))
    assert "rollout" not in rows
    assert rows["config_manifest"][0].kind == "odd"
