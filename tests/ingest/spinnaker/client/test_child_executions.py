"""Executions that stages started and no listing returned are read by id, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.core.archive import Document
from ingest.core.source import Watermark
from ingest.http.session import Limits, Session
from ingest.simulation.gate.execution_store import Mode
from ingest.simulation.model.world import Json, World
from ingest.spinnaker.client.child_executions import MAX_SINGLE_REQUESTS, PENDING, ChildExecutions
from ingest.spinnaker.client.gate import Gate as Reader
from tests.ingest.spinnaker.conftest import DAY, HOUR, NOW, Ingest, Landed, Make, execution, world
from tests.simulation.gate import Gate, serve

IDS = "SELECT id FROM execution ORDER BY id"
WAITS = "SELECT value FROM watermark WHERE stream = 'started'"


def starts(*children: str, status: str = "SUCCEEDED", synthetic: bool = False) -> list[Json]:
    """Pipeline stages that started these, below a server group where a custom strategy did."""
    parent = {"parentStageId": "group"} if synthetic else {}
    group = {"id": "group", "type": "createServerGroup", "status": status, "context": {"strategy": "custom"}}
    return [*([group] if synthetic else [])] + [
        {"id": f"to-{child}", "type": "pipeline", "status": status, "context": {"executionId": child}, **parent}
        for child in children
    ]


def started_by(parent: str, **more: Any) -> Json:
    """A trigger that names its parent."""
    return {"trigger": {"type": "pipeline", "user": "ana", "parentExecution": {"id": parent}, **more}}


def by_id(gate: Gate) -> list[str]:
    """Requests for executions by their ids."""
    return [path for path in gate.requests if "executionIds=" in path or path.startswith("/pipelines/")]


def chain(make: Make, application: str = "infra", config: str = "config-infra", ago: int = HOUR) -> World:
    """A pipeline of the shop that started one of another application."""
    world: World = make.world(
        make.execution("P", NOW - ago, stages=starts("C")),
        make.execution("C", NOW - ago, application=application, pipelineConfigId=config, **started_by("P")),
    )
    return world


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_a_child_of_an_application_that_is_not_shown_is_read(
    mode: Mode, make: Make, ingest: Ingest, landed: Landed
) -> None:
    """Its deployment is landed under its own application, as part of its parent's tree, with one request more."""
    with serve(chain(make), mode=mode) as gate:
        assert ingest(gate.url).partial_failures == []
        assert len(by_id(gate)) == 1 if mode == "sql" else by_id(gate)
    told = "SELECT e.application, root_id, rollout.status FROM execution e JOIN rollout ON execution_id = e.id"
    assert landed(f"{told} WHERE e.id = 'C'") == [("infra", "P", "succeeded")]


def test_a_child_of_an_application_that_is_not_asked_for_is_read(make: Make, ingest: Ingest, landed: Landed) -> None:
    """`applications` says whose history is read; what those started elsewhere belongs to it, all else does not."""
    world = chain(make)
    world.applications.append({"name": "infra"})
    world.pipeline_configs.append({"id": "config-infra", "application": "infra", "name": "release"})
    world.executions.append(make.stub(make.execution("X", NOW, application="infra", pipelineConfigId="config-infra")))
    with serve(world) as gate:
        ingest(gate.url, applications=("shop",))
    assert landed(IDS) == [("C",), ("P",)]


