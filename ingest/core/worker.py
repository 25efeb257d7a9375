"""Work done in order behind the caller: one thread compresses, writes and merges while the next documents are read."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

Job = Callable[[], None]
WAITING = 4


class Behind:
    """One thread that does jobs in the order in which they were given, of which only a few may wait.

    An error of a job is raised by the next call of ``do`` or ``settle``, and no later job is begun: what depends on
    a failed step never happens.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._given: deque[Future[None]] = deque()
        self._failed = threading.Event()

    def do(self, job: Job) -> None:
        """Do this after all that was given before; waits while too much is waiting."""
        while len(self._given) >= WAITING:
            self._given.popleft().result()
        self._given.append(self._thread.submit(self._run, job))

    def _run(self, job: Job) -> None:
        if self._failed.is_set():
            return
        try:
            job()
        except BaseException:
            self._failed.set()
            raise

    def settle(self) -> None:
        """Wait until everything is done."""
        while self._given:
            self._given.popleft().result()

    def close(self) -> None:
        """Wait until everything is done, whatever came of it, and end the thread."""
        self._thread.shutdown()
