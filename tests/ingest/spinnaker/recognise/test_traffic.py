"""First and full traffic under each strategy of server groups, and on Cloud Run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.ingest.spinnaker.conftest import T, rollouts
from tests.ingest.spinnaker.recognise.conftest import stage, times


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
    beside = {"kind": "ConfigMap", "metadata": {"name": "settings"}}
    context = {"account": "run", "region": "eu-west1", "manifests": [beside, service]}
    (row,) = rollouts(stage("C", "deployCloudrunManifest", 0, 10, context))
    assert (row.images, row.cluster, row.location) == (["gcr.example/shop:7"], "shop", "eu-west1")
    assert times(row) == expected


def accepted(row: Any) -> int | None:
    """Return when the cluster accepted it, in milliseconds after T."""
    return None if row.accepted_at is None else row.accepted_at // 1000 - T


def task(name: str, end: int | None) -> dict[str, Any]:
    """Return a task that ended after so many milliseconds; None: failed."""
    return {"name": name, "status": "TERMINAL" if end is None else "SUCCEEDED", "endTime": T + (end or 90)}


@pytest.mark.parametrize(
    ("type_", "tasks", "status", "expected"),
    [
        ("deployManifest", [task("monitorDeploy", 5), task("waitForManifestToStabilize", 9)], "SUCCEEDED", 5),
        ("deployManifest", [task("monitorDeploy", 5), task("waitForManifestToStabilize", None)], "TERMINAL", 5),
        ("deployManifest", [task("deployManifest", 3), task("monitorDeploy", None)], "TERMINAL", None),
        ("deployManifest", [task("monitorDeploy", None), task("monitorDeploy", 7)], "SUCCEEDED", 7),
        ("deployManifest", [], "SUCCEEDED", 10),
        ("deployManifest", [], "NOT_STARTED", None),
        ("undoRolloutManifest", [task("monitorUndoRollout", 4)], "SUCCEEDED", 4),
        ("createServerGroup", [task("monitorDeploy", 2), task("waitForUpInstances", 8)], "SUCCEEDED", 8),
        ("createServerGroup", [task("monitorDeploy", 2), task("waitForUpInstances", None)], "TERMINAL", None),
        ("Aws.LambdaDeploymentStage", [], "SUCCEEDED", 10),
        ("rollbackServerGroup", [], "TERMINAL", None),
    ],
)
def test_when_the_cluster_accepted_it(type_: str, tasks: Any, status: str, expected: int | None) -> None:
    """By the end of the operation's task, of a group when it is up, else by the success of the stage."""
    (row,) = rollouts(stage("A", type_, 0, 10, tasks=tasks, status=status))
    assert accepted(row) == expected


@pytest.mark.parametrize("trigger", [{"dryRun": True}, {"isDryRun": True}, {"type": "dryrun"}])
@pytest.mark.parametrize("type_", ["deployManifest", "Aws.LambdaDeploymentStage", "enableManifest"])
def test_a_dry_run_changes_what_its_tasks_changed(trigger: Any, type_: str) -> None:
    """A stage of it succeeds without acting; where the server ran it all the same, its operations tell."""
    pretended = stage("A", type_, 0, 10, tasks=[task("dryRun", 10)])
    (row,) = rollouts(pretended, trigger=trigger)
    assert (accepted(row), *times(row)) == (None, None, None)
    (row,) = rollouts({**pretended, "tasks": [task("monitorDeploy", 4)]}, trigger=trigger)
    assert accepted(row) == (10 if type_ == "enableManifest" else 4)
    assert None not in times(row)
