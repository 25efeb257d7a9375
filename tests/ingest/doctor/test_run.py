"""The findings of ``dora doctor`` on real servers, repositories, files and databases in every state."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dora.errors import AuthError, StaleError
from dora.storage import database, disk
from ingest import sources
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.doctor import run
from ingest.doctor.finding import DoctorFinding
from ingest.simulation.model.world import World
from tests.conftest import fresh
from tests.simulation.fault_injection import Fault
from tests.simulation.gate import Gate, serve

TOKEN = "spk_planted_and_secret"
INCIDENT = "id,application,opened_at,resolved_at\ni1,shop,2026-01-01T00:00:00Z,\n"


def world(*names: str) -> World:
    """A Spinnaker of these applications whose clock is this machine's."""
    configs = [{"id": f"config-{name}", "application": name, "name": "release", "stages": []} for name in names]
    return World(
        now=int(time.time() * 1000),
        applications=[{"name": name, "email": f"{name}@example.org"} for name in names],
        pipeline_configs=configs,
    )


@pytest.fixture
def gate() -> Iterator[Gate]:
    with serve(world("pay", "shop")) as gate:
        yield gate


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., dict[str, DoctorFinding]]:
    """The findings on the data folder of the test, by check."""

    def examine(hours: float = 36.0, **configured: dict[str, Any]) -> dict[str, DoctorFinding]:
        return {finding.check: finding for finding in run.run_checks(tmp_path, configured, hours)}

    return examine


def ingest(data: Path, name: str, settings: dict[str, Any]) -> None:
    pull(sources()[name].from_settings(settings, data), fresh(data), Request())


def gate_settings(gate: Gate, **more: Any) -> dict[str, Any]:
    return {"endpoint": gate.url, "requests_per_10s": 0, **more}


# --- Gate -----------------------------------------------------------------------------------------


