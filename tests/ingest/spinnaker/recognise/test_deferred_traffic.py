"""Content that serves because of a later stage: dark rollouts, Lambdas, server groups that are enabled again."""

from __future__ import annotations

from typing import Any

import pytest

from dora.storage.rows.executions import Rollout
from tests.ingest.spinnaker.conftest import T, rollouts
from tests.ingest.spinnaker.recognise.conftest import stage, times


def replica_set(version: int, begin: int, *, traffic: bool, strategy: str | None = None) -> dict[str, Any]:
    """A deployManifest of a ReplicaSet whose traffic Spinnaker manages."""
    manifest = {"kind": "ReplicaSet", "metadata": {"name": "shop", "namespace": "prod"}}
    made = {"kind": "ReplicaSet", "metadata": {"name": f"shop-v{version:03}", "namespace": "prod"}}
    context = {
        "account": "prod",
        "manifests": [manifest],
        "outputs.manifests": [made],
        "outputs.manifestNamesByNamespace": {"prod": [f"replicaSet shop-v{version:03}"]},
        "trafficManagement": {"enabled": True, "options": {"enableTraffic": traffic, "strategy": strategy}},
    }
    done = [{"name": "waitForManifestToStabilize", "status": "SUCCEEDED", "endTime": T + begin + 50}]
    return stage("D", "deployManifest", begin, begin + 100, context, tasks=done)


def traffic_switch(type_: str, name: str, begin: int, **more: Any) -> dict[str, Any]:
    """An enableManifest or disableManifest of one ReplicaSet."""
    context = {"account": "prod", "location": "prod", "manifestName": f"replicaSet {name}", **more}
    return stage(f"{type_}-{name}-{begin}", type_, begin, begin + 10, context)


@pytest.mark.parametrize("strategy", ["redblack", "bluegreen", "highlander", "none", None])
def test_what_follows_a_managed_rollout_is_cleaning_up(strategy: str | None) -> None:
    """Disabling or deleting the old version after it is no rollout and moves no clock."""
    after = traffic_switch("disableManifest", "shop-v003", 60) | {
        "parentStageId": "D",
        "syntheticStageOwner": "STAGE_AFTER",
    }
    (row,) = rollouts(replica_set(4, 0, traffic=True, strategy=strategy), after)
    assert (row.strategy, times(row)) == (strategy or "none", (50, 50))


def test_a_dark_rollout_serves_when_it_is_enabled() -> None:
    """One rollout of two stages: content of the first, traffic of the second."""
    (row,) = rollouts(replica_set(4, 0, traffic=False), traffic_switch("enableManifest", "shop-v004", 500))
    assert (row.strategy, row.action, row.server_group, row.cluster) == ("dark", "deploy", "shop-v004", "shop")
    assert times(row) == (510, 510)


def test_a_dark_rollout_is_matched_by_its_cluster_too() -> None:
    """Where the stage asks for the newest of a cluster, as Deck writes it."""
    newest = {"mode": "dynamic", "cluster": "replicaSet shop", "criteria": "newest", "manifestName": None}
    (row,) = rollouts(replica_set(4, 0, traffic=False), traffic_switch("enableManifest", "x", 500, **newest))
    assert times(row) == (510, 510)


@pytest.mark.parametrize(
    "other", [{"account": "staging"}, {"location": "elsewhere"}, {"manifestName": "replicaSet till-v004"}]
)
def test_what_is_enabled_elsewhere_is_another_thing(other: dict[str, Any]) -> None:
    """Another account, namespace or workload leaves the dark rollout dark."""
    dark, alone = rollouts(
        replica_set(4, 0, traffic=False), traffic_switch("enableManifest", "shop-v004", 500, **other)
    )
    assert (times(dark), times(alone)) == ((None, None), (510, 510))


def test_enabling_that_fails_or_never_comes_takes_no_traffic() -> None:
    """The rollout is as far as the last of its stages that began."""
    failed = traffic_switch("enableManifest", "shop-v004", 500) | {"status": "TERMINAL"}
    planned = traffic_switch("enableManifest", "shop-v004", 500) | {
        "status": "NOT_STARTED",
        "startTime": None,
        "endTime": None,
    }
    for enabling, status in ((failed, "failed"), (planned, "succeeded")):
        (row,) = rollouts(replica_set(4, 0, traffic=False), enabling)
        assert (times(row), row.status) == ((None, None), status)


@pytest.mark.parametrize(
    ("enabled", "more", "action"),
    [
        ("shop-v003", {}, "rollback"),
        ("shop-v005", {}, "deploy"),
        ("shop-v999", {"criteria": "second_newest"}, "rollback"),
        ("till-v001", {}, "deploy"),
    ],
)
def test_an_old_version_enabled_again_is_a_rollback(enabled: str, more: dict[str, Any], action: str) -> None:
    """Beside a newer one of the same workload that is disabled, or the one before the newest by choice."""
    (row,) = rollouts(
        traffic_switch("enableManifest", enabled, 0, **more), traffic_switch("disableManifest", "shop-v004", 20)
    )
    assert (row.action, row.restores) == (action, enabled if action == "rollback" else None)
    assert times(row) == (10, 10)


