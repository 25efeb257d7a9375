"""Gate's endpoints: one request each, and errors if the answer has another shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.http.session import Limits, RequestError, Session
from ingest.simulation.gate.execution_store import Mode
from ingest.spinnaker.client.gate import Gate
from tests.ingest.spinnaker.conftest import NOW
from tests.simulation.gate import serve

QUICK = Limits(requests_per_10s=0, attempts=1)


@contextmanager
def serve_body(body: bytes) -> Iterator[str]:
    """A server that answers everything with this JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


READS: dict[str, Callable[[Gate], object]] = {
    "applications": lambda gate: gate.list_applications(),
    "accounts": lambda gate: gate.list_accounts(),
    "configs": lambda gate: gate.list_pipelines("shop"),
    "search": lambda gate: gate.search_executions("shop", 0, NOW, 10, expand=True),
    "executions": lambda gate: gate.get_executions(["E"]),
    "tasks": lambda gate: gate.list_tasks("shop", 10),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("body", [b'{"error":1}', b"[1,", b"7", b"[" * 100_000])
def test_an_invalid_listing_is_a_failure(name: str, body: bytes) -> None:
    """An object, a cut-off list or endless nesting instead of a list of objects names the endpoint."""
    with serve_body(body) as url, pytest.raises(RequestError, match=r"^/\S+ gave no "):
        READS[name](Gate(Session(url, limits=QUICK)))


@pytest.mark.parametrize("name", ["search", "executions", "tasks"])
def test_an_invalid_item_is_a_failure(name: str) -> None:
    """A listing without executions is a failure."""
    with serve_body(b'[{"name":"x"}]') as url, pytest.raises(RequestError, match="gave no"):
        READS[name](Gate(Session(url, limits=QUICK)))


@pytest.mark.parametrize("bad", [b"{}", b"7", b'{"execution":{"id":7}}', b'{"execution":{"id":"\xff"}}'])
def test_an_operation_that_can_not_be_read_is_passed_on(bad: bytes) -> None:
    """It goes into quarantine; the others of its listing are read."""
    good = b'{"execution":{"id":"T","startTime":1750000000000,"stages":[{"type":"undoRolloutManifest"}]}}'
    with serve_body(b"[" + bad + b"," + good + b"]") as url:
        unreadable, task = Gate(Session(url, limits=QUICK)).list_tasks("shop", 10)
    assert (unreadable.incomplete, unreadable.body) == (True, bad)
    assert (task.id, task.incomplete) == ("T", True)


def test_a_listing_has_id_time_pipeline_and_whether_details_are_missing(make: SimpleNamespace) -> None:
    """The light form has these fields without stage contexts."""
    running = make.execution("W", NOW - 5, status="RUNNING", stages=[make.wait_stage("W", NOW)])
    with serve(make.world(running, make.execution("D", NOW - 9))) as server:
        gate = Gate(Session(server.url, limits=QUICK))
        light = gate.search_executions("shop", 0, NOW, 10, expand=False)
        full = gate.search_executions("shop", 0, NOW, 10, expand=True)
    assert [execution[:3] for execution in light] == [("W", NOW - 5, True), ("D", NOW - 9, True)]
    assert [execution.incomplete for execution in full] == [False, False]
    assert {execution.pipeline_id for execution in light + full} == {"config-shop"}


@pytest.mark.parametrize("name", ["search", "executions"])
@pytest.mark.parametrize(
    "wrong", [b'{"id":"X","stages":"none"}', b'{"id":"X","status":"\xff\xfe","stages":7}', b'{"name":"x"}', b"7"]
)
def test_an_unreadable_item_does_not_stop_the_listing(name: str, wrong: bytes) -> None:
    """It is returned as received, without a time, so that it is quarantined."""
    with serve_body(b'[{"id":"A","buildTime":1750000000000},' + wrong + b"]") as url:
        executions = READS[name](Gate(Session(url, limits=QUICK)))
    assert isinstance(executions, list)
    assert [(execution.build_time, execution.body) for execution in executions][1] == (0, wrong)
    assert executions[0].id == "A"


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_bounds_are_determined_by_one_request(make: SimpleNamespace, mode: Mode) -> None:
    """Redis includes its bounds; the result is cached for all applications."""
    with serve(make.world(make.execution("E", NOW - 5)), mode=mode) as server:
        gate = Gate(Session(server.url, limits=QUICK))
        assert [gate.bounds_inclusive("shop", NOW - 5) for _ in range(3)] == [mode == "redis"] * 3
        assert len(server.requests) == 1


def test_executions_of_deleted_pipelines_are_listed_by_pipeline(make: SimpleNamespace) -> None:
    """No search returns them; a listing by pipeline ids does, each with its own limit."""
    runs = [make.execution(f"E{n}", NOW - n, pipelineConfigId=f"old{n % 2}") for n in range(6)]
    with serve(make.world(*runs)) as server:
        gate = Gate(Session(server.url, limits=QUICK))
        assert gate.search_executions("shop", 0, NOW, 10, expand=True) == []
        assert len(gate.list_by_pipeline(["old0", "old1"], 2)) == 4
        execution = gate.get_execution("E3")
        assert execution
        assert (execution.id, gate.get_execution("nobody")) == ("E3", None)


def test_bodies_are_as_received(make: SimpleNamespace) -> None:
    """A body is the slice of the response, byte for byte, so that a later parser can read it."""
    raw = b'{ "id" : "E", "application":"shop",  "x": 1.50 }'
    with serve_body(b"[ " + raw + b" ]") as url:
        assert [execution.body for execution in Gate(Session(url, limits=QUICK)).get_executions(["E"])] == [raw]


def test_a_task_by_id_or_none(make: SimpleNamespace) -> None:
    """A 404 is None, another status is an error."""
    world = make.world()
    world.executions = [make.task("T1", "undoRolloutManifest")]
    with serve(world) as server:
        gate = Gate(Session(server.url, limits=QUICK))
        assert b"Undo" not in (gate.get_task("T1") or b"")
        assert gate.get_task("T2") is None
        server.error_statuses = {"/tasks": 500}
        with pytest.raises(RequestError):
            gate.get_task("T1")


def test_names_are_quoted(make: SimpleNamespace) -> None:
    """An application's name is one segment of a path, whatever its characters."""
    with serve(make.world()) as server:
        Gate(Session(server.url, limits=QUICK)).list_pipelines("a/b c")
        assert server.requests == ["/applications/a%2Fb%20c/pipelineConfigs"]
