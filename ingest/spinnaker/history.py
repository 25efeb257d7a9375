"""Every execution of a span of time, through a search that can not be paged.

Orca's ``startIndex`` reaches no further than twice the page size, so history is walked by build time: newest
first, the next page ends where this one did. Bounds are exclusive on SQL and inclusive on Redis, and Redis gives
any ``size`` executions of a window in any order: there the window is halved until it gives fewer than asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

NO_END = 2**63 - 1


class Listed(NamedTuple):
    """An execution as a listing shows it; times in epoch milliseconds."""

    id: str
    build_time: int
    complete: bool
    detailed: bool
    body: bytes


Search = Callable[[int, int, int], list[Listed]]


def history(search: Search, since: int, until: int, size: int) -> Iterator[list[Listed]]:
    """The executions built from ``since`` to ``until`` (epoch ms, inclusive), in pages, each execution once.

    ``search(start, end, size)`` is one request with these two bounds.
    """
    seen: set[str] = set()
    newest = search(max(since - 1, 0), NO_END, size)
    if len(newest) < size:
        pages = iter([newest])
    elif _inclusive(search, newest[0].build_time):
        pages = _halved(search, since, until, size)
    else:
        pages = _walked(search, newest, since, size)
    for page in pages:
        fresh = {listed.id: listed for listed in page if listed.id not in seen and listed.build_time >= since}
        seen.update(fresh)
        if fresh:
            yield list(fresh.values())


def _inclusive(search: Search, instant: int) -> bool:
    """Whether the bounds include what they name, which tells Redis from SQL."""
    return bool(search(instant, instant, 1))


def _walked(search: Search, newest: list[Listed], since: int, size: int) -> Iterator[list[Listed]]:
    page, cursor, asked = newest, NO_END, size
    while True:
        yield page
        if len(page) < asked:
            return
        oldest = min(listed.build_time for listed in page)
        stuck = oldest + 1 >= cursor
        cursor, asked = min(cursor, oldest + 1), asked * 2 if stuck else size
        page = search(max(since - 1, 0), cursor, asked)


def _halved(search: Search, since: int, until: int, size: int) -> Iterator[list[Listed]]:
    windows = [(since, until, size)]
    while windows:
        low, high, asked = windows.pop()
        page = search(max(low - 1, 0), high + 1, asked)
        yield page
        if len(page) < asked:
            continue
        if low >= high:
            windows.append((low, high, asked * 2))
        else:
            middle = (low + high) // 2
            windows += [(low, middle, size), (middle + 1, high, size)]
