"""Published payloads of real installations, and the rollouts, approvals and canaries in each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.core.pipeline import Summary, pull
from ingest.core.source import Request
from ingest.spinnaker import SOURCE
from ingest.spinnaker.model.stage_kinds import stage_kind
from tests.conftest import fresh
from tests.conftest import landed as rows

SHARED = Path(__file__).resolve().parents[4] / "shared" / "spinnaker"
RUN = {"id": "E1", "application": "shop", "status": "SUCCEEDED"}
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason="the real payloads are not beside the project"),
]


def load(data: Path, *paths: Path) -> Summary:
    """Load files into a data folder."""
    return pull(SOURCE.from_settings({}, data), fresh(data), Request(load=paths))


K8S = ("k8s-local", "spinnaker-dev", "dev-p01-nginx")
HOSTNAME = ("spinnaker", "staging", "hostname")
IMAGES = "rstarmer/hostname:v1 nginx/nginx-prometheus-exporter:0.3.0"
EVERY_TYPE = [
    ("deploy", "running", "staging", "us-east-2", "test", None),
    ("deploy", "running", "staging", "us-east-2", "test", None),
    ("deploy", "running", *HOSTNAME, IMAGES),
    ("rollback", "running", "staging", "us-east-2", None, None),
    ("rollback", "running", *HOSTNAME, None),
    ("scale", "failed", "staging", None, None, None),
    ("disable", "running", "staging", None, "test", None),
    ("enable", "failed", "staging", None, "test", None),
    ("deploy", "running", "spinnaker", None, None, None),
]
JOB = (None, None, None, None)


class Recognised:
    """What a file holds: rollouts (action, status, account, location, cluster, images), and counts of other rows."""

    def __init__(
        self, *rollouts: Any, executions: int = 1, approvals: int = 0, canaries: int = 0, quarantined: int = 0
    ) -> None:
        self.rollouts = list(rollouts)
        self.counts = (executions, approvals, canaries, quarantined)


RECOGNISED = {
    "executions/appengine_pubsub_and_manual.list.json": Recognised(
        ("deploy", "succeeded", None, "us-central", None, None), executions=2
    ),
    "executions/k8s_bake_deploy_manifest.list.json": Recognised(
        ("deploy", "succeeded", None, None, None, None),
        ("deploy", "succeeded", None, None, None, None),
        ("restart", "failed", None, None, None, None),
        ("restart", "succeeded", None, None, None, None),
        ("scale", "not_started", None, None, None, None),
        ("scale", "succeeded", None, None, None, None),
        executions=2,
    ),
    "executions/k8s_bake_deploy_manifest.succeeded.json": Recognised(
        ("deploy", "succeeded", *K8S, "index.docker.io/library/nginx:latest"),
        ("restart", "succeeded", *K8S, None),
        ("scale", "succeeded", *K8S, None),
    ),
    "executions/manual_wait.running.json": Recognised(),
    "executions/manual_wait.running.list.json": Recognised(),
    "executions/manual_wait.succeeded.list.json": Recognised(),
    "executions/spin_execution_get.list.json": Recognised(),
    "executions/spin_execution_list.list.json": Recognised(),
    "executions/webhook_stage_success_and_terminal.list.json": Recognised(executions=2),
    "policy-payloads/pipelines.before.json": Recognised(executions=0, quarantined=1),
    "policy-payloads/stage.createServerGroup.json": Recognised(
        ("deploy", "running", "staging", "us-east-2", "test", None)
    ),
    "policy-payloads/stage.deployManifest.json": Recognised(("deploy", "running", *HOSTNAME, IMAGES)),
    "policy-payloads/stage.evaluateArtifacts.json": Recognised(
        ("deploy", "not_started", "spinnaker", None, None, None)
    ),
    "policy-payloads/stage.findArtifactsFromResource.json": Recognised(
        ("deploy", "failed", "staging", None, None, None), *EVERY_TYPE, canaries=1
    ),
    "policy-payloads/stage.jenkins.json": Recognised(
        *EVERY_TYPE, ("deploy", "running", "staging", None, None, None), canaries=1
    ),
    "policy-payloads/stage.manualJudgment.json": Recognised(approvals=1),
    "policy-payloads/stage.pipeline.json": Recognised(),
    "policy-payloads/stage.rollbackCluster.json": Recognised(
        ("rollback", "running", "staging", "us-east-2", None, None)
    ),
    "policy-payloads/stage.savePipeline.json": Recognised(),
    "policy-payloads/stage.scaleDownCluster.json": Recognised(),
    "policy-payloads/stage.scaleManifest.json": Recognised(("scale", "running", *HOSTNAME, None)),
    "policy-payloads/stage.undoRolloutManifest.json": Recognised(("rollback", "running", *HOSTNAME, None)),
    "policy-payloads/stage.upsertLoadBalancers.json": Recognised(),
    "policy-payloads/stage.webhook.json": Recognised(),
    "tasks/adhoc_request.deploy-manifest.json": Recognised(executions=0, quarantined=1),
    "tasks/adhoc_request.pipeline-with-pipeline-trigger.json": Recognised(executions=0, quarantined=1),
    "tasks/adhoc_request.pipeline-with-pipelineRef-trigger.json": Recognised(executions=0, quarantined=1),
    "tasks/adhoc_request.save-pipeline-permitted-user.json": Recognised(executions=0, quarantined=1),
    "tasks/adhoc_request.undoRolloutManifest.json": Recognised(executions=0, quarantined=1),
    "tasks/adhoc_request.update-application.json": Recognised(executions=0, quarantined=1),
    "tasks/create_application.success.json": Recognised(),
    "tasks/project_task.success.json": Recognised(),
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_each_file_is_read_as_a_person_would(name: str, tmp_path: Path) -> None:
    """What is recognised in it, line by line, and nothing else."""
    summary = load(tmp_path, SHARED / name)
    expected = RECOGNISED[name]
    rollouts = rows(
        tmp_path, "SELECT action, status, account, location, cluster, array_to_string(images, ' ') FROM rollout"
    )
    assert sorted(rollouts, key=str) == sorted(expected.rollouts, key=str)
    counts = [rows(tmp_path, f"SELECT count(*) FROM {table}")[0][0] for table in ("execution", "approval", "canary")]
    assert (*counts, summary.quarantined) == expected.counts


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
        ("concourse_or_legacy_all_fields.json", ("build", "c8c8199027ae53e5a31503504d74329cfb477f14", None, "master")),
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


# Webhook file → commit, repository, branch: what a pipeline that it triggers would carry.
WEBHOOKS: dict[str, tuple[str | None, str | None, str | None]] = {
    "bitbucket_payload.json": ("9384d1bf6db69ea35cda200648ade30f8ea7b1a4", "bitbucketfan/test_webhooks", "master"),
    "bitbucket_server_pr_merged_payload.json": ("3e325b06e6f13b948dbb33ae8177cfa78a043ac5", "RT/repo-test", "main"),
    "bitbucket_server_repo_refs_changed_payload.json": (
        "9065c394975cf8750a83abb6e54ba27245a38926",
        "RT/repo-test",
        "feature-branch",
    ),
    "github_branch_payload.json": (None, None, None),
    "github_pr_payload.json": ("ba3b59b3cf776e3eda0b17a8094ce78c2f2e498c", "jervi/expert-waffle", "add-waffle-recipe"),
    "github_push_payload.json": ("da68b0f38d58d68196651e808317bfae708fa9f0", "jervi/expert-waffle", "main"),
    "legacy_stash_payload.json": ("6701da6ba49197208319f3ecad71ec9c449172fa", "E-BLAH/sample-manifests", "master"),
}


@pytest.mark.parametrize("name", WEBHOOKS)
def test_webhooks(name: str, tmp_path: Path) -> None:
    """The commit that was pushed, merged or proposed, with its repository and branch."""
    trigger = {"type": "webhook", "payload": json.loads((SHARED / "git-webhooks" / name).read_text())}
    (tmp_path / "x.json").write_text(json.dumps({**RUN, "trigger": trigger}))
    load(tmp_path / "data", tmp_path / "x.json")
    assert rows(tmp_path / "data", "SELECT commit, repository, branch FROM execution") == [WEBHOOKS[name]]


HELM = ("k8s-v2-account", "test", "render-helm-output-manifest-sfcdtest-01fcm0tny37w064h7g4tjnyxxc", "test-image:1")
# Context or job status → the stage's type and status, its rollout (account, location, cluster, images), its reason.
STAGES: dict[str, tuple[str, str, tuple[str | None, ...] | None, str | None]] = {
    "bakeManifest.context.json": ("bakeManifest", "SUCCEEDED", None, None),
    "deployManifest.context.json": ("deployManifest", "SUCCEEDED", HELM, None),
    "runJob.failed-runjob-status.json": ("runJobManifest", "TERMINAL", JOB, "had errors"),
    "runJob.successful-runjob-status.json": ("runJobManifest", "SUCCEEDED", JOB, None),
    "runJob.successful-runjob-status-with-multiple-pods.json": ("runJobManifest", "SUCCEEDED", JOB, None),
}


@pytest.mark.parametrize("name", STAGES)
def test_stages(name: str, tmp_path: Path) -> None:
    """What each deployed and where, or why it failed; a bake deploys nothing, a job has no known target."""
    type_, status, rollout, reason = STAGES[name]
    body = json.loads((SHARED / "stages" / name).read_text())
    context = {"jobStatus": body} if type_ == "runJobManifest" else body
    stage = {"id": "S", "type": type_, "status": status, "context": context}
    (tmp_path / "x.json").write_text(json.dumps({**RUN, "stages": [stage]}))
    load(tmp_path / "data", tmp_path / "x.json")
    rollouts = rows(tmp_path / "data", "SELECT account, location, cluster, array_to_string(images, ' ') FROM rollout")
    assert rollouts == ([rollout] if rollout else [])
    ((why,),) = rows(tmp_path / "data", "SELECT reason FROM stage")
    assert (why is None) if reason is None else (reason in why)


# Every stage type of the real payloads → what it is taken for: "other" is kept and never a deployment.
TYPES_BY_KIND = {
    "approval": "manualJudgment",
    "bake": "bake bakeManifest",
    "build": "awsCodeBuild concourse googleCloudBuild jenkins script travis wercker",
    "canary": "kayentaCanary",
    "child": "pipeline",
    "deploy": (
        "cloneServerGroup createServerGroup deploy deployCloudFormation deployManifest enableServerGroup patchManifest"
    ),
    "other": (
        "createApplication deleteManifest destroyServerGroup determineTargetServerGroup disableCluster"
        " evaluateArtifacts evaluateVariables findArtifactFromExecution findArtifactsFromResource"
        " findImage findImageFromTags modifyAwsScalingProcess savePipeline savePipelinesFromArtifact"
        " scaleDownCluster shrinkCluster updateApplication upsertEntityTags upsertImageTags"
        " upsertLoadBalancers upsertProject webhook"
    ),
    "restart": "rollingRestartManifest",
    "rollback": "rollbackCluster undoRolloutManifest",
    "scale": "resizeServerGroup scaleManifest",
    "test": "gremlin runJobManifest",
    "wait": "wait",
}


def stage_types(value: Any) -> set[str]:
    """The types of all stages in a payload, however deep."""
    if isinstance(value, list):
        return {type_ for item in value for type_ in stage_types(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["type"]} if "requisiteStageRefIds" in value and isinstance(value.get("type"), str) else set()
    return own.union(*(stage_types(item) for item in value.values()))


def test_every_stage_type_is_taken_for_what_it_is() -> None:
    """The table above names each type that occurs in these folders, and only those."""
    types_by_kind: dict[str, list[str]] = {}
    for folder in ("executions", "policy-payloads", "tasks"):
        for file in (SHARED / folder).iterdir():
            for type_ in stage_types(json.loads(file.read_text())):
                types_by_kind.setdefault(stage_kind(type_), []).append(type_)
    assert {kind: " ".join(sorted(set(types))) for kind, types in types_by_kind.items()} == TYPES_BY_KIND


def test_none_of_these_is_forgotten_either() -> None:
    """Webhooks, stages and triggers: every file has its line."""
    for folder, table in (("git-webhooks", WEBHOOKS), ("stages", STAGES)):
        assert {file.name for file in (SHARED / folder).iterdir()} == set(table)
    assert len(list((SHARED / "triggers").iterdir())) == 6


def test_a_real_judgment_that_is_being_decided(tmp_path: Path) -> None:
    """Its judge is named and the stage still runs: no user was refused, and nothing is decided yet."""
    load(tmp_path, SHARED / "policy-payloads" / "stage.manualJudgment.json")
    sql = "SELECT outcome, decision, unauthorized_user, prompt FROM approval"
    assert rows(tmp_path, sql) == [("waiting", None, None, "is the new service working?")]


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
