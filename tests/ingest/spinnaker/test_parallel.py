"""Several streams at once: all of them, each in its order, bounded, and ended together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from ingest.spinnaker.parallel import merged


def counting(name: str, end: int, made: list[str] | None = None) -> Iterator[str]:
    """``name0``, ``name1`` …"""
    for number in range(end):
        if made is not None:
            made.append(name)
        yield f"{name}{number}"


@pytest.mark.parametrize("readers", [1, 3, 50])
def test_everything_comes_in_the_order_of_its_stream(readers: int) -> None:
    """Items of ten streams, mixed, none lost, none twice."""
    streams = [partial(counting, f"{letter}-", 100) for letter in "abcdefghij"]
    found = list(merged(streams, readers))
    assert len(found) == 1000
    for letter in "abcdefghij":
        assert [item for item in found if item[0] == letter] == list(counting(f"{letter}-", 100))


def test_nothing_is_nothing() -> None:
    """No streams, no items, no threads that wait."""
    assert list(merged([], 4)) == []


def test_streams_run_at_the_same_time() -> None:
    """Each of four waits for the other three."""
    meeting = threading.Barrier(4, timeout=5)

    def stream(number: int) -> Iterator[int]:
        meeting.wait()
        yield number

    assert sorted(merged([partial(stream, number) for number in range(4)], 4)) == [0, 1, 2, 3]


def test_an_error_of_a_stream_is_raised_where_items_are_read() -> None:
    """It ends the run, and the other readers."""

    def broken() -> Iterator[str]:
        yield "one"
        raise KeyError("gone")

    endless = partial(counting, "x", 10**9)
    with pytest.raises(KeyError, match="gone"):
        list(merged([broken, endless], 2))
    assert _quiet()


def test_closing_ends_the_readers() -> None:
    """A consumer that stops does not leave threads behind that fetch."""
    items = merged([partial(counting, "x", 10**9)], 1)
    assert next(items) == "x0"
    items.close()  # type: ignore[attr-defined]
    assert _quiet()


def test_a_slow_consumer_bounds_what_is_read_ahead() -> None:
    """Readers wait once the room between is full."""
    made: list[str] = []
    items = merged([partial(counting, "x", 10_000, made)], 1)
    next(items)
    time.sleep(0.3)
    assert len(made) < 100
    items.close()  # type: ignore[attr-defined]


def _quiet() -> bool:
    """Whether the readers' threads have ended."""
    until = time.monotonic() + 3
    while any(thread.name.endswith("(_read)") for thread in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(thread.name.endswith("(_read)") for thread in threading.enumerate())
