"""Documents → Arrow tables, a chunk at a time: in this process, and in a second one where there is much to do."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ingest.archive import Document
from ingest.arrow import to_arrow
from ingest.beside import Beside
from ingest.rows import TABLES, Columns, Row
from ingest.source import Source

if TYPE_CHECKING:
    import pyarrow as pa

MUCH = 16 << 20  # bytes: a second process takes as long to begin as these take to parse
Chunk = Sequence[Document]
Read = Callable[[Document], Iterable[Row | Columns]]


class Parsed(NamedTuple):
    """What came of a chunk: an Arrow table for each landing table, and why which documents could not be read."""

    tables: dict[str, pa.Table]
    failed: dict[int, str]


@dataclass(frozen=True)
class Parser:
    """What parses a chunk; it can be pickled where its functions can."""

    read: Read
    schema: Callable[[str], pa.Schema]
    source: str
    load_id: str

    def __call__(self, chunk: Chunk) -> Parsed:
        """A document that can not be read is named by its place, and hides none of its neighbours."""
        with _uncollected():
            rows, failed = self._read(chunk)
            return Parsed({table: self.tabled(found) for table, found in rows.items()}, failed)

    def _read(self, chunk: Chunk) -> tuple[dict[str, list[Row | Columns]], dict[int, str]]:
        rows: dict[str, list[Row | Columns]] = {}
        failed: dict[int, str] = {}
        for place, document in enumerate(chunk):
            try:
                told = list(self.read(document))
            except (ValueError, RecursionError) as error:
                failed[place] = str(error)
                continue
            for row in told:
                rows.setdefault(row.table, []).append(row)
        return rows, failed

    def tabled(self, rows: Sequence[Row | Columns]) -> pa.Table:
        """Rows of one table as landing wants them."""
        return to_arrow(rows, self.schema(rows[0].table), self.source, self.load_id)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Payloads hold no cycles: looking for some in all that lives would take as long as parsing itself."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Parsing:
    """Who parses: this process, and from ``MUCH`` on a second one that takes whatever it can."""

    def __init__(self, source: Source, schema: Callable[[str], pa.Schema], load_id: str) -> None:
        self.parser = Parser(source.parse, schema, source.name, load_id)
        self._portable: Read | None = getattr(source, "parser", None)
        self._beside: Beside[Chunk, Parsed] | None = None
        self._size = 0

    def do(self, chunk: Chunk) -> Future[Parsed]:
        """What comes of a chunk, now or soon."""
        self._size += sum(len(document.body) for document in chunk)
        if self._portable and self._beside is None and self._size >= MUCH and _cores() > 1:
            self._beside = Beside(replace(self.parser, read=self._portable, schema=self._schemas().__getitem__))
        if self._beside and not self._beside.busy():
            return self._beside.do(chunk)
        parsed: Future[Parsed] = Future()
        parsed.set_result(self.parser(chunk))
        return parsed

    def _schemas(self) -> dict[str, pa.Schema]:
        return {table: self.parser.schema(table) for table in TABLES}

    def close(self) -> None:
        """End the second process."""
        if self._beside:
            self._beside.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
