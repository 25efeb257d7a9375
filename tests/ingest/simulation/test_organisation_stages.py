from __future__ import annotations

from typing import Any

import pytest

from ingest.simulation.organisation import Organisation
from tests.simulation.expected import ExpectedDeployment, expected_results

Json = dict[str, Any]


@pytest.fixture(scope="module")
def by_id(organisation: Organisation) -> dict[str, Json]:
    """Executions by id; what another application's success started by the id of that and its own application too."""
    documents = [stub.payload() for stub in organisation.world.executions]
    return {one["id"]: one for one in documents} | {
        f"{one['trigger']['parentExecution']['id']}/{one['application']}": one
        for one in documents
        if one["trigger"].get("parentStatus") == "SUCCEEDED"
    }


def of_deployment(by_id: dict[str, Json], deployment: ExpectedDeployment) -> Json:
    return by_id.get(f"{deployment.root_id}/{deployment.application}", by_id[deployment.root_id])


def of(document: Json, kind: str) -> list[Json]:
    return [stage for stage in document["stages"] if stage["type"] == kind]


def ended(stage: Json, task: str) -> int:
    return max(t["endTime"] for t in stage["tasks"] if t["name"] == task and "endTime" in t)


def rollouts(document: Json) -> list[Json]:
    """Production deployManifest stages, canary workloads apart."""
    return [
        stage
        for stage in of(document, "deployManifest")
        if stage["context"]["account"].startswith("prod")
        and not stage["context"]["moniker"]["cluster"].endswith(("-canary", "-baseline"))
    ]


def deployments(organisation: Organisation, outcome: str) -> list[ExpectedDeployment]:
    return [d for d in expected_results(organisation).deployments if d.outcome == outcome]


def test_the_run_under_way_at_the_end_runs(organisation: Organisation) -> None:
    """It has no end, one stage and task of it run, what comes later has not begun; one more waits in the queue."""
    running = [stub.payload() for stub in organisation.world.executions if stub.status == "RUNNING"]
    waiting = [stub for stub in organisation.world.executions if stub.status == "NOT_STARTED"]
    assert running
    for document in running:
        assert "endTime" not in document
        assert document["canceled"] is False
        under_way = [stage for stage in document["stages"] if stage["status"] == "RUNNING"]
        assert under_way
        assert all("endTime" not in stage for stage in under_way)
        assert [t["status"] for stage in under_way for t in stage["tasks"]].count("RUNNING") == len(under_way)
        assert document["stages"][-1]["status"] == "NOT_STARTED"
    assert [(stub.start_time, stub.application) for stub in waiting] == [(None, "checkout")]


def test_traffic_times_are_those_of_the_tasks(organisation: Organisation, by_id: dict[str, Json]) -> None:
    """On Kubernetes first traffic is the earliest end of monitorDeploy, full the latest end of stabilising."""
    seen = 0
    for deployment in deployments(organisation, "succeeded"):
        stages = rollouts(of_deployment(by_id, deployment))
        if stages:
            seen += 1
            assert deployment.first_traffic_at == min(ended(stage, "monitorDeploy") for stage in stages)
            assert deployment.full_traffic_at == max(ended(stage, "waitForManifestToStabilize") for stage in stages)
    assert seen > 200


def test_a_failure_under_traffic_breaks_while_stabilising(organisation: Organisation, by_id: dict[str, Json]) -> None:
    """The content was applied and one rollout never settled; it says so in its context."""
    for deployment in deployments(organisation, "failed"):
        broken = [s for s in rollouts(of_deployment(by_id, deployment)) if s["status"] == "TERMINAL"]
        for stage in broken:
            statuses = {task["name"]: task["status"] for task in stage["tasks"]}
            assert statuses["monitorDeploy"] == "SUCCEEDED"
            assert statuses["waitForManifestToStabilize"] == "TERMINAL"
            assert stage["context"]["failedManifests"]
            assert stage["context"]["exception"]["details"]["errors"]


def test_what_took_no_traffic_has_no_rollout_that_was_applied(
    organisation: Organisation, by_id: dict[str, Json]
) -> None:
    """Where a run was stopped, rejected or broke before, no production manifest came out of it."""
    for outcome in ("not_deployed", "rejected", "stopped_by_canary", "canceled", "in_progress"):
        for deployment in deployments(organisation, outcome):
            assert not [s for s in rollouts(by_id[deployment.root_id]) if "outputs.manifests" in s["context"]]


