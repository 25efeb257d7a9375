"""All executions of a period, through a search that can not be paged by index.

Orca's ``startIndex`` reaches no further than twice the page size, so that history is read by build time: newest
first, and the next page ends where this one did. Orca's Redis repository returns any ``size`` executions of a window
in any order: there the executions of a window are listed without details, the window is split if it has more than
fit, and the details are read by id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.spinnaker.client.gate import ListedExecution
from ingest.spinnaker.client.paging import LIGHT_PAGE_SIZE, Page, SearchPages

NO_END = 2**63 - 1  # Long.MAX_VALUE, the default of triggerTimeEndBoundary
MIN_ORDERED_TIMES = 12  # distinct times: a store without an order sorts them once in 479 million pages (12!)


def search_history(pages: SearchPages, since: int, until: int, known: int = 0) -> Iterator[list[ListedExecution]]:
    """Yield the executions built from ``since`` to ``until`` (epoch ms, inclusive) in pages, each execution once.

    A page that is shorter than requested may have been cut on its way: it counts as the last one if it reaches back to
    ``known``, the newest time that an earlier run has read, or if the request after it finds nothing new.
    """
    done_ids: set[str] = set()
    newest = pages.read_full(max(since - 1, 0), NO_END)  # SQL excludes the bounds
    yield _select_new(newest.executions, since, done_ids)
    if not newest.times and not newest.is_full:  # no watermark moves, so that the next run reads the same again
        return
    if _is_unordered(pages, newest, until):
        yield from _split_windows(pages, since, until, done_ids)
    else:
        yield from _walk_back(pages, newest, since, known, done_ids)


def _select_new(executions: Sequence[ListedExecution], since: int, done_ids: set[str]) -> list[ListedExecution]:
    # A time of 0 is unknown, and no reason to leave an execution out.
    in_period = [execution for execution in executions if not execution.build_time or execution.build_time >= since]
    new = {execution.id: execution for execution in in_period if execution.id not in done_ids}
    done_ids.update(new)
    return list(new.values())


def _is_unordered(pages: SearchPages, page: Page, until: int) -> bool:
    """Whether this is Redis; it costs a request only if the page is full and too short to tell by its order."""
    if page.times != sorted(page.times, reverse=True):
        return True
    few = page.is_full and len(set(page.times)) < MIN_ORDERED_TIMES
    return few and pages.bounds_inclusive(max(page.times, default=until))


def _walk_back(
    pages: SearchPages, page: Page, since: int, known: int, done_ids: set[str]
) -> Iterator[list[ListedExecution]]:
    end, was_short, new = NO_END, False, page.executions
    while page.is_full or ((new or not was_short) and min(page.times, default=end) > known):
        oldest, was_short = min(page.times, default=end), not page.is_full
        # Executions of the oldest millisecond may be on both pages. If a page holds nothing else, only a larger one
        # gets further; a page of one would return the known execution again.
        min_size = 2 if oldest + 1 < end else page.size * (1 + page.is_full)
        end = min(end, oldest + 1)
        page = pages.read_full(max(since - 1, 0), end, min_size)
        new = _select_new(page.executions, since, done_ids)
        yield new


def _split_windows(pages: SearchPages, since: int, until: int, done_ids: set[str]) -> Iterator[list[ListedExecution]]:
    windows = [(since, until, LIGHT_PAGE_SIZE)]
    while windows:
        start, end, size = windows.pop()
        page = pages.read_light(start, end, size)
        # Of a full window only what came with details is used: its parts list the rest again.
        if not page.is_full or not any(execution.incomplete for execution in page.executions):
            unseen = [execution for execution in page.executions if execution.id not in done_ids]
            for batch in pages.read_details(unseen):
                yield _select_new(batch, since, done_ids)
            if unseen and not page.is_full:
                windows.append((start, end, size))  # it may have been cut: again, until it shows nothing new
        if not page.is_full:
            continue
        if start >= end:
            windows.append((start, end, page.size * 2))  # a millisecond can not be split
            continue
        times = sorted(page.times)
        middle = min(max(times[len(times) // 2], start), end - 1) if times else (start + end) // 2
        windows += [(start, middle, LIGHT_PAGE_SIZE), (middle + 1, end, LIGHT_PAGE_SIZE)]
