"""The headers of the SQL files: every published column has a meaning, and every meaning a column."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

import dora
from dora.sql import catalog

INCIDENTS = "id | application | opened_at | resolved_at\ni1 | shop | 2026-03-02T10:00Z | 2026-03-02T12:00Z"


@pytest.fixture
def delivery(facts: Callable[..., dora.Delivery]) -> dora.Delivery:
    return facts(incidents=INCIDENTS, as_of=datetime(2026, 3, 20, tzinfo=UTC))


def test_every_published_column_has_a_meaning(delivery: dora.Delivery) -> None:
    """The comments in dora.duckdb explain each column of each table and view."""
    columns = delivery.sql(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE database_name = 'dora' AND NOT internal"
    )
    assert len(columns) > 400
    assert [row for row in columns if not row["comment"]] == []


def test_every_meaning_in_a_header_is_of_a_column(delivery: dora.Delivery) -> None:
    """The header of a model explains columns of that model alone."""
    published = {
        (row["table_name"], row["column_name"])
        for row in delivery.sql("SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'dora'")
    }
    assert {key for key in catalog.column_meanings() if key[0]} <= published


def test_every_model_says_what_one_row_is() -> None:
    """The meaning of a table, which analysts read in the build, is one sentence."""
    meanings = catalog.table_meanings()
    assert set(meanings) == set(catalog.queries("models"))
    assert [text for text in meanings.values() if not re.fullmatch(r"One row is [^\n]+\.", text)] == []
