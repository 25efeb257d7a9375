"""Walking a history that can not be paged, over the double's search with all its faults."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.simulation.gate_history import History, Mode, Query
from ingest.simulation.world import Stub, World
from ingest.spinnaker.history import Listed, Search, history

BEGIN = 1_700_000_000_000


def searching(times: Sequence[int], mode: Mode) -> tuple[Search, list[int]]:
    """A search over executions built at these times, and the sizes it was asked for."""
    stubs = [Stub(f"E{n}", "shop", "config", "", "SUCCEEDED", at, at, dict) for n, at in enumerate(times)]
    config = {"id": "config", "application": "shop"}
    store = History(World(now=2**62, pipeline_configs=[config], executions=stubs), mode)
    store.refresh()
    asked: list[int] = []

    def search(start: int, end: int, size: int) -> list[Listed]:
        asked.append(size)
        found = store.search("shop", Query(start=start, end=end, size=size))
        return [Listed(stub.id, stub.build_time, True, False, b"") for stub in found]

    return search, asked


TIMES = st.lists(st.integers(0, 40) | st.integers(0, 3_000_000), max_size=60).map(
    lambda offsets: [BEGIN + offset for offset in offsets]
)


@pytest.mark.parametrize("mode", ["sql", "redis"])
@given(times=TIMES, size=st.integers(1, 8), late=st.integers(0, 60))
@settings(deadline=None, max_examples=150)
def test_every_execution_once(mode: Mode, times: list[int], size: int, late: int) -> None:
    """Ties, bursts, any size, any begin, either store: each execution since then comes exactly once."""
    search, _ = searching(times, mode)
    since = BEGIN + late
    found = [listed.id for page in history(search, since, BEGIN + 4_000_000, size) for listed in page]
    assert sorted(found) == sorted(f"E{n}" for n, at in enumerate(times) if at >= since)


def test_sql_needs_one_request_a_page() -> None:
    """1,000 executions at 50 a page: 20 pages, the empty one that ends it, and one to tell the store."""
    search, asked = searching([BEGIN + n * 1000 for n in range(1000)], "sql")
    assert sum(map(len, history(search, 0, BEGIN + 10**7, 50))) == 1000
    assert len(asked) <= 23


def test_more_ties_than_a_page_holds_grow_the_page() -> None:
    """120 executions of one millisecond do not fit 50: the page grows until they do, then shrinks again."""
    times = [BEGIN] * 120 + [BEGIN - 1000 * n for n in range(1, 200)]
    search, asked = searching(times, "sql")
    assert sum(map(len, history(search, 0, BEGIN + 1, 50))) == len(times)
    assert max(asked) == 200
    assert asked[-1] == 50


def test_pages_by_index_would_lose_most() -> None:
    """What makes the walk necessary: paging by startIndex reaches twice the page size and no further."""
    stubs = [Stub(f"E{n}", "shop", "config", "", "SUCCEEDED", BEGIN + n, BEGIN, dict) for n in range(1000)]
    store = History(
        World(now=2**62, pipeline_configs=[{"id": "config", "application": "shop"}], executions=stubs), "sql"
    )
    store.refresh()
    pages = [store.search("shop", Query(0, 2**63 - 1, 100, start_index=start)) for start in range(0, 1000, 100)]
    assert [len(page) for page in pages] == [100, 100] + [0] * 8
