"""Write the dictionary of tables into the build, as DuckDB's comments on its tables and columns."""

from __future__ import annotations

from dora.config.definitions import describe_definition
from dora.sql import tables
from dora.storage.database import Connection

COLUMNS = """
SELECT schema_name, table_name, column_name, data_type
FROM duckdb_columns()
WHERE database_name = current_database() AND NOT internal
"""
VIEWS = "SELECT view_name FROM duckdb_views() WHERE NOT internal"


def write_comments(con: Connection) -> None:
    """Comment on each table with what one row is and its key, on each column with its meaning and unit."""
    views = {name for (name,) in con.execute(VIEWS).fetchall()}
    comments: dict[str, str] = {}
    for schema, name, column, kind in con.execute(COLUMNS).fetchall():
        table = tables.tables()[name if schema == "main" else f"{schema}.{name}"]
        comments[f'{"VIEW" if name in views else "TABLE"} "{schema}"."{name}"'] = table.comment
        comments[f'COLUMN "{schema}"."{name}"."{column}"'] = _describe_column(table, column, kind)
    # A statement of DDL takes no parameters, and there is nothing in it to optimize.
    statements = ["COMMENT ON {} IS '{}';".format(thing, text.replace("'", "''")) for thing, text in comments.items()]
    con.execute(f"PRAGMA disable_optimizer; BEGIN; {' '.join(statements)} COMMIT; PRAGMA enable_optimizer")


def _describe_column(table: tables.PublishedTable, column: str, kind: str) -> str:
    """Return the meaning and, of a number, the unit; a column of ``definitions`` is the definition of that name."""
    meaning = describe_definition(table.name, column) or table.meaning(column)
    unit = tables.unit(column, kind)
    return f"{meaning} Unit: {unit}." if unit and kind not in ("TIMESTAMP", "DATE") else meaning
