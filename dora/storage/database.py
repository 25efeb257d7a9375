"""The only caller of ``duckdb.connect``: open landing for one load, build a new file, open a build.

``landing.duckdb`` is written by ingest and read by build. Rows, watermark and control totals are committed in one
transaction, merged by ``(source, id)``. ``dora.duckdb`` is built as a temporary file and moved in with ``os.replace``,
so a reader always sees one complete build.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from dora.errors import DoraError, LockedError, UsageError
from dora.storage import schema
from dora.storage.landing import LANDING, Load, prepare, verify
from dora.storage.schema import fact_tables
from dora.storage.source_state import (
    QuarantinedInput,
    ReportedRecord,
    SourceState,
    count_rows,
    read_coverage,
    read_open_quarantine,
)

__all__ = ["FACTS", "LANDING", "PUBLISHED", "Connection", "Load", "ReportedRecord", "SourceState", "SqlError"]
__all__ += ["build_database", "count_rows", "fact_tables", "inspect_landing", "lock", "open_build", "open_load"]
__all__ += ["QuarantinedInput", "read_coverage", "read_open_quarantine", "sort_by_dependency"]

PUBLISHED = "dora.duckdb"
FACTS = "facts"  # landing.duckdb in a build, as it is
MEMORY = "192MB"  # that a load may use; DuckDB spills what exceeds it to disk, so a long history fits a small machine
Connection = duckdb.DuckDBPyConnection
SqlError = duckdb.Error
# Tables by the query that reads them: DuckDB needs milliseconds to find them, and tests build hundreds of times.
_TABLES_READ: dict[str, set[str]] = {}


@contextlib.contextmanager
def lock(data: Path) -> Iterator[None]:
    """Hold the lock of the only writer of a data folder. Raises ``LockedError`` at once if another run holds it."""
    data.mkdir(parents=True, exist_ok=True)
    # flock, because the kernel releases it with the process: a killed run leaves nothing to clean up.
    with (data / "landing.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"Another run is writing to {data}; nothing was touched.", "wait for it to end, then repeat."
            ) from None
        yield


@contextlib.contextmanager
def _connect(path: Path | str, *, read_only: bool = False) -> Iterator[Connection]:
    try:
        con = _hide_progress_bar(duckdb.connect(str(path), read_only=read_only))
    except duckdb.Error as error:
        raise DoraError(
            f"{path} can not be opened: {str(error).splitlines()[0]}.", "restore it, or rebuild."
        ) from error
    try:
        yield con
    finally:
        con.close()


def _hide_progress_bar(con: Connection) -> Connection:
    """Keep DuckDB from printing a bar into our output after two seconds; some notebooks have no such setting."""
    with contextlib.suppress(duckdb.InvalidInputException):
        con.execute("SET enable_progress_bar = false")
    return con


@contextlib.contextmanager
def open_load(data: Path, source: str) -> Iterator[Load]:
    """Open landing.duckdb for one load of a source, under the lock; the file is created if it is missing."""
    with lock(data), _connect(data / LANDING) as con, _explain_errors():
        con.execute(f"SET memory_limit = '{MEMORY}'")
        prepare(con)
        verify(con)
        con.execute("SET threads = 1")  # more threads load no faster and take twice the processor time
        yield Load(con, source)
        con.execute("CHECKPOINT")


@contextlib.contextmanager
def inspect_landing(data: Path) -> Iterator[Connection]:
    """Open landing read-only and verified, under the lock. Raises ``LockedError`` and ``StaleError``."""
    with lock(data), _connect(data / LANDING, read_only=True) as con, _explain_errors():
        verify(con)
        yield con


@contextlib.contextmanager
def _explain_errors() -> Iterator[None]:
    """Turn an error of DuckDB on landing into a ``DoraError`` with the next step."""
    try:
        yield
    except duckdb.Error as error:
        raise DoraError(
            f"{LANDING} could not be read or written: {str(error).splitlines()[0]}. The last build is untouched.",
            "repeat it; if the file is damaged or the disk full, make room, move the file away and run"
            " `dora ingest NAME --replay` for each source.",
        ) from error


@contextlib.contextmanager
def build_database(data: Path, into: Path | None = None) -> Iterator[Connection]:
    """Open a new, empty file beside dora.duckdb, with landing attached read-only as ``facts``.

    ``landing`` is an empty database in memory, for views of these facts.

    If the block succeeds, the file replaces dora.duckdb (or ``into``) atomically; otherwise it is removed and the last
    build stays.
    """
    with lock(data):
        if not (data / LANDING).exists():
            raise UsageError(f"There is no {data / LANDING}: nothing was ingested yet.", "run `dora ingest NAME`.")
        for abandoned in data.glob(f"{PUBLISHED}.*building*"):  # left by killed builds
            shutil.rmtree(abandoned) if abandoned.is_dir() else abandoned.unlink()
        target = into or data / PUBLISHED
        temporary = target.with_name(f"{target.name}.{os.getpid()}.building")
        try:
            with _connect(":memory:") as con:
                con.execute(f"SET temp_directory = '{_escape(temporary)}.tmp'")
                # The file is thrown away if the build fails, so it needs no log; a small build takes half the time.
                con.execute(f"ATTACH '{_escape(temporary)}' AS new_build (RECOVERY_MODE no_wal_writes)")
                con.execute("USE new_build")
                with _explain_errors():
                    con.execute(f"ATTACH '{_escape(data / LANDING)}' AS {FACTS} (READ_ONLY)")
                    con.execute("ATTACH ':memory:' AS landing")
                    verify(con, FACTS)
                yield con
                con.execute("DETACH landing").execute(f"DETACH {FACTS}").execute("CHECKPOINT new_build")
            # The content has to be on disk before the name is, and the name before we report success.
            _fsync(temporary)
            temporary.replace(target)
            _fsync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _escape(path: Path) -> str:
    return str(path).replace("'", "''")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_build(path: Path, beside: Path | None = None) -> Connection:
    """Open a build read-only as ``dora``, and another one, ``beside``, as ``earlier``.

    The connection can read no other file and can not change its settings.
    """
    # DuckDB shares one open file per path in a process, and after a swap would return the old one. A database in memory
    # with the file attached sees the new build even if an older connection still has the old file open.
    con = duckdb.connect()
    _hide_progress_bar(con).execute("SET TimeZone = 'UTC'")
    try:
        for file, name in ((beside, "earlier"), (path, "dora")):
            if file is not None:
                _attach_build(con, file, name)
    except DoraError:
        con.close()
        raise
    con.execute("SET enable_external_access = false").execute("SET lock_configuration = true")
    return con


def _attach_build(con: Connection, path: Path, name: str) -> None:
    if not path.exists():
        raise UsageError(f"There is no {path}: nothing was built yet.", "run `dora build`, or `dora demo` to try it.")
    try:
        con.execute(f"ATTACH '{_escape(path)}' AS {name} (READ_ONLY)").execute(f"USE {name}")
    except duckdb.Error as error:
        raise DoraError(f"{path} can not be read: {str(error).splitlines()[0]}.", "run `dora build`.") from error
    schema.check_layout(con, path)


def sort_by_dependency(con: Connection, queries: Mapping[str, str]) -> list[str]:
    """Return the names of queries such that each comes after those that it reads. Raises ``DoraError`` for a cycle."""
    for sql in set(queries.values()) - _TABLES_READ.keys():
        _TABLES_READ[sql] = {name.split(".")[-1].strip('"') for name in con.get_table_names(sql)}
    reads = {name: _TABLES_READ[sql] & set(queries) - {name} for name, sql in queries.items()}
    done: list[str] = []
    while len(done) < len(queries):
        ready = [name for name in queries if name not in done and reads[name] <= set(done)]
        if not ready:
            raise DoraError(f"Models read each other in a circle: {sorted(set(queries) - set(done))}.")
        done += ready
    return done
