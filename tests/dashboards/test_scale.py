"""What a page reads and sends does not grow with the number of deployments, and hardly with that of services."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

import dora
from dora.query import metric

Run = Callable[..., AppTest]
COPIES = 12
BYTES = 200_000
# Tables that are of the whole build, not of an application.
WHOLE = ("loads", "control_totals", "build", "check_results", "people", "image_repositories", "included_commits")


@pytest.fixture(scope="module")
def many(organisation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The organisation with further copies of each application, in teams of their own."""
    path = Path(shutil.copy(organisation, tmp_path_factory.mktemp("many") / "dora.duckdb"))
    with duckdb.connect(str(path)) as con:
        tables = con.execute("SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
        for schema, name in tables:
            if name not in WHOLE:
                _copy_rows(con, schema, name)
    return path


def _copy_rows(con: duckdb.DuckDBPyConnection, schema: str, name: str) -> None:
    """Add copies of the rows of a table, with names and ids of their own."""
    sql = "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ? ORDER BY ALL"
    columns = dict(con.execute(sql.replace("ALL", "column_index"), [schema, name]).fetchall())
    own = [column for column, kind in columns.items() if kind == "VARCHAR" and _is_own(name, column)]
    if own:
        selected = ", ".join(f"\"{column}\" || '-' || k" if column in own else f'"{column}"' for column in columns)
        table = f'"{schema}"."{name}"'
        con.execute(f"INSERT INTO {table} SELECT {selected} FROM (FROM {table}), range(1, {COPIES}) AS copies (k)")


def _is_own(table: str, column: str) -> bool:
    if column == "subject":
        return table not in ("changes", "change_timeline")
    spelling = table == "name_spellings" and column in ("name", "spelling")
    return column in ("application", "team") or (column.endswith("_id") and column != "load_id") or spelling


def count_bytes(page: AppTest) -> int:
    """Return the size of all elements of a page."""

    def elements(node: Any) -> Iterator[Any]:
        for child in getattr(node, "children", {}).values():
            yield child
            yield from elements(child)

    return sum(element.proto.ByteSize() for element in elements(page._tree) if getattr(element, "proto", None))


@pytest.mark.parametrize("page", ["overview", "flow", "stability", "canary", "audit", "data"])
def test_a_page_reads_and_sends_little(page: str, run: Run, many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page reads fewer rows than half of the window's deployments, and sends at most 200 kB."""
    read = []

    def count_rows(*args: Any) -> Any:
        types, rows = run_query(*args)
        return types, (read.append(None) or row for row in rows)  # type: ignore[func-returns-value]

    run_query = metric._run
    monkeypatch.setattr(metric, "_run", count_rows)
    deployments = dora.open(many).values("rework_rate", dora.Scope("90d")).rows[0]
    shown = run(many, page)
    assert deployments.n > 2_000
    assert len(read) < deployments.n / 2
    assert 10_000 < count_bytes(shown) < BYTES
