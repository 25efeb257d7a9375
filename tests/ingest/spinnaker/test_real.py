"""Payloads of real installations, as they were published, and what is recognised in each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest.source import Request, Summary, pull
from ingest.spinnaker import SOURCE

SHARED = Path(__file__).resolve().parents[4] / "shared" / "spinnaker"
RUN = {"id": "E1", "application": "shop", "status": "SUCCEEDED"}
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason="the real payloads are not beside the project"),
]


def load(data: Path, *paths: Path) -> Summary:
    """Load files into a data folder."""
    return pull(SOURCE.configured({}, data), data, Request(load=paths))


def rows(data: Path, sql: str) -> list[tuple[Any, ...]]:
    """Query what was landed."""
    with duckdb.connect(str(data / "landing.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


K8S = ("k8s-local", "spinnaker-dev", "dev-p01-nginx")
HOSTNAME = ("spinnaker", "staging", "hostname")
IMAGES = "nginx/nginx-prometheus-exporter:0.3.0 rstarmer/hostname:v1"
EVERY_TYPE = [
    ("deploy", "running", "staging", "us-east-2", "test", None),
    ("deploy", "running", "staging", "us-east-2", "test", None),
    ("deploy", "running", *HOSTNAME, IMAGES),
    ("rollback", "running", "staging", "us-east-2", None, None),
    ("rollback", "running", *HOSTNAME, None),
    ("scale", "failed", "staging", None, None, None),
]
NOTHING: tuple[Any, ...] = (0, [], 0, 0, 0)

# File → executions, rollouts (action, status, account, location, cluster, version), approvals, canaries, quarantined.
RECOGNISED: dict[str, tuple[Any, ...]] = {
    "executions/appengine_pubsub_and_manual.list.json": (
        2,
        [("deploy", "succeeded", None, "us-central", None, None)],
        0,
        0,
        0,
    ),
    "executions/k8s_bake_deploy_manifest.list.json": (
        2,
        [
            ("deploy", "succeeded", None, None, None, None),
            ("deploy", "succeeded", None, None, None, None),
            ("restart", "failed", None, None, None, None),
            ("restart", "succeeded", None, None, None, None),
            ("scale", "not_started", None, None, None, None),
            ("scale", "succeeded", None, None, None, None),
        ],
        0,
        0,
        0,
    ),
    "executions/k8s_bake_deploy_manifest.succeeded.json": (
        1,
        [
            ("deploy", "succeeded", *K8S, "index.docker.io/library/nginx:latest"),
            ("restart", "succeeded", *K8S, None),
            ("scale", "succeeded", *K8S, None),
        ],
        0,
        0,
        0,
    ),
    "executions/manual_wait.running.json": (1, [], 0, 0, 0),
    "executions/manual_wait.running.list.json": (1, [], 0, 0, 0),
    "executions/manual_wait.succeeded.list.json": (1, [], 0, 0, 0),
    "executions/spin_execution_get.list.json": (1, [], 0, 0, 0),
    "executions/spin_execution_list.list.json": (1, [], 0, 0, 0),
    "executions/webhook_stage_success_and_terminal.list.json": (2, [], 0, 0, 0),
    "policy-payloads/pipelines.before.json": (0, [], 0, 0, 1),
    "policy-payloads/stage.createServerGroup.json": (
        1,
        [("deploy", "running", "staging", "us-east-2", "test", None)],
        0,
        0,
        0,
    ),
    "policy-payloads/stage.deployManifest.json": (1, [("deploy", "running", *HOSTNAME, IMAGES)], 0, 0, 0),
    "policy-payloads/stage.evaluateArtifacts.json": (
        1,
        [("deploy", "not_started", "spinnaker", None, None, None)],
        0,
        0,
        0,
    ),
    "policy-payloads/stage.findArtifactsFromResource.json": (
        1,
        [("deploy", "failed", "staging", None, None, None), *EVERY_TYPE],
        0,
        1,
        0,
    ),
    "policy-payloads/stage.jenkins.json": (
        1,
        [*EVERY_TYPE, ("deploy", "running", "staging", None, None, None)],
        0,
        1,
        0,
    ),
    "policy-payloads/stage.manualJudgment.json": (1, [], 1, 0, 0),
    "policy-payloads/stage.pipeline.json": (1, [], 0, 0, 0),
    "policy-payloads/stage.rollbackCluster.json": (
        1,
        [("rollback", "running", "staging", "us-east-2", None, None)],
        0,
        0,
        0,
    ),
    "policy-payloads/stage.savePipeline.json": (1, [], 0, 0, 0),
    "policy-payloads/stage.scaleDownCluster.json": (1, [], 0, 0, 0),
    "policy-payloads/stage.scaleManifest.json": (1, [("scale", "running", *HOSTNAME, None)], 0, 0, 0),
    "policy-payloads/stage.undoRolloutManifest.json": (1, [("rollback", "running", *HOSTNAME, None)], 0, 0, 0),
    "policy-payloads/stage.upsertLoadBalancers.json": (1, [], 0, 0, 0),
    "policy-payloads/stage.webhook.json": (1, [], 0, 0, 0),
    "tasks/adhoc_request.deploy-manifest.json": (0, [], 0, 0, 1),
    "tasks/adhoc_request.pipeline-with-pipeline-trigger.json": (0, [], 0, 0, 1),
    "tasks/adhoc_request.pipeline-with-pipelineRef-trigger.json": (0, [], 0, 0, 1),
    "tasks/adhoc_request.save-pipeline-permitted-user.json": (0, [], 0, 0, 1),
    "tasks/adhoc_request.undoRolloutManifest.json": (0, [], 0, 0, 1),
    "tasks/adhoc_request.update-application.json": (0, [], 0, 0, 1),
    "tasks/create_application.success.json": (1, [], 0, 0, 0),
    "tasks/project_task.success.json": (1, [], 0, 0, 0),
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_each_file_is_read_as_a_person_would(name: str, tmp_path: Path) -> None:
    """What is recognised in it, line by line, and nothing else."""
    summary = load(tmp_path, SHARED / name)
    executions, expected, *counts = RECOGNISED[name]
    found = rows(tmp_path, "SELECT action, status, account, location, cluster, version FROM rollout")
    assert sorted(found, key=str) == sorted(expected, key=str)
    (counted,) = rows(
        tmp_path,
        "SELECT (SELECT count(*) FROM execution), (SELECT count(*) FROM approval), (SELECT count(*) FROM canary)",
    )
    assert (*counted, summary.quarantined) == (executions, *counts)


def test_none_is_forgotten() -> None:
    """The table above names every file of these folders."""
    folders = ("executions", "policy-payloads", "tasks")
    files = {f"{folder}/{file.name}" for folder in folders for file in (SHARED / folder).iterdir()}
    assert files == set(RECOGNISED)


def test_configurations_load_too(tmp_path: Path) -> None:
    """Pipelines as Front50 stores them, with what they hold."""
    load(tmp_path, SHARED / "pipeline-configs")
    assert rows(tmp_path, "SELECT count(*), count(*) FILTER (has_canary) FROM pipeline") == [(17, 1)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("git.json", ("git", "adb2554e870ae86622f05de2a15f4539030d87a7", "CAD/Main", "bladerunner-release")),
        (
            "git_trigger_with_artifacts.json",
            ("git", "3d1516dd75b52b9a01ff17b36271973afb285a81", "~EMBURNS/spin-titus-demo", "master"),
        ),
        ("jenkins_buildInfo_scm.json", ("build", "126cadeadf1dd7f202c320a98c3b7f1566708a49", None, "master")),
        (
            "concourse_or_legacy_all_fields.json",
            ("build", "c8c8199027ae53e5a31503504d74329cfb477f14", None, "master"),
        ),
        ("pipeline_parentExecution.json", ("pipeline", None, None, None)),
        ("pubsub.json", ("other", None, None, None)),
    ],
)
def test_triggers(name: str, expected: tuple[Any, ...], tmp_path: Path) -> None:
    """What each says of a commit."""
    trigger = json.loads((SHARED / "triggers" / name).read_text())
    (tmp_path / "x.json").write_text(json.dumps({**RUN, "trigger": trigger}))
    load(tmp_path / "data", tmp_path / "x.json")
    assert rows(tmp_path / "data", "SELECT trigger, commit, repository, branch FROM execution") == [expected]


def test_traffic_of_a_real_rollout(tmp_path: Path) -> None:
    """Its deployManifest served all 764 ms before the stage ended, and began to 531 ms earlier."""
    load(tmp_path, SHARED / "executions" / "k8s_bake_deploy_manifest.succeeded.json")
    sql = (
        "SELECT epoch_ms(finished_at) - epoch_ms(full_traffic_at), epoch_ms(full_traffic_at) -"
        " epoch_ms(first_traffic_at) FROM rollout WHERE action = 'deploy'"
    )
    assert rows(tmp_path, sql) == [(764, 531)]


def test_a_real_undo_names_its_revision_and_reason(tmp_path: Path) -> None:
    """The revision returned to, and the words of who did it."""
    load(tmp_path, SHARED / "policy-payloads" / "stage.undoRolloutManifest.json")
    assert rows(tmp_path, "SELECT restores, steps_back, reason FROM rollout") == [("3", None, "someReason")]
    assert rows(tmp_path, "SELECT triggered_by, trigger FROM execution") == [("myUserName", "manual")]
