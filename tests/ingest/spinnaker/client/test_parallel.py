"""Parallel streams and tasks: none is lost, each keeps its order, memory is bounded, and they end together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.spinnaker.client.parallel import merge_streams, run_ahead


def count_to(name: str, end: int, produced: list[str] | None = None) -> Iterator[str]:
    """``name0``, ``name1`` …"""
    for number in range(end):
        if produced is not None:
            produced.append(name)
        yield f"{name}{number}"


@pytest.mark.parametrize("readers", [1, 3, 50])
def test_everything_comes_in_the_order_of_its_stream(readers: int) -> None:
    """Items of ten streams, mixed, none lost, none twice."""
    streams = [partial(count_to, f"{letter}-", 100) for letter in "abcdefghij"]
    items = list(merge_streams(streams, readers))
    assert len(items) == 1000
    for letter in "abcdefghij":
        assert [item for item in items if item[0] == letter] == list(count_to(f"{letter}-", 100))


def test_nothing_is_nothing() -> None:
    """No streams, no items, no threads that wait."""
    assert list(merge_streams([], 4)) == []


def test_streams_run_at_the_same_time() -> None:
    """Each of four waits for the other three."""
    meeting = threading.Barrier(4, timeout=5)

    def stream(number: int) -> Iterator[int]:
        meeting.wait()
        yield number

    assert sorted(merge_streams([partial(stream, number) for number in range(4)], 4)) == [0, 1, 2, 3]


def test_an_error_of_a_stream_is_raised_where_items_are_read() -> None:
    """It ends the run, and the other readers."""

    def broken() -> Iterator[str]:
        yield "one"
        raise KeyError("gone")

    endless = partial(count_to, "x", 10**9)
    with pytest.raises(KeyError, match="gone"):
        list(merge_streams([broken, endless], 2))
    assert threads_end()


def test_closing_ends_the_readers() -> None:
    """A consumer that stops does not leave threads behind that fetch."""
    items = merge_streams([partial(count_to, "x", 10**9)], 1)
    assert next(items) == "x0"
    items.close()  # type: ignore[attr-defined]
    assert threads_end()


def test_a_slow_consumer_bounds_what_is_read_ahead() -> None:
    """Readers wait once the room between is full."""
    produced: list[str] = []
    items = merge_streams([partial(count_to, "x", 10_000, produced)], 1)
    next(items)
    time.sleep(0.3)
    assert len(produced) < 100
    items.close()  # type: ignore[attr-defined]


@given(shape=st.lists(st.none() | st.integers(0, 3), max_size=40), workers=st.integers(1, 5), ahead=st.integers(1, 8))
@settings(max_examples=50)
def test_what_works_give_stands_in_their_place(shape: list[int | None], workers: int, ahead: int) -> None:
    """Items and works mixed (None is an item, a number a work that gives so many): the order is that of the input."""
    tasks: list[Any] = [n if count is None else partial(count_to, f"{n}-", count) for n, count in enumerate(shape)]
    inline = [item for task in tasks for item in (task() if callable(task) else [task])]
    assert list(run_ahead(tasks, workers, ahead)) == inline


def test_works_are_done_at_the_same_time() -> None:
    """Each of four waits for the other three."""
    meeting = threading.Barrier(4, timeout=5)

    def task(number: int) -> Iterator[int]:
        meeting.wait()
        yield number

    assert list(run_ahead([partial(task, number) for number in range(4)], 4, 8)) == [0, 1, 2, 3]


def test_no_more_works_are_begun_than_there_is_room_for() -> None:
    """A slow one at the head holds back the rest: its reader takes no more than the room ahead."""
    released, started = threading.Event(), list[int]()

    def task(number: int) -> Iterator[int]:
        released.wait(5)
        yield number

    def tasks() -> Iterator[Any]:
        for number in range(100):
            started.append(number)
            yield partial(task, number)

    threading.Timer(0.3, lambda: (started.append(-1), released.set())).start()
    assert list(run_ahead(tasks(), 2, 20)) == list(range(100))
    assert started.index(-1) == 21


def test_an_error_of_a_work_comes_in_its_turn_and_ends_the_others() -> None:
    """What was before it is given; nothing is begun after it."""

    def broken() -> Iterator[str]:
        raise KeyError("gone")
        yield

    tasks: list[Any] = ["one", broken, *[partial(count_to, "x", 1)] * 1000]
    items = run_ahead(tasks, 2, 4)
    assert next(items) == "one"
    with pytest.raises(KeyError, match="gone"):
        list(items)
    assert threads_end("(_work)")


def threads_end(name: str = "(_read)") -> bool:
    """Whether the readers' threads have ended."""
    deadline = time.monotonic() + 3
    while any(thread.name.endswith(name) for thread in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(thread.name.endswith(name) for thread in threading.enumerate())
