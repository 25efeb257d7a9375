from __future__ import annotations

from typing import Any

import pytest

from ingest.simulation.organisation import Organisation
from tests.simulation.expected import ExpectedDeployment, expected_results

Json = dict[str, Any]


@pytest.fixture(scope="module")
def documents_by_id(organisation: Organisation) -> dict[str, Json]:
    """Executions by id; those that a success started by the id of that run and their own application too."""
    documents = [stub.payload() for stub in organisation.world.executions]
    started_by_success = [document for document in documents if document["trigger"].get("parentStatus") == "SUCCEEDED"]
    return {document["id"]: document for document in documents} | {
        f"{document['trigger']['parentExecution']['id']}/{document['application']}": document
        for document in started_by_success
    }


def document_of(documents_by_id: dict[str, Json], deployment: ExpectedDeployment) -> Json:
    return documents_by_id.get(f"{deployment.root_id}/{deployment.application}", documents_by_id[deployment.root_id])


def stages_of(document: Json, kind: str) -> list[Json]:
    return [stage for stage in document["stages"] if stage["type"] == kind]


def end_of_task(stage: Json, task: str) -> int:
    return max(t["endTime"] for t in stage["tasks"] if t["name"] == task and "endTime" in t)


def rollouts(document: Json) -> list[Json]:
    """Production deployManifest stages, canary workloads apart."""
    return [
        stage
        for stage in stages_of(document, "deployManifest")
        if stage["context"]["account"].startswith("prod")
        and not stage["context"]["moniker"]["cluster"].endswith(("-canary", "-baseline"))
    ]


def deployments(organisation: Organisation, outcome: str) -> list[ExpectedDeployment]:
    return [d for d in expected_results(organisation).deployments if d.outcome == outcome]


def test_a_run_in_progress_at_the_end(organisation: Organisation) -> None:
    """It has no end, one stage and task run, later ones have not started; one more run is queued."""
    running = [stub.payload() for stub in organisation.world.executions if stub.status == "RUNNING"]
    queued = [stub for stub in organisation.world.executions if stub.status == "NOT_STARTED"]
    assert running
    for document in running:
        assert "endTime" not in document
        assert document["canceled"] is False
        in_progress = [stage for stage in document["stages"] if stage["status"] == "RUNNING"]
        assert in_progress
        assert all("endTime" not in stage for stage in in_progress)
        assert [t["status"] for stage in in_progress for t in stage["tasks"]].count("RUNNING") == len(in_progress)
        assert document["stages"][-1]["status"] == "NOT_STARTED"
    assert [(stub.start_time, stub.application) for stub in queued] == [(None, "checkout")]


def test_traffic_times_come_from_the_tasks(organisation: Organisation, documents_by_id: dict[str, Json]) -> None:
    """On Kubernetes first traffic is the earliest end of monitorDeploy, full the latest end of stabilising."""
    count = 0
    for deployment in deployments(organisation, "succeeded"):
        stages = rollouts(document_of(documents_by_id, deployment))
        if stages:
            count += 1
            assert deployment.first_traffic_at == min(end_of_task(stage, "monitorDeploy") for stage in stages)
            assert deployment.full_traffic_at == max(
                end_of_task(stage, "waitForManifestToStabilize") for stage in stages
            )
    assert count > 200


def test_a_failed_deployment_never_becomes_stable(organisation: Organisation, documents_by_id: dict[str, Json]) -> None:
    """The manifest is applied and one rollout does not become stable; the context has the error."""
    for deployment in deployments(organisation, "failed"):
        broken = [s for s in rollouts(document_of(documents_by_id, deployment)) if s["status"] == "TERMINAL"]
        for stage in broken:
            statuses = {task["name"]: task["status"] for task in stage["tasks"]}
            assert statuses["monitorDeploy"] == "SUCCEEDED"
            assert statuses["waitForManifestToStabilize"] == "TERMINAL"
            assert stage["context"]["failedManifests"]
            assert stage["context"]["exception"]["details"]["errors"]


def test_without_traffic_no_manifest_is_applied(organisation: Organisation, documents_by_id: dict[str, Json]) -> None:
    """A run that is stopped, rejected or fails before its rollout applies no production manifest."""
    for outcome in ("not_deployed", "rejected", "stopped_by_canary", "canceled", "in_progress"):
        for deployment in deployments(organisation, outcome):
            assert not [s for s in rollouts(documents_by_id[deployment.root_id]) if "outputs.manifests" in s["context"]]


