"""How much landing holds of one source, counted as a reader would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dora.warehouse import Connection

_DID = "SELECT count(DISTINCT execution_id) FROM rollout WHERE source = $1 AND status <> 'not_started' AND action ="
_COVERED = """
SELECT count(DISTINCT application) AS applications, min(since) AS since, max(until) AS until,
  count(*) - count(DISTINCT application) AS gaps
FROM coverage WHERE source = $1
"""


def held(con: Connection, source: str, tables: list[str]) -> dict[str, int]:
    """Rows of those tables that hold any, and executions that deployed or rolled back, in whichever environment."""

    def counted(sql: str) -> int:
        return int(con.execute(sql, [source]).fetchall()[0][0])

    rows = {table: counted(f'SELECT count(*) FROM "{table}" WHERE source = $1') for table in tables}  # noqa: S608
    did = {"deployments": f"{_DID} 'deploy'", "rollbacks": f"{_DID} 'rollback'"} if rows.get("rollout") else {}
    return {name: count for name, count in rows.items() if count} | {name: counted(sql) for name, sql in did.items()}


def covered(con: Connection, source: str) -> dict[str, Any] | None:
    """Of how many applications all executions were seen, from when to when (UTC), with how many gaps."""
    cursor = con.execute(_COVERED, [source])
    names = [column[0] for column in cursor.description or ()]
    found = dict(zip(names, cursor.fetchall()[0], strict=True))
    return found if found["applications"] else None