def test_a_child_that_a_listing_brings_is_not_asked_for(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Where its application is read too, it costs nothing."""
    world = chain(make)
    world.applications.append({"name": "infra"})
    world.pipeline_configs.append({"id": "config-infra", "application": "infra", "name": "release"})
    with serve(world) as gate:
        ingest(gate.url)
        assert by_id(gate) == []
    assert landed(IDS) == [("C",), ("P",)]


def test_a_custom_strategy_is_read_however_long_ago_it_ran(make: Make, ingest: Ingest, landed: Landed) -> None:
    """No search shows strategies, and Gate lists their last 14 days alone; the stage that ran one names it."""
    world = make.world(
        make.execution("P", NOW - 300 * DAY, stages=starts("C", synthetic=True)),
        make.execution("C", NOW - 300 * DAY, pipelineConfigId="strategy", **started_by("P", strategy=True)),
        *(make.execution(f"S{n}", NOW - n, pipelineConfigId="strategy") for n in range(2)),
    )
    world.pipeline_configs.append({"id": "strategy", "application": "shop", "name": "s", "strategy": True})
    with serve(world) as gate:
        ingest(gate.url)
    assert landed("SELECT execution_id, strategy FROM rollout WHERE execution_id IN ('P', 'C')") == [("C", "custom")]


def test_what_a_child_started_is_read_too(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Generation after generation, and a circle ends where it closes."""
    elsewhere = {"application": "infra", "pipelineConfigId": "config-infra"}
    world = make.world(
        make.execution("P", NOW, stages=starts("A")),
        make.execution("A", NOW, stages=starts("B", "P"), **elsewhere),
        make.execution("B", NOW, stages=starts("A"), **elsewhere),
    )
    with serve(world) as gate:
        ingest(gate.url)
        assert len(by_id(gate)) == 2
    assert landed(IDS) == [("A",), ("B",), ("P",)]


def test_a_child_that_is_gone_is_no_trouble(make: Make, ingest: Ingest, landed: Landed) -> None:
    """404: it is marked as gone and the next run does not wait for it."""
    with serve(make.world(make.execution("P", NOW - 2 * HOUR, stages=starts("C")))) as gate:
        assert ingest(gate.url).partial_failures == []
        assert (landed("SELECT id FROM deleted_execution"), landed(WAITS)) == ([("C",)], [("[]",)])
        gate.world.executions.append(make.stub(make.execution("Q", NOW)))
        ingest(gate.url)
        gate.requests.clear()
        ingest(gate.url)
        assert by_id(gate) == []
    assert landed(IDS) == [("P",), ("Q",)]


@pytest.mark.parametrize("status", [403, 500, 200])
def test_children_that_gate_hides_are_one_sentence(status: int, make: Make, landed: Landed, tmp_path: Path) -> None:
    """Whatever it answers: it is said with how many, after three of them no more are tried, and said but once."""
    elsewhere = {"application": "secret", "pipelineConfigId": "s"}
    children = [make.execution(f"C{n}", NOW, **elsewhere) for n in range(5)]
    world = make.world(make.execution("P", NOW, stages=starts(*(child["id"] for child in children))), *children)
    world.hidden = {"secret"}
    with serve(world) as gate:
        gate.error_statuses = {f"/pipelines/C{n}": status for n in range(5) if status != 200}
        (trouble,) = make.quickly(tmp_path, gate.url).partial_failures
        assert len([path for path in gate.requests if path.startswith("/pipelines/C0")]) <= 5
        assert not [path for path in gate.requests if path.startswith("/pipelines/C3")]
        again = make.quickly(tmp_path, gate.url)
    assert "5 child executions not read (C0, C1, C2)" in trouble
    assert (again.partial_failures, [note for note in again.notes if "child execution" in note]) == (
        [],
        ["5 child executions still hidden or broken"],
    )
    assert landed(IDS) == [("P",)]


def test_a_child_that_could_not_be_read_is_asked_for_again(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Also when its parent is long read: what is missing is kept beside the watermark."""
    world = chain(make, ago=30 * DAY)
    world.lagging = {"C"}
    with serve(world) as gate:
        gate.error_statuses = {"/pipelines/C": 500}
        (trouble,) = make.quickly(tmp_path, gate.url).partial_failures
        assert "(C)" in trouble
        assert landed(WAITS) == [('["C"]',)]
        gate.error_statuses, world.lagging = {}, set()
        world.executions.append(make.stub(make.execution("Q", NOW)))
        assert make.quickly(tmp_path, gate.url).partial_failures == []
    assert (landed(IDS), landed(WAITS)) == ([("C",), ("P",), ("Q",)], [("[]",)])


def test_a_child_elsewhere_that_still_runs_is_read_until_it_ends(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A parent may not wait for what it starts; once it is known, it is followed as any other."""
    world = chain(make, ago=2 * HOUR)
    child = world.executions.pop().payload()
    world.executions.append(make.stub({**child, "status": "RUNNING", "endTime": None}))
    with serve(world) as gate:
        ingest(gate.url)
        world.now += DAY
        world.executions[-1] = make.stub(child)
        gate.requests.clear()
        ingest(gate.url)
        assert len(by_id(gate)) == 1
    assert landed("SELECT status FROM execution WHERE id = 'C'") == [("succeeded",)]


def test_before_history_counts_as_read_its_children_are_kept() -> None:
    """A run that ends between the two would else lose them: the parent is not read again."""
    body = msgspec.json.encode({"id": "P", "stages": starts("C", "D", "E")})
    children = ChildExecutions('["A"]', {"D"})
    items = list(children.collect(iter([Document("execution", body), Watermark("executions/shop", "1")])))
    assert items[1:] == [Watermark(PENDING, '["A","C","E"]'), Watermark("executions/shop", "1")]


@settings(max_examples=15)
@given(known=st.sets(st.integers(0, 4)), met=st.sets(st.integers(0, 4)), there=st.sets(st.integers(0, 4)))
def test_each_is_asked_for_at_most_once(known: set[int], met: set[int], there: set[int]) -> None:
    """Whatever was known, met and exists, what is missing is asked for in one listing, the rest of it alone."""
    names = [f"C{n}" for n in range(5)]
    shown: World = world(*(execution(names[n], NOW, application="infra", stages=starts(*names)) for n in there))
    children = ChildExecutions(None, {names[n] for n in known})
    body = msgspec.json.encode({"id": "P", "stages": starts(*names)})
    list(children.collect(iter([Document("execution", body)])))
    with serve(shown) as gate:
        reader = Reader(Session(gate.url, limits=Limits(backoff_seconds=0.001)))
        items = list(children.fetch(reader, {names[n] for n in met}, NOW))
        wanted = set(range(5)) - known - met
        assert len(by_id(gate)) == bool(wanted) + len(wanted - there)
    kinds = sorted(item.kind for item in items if isinstance(item, Document))
    assert kinds == ["execution"] * len(wanted & there) + ["gone"] * len(wanted - there)


def test_what_is_asked_for_alone_is_bounded(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Where retention took thousands of children, a run asks for some and the next ones for the rest."""
    names = [f"C{n:04}" for n in range(MAX_SINGLE_REQUESTS + 50)]
    with serve(make.world(make.execution("P", NOW, stages=starts(*names)))) as gate:
        ingest(gate.url)
        assert len([path for path in gate.requests if path.startswith("/pipelines/")]) == MAX_SINGLE_REQUESTS
        assert landed("SELECT count(*) FROM deleted_execution") == [(MAX_SINGLE_REQUESTS,)]
