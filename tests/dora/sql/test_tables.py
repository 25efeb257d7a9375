"""The dictionary of tables: every published table and column is described, and every description is of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import dora
from dora.export.table_dictionary import Columns, read_columns, to_markdown
from dora.sql import tables

INCIDENTS = "id | application | opened_at | resolved_at\ni1 | shop | 2026-03-02T10:00Z | 2026-03-02T12:00Z"

ROOT = Path(__file__).resolve().parents[3]
NUMBER_OR_TIME = re.compile(r"DOUBLE|INTEGER|BIGINT|HUGEINT|TIMESTAMP|DATE")


@pytest.fixture
def columns(delivery: dora.Delivery) -> Columns:
    return read_columns(delivery.path)


@pytest.fixture(scope="module")
def delivery(facts_of_file: Callable[..., dora.Delivery]) -> dora.Delivery:
    return facts_of_file(incidents=INCIDENTS, as_of=datetime(2026, 3, 20, tzinfo=UTC))


def test_every_published_table_and_column_is_described(columns: Columns) -> None:
    """Each table of dora.duckdb has its grain, key and an example, each column its meaning, each number its unit."""
    assert set(columns) == set(tables.tables())
    assert sum(map(len, columns.values())) > 600
    for name, table in tables.tables().items():
        assert re.fullmatch(r"One row is [^\n]+\.", table.grain), name
        assert set(table.unique_key) <= set(columns[name]), name
        assert table.time is None or columns[name][table.time] == "TIMESTAMP", name
        for column, kind in columns[name].items():
            assert table.meaning(column) or name == "definitions", (name, column)
            assert bool(tables.unit(column, kind)) == bool(NUMBER_OR_TIME.fullmatch(kind)), (name, column, kind)


def test_every_description_is_of_a_column(columns: Columns) -> None:
    """The header of a model, and an entry of tables.toml, describes columns of that table; a unit is of a column."""
    described = {(name, column) for name, table in tables.tables().items() for column in table.columns}
    assert described <= {(name, column) for name, types in columns.items() for column in types}


def test_the_build_has_the_dictionary_as_comments(delivery: dora.Delivery) -> None:
    """Analysts read in DuckDB what one row is, which columns are unique together, meanings and units."""
    (table,) = delivery.sql("SELECT comment FROM duckdb_tables() WHERE table_name = 'lead_times'")
    assert table["comment"].startswith("One row is one change of one application")
    assert table["comment"].endswith("Unique: application, change_id.")
    (view,) = delivery.sql("SELECT comment FROM duckdb_views() WHERE view_name = 'observations'")
    assert view["comment"].startswith("One row is one observation")
    comments = delivery.sql("SELECT comment FROM duckdb_columns() WHERE database_name = 'dora' AND NOT internal")
    assert len(comments) > 600
    assert [row for row in comments if not row["comment"]] == []
    (hours,) = delivery.sql(
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'lead_times' AND column_name = 'hours'"
    )
    assert hours["comment"] == "Duration; of an open lead time, until the end of the data. Unit: hours."


def test_the_page_of_tables_is_the_dictionary(columns: Columns) -> None:
    """docs/tables.md is what ``python -m dora.export.table_dictionary`` prints."""
    assert (ROOT / "docs/tables.md").read_text() == to_markdown(columns)
