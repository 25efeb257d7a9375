"""The row classes match the tables of landing, and every column has a comment."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec
import pytest

from dora.storage import database
from ingest.core.rows import TABLES, Change, Execution, Row

SCHEMA = Path(database.__file__).with_name("schema.sql")
KEY = ["source", "id", "load_id"]
PYTHON_TYPE = {
    "VARCHAR": str,
    "BOOLEAN": bool,
    "DOUBLE": float,
    "INTEGER": int,
    "BIGINT": int,
    "TIMESTAMP": int,
    "VARCHAR[]": list[str],
}


@pytest.fixture(scope="module")
def contract() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(SCHEMA.read_text())
        yield con


def columns(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str, bool, str | None]]:
    """Name, type, whether it may be null, and comment of each column, in order."""
    return con.execute(
        "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() WHERE table_name = ?"
        " ORDER BY column_index",
        [table],
    ).fetchall()


def python_type(hint: object) -> tuple[object, bool]:
    """A field's type without None, and whether None is allowed."""
    if isinstance(hint, types.UnionType):
        (plain,) = [part for part in typing.get_args(hint) if part is not types.NoneType]
        return plain, True
    return hint, False


def test_every_fact_table_has_its_class() -> None:
    """Each fact table has one class, and each class a table."""
    assert sorted(TABLES) == sorted(database.fact_tables())


@pytest.mark.parametrize("table", database.fact_tables())
def test_class_is_the_table_field_for_field(contract: duckdb.DuckDBPyConnection, table: str) -> None:
    """Names, order, types and nullability of a class are those of its table after the key."""
    described = columns(contract, table)
    assert [name for name, *_ in described[:3]] == KEY
    hints = typing.get_type_hints(TABLES[table])
    names = list(TABLES[table].__struct_fields__)
    assert names == ["id", *(name for name, *_ in described[3:])]
    expected = {name: (PYTHON_TYPE[kind], nullable) for name, kind, nullable, _ in described if name in names}
    assert {name: python_type(hints[name]) for name in names} == expected


@pytest.mark.parametrize("table", database.fact_tables())
def test_every_column_is_explained(contract: duckdb.DuckDBPyConnection, table: str) -> None:
    """Each table and each of its columns has a sentence (the key is explained in the file's header)."""
    comments = contract.execute("SELECT comment FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall()
    assert comments[0][0], table
    uncommented = [name for name, _, _, comment in columns(contract, table) if name not in KEY and not comment]
    assert uncommented == []


def test_bookkeeping_is_explained(contract: duckdb.DuckDBPyConnection) -> None:
    """The comment of a bookkeeping table says what one row is."""
    assert {
        name
        for name, comment in contract.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
        if not comment
    } == set()


def test_header_explains_the_key() -> None:
    """The columns of the key are explained once, at the top of schema.sql."""
    header = "".join(line for line in SCHEMA.read_text().splitlines() if line.startswith("--"))
    assert [name for name in KEY if name not in header] == []


def test_rows_are_values() -> None:
    """Rows are immutable, compare by content and know their table."""
    row, same = (Change(id="r@1", repository="r", sha="1") for _ in range(2))
    assert row == same
    assert row.table == "change"
    assert Execution.table == "execution"
    with pytest.raises(AttributeError):
        row.sha = "2"  # type: ignore[misc]


def test_a_row_survives_json() -> None:
    """A row written as JSON and read again is the same row."""
    row: Row = Execution(id="e", application="a", root_id="e", status="running", queued_at=1)
    assert msgspec.json.decode(msgspec.json.encode(row), type=Execution) == row