def test_a_dark_rollout_taken_back_is_a_rollback_beside_it() -> None:
    """Deployed, enabled, then the old one enabled and the new one disabled: two rollouts, the second a rollback."""
    rows = rollouts(
        replica_set(4, 0, traffic=False),
        traffic_switch("enableManifest", "shop-v004", 500),
        traffic_switch("enableManifest", "shop-v003", 900),
        traffic_switch("disableManifest", "shop-v004", 950),
    )
    assert [(row.action, times(row), row.restores) for row in rows] == [
        ("deploy", (510, 510), None),
        ("rollback", (910, 910), "shop-v003"),
    ]


def route_function(routing: list[tuple[str, float | None]], status: str = "SUCCEEDED") -> list[Rollout]:
    """A Lambda and the routings of its alias after it, 1 s apart."""
    route_function = {"account": "aws", "region": "eu-west-1", "functionName": "shop"}
    deploy = stage("L", "Aws.LambdaDeploymentStage", 0, 100, route_function)
    routes = [
        stage(
            f"r{nth}",
            "Aws.LambdaTrafficRoutingStage",
            1_000 * nth,
            1_000 * nth + 10,
            {**route_function, "deploymentStrategy": how, "versionNameA": "$LATEST", "trafficPercentA": percent},
            status=status,
        )
        for nth, (how, percent) in enumerate(routing, 1)
    ]
    return rollouts(deploy, *routes)


@pytest.mark.parametrize(
    ("routing", "strategy", "expected"),
    [
        ([], None, (100, 100)),
        ([("$SIMPLE", None)], "none", (1_010, 1_010)),
        ([("$BLUEGREEN", None)], "bluegreen", (1_010, 1_010)),
        ([("$WEIGHTED", 10), ("$WEIGHTED", 100)], "weights", (1_010, 2_010)),
        ([("$WEIGHTED", 10)], "weights", (1_010, None)),
        ([("$WEIGHTED", 0)], "weights", (None, None)),
    ],
)
def test_a_lambda_serves_by_its_alias(
    routing: list[tuple[str, float | None]], strategy: str | None, expected: tuple[int | None, ...]
) -> None:
    """Where a pipeline routes an alias, that is when the function serves; else when it is deployed."""
    (row,) = route_function(routing)
    assert (row.strategy, times(row), row.cluster, row.location) == (strategy, expected, "shop", "eu-west-1")


def test_routing_to_the_previous_version_is_a_rollback() -> None:
    """Alone, by the word that Spinnaker has for it."""
    context = {"functionName": "shop", "deploymentStrategy": "$SIMPLE", "versionNameA": "$PREVIOUS"}
    (row,) = rollouts(stage("R", "Aws.LambdaTrafficRoutingStage", 0, 10, context))
    assert (row.action, row.steps_back, times(row)) == ("rollback", 1, (10, 10))


def enable_groups(enable: Any, *disabled: str, **more: Any) -> list[Rollout]:
    """Server groups enabled and disabled by one execution."""
    enabling = stage("e", "enableServerGroup", 0, 10, {"credentials": "vm", "region": "eu", **enable}, **more)
    others = [
        stage(f"d{nth}", "disableServerGroup", 20, 30, {"serverGroupName": name}) for nth, name in enumerate(disabled)
    ]
    return rollouts(enabling, *others)


@pytest.mark.parametrize(
    ("enable", "disabled", "expected"),
    [
        ({"serverGroupName": "shop-v041"}, ["shop-v042"], ("rollback", "shop-v041")),
        ({"asgName": "shop-v041"}, ["till-v001", "shop-v042"], ("rollback", "shop-v041")),
        ({"serverGroupName": "shop-v043"}, ["shop-v042"], ("deploy", "shop-v043")),
        ({"serverGroupName": "shop-v041"}, ["till-v042"], ("deploy", "shop-v041")),
        ({"serverGroupName": "shop-v041"}, [], ("deploy", "shop-v041")),
        ({"target": "ancestor_asg_dynamic", "cluster": "shop"}, [], ("rollback", None)),
        ({"target": "current_asg_dynamic", "cluster": "shop"}, [], ("restart", None)),
    ],
)
def test_an_old_server_group_enabled_again(enable: Any, disabled: list[str], expected: tuple[str, str | None]) -> None:
    """A rollback beside a newer one that is disabled, or by choice of the one before; else it names what serves."""
    (row,) = enable_groups(enable, *disabled)
    assert (row.action, row.restores) == expected
    assert (times(row), row.account, row.location) == ((10, 10), "vm", "eu")


def test_enabling_inside_a_rollback_is_a_step_of_it() -> None:
    """And one that failed restored nothing."""
    back = stage("r", "rollbackServerGroup", 0, 90, {"region": "eu"})
    step = stage("e", "enableServerGroup", 0, 10, {"serverGroupName": "shop-v001"}, parentStageId="r")
    assert [row.id for row in rollouts(back, step)] == ["r"]
    assert times(enable_groups({"serverGroupName": "shop-v041"}, status="TERMINAL")[0]) == (None, None)
