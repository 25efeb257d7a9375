"""The two files: build a new dora.duckdb, open a build; ``landing_file`` opens landing.duckdb.

``landing.duckdb`` is written by ingest and read by build. Rows, watermark and control totals are committed in one
transaction, merged by ``(source, id)``. ``dora.duckdb`` is built as a temporary file and moved in with ``os.replace``,
so a reader always sees one complete build.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from dora.errors import DoraError, UsageError
from dora.storage import schema
from dora.storage.connection import (
    LOCK,
    Connection,
    connect,
    escape,
    fsync,
    hide_progress_bar,
    lock,
    make_folder,
    require_file,
    write_aside,
)
from dora.storage.disk import measure_space
from dora.storage.landing import LANDING, ArchivedLoad, Load, verify
from dora.storage.landing_file import has_landing, inspect_landing, is_usable, open_load, open_load_of, replace_landing
from dora.storage.schema import fact_tables
from dora.storage.source_state import (
    ARCHIVED,
    KnownIncident,
    QuarantinedInput,
    ReportedRecord,
    SourceState,
    count_rows,
    has_archived,
    read_archived,
    read_coverage,
    read_open_quarantine,
)
from dora.storage.sql_errors import explain_sql_errors

__all__ = ["ARCHIVED", "FACTS", "LANDING", "LOCK", "PUBLISHED", "ArchivedLoad", "Connection", "Load"]
__all__ += [
    "KnownIncident",
    "QuarantinedInput",
    "ReportedRecord",
    "SourceState",
    "SqlError",
    "build_database",
    "count_rows",
]
__all__ += ["fact_tables", "fsync", "has_archived", "has_landing", "inspect_landing", "is_usable", "lock"]
__all__ += ["make_folder"]
__all__ += [
    "measure_space",
    "open_build",
    "open_load",
    "open_load_of",
    "open_part",
    "open_scratch",
    "read_archived",
    "read_coverage",
    "write_build",
]
__all__ += ["read_open_quarantine", "replace_landing", "sort_by_dependency", "write_aside"]

PUBLISHED = "dora.duckdb"
FACTS = "facts"  # landing.duckdb in a build, as it is
SMALL = 50_000  # rows of facts
SqlError = duckdb.Error
_READ_OFTEN = {"change", "commit", "execution", "load", "rollout"}
# Tables by the query that reads them: DuckDB needs milliseconds to find them, and tests build hundreds of times.
_TABLES_READ: dict[str, set[str]] = {}


@contextlib.contextmanager
def build_database(data: Path, into: Path | None = None) -> Iterator[Connection]:
    """Open a new, empty file beside dora.duckdb, with landing attached read-only as ``facts``.

    ``landing`` is an empty database in memory, for views of these facts.

    If the block succeeds, the file replaces dora.duckdb (or ``into``) atomically; otherwise it is removed and the last
    build stays.
    """
    with lock(data), write_build(data, into) as con:
        yield con


@contextlib.contextmanager
def write_build(data: Path, into: Path | None = None, memory: str | None = None) -> Iterator[Connection]:
    """Do as ``build_database`` while the caller holds the lock; queries may use ``memory``, such as ``1GB``."""
    with write_aside(into or data / PUBLISHED) as aside, _write_beside_facts(data, aside, memory) as con:
        yield con


@contextlib.contextmanager
def open_scratch(data: Path, scratch: Path, memory: str | None = None) -> Iterator[Connection]:
    """Open a file of tables that are not published, new or not, with landing attached as in ``build_database``.

    The caller holds the lock.
    """
    with _write_beside_facts(data, scratch, memory) as con:
        yield con


@contextlib.contextmanager
def open_part(
    path: Path, landing: Mapping[str, str], whole: Mapping[str, str], memory: str | None = None
) -> Iterator[Connection]:
    """Open a new file for the tables of a part, whose landing is no file: ``landing`` has the query of each table.

    A table of landing without a query is empty. ``whole`` has those of the views in the catalog ``whole``.
    """
    with connect() as con:
        con.execute(f"SET temp_directory = '{escape(path)}.tmp'")
        if memory:
            con.execute("SET memory_limit = ?", [memory])
        con.execute(f"ATTACH ':memory:' AS {FACTS}").execute(f"USE {FACTS}").execute(schema.create_statements())
        for table, query in landing.items():
            # What many models read is read into memory, the rest from where it is.
            kind = "TABLE" if table in _READ_OFTEN else "VIEW"
            con.execute(f"DROP TABLE {table}").execute(f"CREATE {kind} {table} AS {query}")
        con.execute("ATTACH ':memory:' AS whole")
        for name, query in whole.items():
            con.execute(f"CREATE VIEW whole.{name} AS {query}")
        con.execute("ATTACH ':memory:' AS landing")
        con.execute(f"ATTACH '{escape(path)}' AS new_build (RECOVERY_MODE no_wal_writes)").execute("USE new_build")
        yield con


@contextlib.contextmanager
def _write_beside_facts(data: Path, path: Path, memory: str | None) -> Iterator[Connection]:
    if not has_landing(data):
        raise UsageError(f"There is no {data / LANDING}: nothing was ingested yet.", "run `dora ingest NAME`.")
    with connect() as con:
        con.execute(f"SET temp_directory = '{escape(path)}.tmp'")
        if memory:
            con.execute("SET memory_limit = ?", [memory])
        # The file is thrown away if the build fails, so it needs no log; a small build takes half the time.
        con.execute(f"ATTACH '{escape(path)}' AS new_build (RECOVERY_MODE no_wal_writes)").execute("USE new_build")
        require_file(data / LANDING)
        with explain_sql_errors(data / LANDING):
            con.execute(f"ATTACH '{escape(data / LANDING)}' AS {FACTS} (READ_ONLY)")
            con.execute("ATTACH ':memory:' AS landing")
            verify(con, FACTS)
        ((rows,),) = con.execute(f"SELECT sum(rows) FROM {FACTS}.control_total").fetchall()  # noqa: S608 - our catalog
        if rows < SMALL:  # more threads than one would need a fifth more time
            con.execute("SET threads = 1")
        yield con
        con.execute("DETACH landing").execute(f"DETACH {FACTS}").execute("CHECKPOINT new_build")


def open_build(path: Path, beside: Path | None = None, memory: str | None = None) -> Connection:
    """Open a build read-only as ``dora``, and another one, ``beside``, as ``earlier``.

    Queries may use ``memory`` together, such as ``1GB``; by default what DuckDB allows. The connection can read no
    other file and can not change its settings.
    """
    # DuckDB shares one open file per path in a process, and after a swap would return the old one. A database in memory
    # with the file attached sees the new build even if an older connection still has the old file open.
    con = duckdb.connect()
    hide_progress_bar(con).execute("SET TimeZone = 'UTC'")
    try:
        for file, name in ((beside, "earlier"), (path, "dora")):
            if file is not None:
                _attach_build(con, file, name)
    except DoraError:
        con.close()
        raise
    if memory:
        con.execute("SET memory_limit = ?", [memory])
    con.execute("SET enable_external_access = false").execute("SET lock_configuration = true")
    return con


def _attach_build(con: Connection, path: Path, name: str) -> None:
    if not path.exists():
        raise UsageError(f"There is no {path}: nothing was built yet.", "run `dora build`, or `dora demo` to try it.")
    require_file(path)
    with explain_sql_errors(path):
        con.execute(f"ATTACH '{escape(path)}' AS {name} (READ_ONLY)").execute(f"USE {name}")
    schema.check_layout(con, path)


def sort_by_dependency(queries: Mapping[str, str]) -> list[str]:
    """Return the names of queries such that each comes after those that it reads. Raises ``DoraError`` for a cycle."""
    if unread := set(queries.values()) - _TABLES_READ.keys():
        with connect() as con:  # where there are no views, whose tables would be returned instead
            for sql in unread:
                _TABLES_READ[sql] = {name.split(".")[-1].strip('"') for name in con.get_table_names(sql)}
    reads = {name: _TABLES_READ[sql] & set(queries) - {name} for name, sql in queries.items()}
    done: list[str] = []
    while len(done) < len(queries):
        ready = [name for name in queries if name not in done and reads[name] <= set(done)]
        if not ready:
            raise DoraError(f"Models read each other in a circle: {sorted(set(queries) - set(done))}.")
        done += ready
    return done
