"""The tables of landing as SQL, and whether this program can read a file of another version.

``landing.duckdb`` carries a contract number, ``dora.duckdb`` a layout number. A file of another number is refused and
left unchanged: landing is made again from the payloads, a build from landing.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from duckdb import DuckDBPyConnection as Connection

from dora.errors import DoraError, UnusableError
from dora.storage.sql_errors import NEXT_STEPS

if TYPE_CHECKING:
    from dora.storage.rows.base import Table

CONTRACT = 7  # raise it with every change of a table or column in dora.storage.rows, or of its meaning
# Of a landing that is joined from several; in any other there is no such table.
REPEATED_ROW = "table_name VARCHAR, sources VARCHAR, landings VARCHAR, rows BIGINT, example_id VARCHAR"
BUILD_LAYOUT = 7  # raise it if readers of an earlier build do not understand this one


@cache
def create_statements() -> str:
    """Return the SQL that creates the tables of landing, with a comment on each table and column."""
    from dora.storage.rows import TABLES  # noqa: PLC0415 - a reader of the build needs none of these classes

    return "\n".join([*map(create_table, TABLES.values()), f"INSERT INTO contract VALUES ({CONTRACT});"])  # noqa: S608 - our number


def create_table(table: type[Table]) -> str:
    """Return the SQL that creates the table of a class. Raises ``TypeError`` for a field without type or meaning."""
    from dora.storage.rows.columns import read_columns  # noqa: PLC0415 - as above

    columns = read_columns(table)
    definitions = ", ".join(
        f'"{name}" {stored.type}{"" if nullable else " NOT NULL"}{stored.compression}'
        for name, stored, nullable, _ in columns
    )
    comments = [f'COLUMN "{table.table}"."{name}" IS {_quote(meaning)}' for name, *_, meaning in columns]
    comments.insert(0, f'TABLE "{table.table}" IS {_quote(table.__doc__ or "")}')
    return f'CREATE TABLE "{table.table}" ({definitions});\n' + "\n".join(f"COMMENT ON {text};" for text in comments)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@cache
def fact_tables() -> list[str]:
    """Return the names of the landing tables that hold rows of a source, in the order of the contract."""
    from dora.storage.rows import FACT_TABLES  # noqa: PLC0415 - as above

    return list(FACT_TABLES)


def check_contract(con: Connection, catalog: str = "") -> None:
    """Raise ``DoraError`` if landing, open as ``con`` or attached as ``catalog``, has another contract number."""
    prefix = f"{catalog}." if catalog else ""
    number, current = _read_number(con, f"SELECT version FROM {prefix}contract"), CONTRACT  # noqa: S608 - our catalog
    if number > current:
        raise DoraError(
            f"landing.duckdb was written by a newer version (contract {number}, this version reads {current});"
            " it was not touched.",
            "install that version again.",
        )
    if number < current:
        raise UnusableError(
            f"landing.duckdb was written by an older version (contract {number}, now {current}). Nothing is lost:"
            " it was not touched, and the folder payloads beside it has everything that was received.",
            NEXT_STEPS["landing.duckdb"],
        )


def check_layout(con: Connection, path: Path) -> None:
    """Raise ``DoraError`` if this version can not read the build that is open."""
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'build'").fetchall():
        return  # not a build of ours; the first query of a number reports that
    layout = _read_number(con, "SELECT layout FROM build")
    if layout > BUILD_LAYOUT:
        raise DoraError(
            f"{path} was built by a newer version (layout {layout}, this version reads {BUILD_LAYOUT});"
            " it was not touched.",
            "install that version again, or run `dora build` with this one.",
        )
    if layout < BUILD_LAYOUT:
        raise UnusableError(
            f"{path} was built by an older version (layout {layout}, now {BUILD_LAYOUT}); nothing is lost.",
            "run `dora build`.",
        )


def _read_number(con: Connection, query: str) -> int:
    try:
        rows = con.execute(query).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return 0  # the first files had no number
    return int(rows[0][0]) if rows else 0
