"""Rows → Arrow tables as landing wants them: column by column, one row for each id."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.core.rows import Columns, Row

if TYPE_CHECKING:
    import pyarrow as pa


def to_arrow(told: Sequence[Row | Columns], schema: pa.Schema, source: str, load_id: str) -> pa.Table:
    """One Arrow table of what is told of one landing table: rows in their order, then what came as columns."""
    given = {"source": source, "load_id": load_id}
    columns = [one for one in told if isinstance(one, Columns)]
    tables = [_table({**one.values, **given}.get, one.count, schema) for one in columns]
    if len(columns) < len(told) or not told:
        rows = [one for one in told if isinstance(one, Row)]
        tables.insert(0, _table(lambda name: given.get(name) or list(map(attrgetter(name), rows)), len(rows), schema))
    return _pyarrow().concat_tables(tables)


def _table(values: Callable[[str], object], count: int, schema: pa.Schema) -> pa.Table:
    """A table of which each column is a list or an array, or one value for all rows."""
    pa = _pyarrow()
    columns = []
    for field in schema:
        found = values(field.name)
        if isinstance(found, list | np.ndarray):
            columns.append(pa.array(found, field.type))
        else:
            columns.append(pa.repeat(pa.scalar(found, field.type), count))
    return pa.Table.from_arrays(columns, schema=schema)


class _NoPandas:
    """An importer for which there is no pandas."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


@cache
def _pyarrow() -> Any:
    """Pyarrow without pandas, which its first array would import: 0.4 s and 55 MB, only to know no frame is given."""
    import pyarrow as pa  # noqa: PLC0415 - a third of a second that `dora --help` need not pay

    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(_NoPandas)
    return pa


def latest(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of some tables as one; of those with the same id the latest revision stays, else the last one."""
    whole = _pyarrow().concat_tables(tables)
    ids = whole["id"].to_pylist()
    if len(set(ids)) == len(ids):  # `pyarrow.compute` could tell it too, and would take 9 MB before it begins
        return whole
    order = list(range(len(ids)))
    if "revision" in whole.column_names:
        order.sort(key=whole["revision"].to_pylist().__getitem__)
    return whole.take(list({ids[place]: place for place in order}.values()))
