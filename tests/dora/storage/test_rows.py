"""A class of ``dora.storage.rows`` is a table of landing, and nothing else says what a table has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import duckdb
import msgspec
import pytest

from dora.storage import database, schema
from dora.storage.rows import FACT_TABLES, TABLES
from dora.storage.rows.base import Flag, Int32, Micros, Row, Table, Text, Texts, Time
from dora.storage.rows.changes import Change
from dora.storage.rows.executions import Execution

ROOT = Path(__file__).parents[3]


class Sample(Row, frozen=True, kw_only=True):
    """One row of a table that isn't in landing."""

    name: Annotated[str, "Its name."]
    note: Annotated[Text, "What it's for."] = None
    count: Annotated[Int32, "How many."] = 0
    total: Annotated[int | None, "How many in all."] = None
    share: Annotated[float, "Which share."] = 0.0
    good: Annotated[Flag, "True if it is good."] = None
    began_at: Annotated[Time, "When it began."]
    ended_at: Annotated[Micros, "When it ended."] = None
    labels: Annotated[Texts, "Its labels."] = None


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        yield con


def columns(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, bool, str | None]]:
    """Table, name, type, whether it may be null, and comment of each column, in order."""
    return con.execute(
        "SELECT table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns() WHERE NOT internal"
        " ORDER BY table_oid, column_index"
    ).fetchall()


def test_a_class_is_a_table(con: duckdb.DuckDBPyConnection) -> None:
    """A field is a column of its type, with its sentence as comment, null only if it may be None, after the key."""
    con.execute(schema.create_table(Sample))
    assert con.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall() == [
        ("sample", "One row of a table that isn't in landing.")
    ]
    assert [column[1:4] for column in columns(con)[:3]] == [
        (name, "VARCHAR", False) for name in ("source", "id", "load_id")
    ]
    assert [column[1:] for column in columns(con)[3:]] == [
        ("name", "VARCHAR", False, "Its name."),
        ("note", "VARCHAR", True, "What it's for."),
        ("count", "INTEGER", False, "How many."),
        ("total", "BIGINT", True, "How many in all."),
        ("share", "DOUBLE", False, "Which share."),
        ("good", "BOOLEAN", True, "True if it is good."),
        ("began_at", "TIMESTAMP", False, "When it began."),
        ("ended_at", "TIMESTAMP", True, "When it ended."),
        ("labels", "VARCHAR[]", True, "Its labels."),
    ]


class Silent(Row, frozen=True, kw_only=True):
    """One row with a column that says nothing."""

    name: str


class Odd(Row, frozen=True, kw_only=True):
    """One row with a column that has no SQL type."""

    name: Annotated[bytes, "Its name."]


@pytest.mark.parametrize("table", [Silent, Odd])
def test_a_column_has_a_type_and_a_meaning(table: type[Table]) -> None:
    """A field without a known type or without a sentence is refused by its name."""
    with pytest.raises(TypeError, match=f"{table.__name__}.name has no known type or no meaning"):
        schema.create_table(table)


def test_landing_has_the_tables_of_the_classes(con: duckdb.DuckDBPyConnection) -> None:
    """Landing has one table a class, with the fields of the class as columns, each explained by a sentence."""
    con.execute(schema.create_statements())
    fields: dict[str, set[str]] = {}
    for table, name, *_ in columns(con):
        fields.setdefault(table, set()).add(name)
    added = {name: {"source", "load_id"} if name in FACT_TABLES else set() for name in TABLES}
    assert fields == {name: added[name] | set(table.__struct_fields__) for name, table in TABLES.items()}
    assert [column for column in columns(con) if not (column[4] or "").endswith(".")] == []
    comments = con.execute("SELECT comment FROM duckdb_tables()").fetchall()
    assert [comment for (comment,) in comments if not re.fullmatch(r".+\.", comment or "")] == []


def test_facts_have_a_source() -> None:
    """The tables that a source fills are those whose class is a row of a source."""
    assert database.fact_tables() == list(FACT_TABLES)
    assert set(TABLES) - set(FACT_TABLES) == {"contract", "load", "control_total", "watermark"}


def test_no_other_place_defines_a_table() -> None:
    """No other file of the product creates a table of landing."""
    names = "|".join(TABLES)
    defines = re.compile(rf'CREATE TABLE "?({names})\b|COMMENT ON (TABLE|COLUMN) "?({names})\b', re.IGNORECASE)
    files = [
        path for folder in ("dora", "ingest") for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".sql")
    ]
    assert [str(path) for path in files if defines.search(path.read_text())] == []


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
