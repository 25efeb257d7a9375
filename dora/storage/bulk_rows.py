"""Insert many rows at once: DuckDB takes a table of Arrow a thousand times as fast as row after row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dora.arrow import import_pyarrow
from dora.storage.connection import Connection


def insert_rows(con: Connection, table: str, rows: Iterable[Sequence[object]]) -> None:
    """Insert rows into a table of the build that exists; each has a value for each column, in their order."""
    pa = import_pyarrow()
    schema = con.table(table).limit(0).to_arrow_table().schema
    columns = list(zip(*rows, strict=True))
    if columns:
        arrays = [pa.array(column, of_column.type) for column, of_column in zip(columns, schema, strict=True)]
        con.register("rows_to_insert", pa.Table.from_arrays(arrays, schema=schema))
        con.execute(f'INSERT INTO "{table}" FROM rows_to_insert')
        con.unregister("rows_to_insert")
