"""The background worker: the order of its jobs, their limit, and what an error stops."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.core.worker import MAX_PENDING, BackgroundWorker


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 0.002), max_size=12))
def test_jobs_run_in_order(pauses: list[float]) -> None:
    """However long each job takes, jobs run in the order in which they were submitted, each once."""
    worker, done = BackgroundWorker(), []

    def job(number: int, pause: float) -> None:
        time.sleep(pause)
        done.append(number)

    for number, pause in enumerate(pauses):
        worker.submit(partial(job, number, pause))
    worker.wait()
    worker.close()
    assert done == list(range(len(pauses)))


def test_only_a_few_jobs_are_pending() -> None:
    """While a job runs, a limited number is accepted and the next submit blocks."""
    worker, gate, submitted = BackgroundWorker(), threading.Event(), []

    def submit() -> None:
        for number in range(MAX_PENDING + 2):
            worker.submit(gate.wait)
            submitted.append(number)

    submitter = threading.Thread(target=submit)
    submitter.start()
    submitter.join(timeout=0.2)
    assert submitted == list(range(MAX_PENDING))
    gate.set()
    submitter.join()
    worker.close()
    assert len(submitted) == MAX_PENDING + 2


def test_after_an_error_no_job_starts() -> None:
    """An error is raised by the next submit or wait, and jobs submitted after it never start."""
    worker, done = BackgroundWorker(), []
    started = threading.Event()

    def fail() -> None:
        started.wait()
        raise ValueError("full")

    worker.submit(fail)
    worker.submit(lambda: done.append(1))
    started.set()
    with pytest.raises(ValueError, match="full"):
        worker.wait()
    worker.submit(lambda: done.append(2))
    worker.close()
    assert done == []


def test_an_error_is_raised_by_submit() -> None:
    """A caller that never waits gets the error when the queue is full."""
    worker = BackgroundWorker()

    def fail() -> None:
        raise OSError("disk")

    for _ in range(MAX_PENDING):
        worker.submit(fail)
    with pytest.raises(OSError, match="disk"):
        worker.submit(fail)
    worker.close()


def test_close_waits_for_pending_jobs() -> None:
    """All submitted jobs are done after close."""
    worker, done = BackgroundWorker(), []
    worker.submit(lambda: time.sleep(0.05))
    worker.submit(lambda: done.append("last"))
    worker.close()
    assert done == ["last"]
