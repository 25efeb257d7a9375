"""Restarts of executions that had completed: they move in no listing by time, and are noticed all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.simulation.gate.execution_store import Mode
from ingest.simulation.model.world import Json
from tests.ingest.spinnaker.conftest import DAY, HOUR, NOW, Ingest, Landed, Make
from tests.simulation.gate import Gate, serve

STATUS = "SELECT status FROM execution WHERE id = 'OLD'"
RUNS_NOW = "/applications/shop/pipelines?"


def restarted(make: Make, built: int, at: int, status: str = "RUNNING", **more: Any) -> Json:
    """An execution that had completed long ago and began again at ``at``; its end is the old one while it runs."""
    stage = make.deploy_stage("OLD", at + 100, image="registry.example/shop:2", status=status)
    end = at + 40_000 if status == "SUCCEEDED" else built + 40_000
    run: Json = make.execution("OLD", built, status=status, stages=[stage], **more)
    return {**run, "startTime": at, "endTime": end}


def asked(gate: Gate, prefix: str) -> list[str]:
    """Requests for paths that begin so."""
    return [path for path in gate.requests if path.startswith(prefix)]


@pytest.mark.parametrize("mode", ["sql", "redis"])
@pytest.mark.parametrize("days", [1, 13, 200])
def test_a_restart_that_runs_is_noticed_however_old(
    mode: Mode, days: int, make: Make, ingest: Ingest, landed: Landed
) -> None:
    """Also of a success, at one request for each application and run; it is followed by id until it completes."""
    built = NOW - days * DAY
    world = make.world(make.execution("OLD", built), make.execution("NEW", NOW - HOUR))
    with serve(world, mode=mode) as gate:
        ingest(gate.url)
        world.now += DAY
        world.executions[0] = make.stub(restarted(make, built, world.now - HOUR))
        gate.requests.clear()
        ingest(gate.url)
        assert landed(STATUS) == [("running",)]
        assert len(asked(gate, RUNS_NOW)) == 1
        world.now += DAY
        world.executions[0] = make.stub(restarted(make, built, world.now - DAY - HOUR, "SUCCEEDED"))
        ingest(gate.url)
    assert landed(STATUS) == [("succeeded",)]
    assert landed("SELECT version FROM rollout r JOIN execution e ON e.id = execution_id AND r.revision = e.revision"
                  " WHERE e.id = 'OLD'") == [("registry.example/shop:2",)]  # fmt: skip


@pytest.mark.parametrize("hides", [True, False])
def test_a_restart_of_a_disabled_pipeline_is_noticed_too(
    hides: bool, make: Make, landed: Landed, tmp_path: Path
) -> None:
    """Though Orca may be told to list nothing of it: twenty such pipelines are one request, none is none."""
    built = NOW - 9 * DAY
    world = make.world(make.execution("OLD", built), make.execution("NEW", NOW - HOUR, pipelineConfigId="on"))
    world.hides_disabled = hides
    (live,) = world.pipeline_configs
    on = {**live, "id": "on"}
    off = [{**live, "id": id_, "disabled": True} for id_ in ("config-shop", *(f"a{n}" for n in range(19)))]
    still = "/executions?pipelineConfigIds"
    for configured, requests in (([on, *off], 1), ([on, live], 0)):
        world.pipeline_configs = configured
        world.executions[0] = make.stub(make.execution("OLD", built))
        with serve(world) as gate:
            make.quickly(tmp_path, gate.url)
            world.executions[0] = make.stub(restarted(make, built, NOW - HOUR))
            gate.requests.clear()
            assert make.quickly(tmp_path, gate.url).partial_failures == []
            assert len([path for path in asked(gate, still) if "RUNNING" in path]) == requests
            gate.error_statuses = {"/executions": 500}
            told = " ".join(make.quickly(tmp_path, gate.url).partial_failures)
        assert ("restarts of disabled pipelines may be missing" in told) is bool(requests)
        assert landed(STATUS) == [("running",)]


def test_a_restart_of_a_strategy_is_noticed_too(make: Make, ingest: Ingest, landed: Landed) -> None:
    """No search finds the runs of strategies and a listing gives the youngest ten: that of what runs has it."""
    built = NOW - 9 * DAY
    young = (make.execution(f"YOUNG{n:02}", NOW - n * HOUR, pipelineConfigId="plan") for n in range(2, 14))
    world = make.world(make.execution("OLD", built, pipelineConfigId="plan"), *young)
    world.pipeline_configs.append({"id": "plan", "application": "shop", "name": "plan", "strategy": True})
    with serve(world) as gate:
        ingest(gate.url)
        world.executions[0] = make.stub(restarted(make, built, NOW - HOUR, pipelineConfigId="plan"))
        ingest(gate.url)
    assert landed(STATUS) == [("running",)]


@pytest.mark.parametrize(("days", "status"), [(2, "succeeded"), (5, "failed")])
def test_a_failure_is_looked_at_again_for_some_days(
    days: int, status: str, make: Make, ingest: Ingest, landed: Landed
) -> None:
    """Its restart may begin and end between two runs; ``restart_days`` says how long that is reckoned with."""
    built = NOW - days * DAY
    world = make.world(make.execution("OLD", built, status="TERMINAL"), make.execution("NEW", NOW - HOUR))
    with serve(world) as gate:
        ingest(gate.url)
        world.now += DAY
        world.executions[0] = make.stub(restarted(make, built, NOW + HOUR, "SUCCEEDED"))
        ingest(gate.url, restart_days=3)
    assert landed(STATUS) == [(status,)]


def test_since_heals_what_went_unnoticed(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A success that was restarted and completed between two runs is found where history is read again."""
    built = NOW - 2 * DAY
    world = make.world(make.execution("OLD", built), make.execution("NEW", NOW - HOUR))
    at = "SELECT epoch_ms(started_at) FROM execution WHERE id = 'OLD'"
    with serve(world) as gate:
        ingest(gate.url)
        world.now += DAY
        world.executions[0] = make.stub(restarted(make, built, NOW + HOUR, "SUCCEEDED"))
        ingest(gate.url)
        assert landed(at) == [(built + 20,)]
        ingest(gate.url, since=datetime.fromtimestamp((built - HOUR) / 1000, UTC))
    assert landed(at) == [(NOW + HOUR,)]


