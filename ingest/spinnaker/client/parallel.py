"""Several streams read at once, and several requests under way, with only so much in memory as lies between."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
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


def ordered(works: Iterable[Callable[[], Iterator[T]] | T], workers: int, ahead: int) -> Iterator[T]:
    """Items as they come, and in the place of each work what it gives; up to ``ahead`` are begun before their turn.

    An error of a work is raised here in its turn and ends the others; so does closing this iterator.
    """
    hands = _Hands[T](workers)
    turns: deque[_Turn[T]] = deque()
    try:
        for work in works:
            turns.append(hands.begin(work) if callable(work) else _Turn([work]))
            while turns and (len(turns) > ahead or turns[0].given.is_set()):
                yield from turns.popleft().result()
        while turns:
            yield from turns.popleft().result()
    finally:
        hands.stop()


class _Turn(Generic[T]):
    """What one work gives, once it is done."""

    def __init__(self, items: list[T] | None = None) -> None:
        self._items: list[T] = items or []
        self._error: BaseException | None = None
        self.given = threading.Event()
        if items is not None:
            self.given.set()

    def run(self, work: Callable[[], Iterator[T]]) -> None:
        try:
            self._items = list(work())
        except BaseException as error:
            self._error = error
        self.given.set()

    def result(self) -> list[T]:
        self.given.wait()
        if self._error:
            raise self._error
        return self._items


class _Hands(Generic[T]):
    """Threads that do the works, begun when there is a first one."""

    def __init__(self, workers: int) -> None:
        self._todo: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._workers, self._begun = workers, 0

    def begin(self, work: Callable[[], Iterator[T]]) -> _Turn[T]:
        turn = _Turn[T]()
        self._todo.put(lambda: turn.run(work))
        if self._begun < self._workers:
            self._begun += 1
            threading.Thread(target=self._do, daemon=True).start()
        return turn

    def _do(self) -> None:
        while todo := self._todo.get():
            todo()

    def stop(self) -> None:
        """Let each thread end after what it is at; what was not begun is not done."""
        while not self._todo.empty():
            self._todo.get()
        for _ in range(self._begun):
            self._todo.put(None)
