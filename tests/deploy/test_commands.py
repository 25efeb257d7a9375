"""What units, manifests and the image run exists, and the dashboard that they start answers where they probe it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import requests

from ingest.spinnaker.settings import credentials
from tests.dashboards.conftest import free_port, run_server
from tests.deploy.deployments import UNITS, containers, image, read_unit
from tests.processes import dora

DASHBOARD, NIGHTLY = (containers()[name] for name in ("dashboard", "nightly"))
COMMANDS = {
    **{path.name: read_unit(path)["Service"]["ExecStart"].split()[1:] for path in UNITS.glob("*.service")},
    **{name: container["args"] for name, container in containers().items()},
    "image": image()["CMD"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_exist(name: str, tmp_path: Path) -> None:
    """Each command and option is one that its help names."""
    command, *words = COMMANDS[name]
    result = dora(tmp_path, command, "--help", COLUMNS="200")
    assert result.returncode == 0, result.stderr
    options = [word for word in words if word.startswith("--")]
    assert [option for option in options if not re.search(rf"{option}\b", result.stdout)] == []


def test_the_settings_of_the_pods_are_valid(tmp_path: Path) -> None:
    """The sample of dora.toml is read without a word; its secrets are files of the mounted folder."""
    settings = UNITS.parent / "kubernetes" / "settings.toml"
    assert dora(tmp_path, "config", "show", "--config", settings).returncode == 0
    folder = next(mount["mountPath"] for mount in NIGHTLY["volumeMounts"] if mount["name"] == "secrets")
    assert re.findall(r'_file = "(.*)/', settings.read_text()) == [folder]


def test_probes_are_answered_before_the_first_night(tmp_path: Path) -> None:
    """The dashboard of the manifest listens on an empty volume, and every probe of it gets 200."""
    port, (http,) = free_port(), DASHBOARD["ports"]
    words = [str(port) if word == str(http["containerPort"]) else word for word in DASHBOARD["args"]]
    (tmp_path / "dora.toml").write_text("")
    probes = [DASHBOARD[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    address = f"http://127.0.0.1:{port}"
    # Kubernetes asks the pod by its address and not by a name of this machine.
    with run_server([sys.executable, "-m", "dora", *words], f"{address}{probes[0]['path']}", tmp_path):
        for probe in probes:
            assert probe["port"] == http["name"]
            assert requests.get(f"{address}{probe['path']}", headers={"Host": "10.1.2.3:8501"}, timeout=20).ok


@pytest.mark.parametrize(
    ("mode", "is_own", "exposed"), [(0o440, False, False), (0o440, True, True), (0o444, False, True)]
)
def test_a_secret_that_a_pod_gets_by_its_group_is_not_exposed(mode: int, is_own: bool, exposed: bool) -> None:
    """Kubernetes hands over a file of root that the pod's group can read; what others can read is warned of."""
    owner = os.geteuid() + (not is_own)
    assert credentials._is_exposed(os.stat_result((mode, 0, 0, 1, owner, 10001, 1, 0, 0, 0))) is exposed
