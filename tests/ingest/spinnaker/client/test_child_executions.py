"""Executions that stages started and no listing returned are read by id, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.core.source import Watermark
from ingest.http.session import Limits, Session
from ingest.payloads.archive import Document
from ingest.simulation.gate.execution_store import Mode
from ingest.simulation.model.world import Json, World
from ingest.spinnaker.client.child_executions import MAX_SINGLE_REQUESTS, PENDING, ChildExecutions
from ingest.spinnaker.client.gate import Gate as Reader
from tests.ingest.spinnaker.conftest import DAY, HOUR, NOW, Ingest, Landed, Make, execution, world
from tests.simulation.gate import Gate, serve

IDS = "SELECT id FROM execution ORDER BY id"
PENDING_CHILDREN = "SELECT value FROM watermark WHERE stream = 'started'"


def child_stages(*children: str, status: str = "SUCCEEDED", synthetic: bool = False) -> list[Json]:
    """Return pipeline stages that started these, inside a server group if ``synthetic``."""
    parent = {"parentStageId": "group"} if synthetic else {}
    group = {"id": "group", "type": "createServerGroup", "status": status, "context": {"strategy": "custom"}}
    return [*([group] if synthetic else [])] + [
        {"id": f"to-{child}", "type": "pipeline", "status": status, "context": {"executionId": child}, **parent}
        for child in children
    ]


def started_by(parent: str, **more: Any) -> Json:
    """Return a trigger with its parent execution."""
    trigger = {"type": "pipeline", "user": "ana", "parentPipelineStageId": f"{parent}-to"}
    return {"trigger": {**trigger, "parentExecution": {"id": parent}, **more}}


def requests_by_id(gate: Gate) -> list[str]:
    """Return the requests for executions by id."""
    return [path for path in gate.requests if "executionIds=" in path or path.startswith("/pipelines/")]


def parent_and_child(make: Make, application: str = "infra", config: str = "config-infra", age: int = HOUR) -> World:
    """Return a pipeline of shop that started one of another application."""
    world: World = make.world(
        make.execution("P", NOW - age, stages=child_stages("C")),
        make.execution("C", NOW - age, application=application, pipelineConfigId=config, **started_by("P")),
    )
    return world


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_a_child_of_a_hidden_application_is_read(mode: Mode, make: Make, ingest: Ingest, landed: Landed) -> None:
    """Its deployment lands under its own application, in its parent's tree, at one more request."""
    with serve(parent_and_child(make), mode=mode) as gate:
        assert ingest(gate.url).partial_failures == []
        assert len(requests_by_id(gate)) == 1 if mode == "sql" else requests_by_id(gate)
    rollout_of_child = (
        "SELECT e.application, root_id, rollout.status FROM execution e JOIN rollout ON execution_id = e.id"
    )
    assert landed(f"{rollout_of_child} WHERE e.id = 'C'") == [("infra", "P", "succeeded")]


def test_a_child_of_an_unselected_application_is_read(make: Make, ingest: Ingest, landed: Landed) -> None:
    """The children of selected applications are read; other executions of their applications are not."""
    world = parent_and_child(make)
    world.applications.append({"name": "infra"})
    world.pipeline_configs.append({"id": "config-infra", "application": "infra", "name": "release"})
    world.executions.append(make.stub(make.execution("X", NOW, application="infra", pipelineConfigId="config-infra")))
    with serve(world) as gate:
        ingest(gate.url, applications=("shop",))
    assert landed(IDS) == [("C",), ("P",)]


