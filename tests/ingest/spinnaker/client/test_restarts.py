"""Restarts of completed executions are noticed, although they do not move in any listing by time."""

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


def restart(make: Make, built: int, at: int, status: str = "RUNNING", **more: Any) -> Json:
    """Return an execution that was restarted at ``at``; while it runs, it has its earlier end."""
    stage = make.deploy_stage("OLD", at + 100, image="registry.example/shop:2", status=status)
    end = at + 40_000 if status == "SUCCEEDED" else built + 40_000
    run: Json = make.execution("OLD", built, status=status, stages=[stage], **more)
    return {**run, "startTime": at, "endTime": end}


def requests_to(gate: Gate, prefix: str) -> list[str]:
    """Return the requests for paths with this prefix."""
    return [path for path in gate.requests if path.startswith(prefix)]


@pytest.mark.parametrize("mode", ["sql", "redis"])
@pytest.mark.parametrize("days", [1, 13, 200])
def test_a_restart_that_runs_is_noticed_however_old(
    mode: Mode, days: int, make: Make, ingest: Ingest, landed: Landed
) -> None:
    """A restart, also of a success, costs one request per application and run; it is read by id until it completes."""
    built = NOW - days * DAY
    world = make.world(make.execution("OLD", built), make.execution("NEW", NOW - HOUR))
    with serve(world, mode=mode) as gate:
        ingest(gate.url)
        world.now += DAY
        world.executions[0] = make.stub(restart(make, built, world.now - HOUR))
        gate.requests.clear()
        ingest(gate.url)
        assert landed(STATUS) == [("running",)]
        assert len(requests_to(gate, RUNS_NOW)) == 1
        world.now += DAY
        world.executions[0] = make.stub(restart(make, built, world.now - DAY - HOUR, "SUCCEEDED"))
        ingest(gate.url)
    assert landed(STATUS) == [("succeeded",)]
    assert landed("SELECT images[1] FROM rollout r JOIN execution e ON e.id = execution_id AND r.revision = e.revision"
                  " WHERE e.id = 'OLD'") == [("registry.example/shop:2",)]  # fmt: skip


@pytest.mark.parametrize("hides_disabled", [True, False])
def test_a_restart_of_a_disabled_pipeline_is_noticed_too(
    hides_disabled: bool, make: Make, landed: Landed, tmp_path: Path
) -> None:
    """If Orca lists no disabled pipelines, twenty of them cost one request, and none cost none."""
    built = NOW - 9 * DAY
    world = make.world(make.execution("OLD", built), make.execution("NEW", NOW - HOUR, pipelineConfigId="on"))
    world.hides_disabled = hides_disabled
    (live,) = world.pipeline_configs
    enabled = {**live, "id": "on"}
    disabled = [{**live, "id": id_, "disabled": True} for id_ in ("config-shop", *(f"a{n}" for n in range(19)))]
    runs_of_pipelines = "/executions?pipelineConfigIds"
    for configured, requests in (([enabled, *disabled], 1), ([enabled, live], 0)):
        world.pipeline_configs = configured
        world.executions[0] = make.stub(make.execution("OLD", built))
        with serve(world) as gate:
            make.quickly(tmp_path, gate.url)
            world.executions[0] = make.stub(restart(make, built, NOW - HOUR))
            gate.requests.clear()
            assert make.quickly(tmp_path, gate.url).partial_failures == []
            assert len([path for path in requests_to(gate, runs_of_pipelines) if "RUNNING" in path]) == requests
            gate.error_statuses = {"/executions": 500}
            partial_failures = " ".join(make.quickly(tmp_path, gate.url).partial_failures)
        assert ("restarts of disabled pipelines may be missing" in partial_failures) is bool(requests)
        assert landed(STATUS) == [("running",)]


