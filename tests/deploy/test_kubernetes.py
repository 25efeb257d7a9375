"""The manifests fit each other, and nothing in a pod has more rights than it needs.

``make manifests`` validates them against the schemas of Kubernetes.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.deploy.deployments import MANIFESTS, containers, image, manifests, pods

COMPONENTS = ["dashboard", "nightly"]


def matches(selector: dict[str, str], template: dict[str, Any]) -> bool:
    return selector.items() <= template["metadata"]["labels"].items()


def test_selectors_match() -> None:
    """Deployment, Service and both affinities select the pod of the dashboard and not that of the night."""
    deployment, service = (manifests()[kind]["spec"]["selector"] for kind in ("Deployment", "Service"))
    selectors = [deployment["matchLabels"], service]
    for pod in pods().values():
        (term,) = pod["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        selectors.append(term["labelSelector"]["matchLabels"])
    for selector in selectors:
        assert [name for name, pod in pods().items() if matches(selector, pod)] == ["dashboard"]


@pytest.mark.parametrize("component", COMPONENTS)
def test_volumes_are_mounted(component: str) -> None:
    """Every volume is mounted once, and has a claim, a generated map, or a secret; only data and /tmp are writable."""
    volumes = {volume["name"]: volume for volume in pods()[component]["spec"]["volumes"]}
    mounts = {mount["name"]: mount for mount in containers()[component]["volumeMounts"]}
    assert list(volumes) == list(mounts)
    assert {name for name, mount in mounts.items() if not mount.get("readOnly")} == {"data", "tmp"}
    kustomization = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())
    (settings,) = kustomization["configMapGenerator"]
    claim = manifests()["PersistentVolumeClaim"]["metadata"]["name"]
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == claim
    assert volumes["settings"]["configMap"]["name"] == settings["name"]
    assert volumes["secrets"]["secret"]["defaultMode"] == 0o400
    ((key, _, file),) = (entry.partition("=") for entry in settings["files"])
    assert (MANIFESTS / file).is_file()
    assert f"{mounts['settings']['mountPath']}/{key}" in image()["ENV"]
    assert mounts["data"]["mountPath"] == image()["VOLUME"]


def test_ports_agree() -> None:
    """The Service leads to the port on which the command listens, which the image exposes."""
    dashboard = containers()["dashboard"]
    (port,) = dashboard["ports"]
    (served,) = manifests()["Service"]["spec"]["ports"]
    assert served["targetPort"] == port["name"]
    assert dashboard["args"][dashboard["args"].index("--port") + 1] == str(port["containerPort"]) == image()["EXPOSE"]


@pytest.mark.parametrize("component", COMPONENTS)
def test_pods_are_confined(component: str) -> None:
    """Not root, no privileges, a read-only root file system, no token of the cluster, bounded memory."""
    pod, container = pods()[component]["spec"], containers()[component]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    user = pod["securityContext"]
    assert user["runAsNonRoot"] is True
    assert f"{user['runAsUser']}:{user['runAsGroup']}" == image()["USER"]
    assert user["fsGroup"] == user["runAsGroup"]
    assert user["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert set(container["resources"]) == {"requests", "limits"}
    assert "memory" in container["resources"]["limits"]
    assert "env" not in container  # a secret is a file


def test_one_night_at_a_time_and_no_gap_in_serving() -> None:
    """A night never starts beside another, and the old dashboard stays until the new one is ready."""
    assert manifests()["CronJob"]["spec"]["concurrencyPolicy"] == "Forbid"
    deployment = manifests()["Deployment"]["spec"]
    assert deployment["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    startup = containers()["dashboard"]["startupProbe"]
    # The time that a build after an upgrade may take ends before the roll-out is reported as failed.
    assert 3600 <= startup["periodSeconds"] * startup["failureThreshold"] < deployment["progressDeadlineSeconds"]


def test_images_are_those_of_the_kustomization() -> None:
    """One name, replaced in both pods by the registry of the organisation."""
    (replaced,) = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())["images"]
    assert {container["image"] for container in containers().values()} == {replaced["name"]}
