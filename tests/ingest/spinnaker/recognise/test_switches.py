"""Stages that enable, disable or delete what another stage deployed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import after, fields_of, rollouts, run, stage, tables

PLACE = {"account": "prod", "location": "prod"}
END = after(10_000)


def switch(type_: str, **context: Any) -> Any:
    """Return the only rollout of a stage of Kubernetes."""
    (row,) = rollouts(stage(type_, {**PLACE, **context}))
    return row


@pytest.mark.parametrize(
    ("type_", "action", "times"),
    [
        ("enableManifest", "enable", (END, END, END)),
        ("disableManifest", "disable", (END, None, None)),
        ("deleteManifest", "delete", (END, None, None)),
    ],
)
def test_what_a_version_of_a_workload_is_switched_to(type_: str, action: str, times: tuple[int | None, ...]) -> None:
    """Enabled it serves from the end of the stage; disabled and deleted it takes no traffic."""
    row = switch(type_, manifestName="replicaSet shop-v004")
    fields = ("id", "action", "account", "location", "cluster", "workload_kind", "server_group", "steps_back")
    assert fields_of(row, *fields) == ("S", action, "prod", "prod", "shop", "replicaset", "shop-v004", None)
    assert fields_of(row, "accepted_at", "first_traffic_at", "full_traffic_at") == times
    (failed,) = rollouts(stage(type_, {**PLACE, "manifestName": "replicaSet shop-v004"}, status="TERMINAL"))
    assert fields_of(failed, "accepted_at", "first_traffic_at", "full_traffic_at") == (None, None, None)


@pytest.mark.parametrize(
    ("criteria", "steps_back", "restores"),
    [("newest", 0, None), ("second_newest", 1, None), ("oldest", None, "oldest"), ("largest", None, None)],
)
def test_a_dynamic_target_says_which_version_it_means(criteria: str, steps_back: int | None, restores: Any) -> None:
    """Until Orca has resolved it to a name, whatever name was there before."""
    dynamic = {
        "mode": "dynamic",
        "cluster": "replicaSet shop",
        "criteria": criteria,
        "manifestName": "replicaSet x-v001",
    }
    fields = ("cluster", "server_group", "steps_back", "restores")
    assert fields_of(switch("enableManifest", **dynamic), *fields) == ("shop", None, steps_back, restores)
    resolved = switch("disableManifest", **dynamic, **{"manifest.name": "replicaSet shop-v003"})
    assert fields_of(resolved, *fields) == ("shop", "shop-v003", None, None)


def test_a_deleted_deployment_has_no_version() -> None:
    """Its name is not one that Spinnaker appended a version to."""
    row = switch("deleteManifest", manifestName="deployment shop-v004")
    assert fields_of(row, "cluster", "workload_kind", "server_group") == ("shop-v004", "deployment", None)


@pytest.mark.parametrize("strategy", ["redblack", "bluegreen", "highlander"])
def test_steps_after_a_managed_rollout_are_told(strategy: str) -> None:
    """The old version that it disables or deletes, each by itself."""
    management = {"enabled": True, "options": {"enableTraffic": True, "strategy": strategy}}
    body = {"kind": "ReplicaSet", "metadata": {"name": "shop", "namespace": "prod"}}
    deploy = stage("deployManifest", {**PLACE, "manifests": [body], "trafficManagement": management})
    name = {"manifestName": "replicaSet shop-v003"}
    after_stages = [
        {**stage(type_, {**PLACE, **name}), "id": type_, "parentStageId": "S", "syntheticStageOwner": "STAGE_AFTER"}
        for type_ in ("disableManifest", "deleteManifest")
    ]
    rows = rollouts(deploy, *after_stages)
    assert [fields_of(row, "action", "cluster", "server_group") for row in rows] == [
        ("deploy", "shop", None),
        ("disable", "shop", "shop-v003"),
        ("delete", "shop", "shop-v003"),
    ]
    assert rows[0].strategy == strategy


def test_a_dark_rollout_is_accepted_and_takes_no_traffic() -> None:
    """Whether a stage after it enables it or not: each stage tells its own."""
    body = {"kind": "ReplicaSet", "metadata": {"name": "shop", "namespace": "prod"}}
    context = {**PLACE, "manifests": [body], "trafficManagement": {"enabled": True, "options": {}}}
    enable = {**stage("enableManifest", {**PLACE, "manifestName": "replicaSet shop-v004"}), "id": "E"}
    dark, enabled = rollouts(stage("deployManifest", context), enable)
    fields = ("action", "strategy", "accepted_at", "first_traffic_at", "full_traffic_at")
    assert fields_of(dark, *fields) == ("deploy", "dark", END, None, None)
    assert fields_of(enabled, *fields) == ("enable", "dark", END, END, END)


@pytest.mark.parametrize("kind", ["PIPELINE", "ORCHESTRATION"])
def test_a_task_by_hand_is_told_like_a_pipeline(kind: str) -> None:
    """One of the user interface has one stage."""
    body = run(type=kind, stages=[stage("enableManifest", {**PLACE, "manifestName": "replicaSet shop-v003"})])
    rows = tables(body) if kind == "PIPELINE" else tables({"id": "E", "execution": body}, "task")
    assert fields_of(rows["rollout"][0], "action", "server_group") == ("enable", "shop-v003")


GROUP = {"credentials": "vm", "region": "eu"}


@pytest.mark.parametrize(
    ("type_", "context", "expected"),
    [
        ("enableServerGroup", {"serverGroupName": "shop-main-v041"}, ("enable", "shop-main", "shop-main-v041", None)),
        ("disableServerGroup", {"asgName": "shop-main-v041"}, ("disable", "shop-main", "shop-main-v041", None)),
        ("destroyServerGroup", {"serverGroupName": "shop-main"}, ("delete", "shop-main", "shop-main", None)),
        ("enableServerGroup", {"target": "ancestor_asg_dynamic", "cluster": "shop"}, ("enable", "shop", None, 1)),
        ("disableServerGroup", {"target": "current_asg_dynamic", "cluster": "shop"}, ("disable", "shop", None, 0)),
        ("disableCluster", {"cluster": "shop", "remainingEnabledServerGroups": 1}, ("disable", "shop", None, 1)),
        ("disableCluster", {"cluster": "shop", "remainingEnabledServerGroups": 0}, ("disable", "shop", None, None)),
    ],
)
def test_server_groups(type_: str, context: Any, expected: tuple[Any, ...]) -> None:
    """By name, or by which of a cluster; disabling a cluster leaves the newest group."""
    (row,) = rollouts(stage(type_, {**GROUP, **context}), application="other")
    assert fields_of(row, "action", "cluster", "server_group", "steps_back") == expected
    assert fields_of(row, "account", "location", "workload_kind") == ("vm", "eu", "servergroup")
    assert row.application == "shop"


def test_a_group_that_is_called_like_another_application() -> None:
    """The stage says whose the group is; what the name says otherwise is landed beside it."""
    (row,) = rollouts(stage("enableServerGroup", {**GROUP, "serverGroupName": "cart-v1", "moniker": {"app": "shop"}}))
    assert fields_of(row, "application", "other_application") == ("shop", "cart")


def test_the_oldest_group_of_a_cluster() -> None:
    """It has no number of steps."""
    (row,) = rollouts(stage("enableServerGroup", {**GROUP, "target": "oldest_asg_dynamic", "cluster": "shop"}))
    assert fields_of(row, "restores", "steps_back") == ("oldest", None)


def test_a_group_disabled_by_percentages_serves_until_the_last() -> None:
    """The steps of a rolling red/black before it are none of their own."""
    steps = [
        {**stage("disableServerGroup", {**GROUP, "serverGroupName": "shop-v041", "desiredPercentage": percent}),
         "id": f"d{percent}", "parentStageId": "S"}
        for percent in (30, 60, 100)
    ]  # fmt: skip
    rows = rollouts(stage("createServerGroup", {**GROUP, "cluster": "shop"}), *steps)
    assert [fields_of(row, "id", "action") for row in rows] == [("S", "deploy"), ("d100", "disable")]


def test_steps_of_a_rollback_belong_to_it() -> None:
    """Its enabling and disabling are how it restores."""
    back = stage("rollbackServerGroup", {**GROUP, "rollbackContext": {"restoreServerGroupName": "shop-v001"}})
    steps = [
        {**stage(type_, {**GROUP, "serverGroupName": name}), "id": type_, "parentStageId": "S"}
        for type_, name in (("enableServerGroup", "shop-v001"), ("disableServerGroup", "shop-v002"))
    ]
    assert [row.id for row in rollouts(back, *steps)] == ["S"]


@pytest.mark.parametrize("type_", ["disableManifest", "deleteManifest", "disableCluster", "destroyServerGroup"])
def test_what_names_nothing_switches_nothing_off(type_: str) -> None:
    """As in a listing without contexts."""
    assert rollouts(stage(type_)) == []


def test_the_end_of_a_failed_deletion_is_no_attempt() -> None:
    """Only what was to serve is tried again."""
    rows = tables(
        run(stages=[stage("deleteManifest", {"manifestName": "deployment x"}, status="TERMINAL", tasks=[{}])])
    )
    assert "execution_attempt" not in rows
