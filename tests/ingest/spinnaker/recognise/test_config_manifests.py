"""Manifests without pods: configuration, alone or beside a workload."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import T, after, fields_of, manifest, run, stage, tables


def config(kind: str = "ConfigMap", name: str = "settings", **body: Any) -> dict[str, Any]:
    """Return a manifest without pods."""
    return {"kind": kind, "metadata": {"name": name, "namespace": "prod"}, **body}


def facts(*manifests: Any, stage_type: str = "deployManifest", **more: Any) -> dict[str, list[Any]]:
    """Return the rows of a stage that applies these manifests."""
    context = {"account": "prod-eu", "manifests": list(manifests), **more.pop("context", {})}
    return tables(run(stages=[stage(stage_type, context, **more)]))


def fingerprint(body: dict[str, Any]) -> str:
    """Return the fingerprint of a manifest."""
    (row,) = facts(body)["config_manifest"]
    assert row.fingerprint is not None
    return str(row.fingerprint)


@pytest.mark.parametrize(
    "kind", ["Service", "Ingress", "ConfigMap", "Secret", "Namespace", "HorizontalPodAutoscaler", "Widget"]
)
def test_configuration_alone_is_no_rollout(kind: str) -> None:
    """It has a row of its own, with when it was in force."""
    rows = facts(config(kind))
    assert "rollout" not in rows
    (row,) = rows["config_manifest"]
    fields = ("id", "kind", "name", "action", "account", "location", "application", "status", "applied_at")
    assert fields_of(row, *fields) == (
        f"S/{kind.lower()}/settings", kind.lower(), "settings", "deploy", "prod-eu", "prod", "shop", "succeeded",
        after(10_000),
    )  # fmt: skip


def test_configuration_beside_a_workload_is_told_apart() -> None:
    """The rollout is that of the workload, wherever it stands."""
    rows = facts(config("Service", "shop"), manifest("shop:1"), config())
    assert [row.cluster for row in rows["rollout"]] == ["shop"]
    assert [row.id for row in rows["config_manifest"]] == ["S/service/shop", "S/configmap/settings"]


def test_one_name_in_two_namespaces_is_two_manifests() -> None:
    """Their ids are unique."""
    other = config()
    other["metadata"] = {"name": "settings", "namespace": "test"}
    assert [row.id for row in facts(config(), other)["config_manifest"]] == [
        "S/configmap/settings",
        "S/configmap/settings#2",
    ]


def test_a_version_in_the_name_is_left_out() -> None:
    """Spinnaker appends one to a ConfigMap: the same content is the same configuration."""
    applied = config(name="settings-v004", data={"a": "1"})
    names = {"outputs.manifestNamesByNamespace": {"prod": ["configMap settings-v004"]}}
    (outputs,) = facts(context={"manifests": None, "outputs.manifests": [applied]})["config_manifest"]
    (named,) = facts(context={"manifests": None, **names})["config_manifest"]
    (requested,) = facts(config(data={"a": "1"}))["config_manifest"]
    assert [row.name for row in (outputs, named, requested)] == ["settings"] * 3
    assert (outputs.fingerprint, named.fingerprint) == (requested.fingerprint, None)


def test_the_fingerprint_is_of_the_content() -> None:
    """Neither stamps nor the commit, date or build that a pipeline writes into the metadata change it."""
    plain = config(data={"level": "info"})
    stamped = config(data={"level": "info"}, status={"x": 1})
    stamped["metadata"] |= {
        "uid": "1",
        "resourceVersion": "7",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "build-number": "17"},
        "labels": {"commit": "9c1f0e5", "builtAt": "2026-03-02"},
    }
    assert fingerprint(stamped) == fingerprint(plain)
    assert fingerprint(config(data={"level": "debug"})) != fingerprint(plain)
    assert fingerprint(config(data={"level": "info"}, immutable=True)) != fingerprint(plain)


def test_the_values_of_a_secret_are_not_landed() -> None:
    """Only the digest of the whole is."""
    (row,) = facts(config("Secret", data={"password": "aHVudGVyMg=="}))["config_manifest"]
    assert "aHVudGVyMg" not in repr(row)


def test_refused_configuration_is_not_in_force() -> None:
    """It was in force if the cluster accepted it, even if a workload beside it did not become stable."""
    refused = [{"name": "deployManifest", "status": "TERMINAL", "endTime": T + 5}]
    accepted = [{"name": "monitorDeploy", "status": "SUCCEEDED", "endTime": T + 5},
                {"name": "waitForManifestToStabilize", "status": "TERMINAL", "endTime": T + 9}]  # fmt: skip
    for tasks, at in ((refused, None), (accepted, after(5))):
        (row,) = facts(config(), manifest("shop:1"), tasks=tasks, status="TERMINAL")["config_manifest"]
        assert fields_of(row, "status", "applied_at") == ("failed", at)


def test_whose_configuration_it_is() -> None:
    """By its annotation, then its stage, then the execution."""
    annotated = config()
    annotated["metadata"]["annotations"] = {"moniker.spinnaker.io/application": "core"}
    rows = facts(annotated, config("Service"), context={"moniker": {"app": "web"}})["config_manifest"]
    assert [row.application for row in rows] == ["core", "web"]


def test_deleted_configuration() -> None:
    """By name, and by what a deletion by labels names afterwards."""
    by_name = {"location": "prod", "manifestName": "service shop", "mode": "static"}
    by_label = {"mode": "label", "outputs.manifestNamesByNamespace": {"prod": ["configMap c-v001", "deployment shop"]}}
    for context, config_row, workloads in (
        (by_name, ("delete", "service", "shop", "prod"), []),
        (by_label, ("delete", "configmap", "c", "prod"), ["shop"]),
    ):
        rows = facts(stage_type="deleteManifest", context=context)
        (row,) = rows["config_manifest"]
        assert fields_of(row, "action", "kind", "name", "location") == config_row
        assert row.applied_at == after(10_000)
        assert [rollout.cluster for rollout in rows.get("rollout", [])] == workloads