def test_regions_are_rolled_out_side_by_side(documents_by_id: dict[str, Json]) -> None:
    """Two regions begin at the same time and wait for the same stages."""
    both = (rollouts(document) for document in documents_by_id.values())
    pairs = [sorted(stages, key=lambda stage: stage["context"]["account"]) for stages in both if len(stages) == 2]
    assert pairs
    for eu, us in pairs:
        assert {eu["context"]["account"], us["context"]["account"]} == {"prod-eu", "prod-us"}
        assert eu["requisiteStageRefIds"] == us["requisiteStageRefIds"]
        assert eu.get("startTime") == us.get("startTime")


def test_undo_operations_are_orchestrations(organisation: Organisation, documents_by_id: dict[str, Json]) -> None:
    """Each is an orchestration that names a revision or how many to go back, and takes traffic by its own tasks."""
    undo_operations = [d for d in expected_results(organisation).deployments if d.started_from_ui]
    assert undo_operations
    for deployment in undo_operations:
        document = documents_by_id[deployment.root_id]
        (stage,) = stages_of(document, "undoRolloutManifest")
        assert (document["type"], document["description"]) == ("ORCHESTRATION", "Undo rollout of manifest")
        assert ("revision" in stage["context"]) != ("numRevisionsBack" in stage["context"])
        assert deployment.first_traffic_at == end_of_task(stage, "monitorUndoRollout")
        assert deployment.full_traffic_at == end_of_task(stage, "waitForManifestToStabilize")


def test_a_revision_to_return_to_was_deployed_before(documents_by_id: dict[str, Json]) -> None:
    """The revision that an undo names is one that the cluster gave to an earlier deployment."""
    for document in documents_by_id.values():
        for stage in stages_of(document, "undoRolloutManifest"):
            if "revision" in stage["context"]:
                earlier_revisions = {
                    manifest["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
                    for earlier in documents_by_id.values()
                    if earlier["application"] == document["application"] and earlier["id"] < document["id"]
                    for rollout in rollouts(earlier)
                    for manifest in rollout["context"].get("outputs.manifests", [])
                }
                assert stage["context"]["revision"] in earlier_revisions


def test_server_groups_replace_the_old_ones(organisation: Organisation, documents_by_id: dict[str, Json]) -> None:
    """Red/black: first traffic when instances are up, full traffic when the last old group is disabled."""
    count = 0
    for deployment in deployments(organisation, "succeeded"):
        created = stages_of(documents_by_id[deployment.root_id], "createServerGroup")
        if created:
            count += 1
            off = stages_of(documents_by_id[deployment.root_id], "disableCluster")
            assert {stage["parentStageId"] for stage in off} == {stage["id"] for stage in created}
            assert deployment.first_traffic_at == min(end_of_task(stage, "waitForUpInstances") for stage in created)
            assert deployment.full_traffic_at == max(stage["endTime"] for stage in off)
    assert count > 5


def test_a_group_rollback_names_both_groups(organisation: Organisation, documents_by_id: dict[str, Json]) -> None:
    """The restored group was created before the replaced one."""
    created = {
        name
        for document in documents_by_id.values()
        for stage in stages_of(document, "createServerGroup")
        for names in stage["context"].get("deploy.server.groups", {}).values()
        for name in names
    }
    rolled = [stage for document in documents_by_id.values() for stage in stages_of(document, "rollbackServerGroup")]
    assert rolled
    for stage in rolled:
        context = stage["context"]["rollbackContext"]
        assert {context["restoreServerGroupName"], context["rollbackServerGroupName"]} <= created
        assert context["restoreServerGroupName"] < context["rollbackServerGroupName"]


def test_dry_runs_are_no_deployments(organisation: Organisation, documents_by_id: dict[str, Json]) -> None:
    """A dry run has production stages, and is not among the deployments."""
    dry = {document["id"] for document in documents_by_id.values() if document["trigger"]["dryRun"]}
    assert dry
    assert dry.isdisjoint(d.root_id for d in expected_results(organisation).deployments)


def test_runs_canceled_in_the_queue_never_start(organisation: Organisation) -> None:
    """They have neither start nor end, and none of their stages started."""
    queued = [s for s in organisation.world.executions if s.status == "CANCELED" and s.start_time is None]
    assert queued
    for stub in queued:
        document = stub.payload()
        assert not {"startTime", "endTime"} & document.keys()
        assert document["canceled"] is True
        assert {stage["status"] for stage in document["stages"]} == {"NOT_STARTED"}
        assert not any(stage["tasks"] for stage in document["stages"])


def test_staging_and_nightly_runs_are_no_deployments(
    organisation: Organisation, documents_by_id: dict[str, Json]
) -> None:
    """Pipelines that touch staging alone, or nothing, are not among the deployments."""
    other = {
        i for i, document in documents_by_id.items() if document.get("name") in {"deploy-staging", "nightly-tests"}
    }
    assert len(other) > 50
    assert other.isdisjoint(d.root_id for d in expected_results(organisation).deployments)
