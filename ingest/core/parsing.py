"""Documents → Arrow tables, a chunk at a time.

A second process was tried: it parsed no more than a tenth faster, since keeping and landing already fill another core,
and took half as much memory again.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ingest.core.archive import Document
from ingest.core.batches import to_arrow
from ingest.core.rows import Columns, Row

if TYPE_CHECKING:
    import pyarrow as pa

Chunk = Sequence[Document]
Read = Callable[[Document], Iterable[Row | Columns]]


class Parsed(NamedTuple):
    """What came of a chunk: an Arrow table for each landing table, and why which documents could not be read."""

    tables: dict[str, pa.Table]
    failed: dict[int, str]


@dataclass(frozen=True)
class Parser:
    """What parses a chunk of one source's load."""

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
