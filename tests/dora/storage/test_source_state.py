"""What landing knows about a source before a run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest

from dora.storage import schema
from dora.storage.source_state import SourceState


@pytest.fixture
def landing() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(schema.create_statements())
        yield con


def interval(con: duckdb.DuckDBPyConnection, judgment: str | None, day: int, status: str = "failed") -> None:
    """One interval that finished on this day of March."""
    con.execute(
        "INSERT INTO canary_interval BY NAME SELECT 's' AS source, uuid() AS id, 'l' AS load_id, 1 AS revision,"
        " 'c' AS canary_id, 'e' AS execution_id, $1 AS judgment_id, 's3' AS storage_account, $2 AS status,"
        " make_timestamp(2026, 3, $3, 0, 0, 0) AS finished_at",
        [judgment, status, day],
    )


def judgment(con: duckdb.DuckDBPyConnection, identity: str, status: str = "succeeded", source: str = "s") -> None:
    """One judgment that was read."""
    con.execute(
        "INSERT INTO canary_judgment BY NAME SELECT $1 AS source, $2 AS id, 'l' AS load_id, $3 AS status",
        [source, identity, status],
    )


def execution(con: duckdb.DuckDBPyConnection, identity: str, day: int, application: str, status: str) -> None:
    """One execution of the pipeline p that was queued on this day of March."""
    con.execute(
        "INSERT INTO execution BY NAME SELECT 's' AS source, $1 AS id, 'l' AS load_id, 1 AS revision,"
        " $2 AS application, 'p' AS pipeline_id, $1 AS root_id, $3 AS status, FALSE AS dry_run,"
        " make_timestamp(2026, 3, $4, 0, 0, 0) AS queued_at",
        [identity, application, status, day],
    )


def delete(con: duckdb.DuckDBPyConnection, identity: str) -> None:
    con.execute("INSERT INTO deleted_execution VALUES ('s', ?, 'l', now()::TIMESTAMP)", [identity])


def test_a_new_source_has_an_empty_state(landing: duckdb.DuckDBPyConnection) -> None:
    """Before its first run nothing is known."""
    state = SourceState.read(landing, "s")
    assert (state.watermarks, state.pipelines, state.completed_judgment_ids) == ({}, [], frozenset())
    assert (state.recent_executions, state.missing_judgments) == ([], {})


def test_unfinished_and_recent_executions(landing: duckdb.DuckDBPyConnection) -> None:
    """Recent are the last 15 days of each application; an execution that its source deleted is in neither list."""
    for identity, day, application, status in (
        ("old", 1, "shop", "running"),
        ("new", 20, "shop", "succeeded"),
        ("deleted", 20, "shop", "running"),
        ("quiet", 2, "mail", "succeeded"),
    ):
        execution(landing, identity, day, application, status)
    delete(landing, "deleted")
    state = SourceState.read(landing, "s")
    assert [(ref.id, ref.application) for ref in state.unfinished_executions] == [("old", "shop")]
    assert [recent.id for recent in state.recent_executions] == ["new", "quiet"]
    newest = state.recent_executions[0]
    assert (newest.pipeline_id, newest.status) == ("p", "succeeded")
    assert newest.queued_at == datetime(2026, 3, 20, tzinfo=UTC).timestamp() * 1000


def test_completed_judgments(landing: duckdb.DuckDBPyConnection) -> None:
    """A judgment that was read while it ran is read again; those of another source do not count."""
    judgment(landing, "done")
    judgment(landing, "broken", "failed")
    judgment(landing, "running", "running")
    judgment(landing, "theirs", source="t")
    assert SourceState.read(landing, "s").completed_judgment_ids == {"done", "broken"}


def test_missing_judgments(landing: duckdb.DuckDBPyConnection) -> None:
    """Those of intervals that ended in the last 14 days before the newest, once each, and were never read."""
    for identity, day in (("old", 1), ("missing", 20), ("missing", 21), ("read", 21), ("theirs", 21)):
        interval(landing, identity, day)
    interval(landing, None, 22)
    interval(landing, "open", 22, "running")
    judgment(landing, "read")
    judgment(landing, "theirs", source="t")
    assert SourceState.read(landing, "s").missing_judgments == {"missing": "s3", "theirs": "s3"}
    assert SourceState.read(landing, "t").missing_judgments == {}


def test_pipelines_and_when_they_were_updated(landing: duckdb.DuckDBPyConnection) -> None:
    """Pipelines that are configured or have run; times are epoch microseconds, an unknown one is absent."""
    execution(landing, "e", 1, "shop", "succeeded")
    for identity, at in (("a", 1_750_000_000_000_001), ("b", None)):
        landing.execute(
            "INSERT INTO pipeline BY NAME SELECT 's' AS source, $1 AS id, 'l' AS load_id, 'shop' AS application,"
            " make_timestamp($2) AS updated_at",
            [identity, at],
        )
    state = SourceState.read(landing, "s")
    assert [pipeline.id for pipeline in state.pipelines] == ["a", "b", "p"]
    assert state.pipeline_updated_at == {"a": 1_750_000_000_000_001}
