"""Weights of a service mesh: the steps of a VirtualService are one rollout."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dora.storage.rows.executions import Rollout
from tests.ingest.spinnaker.conftest import T, rollouts


def timed_rollouts(*stages: dict[str, Any]) -> list[Rollout]:
    """Rollouts of an execution with these stages, each beginning a second after the one before."""
    timed = [
        {"id": f"s{nth}", "status": "SUCCEEDED", "startTime": T + nth * 1_000, "endTime": T + nth * 1_000 + 100} | stage
        for nth, stage in enumerate(stages)
    ]
    return rollouts(*timed)


def summary(row: Rollout) -> tuple[Any, ...]:
    """Action, workload, first and full traffic in milliseconds after T."""
    after = [None if at is None else at // 1000 - T for at in (row.first_traffic_at, row.full_traffic_at)]
    return (row.action, row.cluster, *after)


def mesh(*, kind: str = "http", match: Any = None, status: str = "SUCCEEDED", **weights: int | None) -> dict[str, Any]:
    """A deployManifest of a VirtualService with these weights."""
    route = [
        {"destination": {"host": "shop", "subset": name}} | ({} if weight is None else {"weight": weight})
        for name, weight in weights.items()
    ]
    rule = {"route": route} | ({"match": match} if match else {})
    manifest = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "shop", "namespace": "prod"},
        "spec": {kind: [rule]},
    }
    return {"type": "deployManifest", "status": status, "context": {"account": "prod", "manifests": [manifest]}}


def workload(name: str, version: str) -> dict[str, Any]:
    """A deployManifest of a Deployment whose pods carry a version label."""
    pod = {"metadata": {"labels": {"version": version}}, "spec": {"containers": [{"image": f"shop:{version}"}]}}
    manifest = {"kind": "Deployment", "metadata": {"name": name, "namespace": "prod"}, "spec": {"template": pod}}
    return {"type": "deployManifest", "context": {"account": "prod", "manifests": [manifest]}}


def test_steps_are_one_rollout_from_the_first_weight_to_the_last() -> None:
    """10, 50, 100 percent: first traffic with the first, full with the last, under the first stage's id."""
    (row,) = timed_rollouts(mesh(v1=90, v2=10), mesh(v1=50, v2=50), mesh(v1=0, v2=100))
    assert summary(row) == ("deploy", "shop", 100, 2_100)
    assert (row.id, row.strategy, row.status) == ("s0", "weights", "succeeded")


def test_a_workload_serves_by_the_weights_of_its_destination() -> None:
    """The Deployment labelled v2 takes traffic with the VirtualService, not when its pods are up."""
    pods, weights = timed_rollouts(
        workload("shop-v2", "v2"), mesh(v1=100, v2=0), mesh(v1=75, v2=25), mesh(v1=0, v2=100)
    )
    assert summary(pods) == ("deploy", "shop-v2", 2_100, 3_100)
    assert summary(weights) == ("deploy", "shop", 2_100, 3_100)
    assert (pods.strategy, pods.version) == ("weights", "shop:v2")


def test_weights_taken_back_are_a_rollback() -> None:
    """Back to zero without anything new behind the old name: it took traffic, never all, and was rolled back."""
    begun, back = timed_rollouts(mesh(stable=90, canary=10), mesh(stable=50, canary=50), mesh(stable=100, canary=0))
    assert summary(begun) == ("deploy", "shop", 100, None)
    assert summary(back) == ("rollback", "shop", 2_100, 2_100)


def test_a_canary_that_is_promoted_by_deploying_it_as_stable_is_no_rollback() -> None:
    """The old destination runs the new content by the time it gets everything back."""
    rows = timed_rollouts(mesh(stable=90, canary=10), workload("shop", "stable"), mesh(stable=100, canary=0))
    assert [summary(row)[0] for row in rows] == ["deploy", "deploy"]
    assert summary(rows[0]) == ("deploy", "shop", 100, 2_100)


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ((mesh(v1=95, v2=5),), (100, None)),
        ((mesh(v1=0, v2=100),), (100, 100)),
        ((mesh(v1=90, v2=10), mesh(v1=0, v2=100, status="TERMINAL")), (100, None)),
        ((mesh(v1=100, v2=0), mesh(v1=100, v2=0)), (100, 100)),
        ((mesh(kind="tcp", blue=30, green=70),), (100, None)),
    ],
)
def test_which_destination_is_new(stages: tuple[dict[str, Any], ...], expected: tuple[int | None, ...]) -> None:
    """The one that grows; of one step the smaller share, the only one that serves, or the one called like a canary."""
    (row,) = timed_rollouts(*stages)
    assert summary(row)[2:] == expected


def test_a_route_for_testers_is_no_traffic() -> None:
    """A route that matches a header serves testers alone: the general route decides."""
    weights = mesh(v1=100, v2=0)
    rules = weights["context"]["manifests"][0]["spec"]["http"]
    rules.insert(
        0, {"match": [{"headers": {"tester": {}}}], "route": [{"destination": {"subset": "v2"}, "weight": 100}]}
    )
    (row,) = timed_rollouts(workload("shop-v2", "v2"), weights)[:1]
    assert summary(row)[2:] == (None, None)


@pytest.mark.parametrize("weights", [{"v1": None}, {}])
def test_routes_without_weights_are_an_ordinary_manifest(weights: dict[str, Any]) -> None:
    """A VirtualService deployed beside its application shifts nothing."""
    (row,) = timed_rollouts(mesh(**weights))
    assert (row.strategy, summary(row)[2:]) == ("none", (100, 100))


def test_a_patch_sets_weights_too() -> None:
    """patchManifest of a VirtualService, which may leave out its kind."""
    spec = mesh(v1=0, v2=100)["context"]["manifests"][0]["spec"]
    context = {
        "account": "prod",
        "location": "prod",
        "manifestName": "virtualService shop",
        "patchBody": [{"spec": spec}],
    }
    (row,) = timed_rollouts({"type": "patchManifest", "context": context})
    assert (row.strategy, summary(row)) == ("weights", ("deploy", "shop", 100, 100))


@given(some.lists(some.integers(1, 99), max_size=5, unique=True).map(sorted), some.booleans())
def test_first_is_never_after_full(steps: list[int], complete: bool) -> None:
    """Growing weights: first with the first step, full exactly where one reaches 100."""
    weights = [0, *steps, *([100] if complete else [])]
    (row,) = timed_rollouts(*(mesh(v1=100 - weight, v2=weight) for weight in weights))
    action, _, first, full = summary(row)
    if len(weights) == 1:
        assert action == "deploy"
    else:
        assert (first, full) == (1_100, (len(weights) - 1) * 1_000 + 100 if complete else None)
