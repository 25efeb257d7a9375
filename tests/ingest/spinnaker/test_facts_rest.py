"""Facts of Spinnaker's documents that no other test is about: each statement is a test of its own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.simulation.gate.execution_store import Mode
from tests.ingest.spinnaker.conftest import (
    NOW,
    SHA,
    Ingest,
    Landed,
    Make,
    T,
    after,
    delivered,
    execution,
    fields_of,
    loaded,
    manifest,
    rollouts,
    run,
    stage,
    tables,
)
from tests.simulation.gate import serve

UUID, ULID = "6f1c2f5e-8f7b-4f43-9f0e-2f6b7f1d9{:03}", "01J0000000000000000000{:04}"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"canceledBy": "bo"}, "canceled by bo"),
        ({"canceledBy": "bo", "cancellationReason": "too slow"}, "too slow (canceled by bo)"),
        ({"canceledBy": "[anonymous]", "cancellationReason": "too slow"}, "too slow"),
        ({"canceledBy": "bo", "status": "RUNNING"}, None),
    ],
)
def test_who_canceled_and_why(more: Any, reason: str | None) -> None:
    """Both are the reason of the execution; an anonymous user is not named."""
    assert tables(run(**{"status": "CANCELED", **more}))["execution"][0].reason == reason


@pytest.mark.parametrize(
    ("paused", "expected"),
    [
        ({"pausedBy": "ana", "pauseTime": T, "resumeTime": T + 5}, [("Paused by ana", "succeeded", 5)]),
        ({"pauseTime": T}, [("Paused", "running", None)]),
        ({"pausedBy": "ana", "pauseTime": None}, []),
        (None, []),
        ("yes", []),
    ],
)
def test_a_pause_is_a_deliberate_wait(paused: Any, expected: list[Any]) -> None:
    """Of an execution, from its pause until it was resumed."""
    stages = tables(run(paused=paused)).get("stage", [])
    assert [(row.kind, *fields_of(row, "name", "status", "started_at", "finished_at")) for row in stages] == [
        ("wait", name, status, after(0), after(until)) for name, status, until in expected
    ]


def test_a_pause_is_a_stage_of_its_own_in_a_lead_time(tmp_path: Any) -> None:
    """An hour in which a user paused the execution is deliberate waiting, as an execution window is."""
    body = execution("E", NOW - 7_200_000)
    pause = {"pausedBy": "ana", "pauseTime": NOW - 7_199_000, "resumeTime": NOW - 3_599_000}
    late = {"stages": [{**each, "startTime": NOW - 3_500_000, "endTime": NOW - 3_400_000} for each in body["stages"]]}
    for task in late["stages"][0]["tasks"]:
        task["endTime"] += 3_700_000
    loaded(tmp_path, {**body, **late, "endTime": NOW, "paused": pause})
    query = (
        "SELECT epoch_ms(ended_at) - epoch_ms(started_at) AS ms FROM deployment_stages WHERE stage = 'execution window'"
    )
    assert delivered(tmp_path)[0].sql(query) == [{"ms": 3_600_000}]


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_ids_of_old_and_new_form_are_read_alike(mode: Mode, make: Make, ingest: Ingest, landed: Landed) -> None:
    """UUIDs of before 1.8 sort after ULIDs: history is walked by time, so that neither hides the other."""
    names = [(UUID if nth % 2 else ULID).format(nth) for nth in range(120)]
    with serve(make.world(*(make.execution(name, NOW - nth) for nth, name in enumerate(names))), mode=mode) as gate:
        ingest(gate.url)
    assert {id_ for (id_,) in landed("SELECT id FROM execution")} == set(names)


IGNORED = (
    "limitConcurrent maxConcurrentExecutions keepWaitingPipelines origin notifications systemNotifications"
    " initialConfig startTimeExpiry spelEvaluator templateVariables source partition canceled correlationId"
)


@given(st.dictionaries(st.sampled_from(IGNORED.split()), st.none() | st.booleans() | st.text() | st.lists(st.text())))
def test_ignored_fields_change_no_row(more: dict[str, Any]) -> None:
    """How an execution was queued, notified or evaluated changes no row."""
    plain = {key: value for key, value in execution("E", T).items() if key not in more}

    def rows(body: Any) -> list[tuple[Any, ...]]:
        all_rows = [row for group in tables(body).values() for row in group]
        fields = (field for row in all_rows for field in [[f for f in row.__struct_fields__ if f != "revision"]])
        return [fields_of(row, *names) for row, names in zip(all_rows, fields, strict=True)]

    assert rows({**plain, **more}) == rows(plain)


@pytest.mark.parametrize("key", ["strategy", "isStrategy"])
def test_a_strategy_is_read_from_either_serialiser(key: str) -> None:
    """As Orca writes its trigger, and as the policy engine does; another value than true is none."""
    child = stage("createServerGroup", {"account": "prod", "strategy": "redblack"})
    assert [row.strategy for row in rollouts(child, trigger={key: True})] == ["custom"]
    assert [row.strategy for row in rollouts(child, trigger={key: "false"})] == ["redblack"]


@pytest.mark.parametrize("strategy", [None, {"manualSkip": True}])
def test_a_deploy_that_was_skipped_has_deployed_nothing(strategy: Any) -> None:
    """By hand or by a condition: planned, and without traffic."""
    skipped = stage("deployManifest", {"manifests": [manifest("shop:1")], **(strategy or {})}, status="SKIPPED")
    (row,) = rollouts({**skipped, "startTime": None, "endTime": None})
    assert fields_of(row, "status", "first_traffic_at", "full_traffic_at") == ("skipped", None, None)


@pytest.mark.parametrize("type_", ["embedded/base64", "remote/base64"])
def test_the_body_of_an_artifact_is_no_commit(type_: str) -> None:
    """Whether it is embedded or kept elsewhere: its reference is a hash of what it holds, not of a repository."""
    artifact = {"type": type_, "name": "deploy.yml", "reference": f"ref://shop/{SHA}", "version": None}
    (row,) = tables(run(trigger={"artifacts": [artifact]}))["execution"]
    assert row.commit is None


@pytest.mark.parametrize("outputs", [{}, {"noOutput": "true"}, {"outputs.createdArtifacts": []}])
def test_without_outputs_the_image_of_the_request_counts(outputs: Any) -> None:
    """Outputs may be filtered out or empty: the requested manifest remains."""
    context = {"account": "prod", "manifests": [manifest("shop@sha256:" + "ab" * 32)], **outputs}
    (row,) = rollouts(stage("deployManifest", context, outputs={}))
    assert fields_of(row, "images", "cluster", "location") == (["shop@sha256:" + "ab" * 32], "shop", "shop")


def test_a_pipeline_that_fails_after_its_other_branches_has_shipped() -> None:
    """A stopped stage may fail the whole when all else is done: the deploy stage beside it succeeded."""
    stopped = {"id": "X", "type": "wait", "status": "STOPPED", "context": {"completeOtherBranchesThenFail": True}}
    rows = tables(run(status="TERMINAL", stages=[stopped, stage("deployManifest", {"account": "prod"})]))
    assert (rows["execution"][0].status, rows["rollout"][0].status) == ("failed", "succeeded")


DEPLOYS_NOTHING = (
    "bakeManifest bake findImage deleteManifest disableManifest disableServerGroup destroyServerGroup disableCluster"
    " shrinkCluster scaleDownCluster pipeline wait checkPreconditions webhook savePipeline findArtifactsFromResource"
    " evaluateVariables deployCanary cleanupCanaryClusters"
)


@given(st.lists(st.sampled_from(DEPLOYS_NOTHING.split()), min_size=1, unique=True))
def test_what_bakes_tests_cleans_up_or_calls_another_deploys_nothing(types: list[str]) -> None:
    """A child's deployment is the child's, and clean-up disables and deletes without traffic."""
    account = {"account": "prod", "cluster": "shop", "manifestName": "deployment shop"}
    rows = rollouts(*({**stage(type_, account), "id": type_} for type_ in types))
    assert {row.action for row in rows} <= {"disable", "delete"}
    assert {row.full_traffic_at for row in rows} <= {None}


@pytest.mark.parametrize("type_", ["runJob", "runJobManifest"])
def test_a_job_is_told_from_what_serves(type_: str) -> None:
    """A migration is a rollout of kind job, whose images stand in its manifest."""
    pod = {"spec": {"template": {"spec": {"containers": [{"image": "shop:1"}]}}}}
    job = {"kind": "Job", "metadata": {"generateName": "migrate-", "namespace": "prod"}, **pod}
    (row,) = rollouts(stage(type_, {"account": "prod", "manifest": job}))
    assert fields_of(row, "action", "workload_kind", "cluster", "images") == ("deploy", "job", "migrate", ["shop:1"])
    job["metadata"] = {"name": "migrate-3fe1a2b3c4d5e6f7"}
    assert rollouts(stage(type_, {"manifest": job}))[0].cluster == "migrate"
    assert rollouts(stage(type_))[0].workload_kind == "job"


def test_a_rollback_by_image_is_one_rollback() -> None:
    """PREVIOUS_IMAGE clones a group with the old image: the clone is a step of the rollback, which names the image."""
    undoing = {
        "rollbackType": "PREVIOUS_IMAGE",
        "rollbackContext": {"rollbackServerGroupName": "shop-v002", "imageName": "shop-1"},
        "credentials": "prod",
        "region": "eu-west-1",
    }
    clone = {**stage("cloneServerGroup", {"credentials": "prod"}), "id": "C", "parentStageId": "S"}
    (row,) = rollouts(stage("rollbackServerGroup", undoing), clone)
    assert fields_of(row, "action", "version", "account", "location") == ("rollback", "shop-1", "prod", "eu-west-1")


def test_annotations_of_spinnaker_are_no_content() -> None:
    """Annotations of Clouddriver differ from run to run of the same manifest: it is a redeploy."""
    stamps = {
        "artifact.spinnaker.io/version": "7",
        "moniker.spinnaker.io/sequence": "7",
        "deployment.kubernetes.io/revision": "7",
    }
    plain, stamped = manifest("shop:1"), manifest("shop:1")
    stamped["metadata"]["annotations"] = stamps
    stamped["spec"]["template"]["metadata"] = {"annotations": stamps, "creationTimestamp": None}
    fingerprints = [rollouts(stage("deployManifest", {"manifests": [body]}))[0].template for body in (plain, stamped)]
    assert fingerprints[0] == fingerprints[1] is not None
