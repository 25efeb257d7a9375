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
def answering(body: bytes) -> Iterator[str]:
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
def test_an_answer_that_is_no_listing_is_a_failure(name: str, body: bytes) -> None:
    """An object, a cut-off list or endless nesting instead of a list of objects names the endpoint."""
    with answering(body) as url, pytest.raises(RequestError, match=r"^/\S+ gave no "):
        READS[name](Gate(Session(url, limits=QUICK)))


@pytest.mark.parametrize("name", ["search", "executions", "tasks"])
def test_an_item_that_is_no_execution_is_a_failure(name: str) -> None:
    """A listing of something else is not taken for one of executions."""
    with answering(b'[{"name":"x"}]') as url, pytest.raises(RequestError, match="gave no"):
        READS[name](Gate(Session(url, limits=QUICK)))


def test_a_listing_has_id_time_pipeline_and_whether_details_are_missing(make: SimpleNamespace) -> None:
    """From the light form, without contexts."""
    waiting = make.execution("W", NOW - 5, status="RUNNING", stages=[make.wait_stage("W", NOW)])
    with serve(make.world(waiting, make.execution("D", NOW - 9))) as double:
        gate = Gate(Session(double.url, limits=QUICK))
        light = gate.search_executions("shop", 0, NOW, 10, expand=False)
        full = gate.search_executions("shop", 0, NOW, 10, expand=True)
    assert [execution[:3] for execution in light] == [("W", NOW - 5, True), ("D", NOW - 9, True)]
    assert [execution.incomplete for execution in full] == [False, False]
    assert {execution.pipeline_id for execution in light + full} == {"config-shop"}


@pytest.mark.parametrize("name", ["search", "executions"])
@pytest.mark.parametrize(
    "wrong", [b'{"id":"X","stages":"none"}', b'{"id":"X","status":"\xff\xfe","stages":7}', b'{"name":"x"}', b"7"]
)
def test_one_item_that_can_not_be_read_is_passed_on_beside_the_others(name: str, wrong: bytes) -> None:
    """As it came, without a time, so that it is quarantined and the walk goes by the others."""
    with answering(b'[{"id":"A","buildTime":1750000000000},' + wrong + b"]") as url:
        found = READS[name](Gate(Session(url, limits=QUICK)))
    assert isinstance(found, list)
    assert [(one.build_time, one.body) for one in found][1] == (0, wrong)
    assert found[0].id == "A"


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_bounds_are_told_apart_with_one_request(make: SimpleNamespace, mode: Mode) -> None:
    """Redis includes what bounds name; the answer is remembered for all applications."""
    with serve(make.world(make.execution("E", NOW - 5)), mode=mode) as double:
        gate = Gate(Session(double.url, limits=QUICK))
        assert [gate.bounds_inclusive("shop", NOW - 5) for _ in range(3)] == [mode == "redis"] * 3
        assert len(double.requests) == 1


def test_executions_of_deleted_pipelines_are_found_by_pipeline(make: SimpleNamespace) -> None:
    """No search finds them; ids of pipelines do, each with its own limit."""
    runs = [make.execution(f"E{n}", NOW - n, pipelineConfigId=f"old{n % 2}") for n in range(6)]
    with serve(make.world(*runs)) as double:
        gate = Gate(Session(double.url, limits=QUICK))
        assert gate.search_executions("shop", 0, NOW, 10, expand=True) == []
        assert len(gate.list_by_pipeline(["old0", "old1"], 2)) == 4
        one = gate.get_execution("E3")
        assert one
        assert (one.id, gate.get_execution("nobody")) == ("E3", None)


def test_bodies_are_kept_as_received(make: SimpleNamespace) -> None:
    """The slice of the answer, byte for byte, so that a later parser can read it again."""
    raw = b'{ "id" : "E", "application":"shop",  "x": 1.50 }'
    with answering(b"[ " + raw + b" ]") as url:
        assert [one.body for one in Gate(Session(url, limits=QUICK)).get_executions(["E"])] == [raw]


def test_a_task_by_id_or_none(make: SimpleNamespace) -> None:
    """404 is an answer, another error is not."""
    world = make.world()
    world.executions = [make.task("T1", "undoRolloutManifest")]
    with serve(world) as double:
        gate = Gate(Session(double.url, limits=QUICK))
        assert b"Undo" not in (gate.get_task("T1") or b"")
        assert gate.get_task("T2") is None
        double.error_statuses = {"/tasks": 500}
        with pytest.raises(RequestError):
            gate.get_task("T1")


def test_names_are_quoted(make: SimpleNamespace) -> None:
    """An application's name is one part of a path, whatever it holds."""
    with serve(make.world()) as double:
        Gate(Session(double.url, limits=QUICK)).list_pipelines("a/b c")
        assert double.requests == ["/applications/a%2Fb%20c/pipelineConfigs"]
