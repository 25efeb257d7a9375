"""How traffic moves under each strategy, and when each lets the new content serve."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ingest.core.archive import Document
from ingest.core.rows import Rollout
from ingest.spinnaker.parse.document import parse_document

T = 1_747_000_000_000


def rollouts(*stages: dict[str, Any], **more: Any) -> list[Rollout]:
    """Rollouts of an execution with these stages."""
    body = {"id": "E", "application": "shop", "status": "SUCCEEDED", "stages": list(stages), **more}
    rows = parse_document(Document("execution", json.dumps(body).encode()))
    return [row for row in rows if isinstance(row, Rollout)]


def times(row: Rollout) -> tuple[int | None, ...]:
    """First and full traffic in milliseconds after T."""
    return tuple(None if at is None else at // 1000 - T for at in (row.first_traffic_at, row.full_traffic_at))


def stage(id_: str, type_: str, begin: int, end: int | None, context: Any = None, **more: Any) -> dict[str, Any]:
    """A stage that ended well after so many milliseconds."""
    return {
        "id": id_,
        "type": type_,
        "status": "SUCCEEDED",
        "startTime": T + begin,
        "endTime": None if end is None else T + end,
        "context": context or {},
        **more,
    }


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


def switch(type_: str, name: str, begin: int, **more: Any) -> dict[str, Any]:
    """An enableManifest or disableManifest of one ReplicaSet."""
    context = {"account": "prod", "location": "prod", "manifestName": f"replicaSet {name}", **more}
    return stage(f"{type_}-{name}-{begin}", type_, begin, begin + 10, context)


def test_a_dark_rollout_serves_when_it_is_enabled() -> None:
    """One rollout of two stages: content of the first, traffic of the second."""
    (row,) = rollouts(replica_set(4, 0, traffic=False), switch("enableManifest", "shop-v004", 500))
    assert (row.strategy, row.action, row.server_group, row.cluster) == ("dark", "deploy", "shop-v004", "shop")
    assert times(row) == (510, 510)


def test_a_dark_rollout_is_matched_by_its_cluster_too() -> None:
    """Where the stage asks for the newest of a cluster, as Deck writes it."""
    newest = {"mode": "dynamic", "cluster": "replicaSet shop", "criteria": "newest", "manifestName": None}
    (row,) = rollouts(replica_set(4, 0, traffic=False), switch("enableManifest", "x", 500, **newest))
    assert times(row) == (510, 510)


@pytest.mark.parametrize(
    "other", [{"account": "staging"}, {"location": "elsewhere"}, {"manifestName": "replicaSet till-v004"}]
)
def test_what_is_enabled_elsewhere_is_another_thing(other: dict[str, Any]) -> None:
    """Another account, namespace or workload leaves the dark rollout dark."""
    dark, alone = rollouts(replica_set(4, 0, traffic=False), switch("enableManifest", "shop-v004", 500, **other))
    assert (times(dark), times(alone)) == ((None, None), (510, 510))


def test_enabling_that_fails_or_never_comes_takes_no_traffic() -> None:
    """The rollout is as far as the last of its stages that began."""
    failed = switch("enableManifest", "shop-v004", 500) | {"status": "TERMINAL"}
    planned = switch("enableManifest", "shop-v004", 500) | {"status": "NOT_STARTED", "startTime": None, "endTime": None}
    for enabling, status in ((failed, "failed"), (planned, "succeeded")):
        (row,) = rollouts(replica_set(4, 0, traffic=False), enabling)
        assert (times(row), row.status) == ((None, None), status)


@pytest.mark.parametrize("strategy", ["redblack", "bluegreen", "highlander", "none", None])
def test_what_follows_a_managed_rollout_is_cleaning_up(strategy: str | None) -> None:
    """Disabling or deleting the old version after it is no rollout and moves no clock."""
    after = switch("disableManifest", "shop-v003", 60) | {"parentStageId": "D", "syntheticStageOwner": "STAGE_AFTER"}
    (row,) = rollouts(replica_set(4, 0, traffic=True, strategy=strategy), after)
    assert (row.strategy, times(row)) == (strategy or "none", (50, 50))


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
    (row,) = rollouts(switch("enableManifest", enabled, 0, **more), switch("disableManifest", "shop-v004", 20))
    assert (row.action, row.restores) == (action, enabled if action == "rollback" else None)
    assert times(row) == (10, 10)


def test_a_dark_rollout_taken_back_is_a_rollback_beside_it() -> None:
    """Deployed, enabled, then the old one enabled and the new one disabled: two rollouts, the second a rollback."""
    rows = rollouts(
        replica_set(4, 0, traffic=False),
        switch("enableManifest", "shop-v004", 500),
        switch("enableManifest", "shop-v003", 900),
        switch("disableManifest", "shop-v004", 950),
    )
    assert [(row.action, times(row), row.restores) for row in rows] == [
        ("deploy", (510, 510), None),
        ("rollback", (910, 910), "shop-v003"),
    ]


def group(strategy: str, status: str = "SUCCEEDED") -> dict[str, Any]:
    """A createServerGroup whose instances were up after 100 ms."""
    context = {"account": "vm", "application": "shop", "region": "eu", "strategy": strategy}
    up = [{"name": "waitForUpInstances", "status": "SUCCEEDED", "endTime": T + 100}]
    return stage("G", "createServerGroup", 0, 9_000, context, tasks=up, status=status)


def child(type_: str, nth: int, end: int, status: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    """A synthetic stage in it."""
    return stage(f"c{nth}", type_, 100, end, more.pop("context", {}), parentStageId="G", status=status, **more)


@pytest.mark.parametrize(
    ("strategy", "word", "children", "expected"),
    [
        ("redblack", "redblack", [("shrinkCluster", 300), ("disableCluster", 500)], (100, 500)),
        ("redblack", "redblack", [], (100, 100)),
        ("highlander", "highlander", [("shrinkCluster", 300), ("disableCluster", 500)], (100, 300)),
        ("", "none", [], (100, 100)),
        ("none", "none", [("scaleDownCluster", 700)], (100, 100)),
        ("custom", "custom", [], (100, 100)),
    ],
)
def test_groups_that_take_over_at_once(
    strategy: str, word: str, children: list[tuple[str, int]], expected: tuple[int, int]
) -> None:
    """First when instances are up, full when the old group has stopped serving; scaling it down is clean-up."""
    child_stages = [child(type_, nth, end) for nth, (type_, end) in enumerate(children)]
    (row,) = rollouts(group(strategy), *child_stages)
    assert (row.strategy, times(row)) == (word, expected)


@given(
    strategy=some.sampled_from(["rollingredblack", "cfrollingredblack", "monitored"]),
    percentages=some.lists(some.integers(1, 99), max_size=4, unique=True).map(sorted),
    reached=some.integers(0, 5),
    by_name=some.booleans(),
)
def test_groups_that_grow_step_by_step(strategy: str, percentages: list[int], reached: int, by_name: bool) -> None:
    """First at the end of the first step that succeeded, full at the end of the step to 100 %, whatever the steps."""
    steps = [*percentages, 100]
    child_stages = [
        child(
            "resizeServerGroup",
            nth,
            1_000 * (nth + 1),
            "SUCCEEDED" if nth < reached else "TERMINAL",
            name=f"Grow to {percent}% of Desired Size",
            context={} if by_name else {"scalePct": percent},
        )
        for nth, percent in enumerate(steps)
    ]
    (row,) = rollouts(group(strategy, "SUCCEEDED" if reached >= len(steps) else "TERMINAL"), *child_stages)
    full = 1_000 * len(steps) if reached >= len(steps) else None
    assert times(row) == (1_000 if reached else None, full)


def test_a_rolling_push_is_one_rollout() -> None:
    """Of the group it replaces instance by instance, whole when the push completes."""
    up = [{"name": "waitForNewUpInstances", "status": "SUCCEEDED", "endTime": T + 400}]
    (row,) = rollouts(group("rollingpush"), child("rollingPush", 1, 2_000, tasks=up))
    assert (row.strategy, times(row)) == ("rollingpush", (400, 2_000))


def test_a_custom_strategy_is_in_its_child_execution() -> None:
    """The parent has no rollout once the strategy runs; the child's carry the strategy's name."""
    running = child("pipeline", 1, 500, "RUNNING")
    planned = child("pipeline", 1, 500, "NOT_STARTED")
    assert rollouts(group("custom"), running) == []
    assert [row.strategy for row in rollouts(group("custom", "NOT_STARTED"), planned)] == ["custom"]
    trigger = {"type": "pipeline", "strategy": True, "parentExecution": {"id": "P"}}
    (row,) = rollouts(group("redblack"), trigger=trigger)
    assert (row.strategy, times(row)) == ("custom", (100, 100))


def test_a_listing_without_contexts_has_no_strategy() -> None:
    """A missing strategy is not "none"."""
    assert rollouts(stage("D", "deployManifest", 0, 10))[0].strategy is None


def function(routing: list[tuple[str, float | None]], status: str = "SUCCEEDED") -> list[Rollout]:
    """A Lambda and the routings of its alias after it, 1 s apart."""
    function = {"account": "aws", "region": "eu-west-1", "functionName": "shop"}
    deploy = stage("L", "Aws.LambdaDeploymentStage", 0, 100, function)
    routes = [
        stage(
            f"r{nth}",
            "Aws.LambdaTrafficRoutingStage",
            1_000 * nth,
            1_000 * nth + 10,
            {**function, "deploymentStrategy": how, "versionNameA": "$LATEST", "trafficPercentA": percent},
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
    (row,) = function(routing)
    assert (row.strategy, times(row), row.cluster, row.location) == (strategy, expected, "shop", "eu-west-1")


def test_routing_to_the_previous_version_is_a_rollback() -> None:
    """Alone, by the word that Spinnaker has for it."""
    context = {"functionName": "shop", "deploymentStrategy": "$SIMPLE", "versionNameA": "$PREVIOUS"}
    (row,) = rollouts(stage("R", "Aws.LambdaTrafficRoutingStage", 0, 10, context))
    assert (row.action, row.steps_back, times(row)) == ("rollback", 1, (10, 10))


@pytest.mark.parametrize(
    ("traffic", "expected"),
    [
        (None, (10, 10)),
        ([{"latestRevision": True, "percent": 100}], (10, 10)),
        ([{"latestRevision": True, "percent": 20}, {"revisionName": "shop-a", "percent": 80}], (10, None)),
        ([{"revisionName": "shop-a", "percent": 100}], (None, None)),
        ([{"revisionName": "shop-b", "percent": 100}], (10, 10)),
    ],
)
def test_cloud_run_serves_by_share(traffic: Any, expected: tuple[int | None, ...]) -> None:
    """A service's manifest says how much its new revision gets; everything, if it says nothing."""
    pod = {"metadata": {"name": "shop-b"}, "spec": {"containers": [{"image": "gcr.example/shop:7"}]}}
    service = {"kind": "Service", "metadata": {"name": "shop"}, "spec": {"template": pod, "traffic": traffic}}
    context = {"account": "run", "region": "eu-west1", "manifests": [service]}
    (row,) = rollouts(stage("C", "deployCloudrunManifest", 0, 10, context))
    assert (row.version, row.cluster, row.location) == ("gcr.example/shop:7", "shop", "eu-west1")
    assert times(row) == expected


def groups(enable: Any, *disabled: str, **more: Any) -> list[Rollout]:
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
    (row,) = groups(enable, *disabled)
    assert (row.action, row.restores) == expected
    assert (times(row), row.account, row.location) == ((10, 10), "vm", "eu")


def test_enabling_inside_a_rollback_is_a_step_of_it() -> None:
    """And one that failed restored nothing."""
    back = stage("r", "rollbackServerGroup", 0, 90, {"region": "eu"})
    step = stage("e", "enableServerGroup", 0, 10, {"serverGroupName": "shop-v001"}, parentStageId="r")
    assert [row.id for row in rollouts(back, step)] == ["r"]
    assert times(groups({"serverGroupName": "shop-v041"}, status="TERMINAL")[0]) == (None, None)
