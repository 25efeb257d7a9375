"""What a data folder says: the rows of every table of landing.duckdb and dora.duckdb, as counts and hashes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dora.storage.database import LANDING, PUBLISHED
from dora.storage.schema import fact_tables
from tests.conftest import opened

# They say which run wrote a row, and when; two runs of one night differ in nothing else.
_OF_A_RUN = {"load_id", "built_at", "build_id"}
_TABLES_OF_RUNS = {"loads", "control_totals"}
_ROWS = {'"archived_document"': "id <> '@as_of'"}  # the others say when a run was


class Rows(NamedTuple):
    """The rows of one table: how many, how many different keys, and the sum of their hashes."""

    count: int
    keys: int
    checksum: int


State = dict[str, Rows]


def read_landing(data: Path) -> State:
    """Return the rows of every table of landing.duckdb; the key is ``(source, id)``."""
    tables = {f'"{table}"': ["source", "id"] for table in fact_tables()}
    return _read(data / LANDING, tables | {'"watermark"': ["source", "stream"]})


def read_build(data: Path) -> State | None:
    """Return the rows of every table of dora.duckdb, or None if there is no such file."""
    return _read(data / PUBLISHED, None) if (data / PUBLISHED).exists() else None


def compare(state: State, expected: State) -> dict[str, list[str]]:
    """Return the tables in which rows are ``lost``, ``doubled`` or ``torn`` (of another content)."""
    damages: dict[str, list[str]] = {}
    for table in expected.keys() | state.keys():
        rows, clean = state.get(table, Rows(0, 0, 0)), expected.get(table, Rows(0, 0, 0))
        if rows == clean:
            continue
        is_doubled = rows.count > rows.keys and rows.count > clean.count
        damage = "doubled" if is_doubled else "lost" if rows.count < clean.count else "torn"
        damages.setdefault(damage, []).append(f"{table}: {rows}, clean {clean}")
    return damages


def _read(path: Path, keys: dict[str, list[str]] | None) -> State:
    with opened(path) as con:
        columns: dict[str, list[str]] = {}
        for schema, table, column in con.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns()"
            " WHERE database_name = 'opened' AND NOT internal AND table_name NOT IN"
            " (SELECT view_name FROM duckdb_views() WHERE database_name = 'opened')"
        ).fetchall():
            name = f'"{table}"' if keys is not None else f'"{schema}"."{table}"'
            if (keys is None and table not in _TABLES_OF_RUNS) or (keys is not None and name in keys):
                columns.setdefault(name, []).append(column)
        selects = [_select(name, columns[name], (keys or {}).get(name)) for name in sorted(columns)]
        rows = con.execute(" UNION ALL ".join(selects)).fetchall()
    return {name: Rows(*numbers) for name, *numbers in rows}


def _select(name: str, columns: list[str], key: list[str] | None) -> str:
    listed = ", ".join(f'"{column}"' for column in columns if column not in _OF_A_RUN)
    distinct = ", ".join(f'"{column}"' for column in key) if key else listed
    return (
        f"SELECT '{name}', count(*), count(DISTINCT ({distinct})), coalesce(sum(hash(t)::HUGEINT), 0)"
        f" FROM (SELECT {listed} FROM {name} WHERE {_ROWS.get(name, 'true')}) t"
    )