def test_more_that_run_at_once_than_a_listing_gives(make: Make, ingest: Ingest, landed: Landed) -> None:
    """The listing has a limit for each pipeline: where it may have cut, more is asked for."""
    world = make.world(*(make.execution(f"E{n:03}", NOW - DAY - n) for n in range(70)))
    with serve(world) as gate:
        ingest(gate.url)
        again = (make.execution(f"E{n:03}", NOW - DAY - n, status="RUNNING") for n in range(70))
        world.executions = [make.stub({**payload, "startTime": NOW - 5}) for payload in again]
        gate.requests.clear()
        ingest(gate.url)
        assert ["limit=50" in path for path in asked(gate, RUNS_NOW)] == [True, False]
    assert landed("SELECT status, count(*) FROM execution GROUP BY ALL") == [("running", 70)]


def test_what_runs_not_being_listed_is_a_trouble_and_no_more(make: Make, landed: Landed, tmp_path: Path) -> None:
    """History is read all the same, and what was known to run is followed by id."""
    world = make.world(make.execution("OLD", NOW - 9 * DAY, status="RUNNING"), make.execution("NEW", NOW - HOUR))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.executions[0] = make.stub(restarted(make, NOW - 9 * DAY, NOW - 2 * HOUR, "SUCCEEDED"))
        gate.error_statuses = {"/applications/shop/pipelines": 400}
        (trouble,) = make.quickly(tmp_path, gate.url).partial_failures
    assert trouble.startswith("application shop: restarts may be missing:")
    assert landed(STATUS) == [("succeeded",)]


def test_where_gate_fails_each_time_the_rest_waits_for_the_next_run(make: Make, landed: Landed, tmp_path: Path) -> None:
    """After three failures in a row no more ids are asked for alone; the next run asks for all of them."""
    old = [make.execution(f"OLD{n}", NOW - DAY, status="TERMINAL") for n in range(6)]
    world = make.world(*old, make.execution("NEW", NOW - HOUR))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.now += DAY
        world.executions = [
            make.stub({**one, "status": "SUCCEEDED", "endTime": NOW + HOUR}) for one in old
        ] + world.executions[-1:]
        world.lagging, gate.error_statuses = {one["id"] for one in old}, {"/pipelines/OLD": 500}
        partial_failures = make.quickly(tmp_path, gate.url, overlap_minutes=0).partial_failures
        assert len([trouble for trouble in partial_failures if "was not read again" in trouble]) == 3
        world.lagging, gate.error_statuses = set(), {}
        assert make.quickly(tmp_path, gate.url, overlap_minutes=0).partial_failures == []
    assert landed("SELECT status, count(*) FROM execution GROUP BY ALL") == [("succeeded", 7)]
