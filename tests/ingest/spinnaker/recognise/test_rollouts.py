"""Stages that change what runs as rollouts: their targets and their traffic."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import T, after, fields_of, rollouts, stage


def tasks(**ends: int | None) -> list[dict[str, Any]]:
    """Tasks that ended after so many milliseconds; None: failed."""
    return [
        {"name": name, "status": "TERMINAL" if end is None else "SUCCEEDED", "endTime": T + (end or 9_000)}
        for name, end in ends.items()
    ]


@pytest.mark.parametrize(
    ("type_", "more", "times"),
    [
        ("deployManifest", {"tasks": tasks(monitorDeploy=1, waitForManifestToStabilize=5, monitorCleanup=8)}, (1, 5)),
        ("deployManifest", {"tasks": []}, (10_000, 10_000)),
        ("deployManifest", {"tasks": [], "status": "TERMINAL"}, (None, None)),
        (
            "deployManifest",
            {"tasks": tasks(monitorDeploy=1, waitForManifestToStabilize=None), "status": "TERMINAL"},
            (1, None),
        ),
        ("deployManifest", {"tasks": tasks(deployManifest=None), "status": "TERMINAL"}, (None, None)),
        ("deployManifest", {"tasks": tasks(monitorDeploy=3)}, (3, 10_000)),
        ("patchManifest", {"tasks": tasks(monitorPatch=2, waitForManifestToStabilize=4)}, (2, 4)),
        ("undoRolloutManifest", {"tasks": tasks(monitorUndoRollout=2)}, (2, 10_000)),
        ("rollingRestartManifest", {"tasks": tasks(monitorRollingRestart=2)}, (10_000, 10_000)),
        ("rollbackServerGroup", {"tasks": tasks(anything=2)}, (10_000, 10_000)),
        ("createServerGroup", {"tasks": tasks(monitorDeploy=1, waitForUpInstances=6)}, (6, 6)),
        ("createServerGroup", {"tasks": tasks(waitForUpInstances=6), "status": "TERMINAL"}, (6, None)),
        ("createServerGroup", {"tasks": tasks(waitForUpInstances=None), "status": "TERMINAL"}, (None, None)),
    ],
)
def test_when_traffic_started(type_: str, more: dict[str, Any], times: tuple[int | None, ...]) -> None:
    """First and full traffic by the tasks; by the stage's end only where a listing has no tasks."""
    (rollout,) = rollouts(stage(type_, **more))
    assert fields_of(rollout, "first_traffic_at", "full_traffic_at") == tuple(map(after, times))


@pytest.mark.parametrize(("enabled", "served"), [(False, None), (True, after(5))])
def test_a_dark_rollout_takes_no_traffic(enabled: bool, served: int | None) -> None:
    """With traffic management on and traffic off, the new content waits."""
    context = {"trafficManagement": {"enabled": True, "options": {"enableTraffic": enabled}}}
    done = tasks(monitorDeploy=1, waitForManifestToStabilize=5)
    assert rollouts(stage("deployManifest", context, tasks=done))[0].full_traffic_at == served


def test_full_traffic_waits_for_the_old_group_to_be_disabled() -> None:
    """A disableCluster stage that failed or has not ended leaves the rollout short of full traffic."""
    group = stage("createServerGroup", tasks=tasks(waitForUpInstances=6))
    disable = {"id": "D", "type": "disableCluster", "parentStageId": "S", "endTime": T + 9}
    for status, full in (("SUCCEEDED", after(9)), ("TERMINAL", None), ("RUNNING", None)):
        rollout = rollouts(group, {**disable, "status": status})[0]
        assert fields_of(rollout, "first_traffic_at", "full_traffic_at") == (after(6), full)
        other = {**disable, "id": "O", "status": "SUCCEEDED", "endTime": T + 8}
        assert rollouts(group, {**disable, "status": status}, other)[0].full_traffic_at == full


def test_a_task_that_was_tried_again_counts_as_it_went_last() -> None:
    """Orca lists each try; traffic starts by the one that came last, and an earlier success is no success."""
    twice = [*tasks(monitorDeploy=1, waitForManifestToStabilize=5), *tasks(waitForManifestToStabilize=7)]
    (rollout,) = rollouts(stage("deployManifest", tasks=twice))
    assert fields_of(rollout, "first_traffic_at", "full_traffic_at") == (after(1), after(7))


