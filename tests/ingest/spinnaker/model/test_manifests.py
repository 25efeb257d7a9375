"""What a Kubernetes stage deployed: images, workload, namespace, fingerprint."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import fields_of, rollouts, stage


def deployment(image: str = "shop:1", **more: Any) -> dict[str, Any]:
    """A Deployment."""
    pod = {"containers": [{"name": "shop", "image": image}], **more}
    return {
        "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": "prod"},
        "spec": {"template": {"spec": pod}},
    }


def content(*manifests: Any, **context: Any) -> Any:
    """The rollout that deploys these manifests."""
    return rollouts(stage("deployManifest", {"manifests": list(manifests), **context}))[0]


def test_the_fingerprint_ignores_images_and_stamps() -> None:
    """Another image, revision or stamp is the same configuration; another value that the team wrote is not."""
    plain = content(deployment())
    stamped = deployment("shop:2")
    stamped["metadata"] |= {
        "uid": "1",
        "resourceVersion": "5",
        "annotations": {"moniker.spinnaker.io/cluster": "x", "deployment.kubernetes.io/revision": "8"},
    }
    stamped["status"] = {"replicas": 2}
    assert content(stamped).manifest == plain.manifest
    assert content(deployment(terminationGracePeriodSeconds=5)).manifest != plain.manifest
    assert content().manifest is None


def test_the_fingerprint_does_not_depend_on_order() -> None:
    """Neither of manifests nor of keys."""
    service = {"kind": "Service", "metadata": {"name": "shop"}, "spec": {"port": 80}}
    turned = {key: service[key] for key in reversed(service)}
    assert content(deployment(), service).manifest == content(turned, deployment()).manifest


@pytest.mark.parametrize(
    ("manifest", "version"),
    [
        (deployment("r.example:5000/a/shop:1"), "r.example:5000/a/shop:1"),
        (deployment("r.example:5000/a/shop:1@sha256:00ff"), "r.example:5000/a/shop@sha256:00ff"),
        (deployment("b:1", initContainers=[{"image": "a:1"}, {"image": "b:1"}]), "a:1 b:1"),
        ({"kind": "Pod", "spec": {"containers": [{"image": "p:1"}]}}, "p:1"),
        (
            {
                "kind": "CronJob",
                "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "j"}]}}}}},
            },
            "j",
        ),
        ({"kind": "ConfigMap", "data": {"image": "x"}}, None),
        ({"kind": "Odd", "spec": {"template": "text", "containers": {"image": "x"}}}, None),
    ],
)
def test_the_version_is_the_images(manifest: Any, version: str | None) -> None:
    """Distinct, sorted, by digest if the image has one."""
    assert content(manifest).version == version


def test_the_image_comes_from_the_deployed_manifest() -> None:
    """The pipeline names an image, Spinnaker binds its tag or digest."""
    deployed = {"outputs.manifests": [deployment("shop:1@sha256:aa")]}
    assert content(deployment("shop"), **deployed).version == "shop@sha256:aa"


def test_location_and_cluster_of_a_manifest() -> None:
    """Override, then the stage's own location, then the manifest's namespace; the workload names the cluster."""
    config = {"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "early"}}
    assert fields_of(content(config, deployment()), "location", "cluster") == ("early", "shop")
    assert content(deployment(), namespaceOverride="over", location="there").location == "over"
    assert content(config).cluster == "settings"
    names = {"manifestNamesByNamespace": None, "outputs.manifestNamesByNamespace": {"ns": ["deployment x"]}}
    assert fields_of(rollouts(stage("deployManifest", names))[0], "location", "cluster") == ("ns", "x")
