"""Compare two builds: every row of every table."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from dora.build.run import build
from dora.config.settings import Config
from dora.engines.task import Task
from dora.parts.task import build_part
from dora.storage import database
from dora.storage.landing import LANDING

OF_A_BUILD = ("build_id", "built_at")  # of each build another one
COLUMNS = """
SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()
WHERE database_name = ? AND NOT internal ORDER BY column_index
"""


def differing_rows(first: Path, second: Path) -> dict[str, tuple[int, int]]:
    """Return how many rows of each table only one of two builds has; -1 if their columns are not the same."""
    differences = {}
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{first}' AS first (READ_ONLY)").execute(f"ATTACH '{second}' AS second (READ_ONLY)")
        columns, others = _columns(con, "first"), _columns(con, "second")
        for name in columns.keys() | others.keys():
            if columns.get(name) != others.get(name):
                differences[name] = (-1, -1)
                continue
            selected = ", ".join(f'"{column}"' for column, _ in columns[name] if column not in OF_A_BUILD)
            rows = [f"SELECT {selected} FROM {build}.{name}" for build in ("first", "second")]
            counts = [
                con.execute(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchall()[0][0]
                for a, b in (rows, reversed(rows))
            ]
            if any(counts):
                differences[name] = (counts[0], counts[1])
    return differences


def _columns(con: duckdb.DuckDBPyConnection, build: str) -> dict[str, list[tuple[str, str]]]:
    columns: dict[str, list[tuple[str, str]]] = {}
    for schema, table, column, kind in con.execute(COLUMNS, [build]).fetchall():
        columns.setdefault(f'"{schema}"."{table}"', []).append((column, kind))
    return columns


def build_in_this_process(tasks: Sequence[Task]) -> None:
    """Carry out tasks one after the other, which takes no time to start processes."""
    for task in tasks:
        build_part(*task)


def split_naively(config: Config, count: int, folder: Path) -> Path:
    """Build the applications of a landing in parts by their names alone, and return a file of all rows."""
    union = folder / "naive.duckdb"
    with duckdb.connect(union) as con:
        for number in range(count):
            data = folder / f"naive-{number}"
            data.mkdir()
            shutil.copy(config.data / LANDING, data / LANDING)
            _keep_applications(data / LANDING, count, number)
            with database.open_load_of(data / LANDING, "naive"):
                pass  # computes the control totals again
            build(config, landing=data)
            con.execute(f"ATTACH '{data / database.PUBLISHED}' AS part (READ_ONLY)")
            for name in _columns(con, "part"):
                con.execute(f"CREATE SCHEMA IF NOT EXISTS {name.partition('.')[0]}")
                con.execute(f"CREATE TABLE IF NOT EXISTS {name} AS FROM part.{name} LIMIT 0")
                con.execute(f"INSERT INTO {name} FROM part.{name} EXCEPT FROM {name}")
            con.execute("DETACH part")
    return union


def _keep_applications(path: Path, count: int, number: int) -> None:
    with duckdb.connect(path) as con:
        kept = f"hash(lower(application)) % {count} = {number}"
        for table in database.fact_tables():
            names = {name for name, *_ in con.execute(f"DESCRIBE {table}").fetchall()}
            if "application" in names:
                con.execute(f"DELETE FROM {table} WHERE NOT {kept}")
            elif "execution_id" in names:
                con.execute(f"DELETE FROM {table} WHERE execution_id NOT IN (SELECT id FROM execution WHERE {kept})")
            rows = con.execute(f"SELECT count(*) FROM {table}").fetchall()[0]
            con.execute("UPDATE control_total SET rows = ?, engine = 'another' WHERE table_name = ?", [*rows, table])
