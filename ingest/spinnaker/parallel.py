"""Several streams read at once, with only so much in memory as lies between readers and consumer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
Stream = Callable[[], Iterator[T]]


class _Ended:
    """One reader has no more streams."""


def merged(streams: Sequence[Stream[T]], readers: int) -> Iterator[T]:
    """The items of all streams as they come; the order holds within each stream.

    An error of a stream is raised here and ends the others; so does closing this iterator.
    """
    work = _Work(streams, min(readers, len(streams)))
    try:
        yield from work.items()
    finally:
        work.stop()


class _Work(Generic[T]):
    def __init__(self, streams: Sequence[Stream[T]], readers: int) -> None:
        self._todo: queue.SimpleQueue[Stream[T]] = queue.SimpleQueue()
        for stream in streams:
            self._todo.put(stream)
        self._done: queue.Queue[T | BaseException | _Ended] = queue.Queue(maxsize=max(readers, 1) * 10)
        self._stopped = threading.Event()
        self._readers = [threading.Thread(target=self._read, daemon=True) for _ in range(readers)]
        for reader in self._readers:
            reader.start()

    def items(self) -> Iterator[T]:
        reading = len(self._readers)
        while reading:
            item = self._done.get()
            if isinstance(item, _Ended):
                reading -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item

    def stop(self) -> None:
        self._stopped.set()
        for reader in self._readers:
            reader.join(timeout=1)

    def _read(self) -> None:
        try:
            while stream := self._next():
                for item in stream():
                    if not self._put(item):
                        return
            self._put(_Ended())
        except BaseException as error:
            self._put(error)

    def _next(self) -> Stream[T] | None:
        try:
            return self._todo.get_nowait()
        except queue.Empty:
            return None

    def _put(self, item: T | BaseException | _Ended) -> bool:
        while not self._stopped.is_set():
            try:
                self._done.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False
