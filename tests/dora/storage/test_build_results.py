"""Laws of results that are kept for a build: read once over all of its connections, and of no other build."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dora.storage import build_results
from dora.storage.build_results import BuildResults, once_per_build
from dora.storage.connection import Connection


@once_per_build
def read_number(con: Connection, offset: int) -> tuple[int, object]:
    """Return a number of the file, and an object that no second call would return."""
    ((number,),) = con.execute("SELECT number + ? FROM numbers", [offset]).fetchall()
    return number, object()


def open_file(path: Path, number: int) -> Connection:
    con = duckdb.connect(str(path))
    con.execute("CREATE TABLE numbers AS SELECT ? AS number", [number])
    return con


def test_a_result_is_read_once_over_all_connections_to_a_build_and_never_for_another(tmp_path: Path) -> None:
    first, second = open_file(tmp_path / "first", 1), open_file(tmp_path / "second", 2)
    results, others = BuildResults(), BuildResults()
    one, again, other = results.share(first.cursor()), results.share(first.cursor()), others.share(second.cursor())
    assert read_number(one, 0) is read_number(again, 0)
    assert read_number(one, 10)[0] == 11
    assert read_number(other, 0)[0] == 2


def test_without_shared_results_each_call_reads(tmp_path: Path) -> None:
    con = open_file(tmp_path / "alone", 1)
    assert read_number(con, 0) is not read_number(con, 0)
    con.execute("UPDATE numbers SET number = 5")
    assert read_number(con, 0)[0] == 5


def test_the_oldest_results_make_room(tmp_path: Path) -> None:
    con = BuildResults().share(open_file(tmp_path / "many", 1))
    first = read_number(con, 0)
    for offset in range(1, build_results.MAX_ENTRIES + 1):
        read_number(con, offset)
    assert read_number(con, 0) is not first
