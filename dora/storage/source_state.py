"""How much landing holds of one source, counted as a reader would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_DID = """
SELECT count(DISTINCT execution_id) FILTER (action = 'deploy') AS deployments,
  count(DISTINCT execution_id) FILTER (action = 'rollback') AS rollbacks
FROM rollout WHERE source = $1 AND status <> 'not_started'
"""
_COVERED = """
SELECT count(DISTINCT application) AS applications, min(since) AS since, max(until) AS until,
  count(*) - count(DISTINCT application) AS gaps
FROM coverage WHERE source = $1
"""


def held(con: Connection, source: str, tables: list[str]) -> dict[str, int]:
    """Rows of those tables that hold any, and executions that deployed or rolled back, in whichever environment."""
    each = (f"SELECT '{table}', count(*) FROM \"{table}\" WHERE source = $1" for table in tables)  # noqa: S608
    found = dict(con.execute(" UNION ALL ".join(each), [source]).fetchall())
    rows = {table: found[table] for table in tables if found[table]}
    return rows | (_row(con, _DID, source) if "rollout" in rows else {})


def covered(con: Connection, source: str) -> dict[str, Any] | None:
    """Of how many applications all executions were seen, from when to when (UTC), with how many gaps."""
    found = _row(con, _COVERED, source)
    return found if found["applications"] else None


def _row(con: Connection, query: str, source: str) -> dict[str, Any]:
    """The one row of a query, by name."""
    cursor = con.execute(query, [source])
    names = [column[0] for column in cursor.description or ()]
    return dict(zip(names, cursor.fetchall()[0], strict=True))
