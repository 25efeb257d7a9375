"""The Python rows and the contract say the same, and the contract explains itself."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pytest

from dora import warehouse
from ingest.rows import TABLES, Change, Commit, Execution, Incident, Row, to_arrow

CONTRACT = Path(warehouse.__file__).with_name("contract.sql")
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
        con.execute(CONTRACT.read_text())
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
    """One class for each table of facts, and none besides."""
    assert sorted(TABLES) == sorted(warehouse.facts())


@pytest.mark.parametrize("table", warehouse.facts())
def test_class_is_the_table_field_for_field(contract: duckdb.DuckDBPyConnection, table: str) -> None:
    """Names, order, types and nullability of a class are those of its table after the key."""
    described = columns(contract, table)
    assert [name for name, *_ in described[:3]] == KEY
    hints = typing.get_type_hints(TABLES[table])
    names = list(TABLES[table].__struct_fields__)
    assert names == ["id", *(name for name, *_ in described[3:])]
    expected = {name: (PYTHON_TYPE[kind], nullable) for name, kind, nullable, _ in described if name in names}
    assert {name: python_type(hints[name]) for name in names} == expected


@pytest.mark.parametrize("table", warehouse.facts())
def test_every_column_is_explained(contract: duckdb.DuckDBPyConnection, table: str) -> None:
    """Each table and each of its columns has a sentence (the key is explained in the file's header)."""
    comments = contract.execute("SELECT comment FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall()
    assert comments[0][0], table
    silent = [name for name, _, _, comment in columns(contract, table) if name not in KEY and not comment]
    assert silent == []


def test_book_keeping_is_explained(contract: duckdb.DuckDBPyConnection) -> None:
    """The book-keeping tables say what one row of them is."""
    assert {
        name
        for name, comment in contract.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
        if not comment
    } == set()


def test_header_explains_the_key() -> None:
    """What every table shares is said once, at the top of the contract."""
    header = "".join(line for line in CONTRACT.read_text().splitlines() if line.startswith("--"))
    assert [name for name in KEY if name not in header] == []


def schema(con: duckdb.DuckDBPyConnection, table: str) -> pa.Schema:
    return con.sql(f'SELECT * FROM "{table}" LIMIT 0').to_arrow_table().schema


def test_arrow_keeps_every_value(contract: duckdb.DuckDBPyConnection) -> None:
    """Microseconds, lists, nulls and text arrive in DuckDB as they left Python."""
    at = 1_700_000_000_123_457
    rows = [
        Commit(id="r@1", repository="r", sha="1", parents=["2", "3"], authored_at=at, committed_at=at + 1),
        Commit(id="r@2", repository="r", sha="2", parents=[], subject="naïve \x00 'quoted' ☃"),
    ]
    batch = to_arrow(rows, schema(contract, "commit"), "here", "load-1")
    contract.register("batch", batch)
    found = contract.execute(
        "SELECT source, load_id, id, parents, epoch_us(authored_at), epoch_us(committed_at), subject FROM batch"
    ).fetchall()
    contract.unregister("batch")
    assert found == [
        ("here", "load-1", "r@1", ["2", "3"], at, at + 1, None),
        ("here", "load-1", "r@2", [], None, None, "naïve \x00 'quoted' ☃"),
    ]


def test_the_last_of_two_rows_with_one_id_stays(contract: duckdb.DuckDBPyConnection) -> None:
    """A batch never holds an id twice, so a merge can not meet two candidates for one row."""
    rows = [
        Incident(id="1", application="a", opened_at=1, title="first"),
        Incident(id="2", application="a", opened_at=2),
        Incident(id="1", application="a", opened_at=1, title="last"),
    ]
    batch = to_arrow(rows, schema(contract, "incident"), "s", "l").to_pylist()
    assert [(row["id"], row["title"]) for row in batch] == [("1", "last"), ("2", None)]


@pytest.mark.parametrize("table", warehouse.facts())
def test_no_rows_are_a_table_too(contract: duckdb.DuckDBPyConnection, table: str) -> None:
    """Nothing to land is an empty batch of the contract's schema."""
    batch = to_arrow([], schema(contract, table), "s", "l")
    assert batch.num_rows == 0
    assert batch.schema == schema(contract, table)


def test_rows_are_values() -> None:
    """Rows can not be changed, compare by content and know their table."""
    one, same = (Change(id="r@1", repository="r", sha="1") for _ in range(2))
    assert one == same
    assert one.table == "change"
    assert Execution.table == "execution"
    with pytest.raises(AttributeError):
        one.sha = "2"  # type: ignore[misc]


def test_a_row_survives_json() -> None:
    """A row written as JSON and read again is the same row."""
    row: Row = Execution(id="e", application="a", root_id="e", status="running", queued_at=1)
    assert msgspec.json.decode(msgspec.json.encode(row), type=Execution) == row
