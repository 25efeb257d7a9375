"""Failed attempts are landed, because a restart wipes them upstream."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dora
from dora.build.run import build
from dora.config.settings import Config
from dora.storage.rows.executions import ExecutionAttempt
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.spinnaker import SOURCE
from tests.conftest import fresh
from tests.ingest.spinnaker.conftest import T, tables


def deploy(begin: int, *, status: str, accepted: bool = True, context: Any = None) -> dict[str, Any]:
    """A deployManifest whose pods were accepted after 10 ms, stable or not after 100."""
    ends = [("monitorDeploy", accepted, 10), ("waitForManifestToStabilize", status == "SUCCEEDED", 100)]
    manifest = {"kind": "Deployment", "metadata": {"name": "shop", "namespace": "shop"}}
    return {
        "id": "S",
        "type": "deployManifest",
        "status": status,
        "startTime": T + begin,
        "endTime": T + begin + 100,
        "context": {"account": "prod", "manifests": [manifest], **(context or {})},
        "tasks": [
            {"name": name, "status": "SUCCEEDED" if well else "TERMINAL", "endTime": T + begin + end}
            for name, well, end in ends
        ],
    }


def run(*stages: dict[str, Any], status: str = "TERMINAL", at: int = 0) -> dict[str, Any]:
    """An execution with these stages."""
    times = {"buildTime": T, "startTime": T + at, "endTime": T + at + 200}
    return {"id": "E", "application": "shop", "name": "ship", "status": status, "stages": list(stages), **times}


def attempts(body: dict[str, Any]) -> list[ExecutionAttempt]:
    """The attempts in a document."""
    return tables(body).get("execution_attempt", [])


def test_a_failed_rollout_is_an_attempt() -> None:
    """Identified by the rollout and its start, with its first traffic and its cause."""
    cause = {"exception": {"details": {"errors": ["crash loop"]}}}
    (attempt,) = attempts(run(deploy(0, status="TERMINAL", context=cause)))
    assert (attempt.id, attempt.rollout_id, attempt.execution_id) == (f"S@{T}", "S", "E")
    assert (attempt.first_traffic_at, attempt.ended_at, attempt.reason) == (
        (T + 10) * 1000,
        (T + 100) * 1000,
        "crash loop",
    )


def test_each_start_is_an_attempt_with_a_stable_id() -> None:
    """A second failure after a restart does not overwrite the first; a re-poll adds nothing."""
    first, again, second = (attempts(run(deploy(at, status="TERMINAL")))[0].id for at in (0, 0, 5_000))
    assert first == again != second


@pytest.mark.parametrize("status", ["SUCCEEDED", "RUNNING", "CANCELED", "NOT_STARTED", "SKIPPED"])
def test_only_what_failed_is_an_attempt(status: str) -> None:
    """Every other outcome of a rollout is still recorded upstream."""
    assert attempts(run(deploy(0, status=status), status=status)) == []


def test_a_listing_without_tasks_makes_none() -> None:
    """It does not say how far the rollout came, and must not hide what a full document said."""
    assert attempts(run({**deploy(0, status="TERMINAL"), "tasks": []})) == []


def test_a_rollout_that_served_all_and_failed_to_clean_up_is_none() -> None:
    """Nothing of it failed to serve."""
    served = deploy(0, status="SUCCEEDED") | {"status": "TERMINAL"}
    assert attempts(run(served)) == []


def test_a_restart_records_an_attempt_that_was_never_read() -> None:
    """Who restarted, when, and the previous failure: restartDetails of a stage of any type."""
    details = {
        "restartedBy": "ada",
        "restartTime": T + 900,
        "previousException": {"details": {"error": "Unexpected", "errors": ["evicted"]}},
    }
    stage = {"id": "W", "type": "wait", "status": "SUCCEEDED", "context": {"restartDetails": details}}
    (attempt,) = attempts(run(stage, status="SUCCEEDED"))
    assert (attempt.rollout_id, attempt.ended_at, attempt.restarted_by, attempt.reason) == (
        None,
        (T + 900) * 1000,
        "ada",
        "evicted",
    )
    for broken in ("text", [], {"restartTime": "soon"}, None):
        assert attempts(run({**stage, "context": {"restartDetails": broken}})) == []


def test_one_restart_is_one_attempt() -> None:
    """The new synthetic stage has a copy of the details; another restart is another attempt."""
    details = {"restartedBy": "ada", "restartTime": T + 900}
    child = {"id": "C", "type": "wait", "parentStageId": "W", "context": {"restartDetails": details}}
    stage = {"id": "W", "type": "checkPreconditions", "context": {"restartDetails": details}}
    later = {"id": "X", "type": "wait", "context": {"restartDetails": details | {"restartTime": T + 950}}}
    found = attempts(run(child, stage, later, status="SUCCEEDED"))
    assert [attempt.id for attempt in found] == [f"W@restart-{T + 900}", f"X@restart-{T + 950}"]


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[..., dora.Delivery]:
    """Load documents one after another and build."""

    def load(*bodies: dict[str, Any]) -> dora.Delivery:
        for nth, body in enumerate(bodies):
            path = tmp_path / f"{nth}.json"
            path.write_text(json.dumps(body))
            pull(SOURCE.from_settings({}, tmp_path), fresh(tmp_path), Request(load=(path,)))
        build(Config(data=tmp_path, definitions={"production_accounts": ["prod"]}))
        return dora.open(tmp_path / "dora.duckdb")

    return load


@pytest.mark.parametrize(("accepted", "expected"), [(True, [("deploy", 3_599_990)]), (False, [])])
def test_a_deployment_restarted_into_success_had_failed_where_it_took_traffic(
    accepted: bool, expected: list[tuple[str, int]], deliver: Callable[..., dora.Delivery]
) -> None:
    """The failed document is gone upstream; its evidence stays, recovered when the restart served all traffic."""
    failed = run(deploy(0, status="TERMINAL", accepted=accepted))
    restarted = run(deploy(3_599_900, status="SUCCEEDED"), status="SUCCEEDED", at=3_599_000)
    delivery = deliver(failed, restarted)
    assert delivery.sql("SELECT outcome, kind FROM deployments") == [{"outcome": "succeeded", "kind": "release"}]
    recoveries = delivery.sql("SELECT evidence, epoch_ms(recovered_at) - epoch_ms(failed_at) AS ms FROM recoveries")
    assert [(row["evidence"], row["ms"]) for row in recoveries] == expected


def test_the_same_evidence_is_not_counted_twice(deliver: Callable[..., dora.Delivery]) -> None:
    """A deployment that ended failed after it failed before is one failure: its attempts are no further ones."""
    first, second = run(deploy(0, status="TERMINAL")), run(deploy(9_000, status="TERMINAL"), at=9_000)
    delivery = deliver(first, second)
    assert delivery.sql("SELECT count(*) AS n FROM failures") == [{"n": 1}]
