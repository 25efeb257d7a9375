"""What a source need not ask again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dora.storage import database, remembered

CONTRACT = Path(database.__file__).with_name("schema.sql")


@pytest.fixture
def landing() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(CONTRACT.read_text())
        yield con


def interval(con: duckdb.DuckDBPyConnection, judgment: str | None, day: int, status: str = "failed") -> None:
    """One interval that finished on this day of March."""
    con.execute(
        "INSERT INTO canary_interval BY NAME SELECT 's' AS source, uuid() AS id, 'l' AS load_id, 1 AS revision,"
        " 'c' AS canary_id, 'e' AS execution_id, $1 AS judgment_id, $2 AS status, make_timestamp(2026, 3, $3, 0, 0, 0)"
        " AS finished_at",
        [judgment, status, day],
    )


def judgment(con: duckdb.DuckDBPyConnection, identity: str, status: str = "succeeded", source: str = "s") -> None:
    """One judgment that was read."""
    con.execute(
        "INSERT INTO canary_judgment BY NAME SELECT $1 AS source, $2 AS id, 'l' AS load_id, $3 AS status",
        [source, identity, status],
    )


def test_judgments_that_were_read_after_they_had_ended(landing: duckdb.DuckDBPyConnection) -> None:
    """One that ran when it was read is read again; another source's are none of ours."""
    judgment(landing, "done")
    judgment(landing, "broken", "failed")
    judgment(landing, "running", "running")
    judgment(landing, "theirs", source="t")
    assert remembered.judged(landing, "s") == {"done", "broken"}


def test_judgments_that_are_still_awaited(landing: duckdb.DuckDBPyConnection) -> None:
    """Those of intervals that ended in the last days before the newest, once each, and not yet read."""
    for identity, day in (("old", 1), ("missing", 20), ("missing", 21), ("read", 21), ("theirs", 21)):
        interval(landing, identity, day)
    interval(landing, None, 22)
    interval(landing, "open", 22, "running")
    judgment(landing, "read")
    judgment(landing, "theirs", source="t")
    assert remembered.awaited(landing, "s", 14) == ["missing", "theirs"]
    assert remembered.awaited(landing, "s", 30) == ["missing", "old", "theirs"]
    assert remembered.awaited(landing, "t", 30) == []


def test_when_each_pipeline_was_last_changed(landing: duckdb.DuckDBPyConnection) -> None:
    """In microseconds; one without a time is always looked at."""
    for identity, at in (("a", 1_750_000_000_000_001), ("b", None)):
        landing.execute(
            "INSERT INTO pipeline BY NAME SELECT 's' AS source, $1 AS id, 'l' AS load_id, 'shop' AS application,"
            " make_timestamp($2) AS updated_at",
            [identity, at],
        )
    assert remembered.configured(landing, "s") == {"a": 1_750_000_000_000_001}
