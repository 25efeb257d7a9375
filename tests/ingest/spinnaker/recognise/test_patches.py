"""What a patchManifest changes: pods, a workload around them, or configuration."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import fields_of, run, stage, tables

APPLIED = {
    "kind": "Deployment",
    "metadata": {"name": "shop", "namespace": "prod", "annotations": {"deployment.kubernetes.io/revision": "9"}},
    "spec": {"template": {"metadata": {"labels": {"app": "shop"}}, "spec": {
        "containers": [{"name": "shop", "image": "shop:2"}, {"name": "envoy", "image": "envoy:1"}]}}},
}  # fmt: skip


def facts(body: Any, target: str = "deployment shop", **context: Any) -> dict[str, list[Any]]:
    """Return the rows of a patch of a target."""
    patch = {"account": "prod", "location": "prod", "manifestName": target, "patchBody": body, **context}
    return tables(run(stages=[stage("patchManifest", patch)]))


def in_pod(**container: Any) -> Any:
    """Return a patch of a container."""
    return {"spec": {"template": {"spec": {"containers": [{"name": "shop", **container}]}}}}


def test_a_patch_of_an_image_is_a_deploy_of_the_workload() -> None:
    """With all its images where the outcome is known, and without a template: only the image changed."""
    fields = ("action", "cluster", "workload_kind", "location", "images", "template", "server_group")
    (row,) = facts(in_pod(image="shop:2"), **{"outputs.manifests": [APPLIED]})["rollout"]
    assert fields_of(row, *fields) == ("deploy", "shop", "deployment", "prod", ["shop:2", "envoy:1"], None, "9")
    (row,) = facts(in_pod(image="shop:2"))["rollout"]
    assert fields_of(row, *fields) == ("deploy", "shop", "deployment", "prod", ["shop:2"], None, None)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (
            {"spec": {"template": {"metadata": {"annotations": {"restartedAt": "2026-03-02"}}}}},
            "annotations/restartedAt",
        ),
        (in_pod(env=[{"name": "LEVEL", "value": "debug"}]), "env/shop/LEVEL"),
        ([{"op": "add", "path": "/spec/template/metadata/annotations/a.io~1b", "value": "x"}], "annotations/a.io/b"),
    ],
)
def test_a_patch_of_keys_leaves_the_images(body: Any, key: str) -> None:
    """A deploy whose own images are unchanged, with the keys that it sets."""
    (row,) = facts(body, **{"outputs.manifests": [APPLIED]})["rollout"]
    assert fields_of(row, "action", "images", "template", "labels") == ("deploy", None, None, ["app=shop"])
    assert [entry.partition("=")[0] for entry in row.template_keys] == [key]


def test_a_patch_of_the_pod_changes_its_template() -> None:
    """Another limit is another template, the same patch the same."""
    limits = [facts(in_pod(resources={"limits": {"cpu": cpu}}))["rollout"][0].template for cpu in (1, 1, 2)]
    assert limits[0] == limits[1] != limits[2]
    assert None not in limits


def test_operations_on_paths_are_read_as_the_parts_they_change() -> None:
    """A JSON patch names the container by its position."""
    body = [
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "shop:3"},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]
    (row,) = facts(body)["rollout"]
    assert fields_of(row, "action", "images", "template") == ("deploy", ["shop:3"], None)


@pytest.mark.parametrize(
    "body",
    [
        {"spec": {"replicas": 3}},
        {"metadata": {"labels": {"a": "b"}}},
        [{"op": "replace", "path": "/spec/replicas", "value": 3}],
    ],
)
def test_a_patch_that_reaches_no_pod_scales(body: Any) -> None:
    """Replicas and metadata of a workload are no content."""
    (row,) = facts(body, **{"outputs.manifests": [APPLIED]})["rollout"]
    assert fields_of(row, "action", "images", "template") == ("scale", None, None)


@pytest.mark.parametrize(
    ("target", "more"),
    [("service shop", {}), ("widget.acme.io shop", {"outputs.manifests": [{"kind": "Widget", "spec": {}}]})],
)
def test_a_patch_of_configuration_is_configuration(target: str, more: Any) -> None:
    """Even one with a template of its own; a custom kind is known by what it holds once it is applied."""
    rows = facts({"spec": {"template": {"data": 1}}}, target, **more)
    assert "rollout" not in rows
    (row,) = rows["config_manifest"]
    assert fields_of(row, "action", "name", "location") == ("patch", "shop", "prod")
    assert row.fingerprint is not None
