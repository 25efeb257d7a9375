"""Saved payloads instead of a server: every shape in which people keep them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard

from dora.errors import UsageError
from ingest.archive import Document
from ingest.source import Request, Summary, Unreadable, pull
from ingest.spinnaker import SOURCE
from ingest.spinnaker.saved import saved

ROOT = Path(__file__).resolve().parents[3]
PAYLOADS = ROOT / "tests" / "payloads" / "spinnaker"
SHARED = ROOT.parent / "shared" / "spinnaker"
RUN = {"id": "E1", "application": "shop", "status": "SUCCEEDED"}
OTHER = {**RUN, "id": "E2"}


def read(path: Path) -> list[Any]:
    """Kind and parsed body of each document, or the reason why there is none."""
    found = saved([path])
    return [(one.kind, json.loads(one.body)) if isinstance(one, Document) else one for one in found]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """A file with this content."""

    def write(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (RUN, ["execution"]),
        ([RUN, OTHER], ["execution", "execution"]),
        ([], []),
        ({"id": "T", "variables": [], "execution": RUN}, ["task"]),
        ({"input": {"pipeline": RUN, "stage": None}}, ["policy"]),
        ({**RUN, "status": None}, ["execution"]),
        ({"id": "c", "application": "shop", "name": "release", "stages": []}, ["pipeline"]),
    ],
)
def test_shapes(value: Any, kinds: list[str], file: Callable[[str, bytes], Path]) -> None:
    """One value, a list, a task, a question to the policy plug-in, a configuration."""
    assert [kind for kind, _ in read(file("x.json", json.dumps(value, indent=2).encode()))] == kinds


@pytest.mark.parametrize(
    "value",
    [
        {"job": [{"type": "undoRolloutManifest"}], "application": "shop"},
        {"application": "shop", "stages": [], "name": "Deploy manifest"},
        {"input": {"body": {"job": []}}},
        {"input": {"pipeline": {"id": "c", "stages": []}}},
        {"input": 7},
        "text",
    ],
)
def test_what_is_no_run_is_named(value: Any, file: Callable[[str, bytes], Path]) -> None:
    """Requests and plans land nothing and are not lost either."""
    (found,) = read(file("x.json", json.dumps(value).encode()))
    assert isinstance(found, Unreadable)
    assert found.id == "x.json"
    assert found.reason.startswith("x.json: ")


def test_lines_and_compression(file: Callable[[str, bytes], Path]) -> None:
    """One value a line, a list a line, .gz and .zst: the same documents."""
    lines = b"\n".join([json.dumps(RUN).encode(), b"", json.dumps([OTHER]).encode(), b""])
    plain = read(file("x.ndjson", lines))
    assert [body["id"] for _, body in plain] == ["E1", "E2"]
    assert read(file("x.ndjson.gz", gzip.compress(lines))) == plain
    assert read(file("x.ndjson.zst", zstandard.compress(lines))) == plain


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.json", b"<html>"), ("x.json", b""), ("x.json", b'{"id": '), ("x.json.gz", b"no"), ("x.json.zst", b"no")],
)
def test_a_file_that_holds_no_json_is_quarantined(
    name: str, content: bytes, file: Callable[[str, bytes], Path]
) -> None:
    """The others of a folder proceed."""
    found = read(file(name, content))
    assert [type(one) for one in found] == ([] if not content else [Unreadable])


def test_a_folder_is_read_by_name(file: Callable[[str, bytes], Path], tmp_path: Path) -> None:
    """Files and folders in it, sorted."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.json").write_text(json.dumps(OTHER))
    file("a.json", json.dumps(RUN).encode())
    assert [body["id"] for _, body in read(tmp_path)] == ["E1", "E2"]


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    """Nothing is loaded where a name is misspelt."""
    with pytest.raises(UsageError, match="There is no"):
        list(saved([tmp_path / "nothing.json"]))


def load(data: Path, *paths: Path) -> Summary:
    """Load files into a data folder."""
    return pull(SOURCE.configured({}, data), data, Request(load=paths))


def rows(data: Path, sql: str) -> list[tuple[Any, ...]]:
    """Query what was landed."""
    with duckdb.connect(str(data / "landing.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_loading_lands_like_fetching(tmp_path: Path) -> None:
    """Own payloads by file, once and again: the same rows."""
    first, second = load(tmp_path, PAYLOADS), load(tmp_path, PAYLOADS)
    assert (first.documents, first.quarantined) == (3, 0)
    assert first.tables["rollout"] == {"new": 6, "changed": 0, "unchanged": 0}
    assert second.tables["rollout"] == {"new": 0, "changed": 0, "unchanged": 6}


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
shared = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason="the real payloads are not beside the project"),
]


class TestReal:
    """Payloads of real installations, as they were published."""

    pytestmark = shared

    @pytest.mark.parametrize("name", RECOGNISED)
    def test_each_file_is_read_as_a_person_would(self, name: str, tmp_path: Path) -> None:
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

    def test_none_is_forgotten(self) -> None:
        """The table above names every file of these folders."""
        folders = ("executions", "policy-payloads", "tasks")
        files = {f"{folder}/{file.name}" for folder in folders for file in (SHARED / folder).iterdir()}
        assert files == set(RECOGNISED)

    def test_configurations_load_too(self, tmp_path: Path) -> None:
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
    def test_triggers(self, name: str, expected: tuple[Any, ...], tmp_path: Path) -> None:
        """What each says of a commit."""
        trigger = json.loads((SHARED / "triggers" / name).read_text())
        (tmp_path / "x.json").write_text(json.dumps({**RUN, "trigger": trigger}))
        load(tmp_path / "data", tmp_path / "x.json")
        assert rows(tmp_path / "data", "SELECT trigger, commit, repository, branch FROM execution") == [expected]

    def test_traffic_of_a_real_rollout(self, tmp_path: Path) -> None:
        """Its deployManifest served all 764 ms before the stage ended, and began to 531 ms earlier."""
        load(tmp_path, SHARED / "executions" / "k8s_bake_deploy_manifest.succeeded.json")
        sql = (
            "SELECT epoch_ms(finished_at) - epoch_ms(full_traffic_at), epoch_ms(full_traffic_at) -"
            " epoch_ms(first_traffic_at) FROM rollout WHERE action = 'deploy'"
        )
        assert rows(tmp_path, sql) == [(764, 531)]

    def test_a_real_undo_names_its_revision_and_reason(self, tmp_path: Path) -> None:
        """The revision returned to, and the words of who did it."""
        load(tmp_path, SHARED / "policy-payloads" / "stage.undoRolloutManifest.json")
        assert rows(tmp_path, "SELECT restores, steps_back, reason FROM rollout") == [("3", None, "someReason")]
        assert rows(tmp_path, "SELECT triggered_by, trigger FROM execution") == [("myUserName", "manual")]
