"""Searches of one application's executions: whole pages, as many at a time as their size allows.

A whole page is one request; a light one and the details by id are two or three. Light listings remain for where
whole pages are too large or one execution breaks them, and light ones that break are asked for whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.http.session import FailedError
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.time_search import CENSUS, Listed, Page

LARGEST, SHRINK = 50, 8


class Pages:
    """The reader of one application; asks for ``size`` executions at first, then for what makes so many bytes."""

    def __init__(self, gate: Gate, application: str, size: int, page_bytes: int) -> None:
        self._gate, self._application, self._bytes = gate, application, page_bytes
        self._size, self._most, self._breaks = size, max(size, LARGEST), False

    def page(self, start: int, end: int, least: int = 0) -> Page:
        """Executions in full; raises ``FailedError`` where neither form of the listing is given."""
        size = max(self._size, least)
        for asked in dict.fromkeys((size, max(size // SHRINK, least, 1))):
            try:
                listed = self._gate.search(self._application, start, end, asked, expand=True)
            except FailedError as error:
                _raise_unless_too_much(error)
                self._most = max(asked // 2, 1)
                self._size = min(self._size, self._most)
            else:
                self._adapt(listed)
                return Page(listed, asked)
        return self._light(start, end, size)

    def _light(self, start: int, end: int, asked: int) -> Page:
        listed = self._gate.search(self._application, start, end, asked, expand=False)
        return Page([one for batch in self.batches(listed) for one in batch], asked)

    def _adapt(self, listed: Sequence[Listed]) -> None:
        """Aim at pages of the same weight: few executions where they are large, many where they are light."""
        if listed:
            mean = sum(len(one.body) for one in listed) // len(listed) + 1
            self._size = max(min(self._bytes // mean, self._most), 1)

    def census(self, start: int, end: int, asked: int) -> Page:
        """Executions without details; in full where one of them breaks the light listing."""
        try:
            if not self._breaks:
                return Page(self._gate.search(self._application, start, end, asked, expand=False), asked)
        except FailedError as error:
            _raise_unless_too_much(error)
            self._breaks = True
        return self.page(start, end, 0 if asked == CENSUS else asked)

    def batches(self, listed: Sequence[Listed]) -> Iterator[list[Listed]]:
        """The same executions, in full where Gate gives their details."""
        start = 0
        while start < len(listed):
            batch = listed[start : start + self._size]
            start += len(batch)
            wanted = [one.id for one in batch if one.detailed]
            full = {one.id: one for one in details(self._gate, wanted)} if wanted else {}
            self._adapt(list(full.values()))
            yield [full.get(one.id, one) for one in batch]

    def inclusive(self, instant: int) -> bool:
        """Whether bounds include what they name."""
        return self._gate.inclusive(self._application, instant)


def details(gate: Gate, ids: Sequence[str]) -> list[Listed]:
    """Executions in full; a request that is too large, or that one of them breaks, is split."""
    try:
        return gate.executions(ids)
    except FailedError:
        if len(ids) == 1:
            return []
        half = len(ids) // 2
        return details(gate, ids[:half]) + details(gate, ids[half:])


def _raise_unless_too_much(error: FailedError) -> None:
    """A refusal (400, 404) is one at any size."""
    if error.status is not None and not error.retry:
        raise error
