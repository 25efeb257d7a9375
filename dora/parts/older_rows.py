"""Rows of a table of a build, also those that only the store has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dora.errors import DoraError, UsageError, suggest
from dora.parts.detail import DETAIL
from dora.parts.last_build import read_last_build
from dora.parts.store import Store
from dora.query.lists import rows_in_scope_sql, scope_parameters
from dora.query.metric import fetch_rows, stream_rows
from dora.query.plan import execute
from dora.query.value import Scope
from dora.sql.tables import tables
from dora.storage.database import Connection

STORED = "stored_rows"


def stream_table(con: Connection, name: str, scope: Scope, store: str | None) -> Iterator[dict[str, Any]]:
    """Return an iterator over the rows of a table in a scope, the latest first, and with those that the build left out.

    ``store`` is their address, by default what the build says. Raises ``UsageError`` for a table that does not exist or
    can not be cut by the scope, and ``DoraError`` if the store can not be read.
    """
    _check(con, name, scope)
    parameters = scope_parameters(con, scope)
    if name in DETAIL and (older := fetch_rows(con, "SELECT store FROM older_detail", [])):
        _read_parts(con, name, parameters, Store(store or older[0]["store"]))
        return stream_rows(con, rows_in_scope_sql(name, STORED), parameters)
    return stream_rows(con, rows_in_scope_sql(name), parameters)


def _check(con: Connection, name: str, scope: Scope) -> None:
    if name not in tables():
        raise UsageError(f"There is no table {name}.", suggest(name, tables()))
    if (scope.since or scope.until) and not tables()[name].time:
        raise UsageError(f"The table {name} has no time for --since and --until to cut.", "leave them out.")
    if "application" not in [row[0] for row in con.execute(f"DESCRIBE {name}").fetchall()]:
        raise UsageError(f"The table {name} has no applications to select by.", "read it with SQL: delivery.sql().")


def _read_parts(con: Connection, name: str, parameters: dict[str, Any], store: Store) -> None:
    """Make the rows of all parts in a scope a table of their own; in memory are those, and all of one part."""
    last = read_last_build(store)
    if last is None:
        raise DoraError(f"The store {store.address} has no build.", "run `dora build`.")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {STORED} AS SELECT * FROM {name} LIMIT 0")  # noqa: S608 - of the dictionary
    for result in last.results:
        part = store.read_table(f"{result.folder}/main.{name}.parquet")
        con.register("part", part)
        execute(con, f"INSERT INTO {STORED} {rows_in_scope_sql(name, 'part')}", parameters)
        con.unregister("part")
