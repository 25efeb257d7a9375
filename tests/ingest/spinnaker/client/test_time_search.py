"""Reading a history that can not be paged by index, over the simulated search with all its faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.simulation.gate.execution_store import ExecutionStore, Mode, Query
from ingest.simulation.model.world import Stub, World
from ingest.spinnaker.client.gate import ListedExecution
from ingest.spinnaker.client.paging import LIGHT_PAGE_SIZE, Page
from ingest.spinnaker.client.time_search import search_history

BEGIN = 1_700_000_000_000


class Store:
    """The pages of executions built at these times; ``requested_sizes`` are those of its pages."""

    def __init__(self, times: Sequence[int], mode: Mode, size: int, *, breaks: bool = False) -> None:
        stubs = [Stub(f"E{n}", "shop", "config", "", "SUCCEEDED", at, at, dict) for n, at in enumerate(times)]
        config = {"id": "config", "application": "shop"}
        self.store = ExecutionStore(World(now=2**62, pipeline_configs=[config], executions=stubs), mode)
        self.store.refresh()
        self.mode, self.size, self.breaks = mode, size, breaks
        self.requested_sizes: list[int] = []

    def _search(self, start: int, end: int, size: int, *, incomplete: bool) -> Page:
        self.requested_sizes.append(size)
        stubs = self.store.search("shop", Query(start=start, end=end, size=size))
        return Page([ListedExecution(stub.id, stub.build_time, incomplete, b"") for stub in stubs], size)

    def read_full(self, start: int, end: int, min_size: int = 0) -> Page:
        return self._search(start, end, max(self.size, min_size), incomplete=False)

    def read_light(self, start: int, end: int, size: int) -> Page:
        if self.breaks:
            return self.read_full(start, end, 0 if size == LIGHT_PAGE_SIZE else size)
        return self._search(start, end, size, incomplete=True)

    def read_details(self, executions: Sequence[ListedExecution]) -> Iterator[list[ListedExecution]]:
        for start in range(0, len(executions), self.size):
            if any(execution.incomplete for execution in executions):
                self.requested_sizes.append(self.size)
            yield [execution._replace(incomplete=False) for execution in executions[start : start + self.size]]

    def bounds_inclusive(self, instant: int) -> bool:
        return bool(self._search(instant, instant, 1, incomplete=True).executions)


TIMES = st.lists(st.integers(0, 40) | st.integers(0, 3_000_000), max_size=60).map(
    lambda offsets: [BEGIN + offset for offset in offsets]
)


@pytest.mark.parametrize("mode", ["sql", "redis"])
@given(times=TIMES, size=st.integers(1, 8), late=st.integers(0, 60), breaks=st.booleans())
@settings(deadline=None, max_examples=150)
def test_every_execution_once(mode: Mode, times: list[int], size: int, late: int, breaks: bool) -> None:
    """Ties, bursts, any size, any begin, either store, light listings or none: each execution comes exactly once."""
    since = BEGIN + late
    pages = list(search_history(Store(times, mode, size, breaks=breaks), since, BEGIN + 4_000_000))
    ids = [execution.id for page in pages for execution in page]
    assert sorted(ids) == sorted(f"E{n}" for n, at in enumerate(times) if at >= since)
    assert not any(execution.incomplete for page in pages for execution in page)


@pytest.mark.parametrize("mode", ["sql", "redis"])
@pytest.mark.parametrize("count", [49, 50, 1000, 5000])
def test_history_costs_little_more_than_its_pages(mode: Mode, count: int) -> None:
    """At 50 executions a page at most 1.3 times as many requests as there are pages, and three."""
    store = Store([BEGIN + n * n * 10 for n in range(count)], mode, 50)
    assert sum(map(len, search_history(store, 0, BEGIN + 10**9))) == count
    assert len(store.requested_sizes) <= 1.3 * -(-count // 50) + 3


class CutStore(Store):
    """One of the pages is cut: from its ``cut``-th request only the first ``keep`` executions arrive."""

    cut, keep = 0, 0

    def _search(self, start: int, end: int, size: int, *, incomplete: bool) -> Page:
        page = super()._search(start, end, size, incomplete=incomplete)
        return page._replace(executions=page.executions[: self.keep]) if self.cut == len(self.requested_sizes) else page


@given(times=TIMES, size=st.integers(1, 8), cut=st.integers(1, 12), keep=st.integers(1, 7))
@settings(deadline=None, max_examples=300)
def test_g8_a_page_that_is_cut_hides_nothing(times: list[int], size: int, cut: int, keep: int) -> None:
    """Whichever page of Orca's SQL store is cut, wherever: the request after it gives what it lacks."""
    store = CutStore(times, "sql", size)
    store.cut, store.keep = cut, keep
    ids = [execution.id for page in search_history(store, BEGIN, BEGIN + 4_000_000) for execution in page]
    assert sorted(ids) == sorted(f"E{n}" for n in range(len(times)))


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_g8_a_page_that_reaches_what_is_known_needs_no_second_request(mode: Mode) -> None:
    """A night reads one page: it is complete, because it ends with what the last run has read."""
    store = Store([BEGIN + n * 1000 for n in (0, 2, 3, 5)], mode, 50)
    assert sum(map(len, search_history(store, BEGIN, BEGIN + 10_000, known=BEGIN))) == 4
    assert len(store.requested_sizes) == (1 if mode == "sql" else 2)


def test_more_ties_than_a_page_holds_grow_the_page() -> None:
    """120 executions of one millisecond do not fit 50: the page grows until they do, then shrinks again."""
    times = [BEGIN] * 120 + [BEGIN - 1000 * n for n in range(1, 200)]
    store = Store(times, "sql", 50)
    assert sum(map(len, search_history(store, 0, BEGIN + 1))) == len(times)
    assert max(store.requested_sizes) == 200
    assert store.requested_sizes[-1] == 50


def test_more_ties_than_a_census_holds_grow_it() -> None:
    """2,500 executions of one millisecond on Redis, where no window is smaller."""
    store = Store([BEGIN] * 2500 + [BEGIN + 5] * 3, "redis", 50)
    assert sum(map(len, search_history(store, 0, BEGIN + 10))) == 2503
    assert max(store.requested_sizes) == 4000


@pytest.mark.parametrize("unknown", [0, 3, 20])
def test_what_has_no_time_does_not_stop_the_walk(unknown: int) -> None:
    """An execution that could not be read counts for its page, and never for the next page's end."""

    class Torn(Store):
        def read_full(self, start: int, end: int, min_size: int = 0) -> Page:
            page = super().read_full(start, end, min_size)
            torn = [
                execution._replace(build_time=0) if int(execution.id[1:]) < unknown else execution
                for execution in page.executions
            ]
            return Page(torn, page.size)

    store = Torn([BEGIN + n for n in range(100)], "sql", 10)
    assert sum(map(len, search_history(store, BEGIN, BEGIN + 200))) == 100


def test_pages_by_index_would_lose_most() -> None:
    """What makes the walk necessary: paging by startIndex reaches twice the page size and no further."""
    stubs = [Stub(f"E{n}", "shop", "config", "", "SUCCEEDED", BEGIN + n, BEGIN, dict) for n in range(1000)]
    store = ExecutionStore(
        World(now=2**62, pipeline_configs=[{"id": "config", "application": "shop"}], executions=stubs), "sql"
    )
    store.refresh()
    pages = [store.search("shop", Query(0, 2**63 - 1, 100, start_index=start)) for start in range(0, 1000, 100)]
    assert [len(page) for page in pages] == [100, 100] + [0] * 8