def test_regions_are_rolled_out_side_by_side(by_id: dict[str, Json]) -> None:
    """Two regions begin at the same time and wait for the same stages."""
    pairs = [rollouts(document) for document in by_id.values() if len(rollouts(document)) == 2]
    assert pairs
    for one, two in pairs:
        assert {one["context"]["account"], two["context"]["account"]} == {"prod-eu", "prod-us"}
        assert one["requisiteStageRefIds"] == two["requisiteStageRefIds"]
        assert one.get("startTime") == two.get("startTime")


def test_undone_rollouts_are_operations_by_hand(organisation: Organisation, by_id: dict[str, Json]) -> None:
    """Each is an orchestration that names a revision or how many to go back, and takes traffic by its own tasks."""
    undone = [d for d in expected_results(organisation).deployments if d.started_from_ui]
    assert undone
    for deployment in undone:
        document = by_id[deployment.root_id]
        (stage,) = of(document, "undoRolloutManifest")
        assert (document["type"], document["description"]) == ("ORCHESTRATION", "Undo rollout of manifest")
        assert ("revision" in stage["context"]) != ("numRevisionsBack" in stage["context"])
        assert deployment.first_traffic_at == ended(stage, "monitorUndoRollout")
        assert deployment.full_traffic_at == ended(stage, "waitForManifestToStabilize")


def test_a_revision_to_return_to_was_deployed_before(by_id: dict[str, Json]) -> None:
    """The revision that an undo names is one that the cluster gave to an earlier deployment."""
    for document in by_id.values():
        for stage in of(document, "undoRolloutManifest"):
            if "revision" in stage["context"]:
                given = {
                    manifest["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
                    for earlier in by_id.values()
                    if earlier["application"] == document["application"] and earlier["id"] < document["id"]
                    for rollout in rollouts(earlier)
                    for manifest in rollout["context"].get("outputs.manifests", [])
                }
                assert stage["context"]["revision"] in given


def test_server_groups_serve_when_the_old_ones_are_off(organisation: Organisation, by_id: dict[str, Json]) -> None:
    """Red/black: first traffic when instances are up, full traffic when the last old group is disabled."""
    seen = 0
    for deployment in deployments(organisation, "succeeded"):
        created = of(by_id[deployment.root_id], "createServerGroup")
        if created:
            seen += 1
            off = of(by_id[deployment.root_id], "disableCluster")
            assert {stage["parentStageId"] for stage in off} == {stage["id"] for stage in created}
            assert deployment.first_traffic_at == min(ended(stage, "waitForUpInstances") for stage in created)
            assert deployment.full_traffic_at == max(stage["endTime"] for stage in off)
    assert seen > 5


def test_a_group_rollback_names_both_groups(organisation: Organisation, by_id: dict[str, Json]) -> None:
    """The group that comes back was created before, and it is not the one that goes."""
    created = {
        name
        for document in by_id.values()
        for stage in of(document, "createServerGroup")
        for names in stage["context"].get("deploy.server.groups", {}).values()
        for name in names
    }
    rolled = [stage for document in by_id.values() for stage in of(document, "rollbackServerGroup")]
    assert rolled
    for stage in rolled:
        context = stage["context"]["rollbackContext"]
        assert {context["restoreServerGroupName"], context["rollbackServerGroupName"]} <= created
        assert context["restoreServerGroupName"] < context["rollbackServerGroupName"]


def test_dry_runs_look_real_and_count_for_nothing(organisation: Organisation, by_id: dict[str, Json]) -> None:
    """A dry run has its production stages, and is no deployment."""
    dry = {document["id"] for document in by_id.values() if document["trigger"]["dryRun"]}
    assert dry
    assert dry.isdisjoint(d.root_id for d in expected_results(organisation).deployments)


def test_runs_canceled_in_the_queue_never_began(organisation: Organisation) -> None:
    """They have neither start nor end, and every stage of them is as planned."""
    queued = [s for s in organisation.world.executions if s.status == "CANCELED" and s.start_time is None]
    assert queued
    for stub in queued:
        document = stub.payload()
        assert not {"startTime", "endTime"} & document.keys()
        assert document["canceled"] is True
        assert {stage["status"] for stage in document["stages"]} == {"NOT_STARTED"}
        assert not any(stage["tasks"] for stage in document["stages"])


def test_staging_and_nightly_runs_are_no_deployments(organisation: Organisation, by_id: dict[str, Json]) -> None:
    """Pipelines that touch staging alone, or nothing, are not among the deployments."""
    other = {i for i, document in by_id.items() if document.get("name") in {"deploy-staging", "nightly-tests"}}
    assert len(other) > 50
    assert other.isdisjoint(d.root_id for d in expected_results(organisation).deployments)
