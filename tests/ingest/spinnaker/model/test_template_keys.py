"""Labels, annotations and variables of a pod template as entries that compare."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.spinnaker.model.template_keys import key_entry, noise_class
from tests.ingest.spinnaker.conftest import SHA, rollouts, stage


def keys(metadata: Any, *containers: Any, **pod: Any) -> list[str]:
    """Return the entries of a Deployment with this pod."""
    template = {"metadata": metadata, "spec": {"containers": [{"name": "shop", "image": "a:1"}, *containers], **pod}}
    manifest = {"kind": "Deployment", "metadata": {"name": "shop"}, "spec": {"template": template}}
    (row,) = rollouts(stage("deployManifest", {"manifests": [manifest]}))
    entries: list[str] = row.template_keys
    return entries


@pytest.mark.parametrize(
    ("name", "value", "noise"),
    [
        ("git-sha", SHA, "commit"),
        ("anything", "9c1f0e5", "commit"),
        ("anything", "1" * 40, "commit"),
        ("color", "decade", None),
        ("port", "12345678", None),
        ("builtAt", "2026-03-02T09:30:00Z", "date"),
        ("builtAt", "2026-03-02T09:30:00.123+01:00", "date"),
        ("builtAt", "2026-03-02", "date"),
        ("builtAt", "20260302-093000", "date"),
        ("builtAt", "1772443800", "date"),
        ("builtAt", 1772443800123, "date"),
        ("kubectl.kubernetes.io/restartedAt", "2026-03-02T09:30:00+01:00", "date"),
        ("MAX_BYTES", "1073741824", None),
        ("BUILD_NUMBER", "512", "build"),
        ("ci.acme.io/run-id", "512", "build"),
        ("CI_PIPELINE_IID", 512, "build"),
        ("build", "512", "build"),
        ("BUILD_TIMEOUT", "512", None),
        ("REPLICAS", "3", None),
        ("BUILD_NUMBER", "v512", None),
        ("checksum/config", SHA, None),
        ("checksum/date", "2026-03-02", None),
        ("version", "1.2.3", None),
        ("flag", True, None),
    ],
)
def test_what_differs_with_every_run_has_a_class(name: str, value: Any, noise: str | None) -> None:
    """A commit, a date or the number of a build by its name; the checksum of a configuration is no noise."""
    assert noise_class(name, value) == noise


def test_an_entry_names_where_and_what_but_not_the_value() -> None:
    """A variable may be a secret: only a digest of its value is landed, beside its class."""
    variables = [
        {"name": "PASSWORD", "value": "hunter2"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s"}}},
    ]
    sidecar = {"name": "proxy", "image": "p:1", "env": variables, "envFrom": [{"configMapRef": {"name": "c"}}]}
    init = [{"name": "wait", "image": "w:1", "env": [{"name": "LEVEL", "value": "info"}]}]
    entries = keys({"labels": {"app": "shop"}, "annotations": {"built": "2026-03-02"}}, sidecar, initContainers=init)
    assert [entry.partition("=")[0] for entry in entries] == [
        "annotations/built", "env/proxy/KEY", "env/proxy/PASSWORD", "env/proxy/envFrom", "env/wait/LEVEL", "labels/app",
    ]  # fmt: skip
    assert all(len(entry.partition("=")[2].partition(":")[0]) == 8 for entry in entries)
    assert entries[0].endswith(":date")
    assert not any("hunter2" in entry for entry in entries)


def test_only_a_changed_value_changes_an_entry() -> None:
    """Also one that is taken from elsewhere; the same again is the same."""
    assert keys({"labels": {"a": "1"}}) == keys({"labels": {"a": "1"}}) != keys({"labels": {"a": "2"}})
    first, second = ({"name": "x", "image": "x", "env": [{"name": "K", "valueFrom": {"ref": n}}]} for n in "ab")
    assert keys({}, first) != keys({}, second)


@pytest.mark.parametrize(
    ("name", "is_landed"),
    [
        ("moniker.spinnaker.io/cluster", True),
        ("artifact.spinnaker.io/name", True),
        ("deployment.kubernetes.io/desired-replicas", True),
        ("deployment.kubernetes.io/revision", False),
        ("kubectl.kubernetes.io/last-applied-configuration", False),
        ("moniker.spinnaker.io/sequence", False),
        ("artifact.spinnaker.io/version", False),
    ],
)
def test_stamps_of_an_applied_manifest_are_left_out(name: str, is_landed: bool) -> None:
    """What tools write is landed, for the definitions to ignore; what only the cluster writes is not."""
    assert bool(keys({"annotations": {name: "x"}})) == is_landed


@given(name=st.text(), value=st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()))
def test_any_name_and_value_make_an_entry(name: str, value: Any) -> None:
    """Whatever a team writes; a class is one of three words."""
    assert key_entry("labels", name, value).startswith(f"labels/{name}=")
    assert noise_class(name, value) in {None, "commit", "date", "build"}
