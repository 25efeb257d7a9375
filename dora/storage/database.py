"""The only caller of ``duckdb.connect``: open landing for one load, build aside, publish.

Two files. ``landing.duckdb`` is written by ingest alone and read by build alone; rows, watermark and
control totals are committed in one transaction, merged by ``(source, id)``. ``dora.duckdb`` is built
aside and moved in with ``os.replace``, so a reader always sees one whole build.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import duckdb

from dora.errors import DoraError, LockedError, UsageError
from dora.storage import schema
from dora.storage.landing import LANDING, Load, fact_tables, prepare, verify

__all__ = [
    "LANDING",
    "PUBLISHED",
    "Connection",
    "Load",
    "SqlError",
    "build_database",
    "fact_tables",
    "inspect_landing",
    "lock",
    "open_build",
    "open_load",
    "sort_by_dependency",
]

PUBLISHED = "dora.duckdb"
MEMORY = "192MB"  # of landing that a load may hold: what is read or merged beyond that goes through the disk
Connection = duckdb.DuckDBPyConnection
_READ: dict[str, set[str]] = {}  # tables by the query that reads them: the engine needs a while to tell
SqlError = duckdb.Error


@contextlib.contextmanager
def lock(data: Path) -> Iterator[None]:
    """Hold the one writer's lock of a data folder.

    Raises ``LockedError`` at once where another run holds it.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (data / "landing.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"Another run is writing to {data}; nothing was touched.", "wait for it to end, then repeat."
            ) from None
        yield


@contextlib.contextmanager
def _opened(path: Path | str, *, read_only: bool = False) -> Iterator[Connection]:
    try:
        con = _quiet(duckdb.connect(str(path), read_only=read_only))
    except duckdb.Error as error:
        raise DoraError(
            f"{path} can not be opened: {str(error).splitlines()[0]}.", "restore it, or rebuild."
        ) from error
    try:
        yield con
    finally:
        con.close()


@contextlib.contextmanager
def open_load(data: Path, source: str) -> Iterator[Load]:
    """Open landing.duckdb for one source under the writer's lock, creating it where it is missing."""
    with lock(data), _opened(data / LANDING) as con, _sound():
        con.execute(f"SET memory_limit = '{MEMORY}'")
        prepare(con)
        verify(con)
        con.execute("SET threads = 1")  # more of them land no sooner, and use twice the processor time
        yield Load(con, source)
        con.execute("CHECKPOINT")


@contextlib.contextmanager
def inspect_landing(data: Path) -> Iterator[Connection]:
    """A read-only connection to landing, verified, while nobody writes. Raises ``LockedError`` and ``StaleError``."""
    with lock(data), _opened(data / LANDING, read_only=True) as con, _sound():
        verify(con)
        yield con


@contextlib.contextmanager
def _sound() -> Iterator[None]:
    """Say in our words that the engine could not read or write landing."""
    try:
        yield
    except duckdb.Error as error:
        raise DoraError(
            f"{LANDING} could not be read or written: {str(error).splitlines()[0]}. The last build is untouched.",
            "repeat it; where the file is damaged or the disk full, make room, move the file away and run"
            " `dora ingest NAME --replay` for each source.",
        ) from error


def _quiet(con: Connection) -> Connection:
    """Else a query of two seconds writes a bar into our output; a notebook without widgets has none to forbid."""
    with contextlib.suppress(duckdb.InvalidInputException):
        con.execute("SET enable_progress_bar = false")
    return con


@contextlib.contextmanager
def build_database(data: Path, into: Path | None = None) -> Iterator[Connection]:
    """A connection to a new, empty file beside dora.duckdb with landing attached read-only as ``landing``.

    ``into`` is another file than the folder's own dora.duckdb.
    Where the block ends well the file is moved in with ``os.replace``; else it is removed and the
    last build stays.
    """
    with lock(data):
        if not (data / LANDING).exists():
            raise UsageError(f"There is no {data / LANDING}: nothing was ingested yet.", "run `dora ingest NAME`.")
        for abandoned in data.glob(f"{PUBLISHED}.*building*"):
            shutil.rmtree(abandoned) if abandoned.is_dir() else abandoned.unlink()
        target = into or data / PUBLISHED
        aside = target.with_name(f"{target.name}.{os.getpid()}.building")
        try:
            with _opened(":memory:") as con:
                _attach_aside(con, aside)
                with _sound():
                    con.execute(f"ATTACH '{_quoted(data / LANDING)}' AS landing (READ_ONLY)")
                    verify(con, "landing")
                yield con
                con.execute("DETACH landing").execute("CHECKPOINT aside")
            _durable(aside)
            aside.replace(target)
            _durable(target.parent)
        finally:
            aside.unlink(missing_ok=True)


def _attach_aside(con: Connection, path: Path) -> None:
    """A file that is thrown away on failure needs no log: without one a small build takes half as long."""
    con.execute(f"SET temp_directory = '{_quoted(path)}.tmp'")
    con.execute(f"ATTACH '{_quoted(path)}' AS aside (RECOVERY_MODE no_wal_writes)").execute("USE aside")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_build(path: Path, beside: Path | None = None) -> Connection:
    """A read-only connection to a build (``dora``), which can reach nothing else on this machine.

    Another build may be attached ``beside`` it, as ``earlier``.
    The file is attached to a database in memory: after a swap a new call sees the new build even
    while an older connection still holds the old one.
    """
    con = duckdb.connect()
    _quiet(con).execute("SET TimeZone = 'UTC'")
    for file, name in ((beside, "earlier"), (path, "dora")):
        if file is not None:
            _attach(con, file, name)
    con.execute("SET enable_external_access = false").execute("SET lock_configuration = true")
    return con


def _attach(con: Connection, path: Path, name: str) -> None:
    if not path.exists():
        con.close()
        raise UsageError(f"There is no {path}: nothing was built yet.", "run `dora build`, or `dora demo` to try it.")
    try:
        con.execute(f"ATTACH '{_quoted(path)}' AS {name} (READ_ONLY)").execute(f"USE {name}")
    except duckdb.Error as error:
        con.close()
        raise DoraError(f"{path} can not be read: {str(error).splitlines()[0]}.", "run `dora build`.") from error
    schema.readable(con, path)


def sort_by_dependency(con: Connection, queries: Mapping[str, str]) -> Iterable[str]:
    """Names of queries such that each comes after those it reads."""
    for sql in set(queries.values()) - _READ.keys():
        _READ[sql] = {name.split(".")[-1].strip('"') for name in con.get_table_names(sql)}
    reads = {name: _READ[sql] for name, sql in queries.items()}
    done: list[str] = []
    while len(done) < len(queries):
        ready = [name for name in queries if name not in done and reads[name] & set(queries) <= set(done) | {name}]
        if not ready:
            raise DoraError(f"Models read each other in a circle: {sorted(set(queries) - set(done))}.")
        done += ready
    return done
