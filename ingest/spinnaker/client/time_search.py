"""Every execution of a span of time, through a search that can not be paged.

Orca's ``startIndex`` reaches no further than twice the page size, so history is walked by build time: newest
first, the next page ends where this one did. Bounds are exclusive on SQL and inclusive on Redis, and Redis gives
any ``size`` executions of a window in any order: there the ids of a window are counted from light listings, the
window is split where they do not fit, and the executions are read by id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

NO_END = 2**63 - 1
CONVINCING = 12  # distinct times in order: a store that gives them in any order does so once in 479 million pages


class Listed(NamedTuple):
    """An execution as a listing shows it; times in epoch milliseconds, 0 where unknown.

    ``detailed`` says that there is more to tell than ``body`` does.
    """

    id: str
    build_time: int
    complete: bool
    detailed: bool
    body: bytes
    pipeline: str | None = None


class Page(NamedTuple):
    """What one search gave, and how many executions it was asked for."""

    listed: list[Listed]
    asked: int

    @property
    def full(self) -> bool:
        """Whether there may be more than it gave."""
        return len(self.listed) >= self.asked

    @property
    def times(self) -> list[int]:
        """Build times in the order given."""
        return [listed.build_time for listed in self.listed if listed.build_time]


class Reader(Protocol):
    """The searches of one application; bounds are epoch milliseconds."""

    def page(self, start: int, end: int, least: int = 0) -> Page:
        """Executions in full, at least so many where there are as many."""
        ...

    def census(self, start: int, end: int, asked: int) -> Page:
        """Executions without details, or with them where only those are given."""
        ...

    def batches(self, listed: Sequence[Listed]) -> Iterator[list[Listed]]:
        """The same executions with their details."""
        ...

    def inclusive(self, instant: int) -> bool:
        """Whether bounds include what they name, which tells Redis from SQL."""
        ...


def history(reader: Reader, since: int, until: int) -> Iterator[list[Listed]]:
    """The executions built from ``since`` to ``until`` (epoch ms, inclusive), in pages, each execution once."""
    seen: set[str] = set()
    newest = reader.page(max(since - 1, 0), NO_END)
    yield _fresh(newest.listed, since, seen)
    if not newest.full:
        return
    if _unordered(reader, newest, until):
        yield from _counted(reader, since, until, seen)
    else:
        for page in _walked(reader, newest, since):
            yield _fresh(page, since, seen)


def _fresh(page: Sequence[Listed], since: int, seen: set[str]) -> list[Listed]:
    fresh = {one.id: one for one in page if one.id not in seen and (not one.build_time or one.build_time >= since)}
    seen.update(fresh)
    return list(fresh.values())


def _unordered(reader: Reader, page: Page, until: int) -> bool:
    """Whether this is the store that knows no order; asked only where the page is too short to tell."""
    if page.times != sorted(page.times, reverse=True):
        return True
    return len(set(page.times)) < CONVINCING and reader.inclusive(max(page.times, default=until))


def _walked(reader: Reader, page: Page, since: int) -> Iterator[list[Listed]]:
    cursor = NO_END
    while page.full:
        oldest = min(page.times, default=cursor)
        least = page.asked * 2 if oldest + 1 >= cursor else 2  # one is given again
        cursor = min(cursor, oldest + 1)
        page = reader.page(max(since - 1, 0), cursor, least)
        yield page.listed


CENSUS = 1000


def _counted(reader: Reader, since: int, until: int, seen: set[str]) -> Iterator[list[Listed]]:
    windows = [(since, until, CENSUS)]
    while windows:
        low, high, asked = windows.pop()
        page = reader.census(low, high, asked)
        if not page.full or not any(listed.detailed for listed in page.listed):
            for batch in reader.batches([one for one in page.listed if one.id not in seen]):
                yield _fresh(batch, since, seen)
        if page.full:
            windows += _split(page, low, high)


def _split(page: Page, low: int, high: int) -> list[tuple[int, int, int]]:
    """Two windows that hold about half of what this one does; one that can not be split is asked for more."""
    if low >= high:
        return [(low, high, page.asked * 2)]
    times = sorted(page.times)
    middle = min(max(times[len(times) // 2], low), high - 1) if times else (low + high) // 2
    return [(low, middle, CENSUS), (middle + 1, high, CENSUS)]
