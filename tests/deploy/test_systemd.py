"""The units are valid, confined, and read secrets as credentials."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.deployments import UNITS, read_unit

SERVICES = sorted(UNITS.glob("*.service"))
CONFINED = {
    "User": "dora", "UMask": "0077", "StateDirectory": "dora", "StateDirectoryMode": "0700",
    "NoNewPrivileges": "true", "CapabilityBoundingSet": "", "ProtectSystem": "strict", "ProtectHome": "true",
    "PrivateTmp": "true", "PrivateDevices": "true", "RestrictNamespaces": "true", "RestrictSUIDSGID": "true",
    "SystemCallFilter": "@system-service",
}  # fmt: skip


@pytest.fixture(scope="module")
def analyze() -> str:
    path = shutil.which("systemd-analyze")
    if path is None:
        if os.environ.get("DORA_REQUIRE_SYSTEMD") == "1":
            pytest.fail("systemd-analyze is not installed")
        pytest.skip("systemd-analyze is not installed")
    return path


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The units with the command of this installation in place of /opt/dora/bin/dora."""
    folder, command = tmp_path_factory.mktemp("units"), Path(sys.executable).with_name("dora")
    for path in UNITS.iterdir():
        (folder / path.name).write_text(path.read_text().replace("/opt/dora/bin/dora", str(command)))
    return [str(path) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_services_are_confined(path: Path) -> None:
    """Each service runs as a user without rights, and can write to its state folder only."""
    service = read_unit(path)["Service"]
    assert {name: service.get(name) for name in CONFINED} == CONFINED
    assert not [name for name in service if name == "EnvironmentFile"]


def test_systemd_accepts_the_units(analyze: str, units: list[str]) -> None:
    """`systemd-analyze verify` has nothing to say about any of them."""
    result = subprocess.run([analyze, "verify", *units], check=False, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_exposure_is_low(analyze: str, units: list[str]) -> None:
    """`systemd-analyze security` rates each service at most 2 of 10."""
    services = [unit for unit in units if unit.endswith(".service")]
    command = [analyze, "security", "--offline=true", "--threshold=20", "--no-pager", *services]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_the_timer_starts_the_night() -> None:
    """The timer has the name of its service, and a night that the machine slept through is made up for."""
    timer = read_unit(UNITS / "dora-nightly.timer")["Timer"]
    assert (UNITS / "dora-nightly.service").exists()
    assert timer["Persistent"] == "true"
