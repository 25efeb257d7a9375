"""Documents → Arrow tables, a chunk at a time: in this process, and in a second one where there is much to do."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ingest.archive import Document
from ingest.arrow import to_arrow
from ingest.beside import Beside
from ingest.rows import TABLES, Quarantine, Row
from ingest.source import Source, Unreadable

if TYPE_CHECKING:
    import pyarrow as pa

EXCERPT = 400
MUCH = 16 << 20  # bytes: a second process takes as long to begin as these take to parse
Chunk = Sequence[Document | Unreadable]
Read = Callable[[Document], Iterable[Row]]


class Parsed(NamedTuple):
    """What came of a chunk: an Arrow table for each landing table, and how many documents and failures there were."""

    tables: dict[str, pa.Table]
    documents: int
    quarantined: int


@dataclass(frozen=True)
class Parser:
    """What parses a chunk; it can be pickled where its functions can."""

    read: Read
    schema: Callable[[str], pa.Schema]
    source: str
    load_id: str

    def __call__(self, chunk: Chunk) -> Parsed:
        """A document that can not be read becomes a row of ``quarantine``, and hides none of its neighbours."""
        rows: dict[str, list[Row]] = {}
        for item in chunk:
            for row in self._rows(item):
                rows.setdefault(row.table, []).append(row)
        tables = {
            table: to_arrow(found, self.schema(table), self.source, self.load_id) for table, found in rows.items()
        }
        return Parsed(tables, sum(isinstance(item, Document) for item in chunk), len(rows.get(Quarantine.table, ())))

    def _rows(self, item: Document | Unreadable) -> Iterable[Row]:
        if isinstance(item, Unreadable):
            return [Quarantine(id=item.id, kind=item.kind, reason=item.reason, excerpt=item.excerpt)]
        try:
            return list(self.read(item))
        except (ValueError, RecursionError) as error:
            excerpt = item.body[:EXCERPT].decode("utf-8", "replace")
            return [Quarantine(id=_fingerprint(item), kind=item.kind, reason=str(error), excerpt=excerpt)]


class Parsing:
    """Who parses: this process, and from ``MUCH`` on a second one that takes whatever it can."""

    def __init__(self, source: Source, schema: Callable[[str], pa.Schema], load_id: str) -> None:
        self._parser = Parser(source.parse, schema, source.name, load_id)
        self._portable: Read | None = getattr(source, "parser", None)
        self._beside: Beside[Chunk, Parsed] | None = None
        self._size = 0

    def do(self, chunk: Chunk) -> Future[Parsed]:
        """What comes of a chunk, now or soon."""
        self._size += sum(len(item.body) for item in chunk if isinstance(item, Document))
        if self._portable and self._beside is None and self._size >= MUCH and _cores() > 1:
            self._beside = Beside(replace(self._parser, read=self._portable, schema=self._schemas().__getitem__))
        if self._beside and not self._beside.busy():
            return self._beside.do(chunk)
        parsed: Future[Parsed] = Future()
        parsed.set_result(self._parser(chunk))
        return parsed

    def _schemas(self) -> dict[str, pa.Schema]:
        return {table: self._parser.schema(table) for table in TABLES}

    def close(self) -> None:
        """End the second process."""
        if self._beside:
            self._beside.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fingerprint(document: Document) -> str:
    return hashlib.sha256(document.kind.encode() + document.body).hexdigest()[:16]
