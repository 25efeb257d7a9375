"""A background thread that archives, compresses and commits while the next documents are fetched."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

MAX_PENDING = 4  # jobs; each holds a chunk of payloads, so this bounds memory


class BackgroundWorker:
    """One thread that runs jobs in the order in which they were submitted.

    An error of a job is raised by the next ``submit`` or ``wait``, and no later job starts: what depends on a failed
    step never happens.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="background-worker")
        self._pending: deque[Future[None]] = deque()
        self._failed = threading.Event()

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job after all earlier ones; blocks while too many are pending."""
        while len(self._pending) >= MAX_PENDING:
            self._pending.popleft().result()
        self._pending.append(self._executor.submit(self._run, job))

    def _run(self, job: Callable[[], None]) -> None:
        if self._failed.is_set():
            return
        try:
            job()
        except BaseException:
            self._failed.set()
            raise

    def wait(self) -> None:
        """Block until all jobs are done."""
        while self._pending:
            self._pending.popleft().result()

    def close(self) -> None:
        """Block until all jobs are done, raise none of their errors, and end the thread."""
        self._executor.shutdown()
