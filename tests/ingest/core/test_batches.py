"""Rows as Arrow tables: every value arrives, and no id twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dora.storage import database
from dora.storage.rows.base import CONTENT_BITS, Row
from dora.storage.rows.changes import Commit
from dora.storage.rows.executions import Execution
from dora.storage.rows.incidents import Incident
from ingest.core.batches import latest_rows, to_arrow
from ingest.core.columns import Columns


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[database.Load]:
    with database.open_load(tmp_path_factory.mktemp("data"), "s") as load:
        yield load


def test_arrow_keeps_every_value(load: database.Load) -> None:
    """Microseconds, lists, nulls and text arrive in DuckDB as they left Python."""
    at = 1_700_000_000_123_457
    rows = [
        Commit(id="r@1", repository="r", sha="1", parents=["2", "3"], authored_at=at, committed_at=at + 1),
        Commit(id="r@2", repository="r", sha="2", parents=[], subject="naïve \x00 'quoted' ☃"),
    ]
    batch = to_arrow(rows, load.schema("commit"), "here", "load-1")
    with duckdb.connect() as con:
        con.register("batch", batch)
        rows_read = con.execute(
            "SELECT source, load_id, id, parents, epoch_us(authored_at), epoch_us(committed_at), subject FROM batch"
        ).fetchall()
    assert rows_read == [
        ("here", "load-1", "r@1", ["2", "3"], at, at + 1, None),
        ("here", "load-1", "r@2", [], None, None, "naïve \x00 'quoted' ☃"),
    ]


@settings(max_examples=40, deadline=None)
@given(opened=st.lists(st.integers(0, 2**40), max_size=9), data=st.data())
def test_columns_are_the_rows_that_they_hold(load: database.Load, opened: list[int], data: st.DataObject) -> None:
    """Columns give the same table as single rows: lists, one value for all rows, and absent columns."""
    ids, titles = [str(n) for n in range(len(opened))], data.draw(st.lists(st.none() | st.text(max_size=3)))
    titles = (titles + [None] * len(opened))[: len(opened)]
    rows: list[Row] = [
        Incident(id=id, application="shop", opened_at=at, title=title)
        for id, at, title in zip(ids, opened, titles, strict=True)
    ]
    values = {"id": ids, "revision": 0, "application": "shop", "opened_at": opened, "title": titles, "severity": None}
    columns, cut = Columns("incident", len(opened), values), data.draw(st.integers(0, len(opened)))
    table = to_arrow([*rows[:cut], columns], load.schema("incident"), "s", "l")
    assert table.to_pylist() == to_arrow([*rows[:cut], *rows], load.schema("incident"), "s", "l").to_pylist()
    assert table.schema == load.schema("incident")


def test_columns_have_equal_length() -> None:
    """A list that is too short or too long is refused."""
    for wrong in ([], ["a"], ["a", "b", "c"]):
        with pytest.raises(ValueError, match=f"{len(wrong)} values of title in 2 rows of incident"):
            Columns("incident", 2, {"id": ["1", "2"], "title": wrong})


def test_pandas_is_not_imported() -> None:
    """Converting rows does not import pandas (half a second); it can be imported afterwards."""
    script = """
import sys
import pyarrow as pa
from ingest.core.batches import to_arrow
from dora.storage.rows.incidents import Incident
schema = pa.schema([("id", pa.string()), ("source", pa.string())])
table = to_arrow([Incident(id="1", application="a", opened_at=1)], schema, "s", "l")
assert "pandas" not in sys.modules
assert table.to_pandas().to_dict("list") == {"id": ["1"], "source": ["s"]}
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("table", database.fact_tables())
def test_no_rows_are_an_empty_table(load: database.Load, table: str) -> None:
    """Nothing to land is an empty batch of the contract's schema."""
    batch = to_arrow([], load.schema(table), "s", "l")
    assert batch.num_rows == 0
    assert batch.schema == load.schema(table)


def split_into_two_tables(load: database.Load, rows: list[Row], cut: int) -> list[pa.Table]:
    """The rows in two tables, cut somewhere."""
    schema = load.schema(rows[0].table)
    return [to_arrow(part, schema, "s", "l") for part in (rows[:cut], rows[cut:])]


def test_the_last_of_two_rows_with_the_same_id_stays(load: database.Load) -> None:
    """A batch never holds an id twice, so a merge can not meet two candidates for one row."""
    rows: list[Row] = [
        Incident(id="1", application="a", opened_at=1, title="first"),
        Incident(id="2", application="a", opened_at=2),
        Incident(id="1", application="a", opened_at=1, title="last"),
    ]
    for cut in range(4):
        batch = latest_rows(split_into_two_tables(load, rows, cut)).to_pylist()
        assert [(row["id"], row["title"]) for row in batch] == [("1", "last"), ("2", None)]


revisions = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3 << CONTENT_BITS)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(written=revisions, data=st.data())
def test_the_latest_revision_stays(load: database.Load, written: list[tuple[str, int]], data: st.DataObject) -> None:
    """In any order and in any tables: the row of an id that had come furthest, the last of equal ones."""
    rows: list[Row] = [
        Execution(id=id, revision=revision, application=str(nth), root_id=id, status="running")
        for nth, (id, revision) in enumerate(written)
    ]
    expected: dict[str, tuple[int, int]] = {}
    for nth, (id, revision) in enumerate(written):
        earlier = expected.get(id, (revision, nth))
        expected[id] = max(earlier, (revision, nth), key=lambda row: (row[0] >> CONTENT_BITS, row[1]))
    batch = latest_rows(split_into_two_tables(load, rows, data.draw(st.integers(0, len(rows))))).to_pylist()
    latest = {row["id"]: (row["revision"], int(row["application"])) for row in batch}
    assert len(batch) == len(latest)
    assert latest == expected
