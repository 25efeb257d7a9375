"""Documents → rows → Arrow tables in the schema of landing, one chunk at a time.

A second process was tried: it parsed at most a tenth faster, because archiving and loading already use another core,
and it took half as much memory again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dora.arrow import import_pyarrow
from dora.errors import DoraError
from dora.storage.rows.base import CONTENT_BITS, Row
from ingest.core.columns import Columns
from ingest.payloads.archive import Document

if TYPE_CHECKING:
    import pyarrow as pa


_UNFIT = (ValueError, TypeError, OverflowError)  # what Arrow raises for a value of another type or size


class ParsedChunk(NamedTuple):
    """The Arrow table of each landing table, and by position the error or the entity of a document.

    An error says why a document could not be parsed. A document without an entity is always archived.
    """

    tables: dict[str, pa.Table]
    errors: dict[int, str]
    entities: dict[int, str]


@dataclass(frozen=True)
class Parser:
    """Parse chunks of one load.

    ``parse`` and ``entity`` are those of the source, ``schema`` returns the Arrow schema of a table. ``faults`` are the
    errors of the program that documents met, by traceback.
    """

    parse: Callable[[Document], Iterable[Row | Columns]]
    schema: Callable[[str], pa.Schema]
    source: str
    load_id: str
    entity: Callable[[Document, Sequence[Row | Columns]], str | None] = lambda *_: None
    faults: dict[str, str] = dataclasses.field(default_factory=dict)

    def parse_chunk(self, documents: Sequence[Document]) -> ParsedChunk:
        """Parse documents; one that can not be parsed, or not be landed, does not affect the others."""
        with _without_garbage_collection():
            try:
                return self._parse(documents, {})
            except _UNFIT:
                return self._parse(documents, self._find_unfit(documents))

    def _parse(self, documents: Sequence[Document], unfit: Mapping[int, str]) -> ParsedChunk:
        rows: dict[str, list[Row | Columns]] = {}
        errors, entities = dict(unfit), dict[int, str]()
        for position, document in enumerate(documents):
            if position in unfit:
                continue
            try:
                parsed = list(self.parse(document))
                entity = self.entity(document, parsed)
            except (DoraError, OSError, MemoryError):
                raise
            except (ValueError, RecursionError) as error:
                errors[position] = str(error)
                continue
            except Exception as error:  # a fault of the parser: one document must not end every night
                errors[position] = _explain(error)
                self.faults["".join(traceback.format_exception(error))] = f"{document.kind}: {errors[position]}"
                continue
            if entity:
                entities[position] = entity
            for row in parsed:
                rows.setdefault(row.table, []).append(row)
        return ParsedChunk({table: self.to_table(of_table) for table, of_table in rows.items()}, errors, entities)

    def _find_unfit(self, documents: Sequence[Document]) -> dict[int, str]:
        """Return by position why documents can not be landed: they have a value that its column can not hold."""
        unfit = {}
        for position, document in enumerate(documents):
            try:
                self._parse([document], {})
            except _UNFIT as error:
                unfit[position] = _explain(error)
        return unfit

    def to_table(self, rows: Sequence[Row | Columns]) -> pa.Table:
        """Return rows of one landing table as an Arrow table."""
        return to_arrow(rows, self.schema(rows[0].table), self.source, self.load_id)


def _explain(error: Exception) -> str:
    # A ValueError says what is wrong with a value, another one only with its type.
    return str(error) if isinstance(error, ValueError | RecursionError) else f"{type(error).__name__}: {error}"


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Pause the collector: payloads have no cycles, and searching all objects for some takes as long as parsing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def to_arrow(rows: Sequence[Row | Columns], schema: pa.Schema, source: str, load_id: str) -> pa.Table:
    """Return one Arrow table of a landing table: single rows in their order, then what came as columns."""
    key = {"source": source, "load_id": load_id}
    columns = [part for part in rows if isinstance(part, Columns)]
    tables = [_to_table({**part.values, **key}.get, part.count, schema) for part in columns]
    if len(columns) < len(rows) or not rows:
        single = [row for row in rows if isinstance(row, Row)]

        def column(name: str) -> object:  # one list at a time: all of them at once would double the memory of a chunk
            return key.get(name) or list(map(attrgetter(name), single))

        tables.insert(0, _to_table(column, len(single), schema))
    return import_pyarrow().concat_tables(tables)


def _to_table(values: Callable[[str], object], count: int, schema: pa.Schema) -> pa.Table:
    """Return a table whose columns are lists, arrays, or one value for all rows."""
    pa = import_pyarrow()
    columns = []
    for field in schema:
        value = values(field.name)
        if isinstance(value, list | np.ndarray):
            columns.append(pa.array(value, field.type))
        else:
            columns.append(pa.repeat(pa.scalar(value, field.type), count))
    return pa.Table.from_arrays(columns, schema=schema)


def latest_rows(tables: Sequence[pa.Table]) -> pa.Table:
    """Concatenate tables and keep one row per id: the last one of those whose documents had come furthest."""
    rows = import_pyarrow().concat_tables(tables)
    ids = rows["id"].to_pylist()
    if len(set(ids)) == len(ids):  # `pyarrow.compute` could find it too, but its import takes 9 MB
        return rows
    order = list(range(len(ids)))
    if "revision" in rows.column_names:
        progress = [revision >> CONTENT_BITS for revision in rows["revision"].to_pylist()]
        order.sort(key=progress.__getitem__)
    return rows.take(list({ids[position]: position for position in order}.values()))
