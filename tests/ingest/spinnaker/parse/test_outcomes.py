"""Documents as deployments: outcome and kind follow the deploy stages, not the status of the pipeline."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dora
from dora.build.run import build
from dora.config.settings import Config
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.spinnaker import SOURCE
from tests.conftest import fresh
from tests.ingest.spinnaker.conftest import T

Run = dict[str, Any]


@pytest.fixture
def deployments_of(tmp_path: Path) -> Callable[..., list[tuple[str, str, str]]]:
    """Load executions, build, and return each deployment's root, outcome and kind."""

    def load(*runs: Run) -> list[tuple[str, str, str]]:
        path = tmp_path / "runs.json"
        path.write_text(json.dumps(list(runs)))
        assert pull(SOURCE.from_settings({}, tmp_path), fresh(tmp_path), Request(load=(path,))).quarantined == 0
        build(Config(data=tmp_path, definitions={"production_accounts": ["prod"]}))
        rows = dora.open(tmp_path / "dora.duckdb").sql(
            "SELECT root_id, outcome, kind FROM deployments ORDER BY root_id"
        )
        return [(row["root_id"], row["outcome"], row["kind"]) for row in rows]

    return load


def run(id_: str, *stages: Run, status: str = "SUCCEEDED", at: int = 0, **more: Any) -> Run:
    """An execution; times in milliseconds after T."""
    times = {"buildTime": T + at, "startTime": T + at, "endTime": T + at + 9_000}
    return {"id": id_, "application": "shop", "name": "ship", "status": status, "stages": list(stages), **times, **more}


def deploy(status: str = "SUCCEEDED", *, image: str = "shop:1", at: int = 0, stable: bool = True, **more: Any) -> Run:
    """A deployManifest of one Deployment; ``stable`` says whether it was rolled out."""
    pod = {"spec": {"containers": [{"image": image}]}}
    manifest = {"kind": "Deployment", "metadata": {"name": "shop", "namespace": "shop"}, "spec": {"template": pod}}
    begun = status not in ("NOT_STARTED", "SKIPPED")
    ends = {"monitorDeploy": begun, "waitForManifestToStabilize": begun and stable}
    tasks = [
        {"name": name, "status": "SUCCEEDED" if well else "TERMINAL", "endTime": T + at + 100}
        for name, well in ends.items()
    ]
    return {
        "id": f"deploy-{at}-{image}",
        "type": "deployManifest",
        "status": status,
        "startTime": T + at if begun else None,
        "endTime": T + at + 200 if begun else None,
        "context": {"account": "prod", "manifests": [manifest]},
        "tasks": tasks if begun else [],
        **more,
    }


def plain_stage(type_: str, status: str, **context: Any) -> Run:
    """Some other stage."""
    return {"id": f"{type_}-0", "type": type_, "status": status, "startTime": T + 1, "context": context}


@pytest.mark.parametrize(
    ("status", "stages", "outcome"),
    [
        ("SUCCEEDED", [deploy()], "succeeded"),
        ("TERMINAL", [deploy(), plain_stage("runJobManifest", "TERMINAL")], "succeeded"),
        ("CANCELED", [deploy(), plain_stage("wait", "CANCELED")], "succeeded"),
        ("SUCCEEDED", [deploy("STOPPED", stable=False)], "failed"),
        ("SUCCEEDED", [deploy("FAILED_CONTINUE", stable=False)], "failed"),
        ("TERMINAL", [deploy("TERMINAL", stable=False)], "failed"),
        ("TERMINAL", [deploy("TERMINAL"), plain_stage("wait", "NOT_STARTED")], "succeeded"),
        ("TERMINAL", [plain_stage("bakeManifest", "TERMINAL"), deploy("NOT_STARTED")], "not_deployed"),
        ("CANCELED", [deploy("NOT_STARTED")], "canceled"),
        (
            "SUCCEEDED",
            [plain_stage("manualJudgment", "STOPPED", judgmentStatus="stop"), deploy("NOT_STARTED")],
            "rejected",
        ),
        ("TERMINAL", [plain_stage("manualJudgment", "TERMINAL"), deploy("NOT_STARTED")], "not_deployed"),
        ("RUNNING", [plain_stage("wait", "RUNNING"), deploy("NOT_STARTED")], "in_progress"),
    ],
)
def test_an_outcome_is_what_the_deploy_stages_did(
    status: str, stages: list[Run], outcome: str, deployments_of: Callable[..., list[tuple[str, str, str]]]
) -> None:
    """A pipeline that succeeds may have failed to deploy, and one that fails may have shipped."""
    assert deployments_of(run("E", *stages, status=status)) == [("E", outcome, "release")]


def test_canceled_in_the_queue(deployments_of: Callable[..., list[tuple[str, str, str]]]) -> None:
    """It never began, and so has neither start nor end."""
    queued = run("E", deploy("NOT_STARTED"), status="CANCELED", startTime=None, endTime=None, canceled=True)
    assert deployments_of(queued) == [("E", "canceled", "release")]


def test_unknown_stages_are_landed_and_deploy_nothing(
    deployments_of: Callable[..., list[tuple[str, str, str]]],
) -> None:
    """A stage of a plug-in is no deployment, whatever its name."""
    assert deployments_of(run("E", plain_stage("acmeDeployToProduction", "SUCCEEDED", account="prod"))) == []
    assert deployments_of(
        run("F", plain_stage("acmeDeploy", "SUCCEEDED"), deploy("TERMINAL", stable=False), status="TERMINAL")
    ) == [("F", "failed", "release")]


