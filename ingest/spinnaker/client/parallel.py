"""Streams that are read in parallel, and tasks that start ahead of their turn, with a bounded number of items between.

Threads are daemons, unlike those of ``concurrent.futures``: an interrupted command does not wait for Gate.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
Task = Callable[[], Iterator[T]]


class _Ended:
    """A reader has no more streams."""


def merge_streams(streams: Sequence[Task[T]], readers: int) -> Iterator[T]:
    """Yield the items of all streams as they arrive, in order within each stream.

    An error of a stream is raised here and ends the others; so does closing this iterator.
    """
    pool = _ReaderPool(streams, min(readers, len(streams)))
    try:
        yield from pool.results()
    finally:
        pool.stop()


class _ReaderPool(Generic[T]):
    def __init__(self, streams: Sequence[Task[T]], readers: int) -> None:
        self._streams = iter(streams)
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._results: queue.Queue[T | BaseException | _Ended] = queue.Queue(maxsize=max(readers, 1) * 10)
        self._threads = [threading.Thread(target=self._read, daemon=True) for _ in range(readers)]
        for thread in self._threads:
            thread.start()

    def results(self) -> Iterator[T]:
        running = len(self._threads)
        while running:
            item = self._results.get()
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, _Ended):
                running -= 1
            else:
                yield item

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(timeout=1)

    def _read(self) -> None:
        try:
            while stream := self._next_stream():
                if not all(self._put(item) for item in stream()):
                    return
            self._put(_Ended())
        except BaseException as error:
            self._put(error)

    def _next_stream(self) -> Task[T] | None:
        with self._lock:
            return next(self._streams, None)

    def _put(self, item: T | BaseException | _Ended) -> bool:
        while not self._stopped.is_set():
            try:
                self._results.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False


def run_ahead(items: Iterable[Task[T] | T], workers: int, ahead: int) -> Iterator[T]:
    """Yield items in order, in place of each task its results; up to ``ahead`` tasks start before their turn.

    An error of a task is raised in its turn and ends the others; so does closing this iterator.
    """
    tasks: queue.SimpleQueue[tuple[Task[T], Future[list[T]]] | None] = queue.SimpleQueue()
    results: deque[Future[list[T]]] = deque()
    threads = 0
    try:
        for item in items:
            results.append(Future())
            if callable(item):
                tasks.put((item, results[-1]))
                if threads < workers:
                    threads += 1
                    threading.Thread(target=_work, args=[tasks], daemon=True).start()
            else:
                results[-1].set_result([item])
            yield from _take_finished(results, ahead)
        yield from _take_finished(results, 0)
    finally:
        # A task that runs is finished, those that wait are dropped.
        while not tasks.empty():
            tasks.get()
        for _ in range(threads):
            tasks.put(None)


def _take_finished(results: deque[Future[list[T]]], ahead: int) -> Iterator[T]:
    while results and (len(results) > ahead or results[0].done()):
        yield from results.popleft().result()


def _work(tasks: queue.SimpleQueue[tuple[Task[T], Future[list[T]]] | None]) -> None:
    while entry := tasks.get():
        task, result = entry
        try:
            result.set_result(list(task()))
        except BaseException as error:
            result.set_exception(error)