def test_a_deploy_is_its_server_groups_and_a_planned_one_its_clusters() -> None:
    """The same target has the same id before, during and after, also when a restart makes the child anew."""
    zones = {"eu": ["a"], "us": ["b"]}
    plan = {"account": "vm", "application": "shop", "stack": "main", "availabilityZones": zones}
    planned = rollouts(stage("deploy", {"clusters": [plan]}, status="NOT_STARTED", startTime=None, endTime=None))
    child = {"account": "vm", "application": "shop", "stack": "main", "region": "eu"}
    parent = stage("deploy", {"clusters": [plan]})
    for child_id in ("first", "again"):
        (begun,) = rollouts(parent, {**stage("createServerGroup", child), "id": child_id, "parentStageId": "S"})
        assert begun.id == planned[0].id
    assert [fields_of(row, "location", "cluster", "status") for row in planned] == [
        ("eu", "shop-main", "not_started"),
        ("us", "shop-main", "not_started"),
    ]


def test_a_plan_that_is_still_an_expression_is_one_rollout() -> None:
    """The expression for the clusters is evaluated when the stage begins."""
    (rollout,) = rollouts(stage("deploy", {"clusters": "${ trigger.clusters }"}, status="NOT_STARTED"))
    assert fields_of(rollout, "status", "location") == ("not_started", None)


def test_two_groups_of_one_target_stay_two() -> None:
    """Ids are unique even where a pipeline deploys the same cluster twice."""
    plan = {"account": "vm", "application": "shop", "region": "eu"}
    rows = rollouts(stage("deploy", {"clusters": [plan, plan]}, status="NOT_STARTED"))
    assert len({row.id for row in rows}) == 2


def test_a_listing_without_contexts_still_tells_the_region() -> None:
    """ "Deploy in eu-west-1" is all that is left of it."""
    child = {**stage("createServerGroup", name="Deploy in eu-west-1"), "id": "C", "parentStageId": "S"}
    (rollout,) = rollouts(stage("deploy"), child)
    assert fields_of(rollout, "location", "account", "full_traffic_at") == ("eu-west-1", None, after(10_000))


def test_a_rollback_is_its_server_groups_and_not_the_steps_it_takes() -> None:
    """clone, enable, resize and disable inside a rollback are its steps."""
    steps = [
        {**stage("rollbackServerGroup", {"region": "eu", "rollbackContext": {"restoreServerGroupName": "shop-v001"}})},
        {**stage("cloneServerGroup"), "id": "c", "parentStageId": "S"},
        {**stage("resizeServerGroup"), "id": "r", "parentStageId": "S"},
    ]
    (alone,) = rollouts(*steps)
    (nested,) = rollouts({**stage("rollbackCluster"), "id": "TOP"}, {**steps[0], "parentStageId": "TOP"}, *steps[1:])
    assert fields_of(alone, "action", "restores", "steps_back") == ("rollback", "shop-v001", None)
    assert nested.id == "TOP/-/eu/-"


@pytest.mark.parametrize(
    ("context", "restores", "steps"),
    [({"revision": 3}, "3", None), ({"revision": "3"}, "3", None), ({"numRevisionsBack": "2"}, None, 2), ({}, None, 1)],
)
def test_how_far_back(context: dict[str, Any], restores: str | None, steps: int | None) -> None:
    """A revision, a number of them, or one."""
    assert fields_of(rollouts(stage("undoRolloutManifest", context))[0], "restores", "steps_back") == (restores, steps)


@pytest.mark.parametrize(
    ("type_", "action"),
    [("rollingRestartManifest", "restart"), ("scaleManifest", "scale"), ("resizeServerGroup", "scale")],
)
def test_restarts_and_scaling(type_: str, action: str) -> None:
    """They change what runs, but not its content."""
    assert rollouts(stage(type_, {"manifestName": "deployment shop"}))[0].action == action
    assert rollouts({**stage(type_), "id": "c", "parentStageId": "S"}) == []