def test_a_restart_of_a_strategy_is_noticed_too(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A strategy's run is in no search and not among its latest ten: it is in the listing of running executions."""
    built = NOW - 9 * DAY
    young = (make.execution(f"YOUNG{n:02}", NOW - n * HOUR, pipelineConfigId="plan") for n in range(2, 14))
    world = make.world(make.execution("OLD", built, pipelineConfigId="plan"), *young)
    world.pipeline_configs.append({"id": "plan", "application": "shop", "name": "plan", "strategy": True})
    with serve(world) as gate:
        ingest(gate.url)
        world.executions[0] = make.stub(restart(make, built, NOW - HOUR, pipelineConfigId="plan"))
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
        world.executions[0] = make.stub(restart(make, built, NOW + HOUR, "SUCCEEDED"))
        ingest(gate.url, restart_days=3)
    assert landed(STATUS) == [(status,)]


def test_since_reads_a_missed_restart(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A success that was restarted and completed between two runs is read by ``since``."""
    built = NOW - 2 * DAY
    world = make.world(make.execution("OLD", built), make.execution("NEW", NOW - HOUR))
    at = "SELECT epoch_ms(started_at) FROM execution WHERE id = 'OLD'"
    with serve(world) as gate:
        ingest(gate.url)
        world.now += DAY
        world.executions[0] = make.stub(restart(make, built, NOW + HOUR, "SUCCEEDED"))
        ingest(gate.url)
        assert landed(at) == [(built + 20,)]
        ingest(gate.url, since=datetime.fromtimestamp((built - HOUR) / 1000, UTC))
    assert landed(at) == [(NOW + HOUR,)]


def test_more_executions_run_than_a_listing_holds(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A listing that reaches its limit per pipeline is requested again with a higher one."""
    world = make.world(*(make.execution(f"E{n:03}", NOW - DAY - n) for n in range(70)))
    with serve(world) as gate:
        ingest(gate.url)
        again = (make.execution(f"E{n:03}", NOW - DAY - n, status="RUNNING") for n in range(70))
        world.executions = [make.stub({**payload, "startTime": NOW - 5}) for payload in again]
        gate.requests.clear()
        ingest(gate.url)
        assert ["limit=50" in path for path in requests_to(gate, RUNS_NOW)] == [True, False]
    assert landed("SELECT status, count(*) FROM execution GROUP BY ALL") == [("running", 70)]


def test_a_failed_listing_of_runs_is_a_partial_failure(make: Make, landed: Landed, tmp_path: Path) -> None:
    """History is still read, and executions known to run are read by id."""
    world = make.world(make.execution("OLD", NOW - 9 * DAY, status="RUNNING"), make.execution("NEW", NOW - HOUR))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.executions[0] = make.stub(restart(make, NOW - 9 * DAY, NOW - 2 * HOUR, "SUCCEEDED"))
        gate.error_statuses = {"/applications/shop/pipelines": 400}
        (failure,) = make.quickly(tmp_path, gate.url).partial_failures
    assert failure.startswith("application shop: restarts may be missing:")
    assert landed(STATUS) == [("succeeded",)]


def test_after_three_failures_the_rest_waits_for_the_next_run(make: Make, landed: Landed, tmp_path: Path) -> None:
    """After three failures in a row no more ids are requested singly; the next run requests all of them."""
    old = [make.execution(f"OLD{n}", NOW - DAY, status="TERMINAL") for n in range(6)]
    world = make.world(*old, make.execution("NEW", NOW - HOUR))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.now += DAY
        world.executions = [
            make.stub({**payload, "status": "SUCCEEDED", "endTime": NOW + HOUR}) for payload in old
        ] + world.executions[-1:]
        world.lagging, gate.error_statuses = {payload["id"] for payload in old}, {"/pipelines/OLD": 500}
        partial_failures = make.quickly(tmp_path, gate.url, overlap_minutes=0).partial_failures
        assert len([failure for failure in partial_failures if "was not read again" in failure]) == 3
        world.lagging, gate.error_statuses = set(), {}
        assert make.quickly(tmp_path, gate.url, overlap_minutes=0).partial_failures == []
    assert landed("SELECT status, count(*) FROM execution GROUP BY ALL") == [("succeeded", 7)]