def test_a_listed_child_is_not_requested_by_id(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A child whose application is read too costs no request."""
    world = parent_and_child(make)
    world.applications.append({"name": "infra"})
    world.pipeline_configs.append({"id": "config-infra", "application": "infra", "name": "release"})
    with serve(world) as gate:
        ingest(gate.url)
        assert requests_by_id(gate) == []
    assert landed(IDS) == [("C",), ("P",)]


def test_a_custom_strategy_is_read_however_long_ago_it_ran(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A strategy's execution is read by the id in the stage that ran it, as no search returns it."""
    world = make.world(
        make.execution("P", NOW - 300 * DAY, stages=child_stages("C", synthetic=True)),
        make.execution("C", NOW - 300 * DAY, pipelineConfigId="strategy", **started_by("P", strategy=True)),
        *(make.execution(f"S{n}", NOW - n, pipelineConfigId="strategy") for n in range(2)),
    )
    world.pipeline_configs.append({"id": "strategy", "application": "shop", "name": "s", "strategy": True})
    with serve(world) as gate:
        ingest(gate.url)
    assert landed("SELECT execution_id, strategy FROM rollout WHERE execution_id IN ('P', 'C')") == [("C", "custom")]


def test_children_of_children_are_read(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Every generation is read, and a cycle ends."""
    elsewhere = {"application": "infra", "pipelineConfigId": "config-infra"}
    world = make.world(
        make.execution("P", NOW, stages=child_stages("A")),
        make.execution("A", NOW, stages=child_stages("B", "P"), **elsewhere),
        make.execution("B", NOW, stages=child_stages("A"), **elsewhere),
    )
    with serve(world) as gate:
        ingest(gate.url)
        assert len(requests_by_id(gate)) == 2
    assert landed(IDS) == [("A",), ("B",), ("P",)]


def test_a_deleted_child_is_no_failure(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A child with 404 is recorded as deleted and is not requested again."""
    with serve(make.world(make.execution("P", NOW - 2 * HOUR, stages=child_stages("C")))) as gate:
        assert ingest(gate.url).partial_failures == []
        assert (landed("SELECT id FROM deleted_execution"), landed(PENDING_CHILDREN)) == ([("C",)], [("[]",)])
        gate.world.executions.append(make.stub(make.execution("Q", NOW)))
        ingest(gate.url)
        gate.requests.clear()
        ingest(gate.url)
        assert requests_by_id(gate) == []
    assert landed(IDS) == [("P",), ("Q",)]


@pytest.mark.parametrize("status", [403, 500, 200])
def test_hidden_children_are_one_message(status: int, make: Make, landed: Landed, tmp_path: Path) -> None:
    """Unreadable children are one failure with their number; after three no more are requested; later runs note it."""
    elsewhere = {"application": "secret", "pipelineConfigId": "s"}
    children = [make.execution(f"C{n}", NOW, **elsewhere) for n in range(5)]
    world = make.world(make.execution("P", NOW, stages=child_stages(*(child["id"] for child in children))), *children)
    world.hidden = {"secret"}
    with serve(world) as gate:
        gate.error_statuses = {f"/pipelines/C{n}": status for n in range(5) if status != 200}
        (failure,) = make.quickly(tmp_path, gate.url).partial_failures
        assert len([path for path in gate.requests if path.startswith("/pipelines/C0")]) <= 5
        assert not [path for path in gate.requests if path.startswith("/pipelines/C3")]
        again = make.quickly(tmp_path, gate.url)
    assert "5 child executions not read (C0, C1, C2)" in failure
    assert (again.partial_failures, [note for note in again.notes if "child execution" in note]) == (
        [],
        ["5 child executions still hidden or broken"],
    )
    assert landed(IDS) == [("P",)]


def test_an_unread_child_is_requested_again(make: Make, landed: Landed, tmp_path: Path) -> None:
    """The ids of unread children are stored beside the watermark."""
    world = parent_and_child(make, age=30 * DAY)
    world.lagging = {"C"}
    with serve(world) as gate:
        gate.error_statuses = {"/pipelines/C": 500}
        (failure,) = make.quickly(tmp_path, gate.url).partial_failures
        assert "(C)" in failure
        assert landed(PENDING_CHILDREN) == [('["C"]',)]
        gate.error_statuses, world.lagging = {}, set()
        world.executions.append(make.stub(make.execution("Q", NOW)))
        assert make.quickly(tmp_path, gate.url).partial_failures == []
    assert (landed(IDS), landed(PENDING_CHILDREN)) == ([("C",), ("P",), ("Q",)], [("[]",)])


def test_a_child_elsewhere_that_still_runs_is_read_until_it_ends(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A running child is read by id until it completes, also after its parent's end."""
    world = parent_and_child(make, age=2 * HOUR)
    child = world.executions.pop().payload()
    world.executions.append(make.stub({**child, "status": "RUNNING", "endTime": None}))
    with serve(world) as gate:
        ingest(gate.url)
        world.now += DAY
        world.executions[-1] = make.stub(child)
        gate.requests.clear()
        ingest(gate.url)
        assert len(requests_by_id(gate)) == 1
    assert landed("SELECT status FROM execution WHERE id = 'C'") == [("succeeded",)]


def test_pending_children_are_stored_before_the_watermark() -> None:
    """If a run ends between the two, its pending children are not lost."""
    body = msgspec.json.encode({"id": "P", "stages": child_stages("C", "D", "E")})
    children = ChildExecutions('["A"]', {"D"})
    items = list(children.collect(iter([Document("execution", body), Watermark("executions/shop", "1")])))
    assert items[1:] == [Watermark(PENDING, '["A","C","E"]'), Watermark("executions/shop", "1")]


@settings(max_examples=15)
@given(
    landed_numbers=st.sets(st.integers(0, 4)),
    listed_numbers=st.sets(st.integers(0, 4)),
    existing_numbers=st.sets(st.integers(0, 4)),
)
def test_each_child_is_requested_at_most_once(
    landed_numbers: set[int], listed_numbers: set[int], existing_numbers: set[int]
) -> None:
    """The missing children are requested in one listing, and those that it does not return singly."""
    names = [f"C{n}" for n in range(5)]
    gate_world: World = world(
        *(execution(names[n], NOW, application="infra", stages=child_stages(*names)) for n in existing_numbers)
    )
    children = ChildExecutions(None, {names[n] for n in landed_numbers})
    body = msgspec.json.encode({"id": "P", "stages": child_stages(*names)})
    list(children.collect(iter([Document("execution", body)])))
    with serve(gate_world) as gate:
        reader = Reader(Session(gate.url, limits=Limits(backoff_seconds=0.001)))
        items = list(children.fetch(reader, {names[n] for n in listed_numbers}, NOW))
        missing = set(range(5)) - landed_numbers - listed_numbers
        assert len(requests_by_id(gate)) == bool(missing) + len(missing - existing_numbers)
    kinds = sorted(item.kind for item in items if isinstance(item, Document))
    assert kinds == ["execution"] * len(missing & existing_numbers) + ["gone"] * len(missing - existing_numbers)


def test_single_requests_are_bounded(make: Make, ingest: Ingest, landed: Landed) -> None:
    """If thousands of children were deleted, a run requests some and the next runs the rest."""
    names = [f"C{n:04}" for n in range(MAX_SINGLE_REQUESTS + 50)]
    with serve(make.world(make.execution("P", NOW, stages=child_stages(*names)))) as gate:
        ingest(gate.url)
        assert len([path for path in gate.requests if path.startswith("/pipelines/")]) == MAX_SINGLE_REQUESTS
        assert landed("SELECT count(*) FROM deleted_execution") == [(MAX_SINGLE_REQUESTS,)]
