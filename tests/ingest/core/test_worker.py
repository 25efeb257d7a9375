"""Work done behind the caller: its order, its bound, and what an error stops."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.core.worker import WAITING, Behind


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 0.002), max_size=12))
def test_the_order_is_kept(pauses: list[float]) -> None:
    """However long each job takes, they are done in the order in which they were given, each once."""
    behind, done = Behind(), []

    def job(number: int, pause: float) -> None:
        time.sleep(pause)
        done.append(number)

    for number, pause in enumerate(pauses):
        behind.do(partial(job, number, pause))
    behind.settle()
    behind.close()
    assert done == list(range(len(pauses)))


def test_only_a_few_wait() -> None:
    """While a job runs, so many are taken and the next giver has to wait."""
    behind, gate, given_ = Behind(), threading.Event(), []

    def give() -> None:
        for number in range(WAITING + 2):
            behind.do(gate.wait)
            given_.append(number)

    giver = threading.Thread(target=give)
    giver.start()
    giver.join(timeout=0.2)
    assert given_ == list(range(WAITING))
    gate.set()
    giver.join()
    behind.close()
    assert len(given_) == WAITING + 2


def test_after_an_error_nothing_more_is_done() -> None:
    """An error is raised to who gives or settles, and what was given after it never happens."""
    behind, done = Behind(), []
    started = threading.Event()

    def fail() -> None:
        started.wait()
        raise ValueError("full")

    behind.do(fail)
    behind.do(lambda: done.append(1))
    started.set()
    with pytest.raises(ValueError, match="full"):
        behind.settle()
    behind.do(lambda: done.append(2))
    behind.close()
    assert done == []


def test_an_error_reaches_who_goes_on_giving() -> None:
    """Who never settles learns of it too, at the latest when the queue is full."""
    behind = Behind()

    def fail() -> None:
        raise OSError("disk")

    for _ in range(WAITING):
        behind.do(fail)
    with pytest.raises(OSError, match="disk"):
        behind.do(fail)
    behind.close()


def test_closing_waits_for_what_was_given() -> None:
    """At the end all that was given is done, though nobody asked for it."""
    behind, done = Behind(), []
    behind.do(lambda: time.sleep(0.05))
    behind.do(lambda: done.append("last"))
    behind.close()
    assert done == ["last"]
