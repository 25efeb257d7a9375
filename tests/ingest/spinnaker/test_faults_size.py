"""Fault G27: executions that are huge, or whose stages and parents run in circles, are read in bounded time."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.payloads.archive import Document
from ingest.spinnaker.parse.document import parse_document
from tests.ingest.spinnaker.conftest import NOW, T, delivered, execution, facts_of, loaded, manifest

Json = dict[str, Any]
SMALL, LARGE = 500, 5_000


def stage(nth: int, type_: str, context: Json | None = None, **more: Any) -> Json:
    """One of thousands; each requires the next, and the last the first."""
    times = {"startTime": T + nth, "endTime": T + nth + 10, "status": "SUCCEEDED"}
    graph = {"id": f"s{nth}", "refId": str(nth), "requisiteStageRefIds": [str((nth + 1) % LARGE)]}
    return {**graph, "type": type_, **times, "context": {"account": "prod", "region": "eu", **(context or {})}, **more}


def replica_set(nth: int, name: str) -> Json:
    """A dark rollout and what enables it, in turn."""
    if nth % 2:
        return stage(nth, "enableManifest", {"location": "shop", "manifestName": f"replicaSet {name}"})
    manifest = {"kind": "ReplicaSet", "metadata": {"name": name.rpartition("-")[0], "namespace": "shop"}}
    names = {"shop": [f"replicaSet {name}"]}
    context = {"manifests": [manifest], "outputs.manifestNamesByNamespace": names}
    return stage(nth, "deployManifest", {**context, "trafficManagement": {"enabled": True}})


def enabled_first(nth: int) -> Json:
    """What enables a workload begins before whatever deploys it: none of them is what the other waits for."""
    rollout = replica_set(nth, "shop-v001")
    if nth % 2:
        return {**rollout, "startTime": T - 1}
    rollout["context"]["outputs.manifestNamesByNamespace"] = {"shop": ["deployment shop"]}
    return rollout


def weights_stage(nth: int, name: str) -> Json:
    """A step of a VirtualService."""
    route = [{"destination": {"subset": part}, "weight": share} for part, share in (("v1", 60), ("v2", 40))]
    service = {"kind": "VirtualService", "metadata": {"name": name}, "spec": {"http": [{"route": route}]}}
    return stage(nth, "deployManifest", {"manifests": [service]})


def function_stage(nth: int) -> Json:
    """A Lambda and the routing of its alias, in turn."""
    type_ = "Aws.LambdaTrafficRoutingStage" if nth % 2 else "Aws.LambdaDeploymentStage"
    return stage(nth, type_, {"functionName": f"f{nth // 2}"})


def canary_stage(nth: int) -> Json:
    """A canary analysis and its only interval, in turn."""
    if nth % 2:
        return stage(nth, "runCanary", {"canaryScore": 90}, parentStageId=f"s{nth - 1}")
    return stage(nth, "kayentaCanary")


SHAPES: dict[str, Callable[[int, int], Json]] = {
    "waits": lambda nth, of: stage(nth, "wait"),
    "parents that nest without end": lambda nth, of: stage(nth, "createServerGroup", parentStageId=f"s{nth - 1}"),
    "parents in a circle": lambda nth, of: stage(nth, "deployManifest", parentStageId=f"s{(nth + 1) % of}"),
    "groups of one deploy": lambda nth, of: stage(nth, "createServerGroup" if nth else "deploy", parentStageId="s0"),
    "manifests": lambda nth, of: stage(nth, "deployManifest", {"manifests": [manifest("shop:1", f"shop{nth}")]}),
    "dark rollouts": lambda nth, of: replica_set(nth, f"shop{nth // 2}-v001"),
    "dark rollouts of one workload": lambda nth, of: replica_set(nth, f"shop-v{nth // 2:03}"),
    "enabled before they were deployed": lambda nth, of: enabled_first(nth),
    "weights of one service": lambda nth, of: weights_stage(nth, "shop"),
    "weights of many": lambda nth, of: weights_stage(nth, f"shop{nth // 4}"),
    "weights between workloads": lambda nth, of: (
        weights_stage(nth, f"shop{nth}") if nth % 2 else SHAPES["manifests"](nth, of)
    ),
    "functions": lambda nth, of: function_stage(nth),
    "canaries": lambda nth, of: canary_stage(nth),
}


def measure_seconds(shape: Callable[[int, int], Json], count: int) -> float:
    """Time of this process to read an execution of so many stages; the better of two, or of more while it is short."""
    body = json.dumps(execution("E", T, stages=[shape(nth, count) for nth in range(count)])).encode()
    best = float("inf")
    gc.disable()  # what it costs depends on what other tests left behind
    for _ in range(2 if count == LARGE else 5):
        begun = time.process_time()
        rows = list(parse_document(Document("execution", body)))
        best = min(best, time.process_time() - begun)
    gc.enable()
    assert sum(1 for row in rows if row.table == "stage") == count
    return best


@pytest.mark.parametrize("shape", SHAPES)
def test_g27_time_grows_with_the_stages_and_not_faster(shape: str) -> None:
    """Ten times the stages take at most fifteen times as long (and 50 ms), whatever they are and however they nest."""
    small, large = (measure_seconds(SHAPES[shape], count) for count in (SMALL, LARGE))
    assert large <= 15 * small + 0.05
    assert large < 10


def many_manifests(count: int) -> Json:
    """Return a stage that applies so many manifests of one name, fails, and gives a long reason."""
    route = [{"destination": {"host": f"h{nth}"}, "weight": 1} for nth in range(count)]
    service = {"kind": "VirtualService", "metadata": {"name": "s"}, "spec": {"http": [{"route": route}]}}
    same = [manifest("shop:1"), {"kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"}}] * count
    answers = [{"history": [{"status": "x" * 100}]}] * count
    context = {"manifests": [service, *same], "outputs.manifests": same[::-1], "kato.tasks": answers}
    return {**stage(0, "deployManifest", context), "status": "TERMINAL"}


def test_g27_time_grows_with_the_manifests_of_a_stage_and_not_faster() -> None:
    """Nor with the namespaces, destinations and answers beside them."""
    seconds = []
    for count in (SMALL, LARGE):
        body = json.dumps(execution("E", T, stages=[many_manifests(count)])).encode()
        runs = []
        gc.disable()  # its time depends on what other tests have left in memory
        for _ in range(3):
            begun = time.process_time()
            rows = list(parse_document(Document("execution", body)))
            runs.append(time.process_time() - begun)
        gc.enable()
        assert sum(1 for row in rows if row.table == "config_manifest") == count + 1
        seconds.append(min(runs))
    assert seconds[1] <= 15 * seconds[0] + 0.05


def test_g27_a_context_of_megabytes_and_circles_of_parents_land(tmp_path: Path) -> None:
    """Each execution once, each deployment once, also where two name each other as parent."""
    large = execution("LARGE", NOW)
    large["stages"][0]["context"]["manifests"] += [
        {"kind": "ConfigMap", "metadata": {"name": f"c{nth}"}, "data": {"k": "x" * 1_000}} for nth in range(4_000)
    ]
    circle = [
        execution(
            ours, NOW, trigger={"type": "pipeline", "parentPipelineId": theirs, "parentExecution": {"id": theirs}}
        )
        for ours, theirs in (("A", "B"), ("B", "A"), ("SELF", "SELF"))
    ]
    begun = time.process_time()
    assert loaded(tmp_path, large, *circle).quarantined == 0
    delivery, _ = delivered(tmp_path)
    assert time.process_time() - begun < 20
    assert facts_of(tmp_path, "SELECT id FROM execution ORDER BY id") == [("A",), ("B",), ("LARGE",), ("SELF",)]
    assert len(delivery.sql("SELECT * FROM deployments")) == 4


def test_g27_parents_nested_a_hundred_deep_are_followed_to_the_top() -> None:
    """The commit and the root of the first of them."""
    trigger: Json = {"type": "git", "hash": "ab" * 20}
    for nth in range(100):
        parent = {"id": f"P{nth}", "trigger": trigger}
        trigger = {"type": "pipeline", "parentPipelineStageId": "S", "parentExecution": parent}
    body = json.dumps(execution("E", T, trigger=trigger, stages=[])).encode()
    (row,) = parse_document(Document("execution", body))
    assert (row.root_id, row.commit) == ("P0", "ab" * 20)  # type: ignore[attr-defined]
