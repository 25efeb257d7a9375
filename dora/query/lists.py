"""Lists of a build's rows in a scope, and analyses over them: what pages and commands show that is not a metric."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from dora import periods
from dora.errors import UsageError, suggest
from dora.query.metric import build_info, fetch_rows, stream_rows
from dora.query.plan import read_query, select_applications
from dora.query.rows import Rows
from dora.query.value import Scope
from dora.sql import catalog
from dora.sql.tables import tables
from dora.storage.database import Connection

Row = dict[str, Any]
MONTH = timedelta(days=30)
COUNT = "SELECT count(*) AS n FROM (\n{sql})"


def list_rows(con: Connection, name: str, scope: Scope) -> Rows:
    """Return the rows of a list within a scope, the latest first; without a window also those without a time.

    Raises ``UsageError`` for an application, team or date that does not exist.
    """
    return run_in_scope(con, rows_in_scope_sql(name), scope)


def run_analysis(con: Connection, name: str, scope: Scope) -> Rows:
    """Return the rows of ``dora/sql/analyses/<name>.sql`` in a scope. Raises ``UsageError`` as ``list_rows`` does."""
    analyses = catalog.queries("analyses")
    if name not in analyses:
        raise UsageError(f"There is no analysis {name}.", suggest(name, analyses))
    return run_in_scope(con, analyses[name], scope)


def run_in_scope(con: Connection, sql: str, scope: Scope, **parameters: object) -> Rows:
    """Return the rows of a query in which ``$change_timeline`` stands for that list in a scope; so do all lists.

    Raises ``UsageError`` as ``list_rows`` does.
    """
    return fetch_rows(con, _in_scope(sql), {**scope_parameters(con, scope), **parameters})


def count_in_scope(con: Connection, sql: str, scope: Scope) -> int:
    """Return how many rows ``run_in_scope`` returns."""
    return int(run_in_scope(con, COUNT.format(sql=sql), scope)[0]["n"])


def stream_in_scope(con: Connection, sql: str, scope: Scope, **parameters: object) -> Iterator[Row]:
    """Return an iterator over the rows of ``run_in_scope``; only some of them are in memory at a time."""
    return stream_rows(con, _in_scope(sql), {**scope_parameters(con, scope), **parameters})


def describe_older_detail(con: Connection, scope: Scope) -> str | None:
    """Return where the detail is that a scope reaches and the build leaves out; null if it leaves out none of it.

    Then changes, and targets, stages and commits of deployments, are incomplete there. A build of an earlier version
    leaves out none.
    """
    exists = "SELECT 1 FROM duckdb_tables() WHERE table_name = 'older_detail' AND database_name = 'dora'"
    rows = fetch_rows(con, "SELECT until, store FROM older_detail", []) if fetch_rows(con, exists, []) else []
    since = scope_parameters(con, scope)["since"]
    for row in rows:
        if since is None or since < row["until"]:
            left_out = f"Changes, targets, stages and commits before {row['until']:%Y-%m-%d} are in {row['store']}"
            return f"{left_out}: `dora rows TABLE --until {row['until']:%Y-%m-%d}` reads them."
    return None


def _in_scope(sql: str) -> str:
    return re.sub(_pattern_of_lists(), lambda match: f"(\n{_unordered(match[1])})", sql)


def stream_export(con: Connection, name: str, scope: Scope) -> Iterator[Row]:
    """Yield the rows of ``dora/sql/export/<name>.sql`` in a scope, a month in memory at a time.

    Raises ``UsageError`` as ``list_rows`` does.
    """
    sql, parameters = catalog.queries("export")[name], scope_parameters(con, scope)
    ((first, last),) = con.execute("SELECT min(traffic_at), max(traffic_at) FROM deployments").fetchall()
    since, until = parameters["since"], parameters["until"]
    start, end = since or first, until or last
    months = (end - start) // MONTH if start and end else 0
    cuts = [start + MONTH * number for number in range(1, months + 1)]
    # An end that is open stays so: what happened before the first deployment is in the first part.
    for part_since, part_until in pairwise([since, *cuts, until]):
        yield from stream_rows(con, sql, {**parameters, "since": part_since, "until": part_until})


@cache
def _pattern_of_lists() -> str:
    """Return what matches ``$name`` of each table whose rows have a time."""
    return rf"\$({'|'.join(name for name, table in tables().items() if table.time)})\b"


def scope_parameters(con: Connection, scope: Scope) -> dict[str, Any]:
    """Return the parameters of ``rows_in_scope_sql``: applications, teams, and the window in UTC."""
    info = build_info(con)
    zone, as_of = info["timezone"], info["as_of"]
    since, until = (
        periods.to_utc(moment, zone) if moment else None
        for moment in periods.parse_window(scope.since, scope.until, zone, as_of)
    )
    _, selection = select_applications(con, scope)
    return {**selection, "since": since, "until": until}


def rows_in_scope_sql(name: str, relation: str | None = None) -> str:
    """Return the query of a table's rows in a scope, or of those that another ``relation`` has of it.

    Raises ``UsageError`` if there is no such table.
    """
    if name not in tables():
        raise UsageError(f"There is no table {name}.", suggest(name, tables()))
    table = tables()[name]
    key = [f"listed.{column}" for column in reversed(table.unique_key)]
    order = ", ".join([f"listed.{table.time} DESC", *key] if table.time else key)
    return f"{_unordered(name, relation)}\nORDER BY {order}"


def _unordered(name: str, relation: str | None = None) -> str:
    """Return the query without an order: where it is part of another one, all rows would be sorted first."""
    time = tables()[name].time
    return read_query("rows_in_scope", list=relation or name, time=f"listed.{time}" if time else "NULL::TIMESTAMP")