def test_a_healthy_gate_is_ok(gate: Gate, check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Gate answers, accepts the credentials, has the same time and refuses no application."""
    findings = check(spinnaker=gate_settings(gate))
    parts = ["gate", "gate user", "clock", "applications", "permissions"]
    assert {part: findings[part].state for part in parts} == dict.fromkeys(parts, "ok")


def test_an_unreachable_gate_fails(check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """One finding names the setting within seconds, and is not an authentication failure."""
    began = time.monotonic()
    findings = check(spinnaker={"endpoint": "http://127.0.0.1:9", "timeout_seconds": 1})
    assert time.monotonic() - began < 5
    assert (findings["gate"].state, findings["gate"].auth_failed) == ("fail", False)
    assert "endpoint" in findings["gate"].next
    assert "clock" not in findings


@pytest.mark.parametrize("token", ["", TOKEN])
def test_a_missing_or_wrong_token_is_an_authentication_failure(
    token: str, check: Callable[..., dict[str, DoctorFinding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finding does not contain the token."""
    monkeypatch.setenv("DORA_GATE_TOKEN", token)
    with serve(world("shop"), auth="right") as server:
        findings = check(spinnaker=gate_settings(server))
    assert (findings["gate"].state, findings["gate"].auth_failed) == ("fail", True)
    assert TOKEN not in str(findings)
    with pytest.raises(AuthError):
        run.raise_on_failure(list(findings.values()))


def test_the_user_that_gate_authenticates(
    check: Callable[..., dict[str, DoctorFinding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name, because permissions belong to names; anonymous in spite of a token is a warning."""
    monkeypatch.setenv("DORA_GATE_TOKEN", TOKEN)
    with serve(world("shop"), auth=TOKEN) as server:
        assert check(spinnaker=gate_settings(server))["gate user"].message == "Gate authenticates the user as reader"
        server.injected_faults.add(Fault("/auth/user", "empty"))
        assert "names no user" in check(spinnaker=gate_settings(server))["gate user"].message
        server.endpoints.answer = anonymous(server)
        finding = check(spinnaker=gate_settings(server))["gate user"]
    assert (finding.state, "treats the credentials as anonymous" in finding.message) == ("warn", True)


def test_an_open_gate_has_no_authentication(check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """It names everyone anonymous, which is no user."""
    with serve(world("shop")) as server:
        server.endpoints.answer = anonymous(server)
        finding = check(spinnaker=gate_settings(server))["gate user"]
    assert (finding.state, finding.message) == ("ok", "Gate names no user: it has no authentication")


def anonymous(gate: Gate) -> Callable[[str, dict[str, str]], Any]:
    """The answers of a Gate that accepts everyone as anonymous."""
    answer = gate.endpoints.answer
    return lambda path, params: {"username": "anonymous"} if path == "/auth/user" else answer(path, params)


def test_the_finding_says_how_to_authenticate(
    check: Callable[..., dict[str, DoctorFinding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without credentials it names the settings, with expired ones it says to renew them."""
    monkeypatch.delenv("DORA_GATE_TOKEN", raising=False)
    with serve(world("shop"), auth="right") as server:
        finding = check(spinnaker=gate_settings(server))["gate"]
        assert ("login page" in finding.message, "DORA_GATE_TOKEN" in finding.next) == (True, True)
        monkeypatch.setenv("DORA_GATE_TOKEN", TOKEN)
        assert "renew" in check(spinnaker=gate_settings(server))["gate"].next
    with serve(world("shop")) as proxy:
        proxy.injected_faults.add(Fault("/", "html", 9))
        assert "looks like a login page" in check(spinnaker=gate_settings(proxy))["gate"].message


def test_an_unsafe_setting_is_a_warning(gate: Gate, check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """It is one finding beside the others."""
    findings = check(spinnaker=gate_settings(gate, ignore_cert_errors=True))
    assert (findings["access"].state, findings["gate"].state) == ("warn", "ok")
    assert "certificate errors are ignored" in findings["access"].message


@pytest.mark.parametrize(("seconds", "side"), [(90, "s ahead of"), (-600, "s behind")])
def test_a_clock_difference_is_a_warning(
    check: Callable[..., dict[str, DoctorFinding]], seconds: int, side: str
) -> None:
    """The message has the seconds and their direction."""
    here = world("shop")
    here.now += seconds * 1000 + 500
    with serve(here) as shifted:
        finding = check(spinnaker=gate_settings(shifted))["clock"]
    assert finding.state == "warn"
    assert side in finding.message


def test_a_hidden_application_is_reported(
    gate: Gate, tmp_path: Path, check: Callable[..., dict[str, DoctorFinding]]
) -> None:
    """It landed before and is not listed now. Gate itself does not report it."""
    ingest(tmp_path, "spinnaker", gate_settings(gate))
    assert check(spinnaker=gate_settings(gate))["applications"].state == "ok"
    gate.world.applications.pop(0)
    finding = check(spinnaker=gate_settings(gate))["applications"]
    assert (finding.state, "pay" in finding.message) == ("warn", True)


def test_refused_applications_are_reported(gate: Gate, check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """A 403 is an authentication failure with the name of the application; a 400 is a failure of Gate."""
    gate.error_statuses["/applications/pay/pipelineConfigs"] = 403
    finding = check(spinnaker=gate_settings(gate))["permissions"]
    assert (finding.state, finding.auth_failed, "1 of 2" in finding.message, "pay" in finding.message) == (
        "fail",
        True,
        True,
        True,
    )
    gate.error_statuses["/applications/pay/pipelineConfigs"] = 400
    finding = check(spinnaker=gate_settings(gate))["permissions"]
    assert (finding.state, finding.auth_failed, "pay" in finding.message) == ("fail", False, True)


def test_globs_that_match_no_application_fail(gate: Gate, check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """The message has the number of applications."""
    findings = check(spinnaker=gate_settings(gate, applications=["ledger-*"]))
    assert (findings["applications"].state, "2 applications" in findings["applications"].message) == ("fail", True)
    assert "permissions" not in findings


def test_a_sample_of_many_applications_is_checked(check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """At most forty requests, however many applications there are."""
    with serve(world(*(f"app-{number:03}" for number in range(130)))) as large:
        finding = check(spinnaker=gate_settings(large))["permissions"]
        requests = [path for path in large.requests if "pipelineConfigs" in path]
    assert len(requests) <= 40
    assert f"{len(requests)} of 130" in finding.message


# --- git and files --------------------------------------------------------------------------------


def git(folder: Path, *words: str) -> None:
    who = {f"GIT_{person}_{what}": "ada" for person in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *words], cwd=folder, check=True, env=os.environ | who, capture_output=True)


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    folder = tmp_path / "acme" / "shop"
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "one")
    return folder


def test_a_mirror_is_missing_then_current_then_outdated(
    tmp_path: Path, upstream: Path, check: Callable[..., dict[str, DoctorFinding]]
) -> None:
    """The check fetches nothing."""
    settings = {"repositories": [{"url": str(upstream), "name": "acme/shop"}]}
    assert "not fetched yet" in check(git=settings)["git acme/shop"].message
    ingest(tmp_path, "git", settings)
    assert check(git=settings)["git acme/shop"].state == "ok"
    git(upstream, "commit", "--quiet", "--allow-empty", "-m", "two")
    for _ in range(2):
        finding = check(git=settings)["git acme/shop"]
        assert (finding.state, "behind on 1" in finding.message) == ("warn", True)


def test_a_shallow_mirror_and_a_lost_origin_fail(
    tmp_path: Path, upstream: Path, check: Callable[..., dict[str, DoctorFinding]]
) -> None:
    """The mirror lost its history, or the repository was moved."""
    settings = {"repositories": [{"url": str(upstream), "name": "acme/shop"}]}
    ingest(tmp_path, "git", settings)
    shallow = tmp_path / "mirrors" / "acme__shop.git" / "shallow"
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=upstream, capture_output=True, text=True, check=True)
    shallow.write_text(head.stdout)
    findings = run.run_checks(tmp_path, {"git": settings}, 36.0)
    assert [finding.state for finding in findings if "shallow" in finding.message] == ["fail"]
    shallow.unlink()
    upstream.rename(upstream.with_name("moved"))
    assert check(git=settings)["git acme/shop"].state == "fail"


def test_files_are_checked_as_ingest_does(tmp_path: Path, check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """A file with its columns is ok; one without them and globs without a match fail."""
    (tmp_path / "incidents.csv").write_text(INCIDENT)
    (tmp_path / "deployments.csv").write_text("id\n1\n")
    findings = check(files={"paths": [f"{tmp_path}/*.csv"]})
    assert (findings["file incidents.csv"].state, findings["file deployments.csv"].state) == ("ok", "fail")
    assert "status" in findings["file deployments.csv"].message
    assert check(files={"paths": [f"{tmp_path}/*.parquet"]})["files"].state == "fail"


# --- landing, lock, disk, freshness ---------------------------------------------------------------


def test_an_empty_folder_gets_next_steps(check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Without settings and data every finding says what to run."""
    findings = check()
    assert findings["sources"].state == "fail"
    assert all(finding.next for finding in findings.values() if finding.state != "ok")
    assert "DuckDB" in findings["versions"].message


def test_an_unknown_source_or_key_fails(check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """The other checks run nevertheless."""
    findings = check(jenkins={}, spinnaker={"endpiont": "x"})
    assert findings["jenkins"].state == findings["spinnaker"].state == "fail"
    assert "build" in findings


def test_old_data_fails(tmp_path: Path, check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Data older than ``stale_after_hours`` fails; younger data is ok."""
    (tmp_path / "incidents.csv").write_text(INCIDENT)
    settings = {"paths": [f"{tmp_path}/*.csv"]}
    ingest(tmp_path, "files", settings)
    assert check(files=settings)["files data"].state == "fail"  # the file is as old as its newest time
    settings["complete_until"] = "2099-01-01"
    ingest(tmp_path, "files", settings)
    assert check(files=settings)["files data"].state == "ok"
    assert check(hours=0.0, files=settings)["files data"].state == "fail"
    with pytest.raises(StaleError):
        run.raise_on_failure(list(check(hours=0.0, files=settings).values()))


def test_an_interrupted_run_is_a_warning(tmp_path: Path, check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """A load without an end is reported."""
    with database.open_load(tmp_path, "files"):
        pass
    findings = [
        finding
        for finding in run.run_checks(tmp_path, {"files": {"paths": ["*.csv"]}}, 36.0)
        if finding.check == "files data"
    ]
    assert any("did not finish" in finding.message for finding in findings)


def test_a_lock_is_a_warning(tmp_path: Path, check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """While another run writes, landing.duckdb is not checked, and everything else is."""
    ingest(tmp_path, "files", {"paths": [str(incidents(tmp_path))]})
    with database.lock(tmp_path):
        findings = check()
    assert (findings["lock"].state, "landing" in findings) == ("warn", False)
    assert check()["landing"].state == "ok"


def incidents(folder: Path) -> Path:
    path = folder / "incidents.csv"
    path.write_text(INCIDENT)
    return path


def test_a_damaged_landing_fails(tmp_path: Path, check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """A row that differs from the control totals is detected."""
    ingest(tmp_path, "files", {"paths": [str(incidents(tmp_path))]})
    with duckdb.connect(str(tmp_path / database.LANDING)) as con:
        con.execute("UPDATE incident SET application = 'other'")
    assert check()["landing"].state == "fail"


def test_a_full_disk_fails(
    tmp_path: Path, check: Callable[..., dict[str, DoctorFinding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has the free space and the space that a run needs."""
    assert check()["disk"].state == "ok"
    monkeypatch.setattr(disk, "MIN_FREE", 1 << 60)
    finding = check()["disk"]
    assert (finding.state, "MB are free" in finding.message) == ("fail", True)


def test_a_build_older_than_the_data_is_a_warning(
    tmp_path: Path, check: Callable[..., dict[str, DoctorFinding]]
) -> None:
    """It says to build; a file that is not a database fails."""
    ingest(tmp_path, "files", {"paths": [str(incidents(tmp_path))]})
    assert "dora build" in check()["build"].next
    with database.build_database(tmp_path) as con:
        con.execute("CREATE TABLE meta AS SELECT 1 AS one")
    assert check()["build"].state == "ok"
    ingest(tmp_path, "files", {"paths": [str(incidents(tmp_path))]})
    assert (check()["build"].state, "files" in check()["build"].message) == ("warn", True)
    (tmp_path / database.PUBLISHED).write_bytes(b"no database")
    assert check()["build"].state == "fail"


def test_the_checks_change_nothing(gate: Gate, tmp_path: Path, check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Every file stays byte for byte the same, and no file but the lock is new."""
    ingest(tmp_path, "spinnaker", gate_settings(gate))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    check(spinnaker=gate_settings(gate))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_worst_finding_decides_the_error(check: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Warnings raise nothing; an authentication failure wins over other failures."""
    warning = DoctorFinding("a", "warn", "b")
    run.raise_on_failure([warning])
    with pytest.raises(StaleError):
        run.raise_on_failure([warning, DoctorFinding("a", "fail", "b")])
    with pytest.raises(AuthError):
        run.raise_on_failure([DoctorFinding("a", "fail", "b"), DoctorFinding("a", "fail", "b", auth_failed=True)])
