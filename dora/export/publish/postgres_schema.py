"""The schema of PostgreSQL that is replaced: its tables are made in a new one, which takes its name at the end."""

from __future__ import annotations

from collections import defaultdict
from secrets import token_hex
from time import monotonic, sleep

from psycopg import Connection
from psycopg.errors import DependentObjectsStillExist, LockNotAvailable
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from dora.errors import DoraError, LockedError, UsageError

SCHEMA_MARK, TABLE_MARK = "Delivery metrics, published by dora:", "Published by dora."
MAX_NAME = 50  # bytes; PostgreSQL cuts a name after 63
WAIT = 300.0  # seconds for queries of others that read the tables
# Less than the second after which PostgreSQL looks for a deadlock: this run gives way, and never a reader.
LOCK_TIMEOUT = "500ms"
PAUSE = 0.2  # seconds
SCHEMA = """
SELECT coalesce(obj_description(oid, 'pg_namespace'), ''), EXISTS (SELECT FROM pg_class WHERE relnamespace = schema.oid)
FROM pg_namespace AS schema
WHERE nspname = %s
"""
TABLES = """
SELECT relname
FROM pg_class INNER JOIN pg_namespace AS schema ON schema.oid = relnamespace
WHERE nspname = %s AND relkind = 'r' AND obj_description(pg_class.oid, 'pg_class') LIKE '%%' || %s
ORDER BY relname
"""
USERS = """
SELECT DISTINCT CASE WHEN grantee <> 0 THEN pg_get_userbyid(grantee) END
FROM pg_namespace CROSS JOIN aclexplode(nspacl)
WHERE nspname = %s AND privilege_type = 'USAGE' AND grantee <> nspowner
"""
READERS = """
SELECT DISTINCT CASE WHEN grantee <> 0 THEN pg_get_userbyid(grantee) END, relname
FROM pg_class INNER JOIN pg_namespace AS schema ON schema.oid = relnamespace CROSS JOIN aclexplode(relacl)
WHERE nspname = %s AND privilege_type = 'SELECT' AND grantee <> relowner
"""


def create_schema(con: Connection, schema: str) -> str:
    """Create an empty schema that is to replace ``schema``, and return its name.

    Raises ``UsageError`` if ``schema`` has tables of others, and ``LockedError`` while another run publishes.
    """
    if not 0 < len(schema.encode()) <= MAX_NAME:
        raise UsageError(f"The schema {schema!r} needs a name of 1 to {MAX_NAME} bytes.", "give another --schema.")
    ((locked,),) = con.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"dora {schema}"])
    if not locked:
        raise LockedError(f"Another run publishes into the schema {schema}.", "wait for its end, and repeat.")
    for comment, has_tables in con.execute(SCHEMA, [schema]).fetchall():
        if has_tables and not comment.startswith(SCHEMA_MARK):
            happened = f"The schema {schema} has tables that dora did not publish; nothing was changed."
            raise UsageError(happened, "give another --schema: dora replaces all of it.")
    name = f"{schema}_{token_hex(4)}"
    con.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
    return name


def replace_schema(con: Connection, schema: str, new: str, description: str) -> None:
    """Put the schema ``new`` in the place of ``schema``, for the users who may read that.

    Raises ``DoraError`` if others have put something into the schema, or made something of its tables, or if queries
    read them for too long.
    """
    old = [name for (name,) in con.execute(TABLES, [schema, TABLE_MARK])]
    _copy_grants(con, schema, new, old)
    if old:
        tables = SQL(", ").join(Identifier(schema, name) for name in old)
        _lock(con, schema, tables)
        _drop(con, schema, SQL("DROP TABLE {}").format(tables))
    _drop(con, schema, SQL("DROP SCHEMA IF EXISTS {}").format(Identifier(schema)))
    con.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(new), Identifier(schema)))
    comment = Literal(f"{SCHEMA_MARK} {description}")
    con.execute(SQL("COMMENT ON SCHEMA {} IS {}").format(Identifier(schema), comment))


def _copy_grants(con: Connection, schema: str, new: str, old: list[str]) -> None:
    """Let those read the new tables who may read the old; who may read all of these may read what is new as well."""
    for (user,) in con.execute(USERS, [schema]).fetchall():
        con.execute(SQL("GRANT USAGE ON SCHEMA {} TO {}").format(Identifier(new), _role(user)))
    readable = defaultdict(set)
    for user, table in con.execute(READERS, [schema]).fetchall():
        readable[user].add(table)
    existing = {name for (name,) in con.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [new])}
    for user, tables in readable.items():
        for table in sorted(existing if tables >= set(old) else existing & tables):
            con.execute(SQL("GRANT SELECT ON {} TO {}").format(Identifier(new, table), _role(user)))


def _role(user: str | None) -> Composable:
    return Identifier(user) if user else SQL("PUBLIC")


def _lock(con: Connection, schema: str, tables: Composable) -> None:
    """Wait until nobody reads the tables: with all of them locked, no query can see one before and one after."""
    end = monotonic() + WAIT
    while True:
        try:
            with con.transaction():
                con.execute(SQL("SET LOCAL lock_timeout = {}").format(Literal(LOCK_TIMEOUT)))
                con.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(tables))
            return
        except LockNotAvailable:
            if monotonic() > end:
                happened = f"A query has been reading the schema {schema} for {WAIT:.0f} s; it was not changed."
                raise DoraError(happened, "look for it in pg_stat_activity, and repeat.") from None
        sleep(PAUSE)


def _drop(con: Connection, schema: str, statement: Composed) -> None:
    try:
        con.execute(statement)
    except DependentObjectsStillExist as error:
        detail = (error.diag.message_detail or str(error)).splitlines()[0].rstrip(".")
        happened = f"The schema {schema} was not replaced: {detail}."
        raise DoraError(happened, "drop or move that, or give another --schema.") from None
