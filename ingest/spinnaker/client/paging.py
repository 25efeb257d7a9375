"""Searches of one application's executions: full pages, with as many executions as their size in bytes allows.

A full page is one request; a light page (``expand=false``) and its details by id are two or three. Light pages are for
executions that are too large or break a full page, and full pages for executions that break a light one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ingest.http.session import RequestError
from ingest.spinnaker.client.gate import Gate, ListedExecution

LIGHT_PAGE_SIZE = 1000
IDS_PER_REQUEST = 50  # an id has 26 or 36 characters: addresses stay below 2 kB
MAX_PAGE_SIZE = 50
SHRINK_FACTOR = 8  # a page that failed is requested once more with an eighth of its executions


class Page(NamedTuple):
    """The result of one search, and the number of executions that was requested."""

    executions: list[ListedExecution]
    size: int

    @property
    def is_full(self) -> bool:
        """Whether there may be more executions."""
        return len(self.executions) >= self.size

    @property
    def times(self) -> list[int]:
        """Build times in the order of the page."""
        return [execution.build_time for execution in self.executions if execution.build_time]


class SearchPages:
    """The pages of one application: of ``size`` executions at first, then of about ``page_bytes``."""

    def __init__(self, gate: Gate, application: str, size: int, page_bytes: int) -> None:
        self._gate, self._application, self._bytes = gate, application, page_bytes
        self._size, self._max_size, self._light_fails = size, max(size, MAX_PAGE_SIZE), False

    def read_full(self, start: int, end: int, min_size: int = 0) -> Page:
        """Return executions in full, built between ``start`` and ``end`` (epoch ms), if possible ``min_size`` or more.

        Raises ``RequestError`` if Gate gives neither a full nor a light page.
        """
        largest = max(self._size, min_size)
        for size in dict.fromkeys((largest, max(largest // SHRINK_FACTOR, min_size, 1))):
            try:
                executions = self._gate.search_executions(self._application, start, end, size, expand=True)
            except RequestError as error:
                _raise_if_final(error)
                self._max_size = max(size // 2, 1)
                self._size = min(self._size, self._max_size)
            else:
                self._adapt_size(executions)
                return Page(executions, size)
        light = self._gate.search_executions(self._application, start, end, largest, expand=False)
        return Page([execution for batch in self.read_details(light) for execution in batch], largest)

    def _adapt_size(self, executions: Sequence[ListedExecution]) -> None:
        if executions:
            mean_bytes = sum(len(execution.body) for execution in executions) // len(executions) + 1
            self._size = max(min(self._bytes // mean_bytes, self._max_size), 1)

    def read_light(self, start: int, end: int, size: int) -> Page:
        """Return executions without details; in full if one of them breaks the light page."""
        try:
            if not self._light_fails:
                return Page(self._gate.search_executions(self._application, start, end, size, expand=False), size)
        except RequestError as error:
            _raise_if_final(error)
            self._light_fails = True
        return self.read_full(start, end, 0 if size == LIGHT_PAGE_SIZE else size)

    def read_details(self, executions: Sequence[ListedExecution]) -> Iterator[list[ListedExecution]]:
        """Yield the same executions in batches, in full if Gate gives their details."""
        start = 0
        while start < len(executions):
            batch = executions[start : start + self._size]
            start += len(batch)
            ids = [execution.id for execution in batch if execution.incomplete]
            full = {execution.id: execution for execution in get_executions(self._gate, ids)} if ids else {}
            self._adapt_size(list(full.values()))
            yield [full.get(execution.id, execution) for execution in batch]

    def bounds_inclusive(self, instant: int) -> bool:
        """Whether a search includes its bounds, which tells Redis from SQL."""
        return self._gate.bounds_inclusive(self._application, instant)


def get_batches(gate: Gate, ids: Sequence[str]) -> Iterator[tuple[Sequence[str], dict[str, bytes]]]:
    """Yield ids in batches, with the bodies of those executions that Gate gives."""
    for start in range(0, len(ids), IDS_PER_REQUEST):
        batch = ids[start : start + IDS_PER_REQUEST]
        yield batch, {execution.id: execution.body for execution in get_executions(gate, batch)}


def get_executions(gate: Gate, ids: Sequence[str]) -> list[ListedExecution]:
    """Return executions in full; a request that is too large, or that one of them breaks, is split."""
    try:
        return gate.get_executions(ids)
    except RequestError:
        if len(ids) == 1:
            return []
        half = len(ids) // 2
        return get_executions(gate, ids[:half]) + get_executions(gate, ids[half:])


def _raise_if_final(error: RequestError) -> None:
    # A status such as 400 or 404 does not depend on the size of the page.
    if error.status is not None and not error.retry:
        raise error
