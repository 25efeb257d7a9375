"""Full pages, with as many executions as their size in bytes allows, over real HTTP."""

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


def heavy(make: Make, count: int, weight: int) -> World:
    """Executions a minute apart that weigh so many bytes."""
    stages = [{"id": "S", "type": "wait", "status": "SUCCEEDED", "context": {"filling": "x" * weight}}]
    return make.world(*(make.execution(f"E{n:03}", NOW - n * 60_000, stages=stages) for n in range(count)))


def reader(url: str, *, size: int = 25, page_bytes: int = 100_000, **limits: Any) -> SearchPages:
    """Pages without long waits between attempts."""
    quick = Limits(requests_per_10s=0, attempts=1, backoff_seconds=0.001, **limits)
    return SearchPages(Gate(Session(url, limits=quick)), "shop", size, page_bytes)


def sizes(paths: list[str]) -> list[int]:
    """How many executions each search asked for."""
    return [int(path.split("size=")[1].split("&")[0]) for path in paths if "size=" in path]


@pytest.mark.parametrize(("weight", "expected"), [(10, 50), (4_000, 20), (9_000, 10), (90_000, 2), (300_000, 2)])
def test_the_second_page_is_as_large_as_its_weight_allows(make: Make, weight: int, expected: int) -> None:
    """Of light executions fifty, of heavy ones few, two at least: one is given again."""
    with serve(heavy(make, 70, weight)) as gate:
        pages = reader(gate.url, size=5)
        assert sum(map(len, search_history(pages, 0, NOW))) == 70
        asked = [size for size in sizes(gate.requests)[2:] if size != 5]
    assert min(abs(size - expected) for size in asked) <= expected // 8
    assert max(asked) <= 50


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_a_cap_on_bytes_loses_nothing(make: Make, mode: Mode) -> None:
    """A page beyond the cap is asked for in smaller parts, down to single executions."""
    with serve(heavy(make, 40, 20_000), mode=mode) as gate:
        pages = reader(gate.url, max_bytes=90_000)
        found = [one.id for page in search_history(pages, 0, NOW) for one in page]
    assert sorted(found) == [f"E{n:03}" for n in range(40)]


def test_one_execution_beyond_the_cap_is_known_without_its_details(make: Make) -> None:
    """The light listing tells of it, the others come whole."""
    world = heavy(make, 9, 100)
    stages = [{"id": "S", "type": "wait", "context": {"filling": "x" * 200_000}}]
    world.executions[4] = make.stub(make.execution("E004", NOW - 240_000, stages=stages))
    with serve(world) as gate:
        found = {
            each.id: each.incomplete
            for page in search_history(reader(gate.url, max_bytes=90_000), 0, NOW)
            for each in page
        }
    assert found == {f"E{n:03}": n == 4 for n in range(9)}


def test_a_refusal_is_one_at_any_size(make: Make) -> None:
    """400 and 404 are raised at once, a broken server only where light listings break too."""
    with serve(heavy(make, 3, 10)) as gate:
        gate.error_statuses = {"/applications/shop/executions": 404}
        with pytest.raises(RequestError, match="404"):
            reader(gate.url).read_full(0, NOW)
        assert sizes(gate.requests) == [25]
        gate.error_statuses = {"/applications/shop/executions": 500}
        with pytest.raises(RequestError, match="500"):
            reader(gate.url).read_full(0, NOW)
        assert sizes(gate.requests) == [25, 25, 3, 25]


def test_details_of_one_that_breaks_a_request_cost_a_few_more(make: Make) -> None:
    """The request is halved until the others are given."""
    with serve(heavy(make, 16, 10)) as gate:
        pages = Gate(Session(gate.url, limits=Limits(requests_per_10s=0, attempts=1, max_bytes=10_000)))
        gate.world.executions[5] = make.stub(make.execution("E005", NOW, stages=[{"id": "S", "name": "x" * 20_000}]))
        found = get_executions(pages, [f"E{n:03}" for n in range(16)])
    assert sorted(one.id for one in found) == [f"E{n:03}" for n in range(16) if n != 5]
    assert len(gate.requests) == 9