def test_an_old_execution_run_again_by_hand_is_a_rollback(
    deployments_of: Callable[..., list[tuple[str, str, str]]],
) -> None:
    """It deploys what served before the version that serves now; running the newest again is a redeploy."""
    again = {"type": "manual", "parentExecution": {"id": "A"}}
    runs = [
        run("A", deploy(image="shop:1")),
        run("B", deploy(image="shop:2", at=10_000), at=10_000),
        run("C", deploy(image="shop:1", at=20_000), at=20_000, trigger=again),
        run("D", deploy(image="shop:1", at=30_000), at=30_000, trigger=again),
    ]
    assert deployments_of(*runs) == [
        ("A", "succeeded", "release"),
        ("B", "succeeded", "release"),
        ("C", "succeeded", "rollback"),
        ("D", "succeeded", "redeploy"),
    ]


def group(status: str, strategy: str, *, up: bool = True) -> Run:
    """A deploy stage's createServerGroup, with instances up or not."""
    task = {"name": "waitForUpInstances", "status": "SUCCEEDED" if up else "TERMINAL", "endTime": T + 100}
    context = {"account": "prod", "application": "shop", "region": "eu", "strategy": strategy}
    context["rollback"] = {"onFailure": True}
    stage = {"id": "G", "type": "createServerGroup", "parentStageId": "P", "status": status, "context": context}
    return stage | {"startTime": T, "endTime": T + 8_000, "tasks": [task]}


def child_stage(type_: str, id_: str, parent: str, end: int, status: str = "SUCCEEDED", **context: Any) -> Run:
    """A synthetic stage that ended after so many milliseconds."""
    times = {"startTime": T, "endTime": T + end}
    return {"id": id_, "type": type_, "parentStageId": parent, "status": status, "context": context, **times}


@pytest.mark.parametrize(
    ("strategy", "grown", "expected"),
    [("rollingredblack", True, ("failed", "release")), ("redblack", False, ("succeeded", "rollback"))],
)
def test_an_automatic_rollback_on_failure_is_part_of_its_deployment(
    strategy: str,
    grown: bool,
    expected: tuple[str, str],
    deployments_of: Callable[..., list[tuple[str, str, str]]],
    tmp_path: Path,
) -> None:
    """Failed where it had taken traffic, recovered when its own rollback was done; else that is all it did."""
    steps = [
        child_stage("resizeServerGroup", "r1", "G", 1_000, scalePct=50),
        child_stage("resizeServerGroup", "r2", "G", 2_000, "TERMINAL", scalePct=100),
    ]
    rollback = [
        child_stage("rollbackCluster", "K", "G", 5_000, account="prod", region="eu", cluster="shop"),
        child_stage("rollbackServerGroup", "B", "K", 4_900, account="prod", region="eu", cluster="shop"),
        child_stage("enableServerGroup", "x", "B", 4_000),
    ]
    parent = {"id": "P", "type": "deploy", "status": "TERMINAL", "startTime": T, "endTime": T + 8_500, "context": {}}
    stages = [parent, group("TERMINAL", strategy, up=grown), *(steps if grown else []), *rollback]
    assert deployments_of(run("E", *stages, status="TERMINAL")) == [("E", *expected)]
    delivery = dora.open(tmp_path / "dora.duckdb")
    recoveries = delivery.sql("SELECT evidence, epoch_ms(recovered_at) - epoch_ms(failed_at) AS ms FROM recoveries")
    assert recoveries == ([{"evidence": "deploy rollback", "ms": 3_900}] if grown else [])


def test_a_cluster_rollback_without_a_candidate_changes_nothing(
    deployments_of: Callable[..., list[tuple[str, str, str]]],
) -> None:
    """A stage that succeeded without a rollback below it changed nothing."""
    empty = {**child_stage("rollbackCluster", "K", "", 500, account="prod", regions=["eu"]), "parentStageId": None}
    assert deployments_of(run("E", empty)) == [("E", "not_deployed", "rollback")]
    back = child_stage("rollbackServerGroup", "B", "K", 400, account="prod", region="eu")
    assert deployments_of(run("F", {**empty, "id": "K"}, back))[-1] == ("F", "succeeded", "rollback")


def version_run(id_: str, version: int, at: int) -> Run:
    """A pipeline that creates a server group of one image."""
    context = {"account": "prod", "region": "eu", "imageName": f"shop-{version}"}
    context["deploy.server.groups"] = {"eu": [f"shop-v{version:03}"]}
    stage = {"id": f"{id_}G", "type": "createServerGroup", "status": "SUCCEEDED", "context": context}
    return run(id_, stage | {"startTime": T + at, "endTime": T + at + 100}, at=at)


def manual_operation(id_: str, type_: str, group: str, at: int) -> Run:
    """An operation of Deck on one server group."""
    context = {"credentials": "prod", "region": "eu", "serverGroupName": group}
    stage = {"id": f"{id_}S", "type": type_, "status": "SUCCEEDED", "context": context}
    return run(id_, stage | {"startTime": T + at, "endTime": T + at + 100}, at=at, name=None, description="by hand")


def test_an_old_server_group_enabled_by_hand_is_a_rollback(
    deployments_of: Callable[..., list[tuple[str, str, str]]],
) -> None:
    """The first of two operations restores old content; enabling a group that serves does not, and unknown is new."""
    runs = [
        manual_operation("A", "enableServerGroup", "shop-v001", 0),
        version_run("B", 2, 10_000),
        manual_operation("C", "enableServerGroup", "shop-v002", 20_000),
        version_run("D", 3, 30_000),
        manual_operation("E", "enableServerGroup", "shop-v002", 40_000),
        manual_operation("F", "disableServerGroup", "shop-v003", 41_000),
    ]
    assert [(root, kind) for root, _, kind in deployments_of(*runs)] == [
        ("A", "release"),
        ("B", "release"),
        ("C", "redeploy"),
        ("D", "release"),
        ("E", "rollback"),
    ]
