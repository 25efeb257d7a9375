"""Pages with as many executions as their size in bytes allows, over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.http.session import Limits, RequestError, Session
from ingest.simulation.gate.execution_store import Mode
from ingest.simulation.model.world import World
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.paging import SearchPages, get_executions
from ingest.spinnaker.client.time_search import search_history
from tests.ingest.spinnaker.conftest import NOW, Make
from tests.simulation.gate import serve


def make_heavy_world(make: Make, count: int, weight: int) -> World:
    """Return executions a minute apart of this many bytes each."""
    stages = [{"id": "S", "type": "wait", "status": "SUCCEEDED", "context": {"filling": "x" * weight}}]
    return make.world(*(make.execution(f"E{n:03}", NOW - n * 60_000, stages=stages) for n in range(count)))


def make_pages(url: str, *, size: int = 25, page_bytes: int = 100_000, **limits: Any) -> SearchPages:
    """Return search pages without long waits between attempts."""
    quick = Limits(requests_per_10s=0, attempts=1, backoff_seconds=0.001, **limits)
    return SearchPages(Gate(Session(url, limits=quick)), "shop", size, page_bytes)


def requested_sizes(paths: list[str]) -> list[int]:
    """Return the page size of each search."""
    return [int(path.split("size=")[1].split("&")[0]) for path in paths if "size=" in path]


@pytest.mark.parametrize(("weight", "expected"), [(10, 50), (4_000, 20), (9_000, 10), (90_000, 2), (300_000, 2)])
def test_the_second_page_is_as_large_as_its_weight_allows(make: Make, weight: int, expected: int) -> None:
    """A page holds fifty small executions or a few large ones, at least two, as one is repeated."""
    with serve(make_heavy_world(make, 70, weight)) as gate:
        pages = make_pages(gate.url, size=5)
        assert sum(map(len, search_history(pages, 0, NOW))) == 70
        page_sizes = [size for size in requested_sizes(gate.requests)[2:] if size != 5]
    assert min(abs(size - expected) for size in page_sizes) <= expected // 8
    assert max(page_sizes) <= 50


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_a_cap_on_bytes_loses_nothing(make: Make, mode: Mode) -> None:
    """A page beyond the cap is requested in smaller parts, down to single executions."""
    with serve(make_heavy_world(make, 40, 20_000), mode=mode) as gate:
        pages = make_pages(gate.url, max_bytes=90_000)
        ids = [execution.id for page in search_history(pages, 0, NOW) for execution in page]
    assert sorted(ids) == [f"E{n:03}" for n in range(40)]


def test_an_execution_beyond_the_cap_has_no_details(make: Make) -> None:
    """It is returned as in the light listing, the others with their details."""
    world = make_heavy_world(make, 9, 100)
    stages = [{"id": "S", "type": "wait", "context": {"filling": "x" * 200_000}}]
    world.executions[4] = make.stub(make.execution("E004", NOW - 240_000, stages=stages))
    with serve(world) as gate:
        incomplete = {
            execution.id: execution.incomplete
            for page in search_history(make_pages(gate.url, max_bytes=90_000), 0, NOW)
            for execution in page
        }
    assert incomplete == {f"E{n:03}": n == 4 for n in range(9)}


def test_a_refusal_is_raised_at_any_size(make: Make) -> None:
    """A 404 is raised at once, a 500 only if light listings fail too."""
    with serve(make_heavy_world(make, 3, 10)) as gate:
        gate.error_statuses = {"/applications/shop/executions": 404}
        with pytest.raises(RequestError, match="404"):
            make_pages(gate.url).read_full(0, NOW)
        assert requested_sizes(gate.requests) == [25]
        gate.error_statuses = {"/applications/shop/executions": 500}
        with pytest.raises(RequestError, match="500"):
            make_pages(gate.url).read_full(0, NOW)
        assert requested_sizes(gate.requests) == [25, 25, 3, 25]


def test_a_request_that_fails_by_one_execution_is_halved(make: Make) -> None:
    """The request is halved until the others are returned."""
    with serve(make_heavy_world(make, 16, 10)) as gate:
        gate_client = Gate(Session(gate.url, limits=Limits(requests_per_10s=0, attempts=1, max_bytes=10_000)))
        gate.world.executions[5] = make.stub(make.execution("E005", NOW, stages=[{"id": "S", "name": "x" * 20_000}]))
        executions = get_executions(gate_client, [f"E{n:03}" for n in range(16)])
    assert sorted(execution.id for execution in executions) == [f"E{n:03}" for n in range(16) if n != 5]
    assert len(gate.requests) == 9
