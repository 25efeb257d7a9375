"""What a doctor sees of real servers, repositories, files and landings, in the state that each test brings about."""

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
from dora.storage import database
from ingest import sources
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.doctor import run
from ingest.doctor.finding import DoctorFinding
from ingest.simulation.gate.faults import Wound
from ingest.simulation.gate.server import serve
from ingest.simulation.gate.state import Gate
from ingest.simulation.model.world import World
from tests.conftest import fresh

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
    with serve(world("pay", "shop")) as served:
        yield served


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., dict[str, DoctorFinding]]:
    """The findings on this test's data folder, by what was looked at."""

    def examine(hours: float = 36.0, **configured: dict[str, Any]) -> dict[str, DoctorFinding]:
        return {finding.check: finding for finding in run.run_checks(tmp_path, configured, hours)}

    return examine


def ingest(data: Path, name: str, settings: dict[str, Any]) -> None:
    pull(sources()[name].from_settings(settings, data), fresh(data), Request())


def reached(gate: Gate, **more: Any) -> dict[str, Any]:
    return {"endpoint": gate.url, "requests_per_10s": 0, **more}


# --- Gate -----------------------------------------------------------------------------------------


def test_a_healthy_gate_is_well(gate: Gate, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """A Gate that answers, knows us, keeps time and refuses nothing gives only ok."""
    found = look(spinnaker=reached(gate))
    parts = ["gate", "gate user", "clock", "applications", "permissions"]
    assert {part: found[part].state for part in parts} == dict.fromkeys(parts, "ok")


def test_a_gate_that_is_not_there(look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Where nobody listens is one failure that names the setting, in seconds, and not a matter of permission."""
    began = time.monotonic()
    found = look(spinnaker={"endpoint": "http://127.0.0.1:9", "timeout_seconds": 1})
    assert time.monotonic() - began < 5
    assert (found["gate"].state, found["gate"].auth_failed) == ("fail", False)
    assert "endpoint" in found["gate"].next
    assert "clock" not in found


@pytest.mark.parametrize("token", ["", TOKEN])
def test_a_gate_that_does_not_know_us(
    token: str, look: Callable[..., dict[str, DoctorFinding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a token, or with a wrong one, the failure is one of permission, and the token is nowhere in it."""
    monkeypatch.setenv("DORA_GATE_TOKEN", token)
    with serve(world("shop"), token="right") as strict:
        found = look(spinnaker=reached(strict))
    assert (found["gate"].state, found["gate"].auth_failed) == ("fail", True)
    assert TOKEN not in str(found)
    with pytest.raises(AuthError):
        run.raise_on_failure(list(found.values()))


def test_whom_gate_takes_us_for(look: Callable[..., dict[str, DoctorFinding]], monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, since permissions are given to names; anonymous in spite of a token is a warning."""
    monkeypatch.setenv("DORA_GATE_TOKEN", TOKEN)
    with serve(world("shop"), token=TOKEN) as strict:
        assert look(spinnaker=reached(strict))["gate user"].message == "Gate knows us as reader"
        strict.wounds.add(Wound("/auth/user", "empty"))
        assert "names no user" in look(spinnaker=reached(strict))["gate user"].message
        strict.answers.answer = anonymous(strict)
        found = look(spinnaker=reached(strict))["gate user"]
    assert (found.state, "takes us for anonymous" in found.message) == ("warn", True)


def anonymous(gate: Gate) -> Callable[[str, dict[str, str]], Any]:
    """The answers of a Gate that lets everybody in, and calls them so."""
    answer = gate.answers.answer
    return lambda path, params: {"username": "anonymous"} if path == "/auth/user" else answer(path, params)


def test_a_stranger_is_told_how_to_be_known(
    look: Callable[..., dict[str, DoctorFinding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who shows nothing hears which settings there are, who shows something wrong to renew it."""
    monkeypatch.delenv("DORA_GATE_TOKEN", raising=False)
    with serve(world("shop"), token="right") as strict:
        found = look(spinnaker=reached(strict))["gate"]
        assert ("login page" in found.message, "DORA_GATE_TOKEN" in found.next) == (True, True)
        monkeypatch.setenv("DORA_GATE_TOKEN", TOKEN)
        assert "renew" in look(spinnaker=reached(strict))["gate"].next
    with serve(world("shop")) as proxy:
        proxy.wounds.add(Wound("/", "html", 9))
        assert "looks like a login page" in look(spinnaker=reached(proxy))["gate"].message


def test_what_is_less_safe_than_it_should_be_is_told(gate: Gate, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """A warning of the way in stands among the findings, and does not hide the others."""
    found = look(spinnaker=reached(gate, ignore_cert_errors=True))
    assert (found["access"].state, found["gate"].state) == ("warn", "ok")
    assert "certificate errors are ignored" in found["access"].message


@pytest.mark.parametrize(("seconds", "side"), [(90, "s ahead of"), (-600, "s behind")])
def test_a_clock_that_is_off(look: Callable[..., dict[str, DoctorFinding]], seconds: int, side: str) -> None:
    """Gate's clock is compared with ours, and the difference is said with its sign."""
    here = world("shop")
    here.now += seconds * 1000 + 500
    with serve(here) as shifted:
        found = look(spinnaker=reached(shifted))["clock"]
    assert found.state == "warn"
    assert side in found.message


def test_what_gate_hides_is_told_by_what_was_seen(
    gate: Gate, tmp_path: Path, look: Callable[..., dict[str, DoctorFinding]]
) -> None:
    """An application that was landed before and is listed no more is named: Gate itself never says so."""
    ingest(tmp_path, "spinnaker", reached(gate))
    assert look(spinnaker=reached(gate))["applications"].state == "ok"
    gate.world.applications.pop(0)
    found = look(spinnaker=reached(gate))["applications"]
    assert (found.state, "pay" in found.message) == ("warn", True)


def test_applications_that_are_refused_are_named(gate: Gate, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """A 403 on one application is a failure of permission with its name; one that breaks is a failure of Gate."""
    gate.faults["/applications/pay/pipelineConfigs"] = 403
    found = look(spinnaker=reached(gate))["permissions"]
    assert (found.state, found.auth_failed, "1 of 2" in found.message, "pay" in found.message) == (
        "fail",
        True,
        True,
        True,
    )
    gate.faults["/applications/pay/pipelineConfigs"] = 400
    found = look(spinnaker=reached(gate))["permissions"]
    assert (found.state, found.auth_failed, "pay" in found.message) == ("fail", False, True)


def test_globs_that_name_nothing(gate: Gate, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Where the configured globs match none of the applications shown, that is a failure with both numbers."""
    found = look(spinnaker=reached(gate, applications=["ledger-*"]))
    assert (found["applications"].state, "2 applications" in found["applications"].message) == ("fail", True)
    assert "permissions" not in found


def test_many_applications_are_tried_by_a_sample(look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """However many applications there are, a doctor asks for forty of them at the most."""
    with serve(world(*(f"app-{number:03}" for number in range(130)))) as large:
        found = look(spinnaker=reached(large))["permissions"]
        asked = [path for path in large.requests if "pipelineConfigs" in path]
    assert len(asked) <= 40
    assert f"{len(asked)} of 130" in found.message


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


def test_a_mirror_is_missing_then_well_then_behind(
    tmp_path: Path, upstream: Path, look: Callable[..., dict[str, DoctorFinding]]
) -> None:
    """A mirror is told apart as missing, up to date and behind its origin, and looking fetches nothing."""
    settings = {"repositories": [{"url": str(upstream), "name": "acme/shop"}]}
    assert "not fetched yet" in look(git=settings)["git acme/shop"].message
    ingest(tmp_path, "git", settings)
    assert look(git=settings)["git acme/shop"].state == "ok"
    git(upstream, "commit", "--quiet", "--allow-empty", "-m", "two")
    for _ in range(2):
        found = look(git=settings)["git acme/shop"]
        assert (found.state, "behind on 1" in found.message) == ("warn", True)


def test_a_shallow_mirror_and_a_lost_origin(
    tmp_path: Path, upstream: Path, look: Callable[..., dict[str, DoctorFinding]]
) -> None:
    """A mirror that lost its history, or whose repository is gone, is a failure."""
    settings = {"repositories": [{"url": str(upstream), "name": "acme/shop"}]}
    ingest(tmp_path, "git", settings)
    shallow = tmp_path / "mirrors" / "acme__shop.git" / "shallow"
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=upstream, capture_output=True, text=True, check=True)
    shallow.write_text(head.stdout)
    told = [one for one in run.run_checks(tmp_path, {"git": settings}, 36.0) if "shallow" in one.message]
    assert [one.state for one in told] == ["fail"]
    shallow.unlink()
    upstream.rename(upstream.with_name("moved"))
    assert look(git=settings)["git acme/shop"].state == "fail"


def test_files_are_read_as_an_ingest_would(tmp_path: Path, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """A file that is what it should be is ok; one without its columns fails; so do globs that match nothing."""
    (tmp_path / "incidents.csv").write_text(INCIDENT)
    (tmp_path / "deployments.csv").write_text("id\n1\n")
    found = look(files={"paths": [f"{tmp_path}/*.csv"]})
    assert (found["file incidents.csv"].state, found["file deployments.csv"].state) == ("ok", "fail")
    assert "status" in found["file deployments.csv"].message
    assert look(files={"paths": [f"{tmp_path}/*.parquet"]})["files"].state == "fail"


# --- landing, lock, disk, freshness ---------------------------------------------------------------


def test_a_newcomer_is_told_what_comes_first(look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """With nothing configured and nothing ingested each line says what to run next."""
    found = look()
    assert found["sources"].state == "fail"
    assert all(finding.next for finding in found.values() if finding.state != "ok")
    assert "DuckDB" in found["versions"].message


def test_a_source_that_does_not_exist(look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """An unknown source, and a key that nobody reads, are failures beside the others and not the end of the exam."""
    found = look(jenkins={}, spinnaker={"endpiont": "x"})
    assert found["jenkins"].state == found["spinnaker"].state == "fail"
    assert "build" in found


def test_data_grows_old(tmp_path: Path, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Data older than promised is a failure that says to ingest; younger data is well."""
    (tmp_path / "incidents.csv").write_text(INCIDENT)
    settings = {"paths": [f"{tmp_path}/*.csv"]}
    ingest(tmp_path, "files", settings)
    assert look(files=settings)["files data"].state == "ok"
    assert look(hours=0.0, files=settings)["files data"].state == "fail"
    with pytest.raises(StaleError):
        run.raise_on_failure(list(look(hours=0.0, files=settings).values()))


def test_a_run_that_did_not_end(tmp_path: Path, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """A load without an end is remembered, and said."""
    with database.open_load(tmp_path, "files"):
        pass
    found = [
        one for one in run.run_checks(tmp_path, {"files": {"paths": ["*.csv"]}}, 36.0) if one.check == "files data"
    ]
    assert any("did not finish" in one.message for one in found)


def test_a_lock_is_a_warning(tmp_path: Path, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """While another run writes, landing is left alone and everything else is looked at."""
    ingest(tmp_path, "files", {"paths": [str(incidents(tmp_path))]})
    with database.lock(tmp_path):
        found = look()
    assert (found["lock"].state, "landing" in found) == ("warn", False)
    assert look()["landing"].state == "ok"


def incidents(folder: Path) -> Path:
    path = folder / "incidents.csv"
    path.write_text(INCIDENT)
    return path


def test_a_damaged_landing_is_told(tmp_path: Path, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """A row that was altered behind the totals is found by looking."""
    ingest(tmp_path, "files", {"paths": [str(incidents(tmp_path))]})
    with duckdb.connect(str(tmp_path / database.LANDING)) as con:
        con.execute("UPDATE incident SET application = 'other'")
    assert look()["landing"].state == "fail"


def test_a_full_disk_is_told(
    tmp_path: Path, look: Callable[..., dict[str, DoctorFinding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk with less room than a run may need is a failure with both numbers."""
    assert look()["disk"].state == "ok"
    monkeypatch.setattr(run, "MIN_FREE", 1 << 60)
    found = look()["disk"]
    assert (found.state, "MB are free" in found.message) == ("fail", True)


def test_a_build_older_than_what_was_ingested(tmp_path: Path, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Where something was ingested after the last build, it says to build; a file that is no build fails."""
    ingest(tmp_path, "files", {"paths": [str(incidents(tmp_path))]})
    assert "dora build" in look()["build"].next
    with database.build_database(tmp_path) as con:
        con.execute("CREATE TABLE meta AS SELECT 1 AS one")
    assert look()["build"].state == "ok"
    ingest(tmp_path, "files", {"paths": [str(incidents(tmp_path))]})
    assert (look()["build"].state, "files" in look()["build"].message) == ("warn", True)
    (tmp_path / database.PUBLISHED).write_bytes(b"no database")
    assert look()["build"].state == "fail"


def test_looking_changes_nothing(gate: Gate, tmp_path: Path, look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Landing is byte for byte what it was, and no file but the lock is new."""
    ingest(tmp_path, "spinnaker", reached(gate))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    look(spinnaker=reached(gate))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_verdict_is_the_worst(look: Callable[..., dict[str, DoctorFinding]]) -> None:
    """Warnings are no failure; of failures, one of permission decides the exit code."""
    warned = DoctorFinding("a", "warn", "b")
    run.raise_on_failure([warned])
    with pytest.raises(StaleError):
        run.raise_on_failure([warned, DoctorFinding("a", "fail", "b")])
    with pytest.raises(AuthError):
        run.raise_on_failure([DoctorFinding("a", "fail", "b"), DoctorFinding("a", "fail", "b", auth_failed=True)])
