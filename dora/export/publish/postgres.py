"""`dora publish postgres`: every published table in a schema of a PostgreSQL database, replaced in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier, Literal

from dora.api import Delivery
from dora.export.publish.postgres_connection import connect
from dora.export.publish.postgres_schema import TABLE_MARK, create_schema, replace_schema
from dora.export.publish.published_build import describe_build
from dora.export.publish.rollups import ROLLUPS
from dora.export.publish.tables import SourceTable, list_source_tables

if TYPE_CHECKING:
    import pyarrow as pa

TYPES = {
    "VARCHAR": "text", "VARCHAR[]": "text[]", "DOUBLE": "double precision", "BIGINT": "bigint", "BOOLEAN": "boolean",
    "DATE": "date", "TIMESTAMP": "timestamptz",
}  # fmt: skip
NULL = r"\N"
ESCAPES = {"\0": "", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}  # of COPY; PostgreSQL has no character 0
INDEXED = {rollup.table.name for rollup in ROLLUPS}  # by their key; other tables by their time


def write(delivery: Delivery, address: str, schema: str) -> list[dict[str, Any]]:
    """Replace a schema by the tables of a build, and return the number of rows of each.

    Readers see the tables before or after, never some of each. Raises ``DoraError`` if that is not possible, and
    ``LockedError`` while another run publishes; the schema is then unchanged.
    """
    build = describe_build(delivery)
    with connect(address) as con:
        new = create_schema(con, schema)
        rows = [
            {"table": source.about.name, "rows": _write_table(con, new, source)}
            for source in list_source_tables(delivery)
        ]
        replace_schema(con, schema, new, f"data through {build.as_of}, build {build.build_id} of dora {build.version}.")
    return rows


def _write_table(con: Connection, schema: str, source: SourceTable) -> int:
    """Create a table with its rows, comments and index; return the number of rows."""
    table = Identifier(schema, source.about.name)
    columns = [SQL("{} {}").format(Identifier(name), SQL(TYPES[kind])) for name, kind in source.types.items()]
    con.execute(SQL("CREATE TABLE {} ({})").format(table, SQL(", ").join(columns)))
    # Frozen rows are visible to transactions that began before: none of them finds an empty table.
    rows = 0
    with con.cursor() as cursor, cursor.copy(SQL("COPY {} FROM STDIN (FREEZE)").format(table)) as copy:
        for part in source.read():
            for batch in part.batches:
                copy.write(to_copy_text(batch))
                rows += batch.num_rows
    for statement in _describe(table, source):
        con.execute(statement)
    if keys := source.about.unique_key if source.about.name in INDEXED else list(filter(None, [source.about.time])):
        con.execute(SQL("CREATE INDEX ON {} ({})").format(table, SQL(", ").join(map(Identifier, keys))))
    con.execute(SQL("ANALYZE {}").format(table))
    return rows


def _describe(table: Identifier, source: SourceTable) -> Iterator[Composed]:
    comment = f"{source.about.comment} {TABLE_MARK}"
    yield SQL("COMMENT ON TABLE {} IS {}").format(table, Literal(comment))
    for column, unit in source.units().items():
        meaning = f"{source.meanings[column]}{f' Unit: {unit}.' if unit else ''}"
        yield SQL("COMMENT ON COLUMN {}.{} IS {}").format(table, Identifier(column), Literal(meaning))


def to_copy_text(batch: pa.RecordBatch) -> bytes:
    """Return rows as COPY reads them: columns between tabs, special characters escaped."""
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    if not batch.num_rows:
        return b""
    columns = [_to_text(column) for column in batch.columns]
    lines = pc.binary_join_element_wise(*columns, "\t", null_handling="replace", null_replacement=NULL)
    return "\n".join([*lines.to_pylist(), ""]).encode()


def _to_text(column: pa.Array) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.compute as pc  # noqa: PLC0415

    if pa.types.is_list(column.type):
        column = pa.array([None if items is None else _to_array(items) for items in column.to_pylist()], pa.string())
    if not pa.types.is_string(column.type):
        return pc.cast(column, pa.string())
    for character, escape in ESCAPES.items():
        column = pc.replace_substring(column, character, escape)
    return column


def _to_array(items: list[str | None]) -> str:
    """Return a list as PostgreSQL writes an array of text."""
    texts = ("NULL" if item is None else '"' + item.replace("\\", r"\\").replace('"', r"\"") + '"' for item in items)
    return f"{{{','.join(texts)}}}"
