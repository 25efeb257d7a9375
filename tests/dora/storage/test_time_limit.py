"""A page whose queries take too long, or too much memory, ends with a message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

import dora
from dora.errors import DoraError
from dora.storage.time_limit import limit_time, watch

DEPLOYMENTS = """
id | application | environment | status | started_at | finished_at
d1 | shop | production | succeeded | 2026-03-02T08:10 | 2026-03-02T08:30
"""
ENDLESS = "SELECT sum(a.range * b.range) FROM range(10_000_000) AS a, range(10_000_000) AS b"


def test_s13_queries_are_ended_at_their_time_limit() -> None:
    """An endless query ends with what to do; after it the connection works, and without a limit nothing is ended."""
    con = duckdb.connect()
    with pytest.raises(DoraError, match="shorter window"), limit_time(0.2):
        watch(con).execute(ENDLESS)
    assert watch(con).execute("SELECT 1").fetchall() == [(1,)]
    with limit_time(60):
        assert watch(con).execute("SELECT 2").fetchall() == [(2,)]


def test_s13_a_million_rows_in_little_memory_end_with_a_message(tmp_path: Path, facts: Any) -> None:
    """The memory of a build's queries is limited; what does not fit is an error in our words."""
    delivery = dora.Delivery(facts(deployments=DEPLOYMENTS).path, "40MB")
    wide = "SELECT list(md5(range::VARCHAR) || repeat('x', 1000)) FROM range(1_000_000)"
    with pytest.raises(DoraError, match="emory"), delivery.limited(60):
        delivery.sql(wide)
    with delivery.limited(60):
        assert delivery.sql("SELECT count(*) AS n FROM range(1_000_000)") == [{"n": 1_000_000}]
