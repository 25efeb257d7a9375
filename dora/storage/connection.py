"""Open a file of DuckDB, the lock of a data folder, and files that appear as a whole or not at all."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

from dora.errors import DoraError, LockedError
from dora.storage.sql_errors import explain_sql_errors

Connection = duckdb.DuckDBPyConnection
LOCK = "landing.lock"
# DuckDB 2.0 prints forty lines about leaked instances at the end of a script if its module is taken down after NumPy's.
atexit.register(sys.modules.pop, "duckdb", None)


@contextlib.contextmanager
def lock(data: Path) -> Iterator[None]:
    """Hold the lock of the only writer of a data folder. Raises ``LockedError`` at once if another run holds it."""
    make_folder(data)
    # flock, because the kernel releases it with the process: a killed run leaves nothing to clean up.
    # Opened to read and write, because to open a pipe to write waits for a reader.
    with os.fdopen(os.open(data / LOCK, os.O_RDWR | os.O_CREAT, 0o666), "r") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"Another run is writing to {data}; nothing was touched.", "wait for it to end, then repeat."
            ) from None
        yield


@contextlib.contextmanager
def connect(path: Path | None = None, *, read_only: bool = False) -> Iterator[Connection]:
    """Open a file, or a database in memory. Raises ``UnusableError`` for a damaged file."""
    if path:
        require_file(path)
    with explain_sql_errors(path):
        con = hide_progress_bar(duckdb.connect(str(path or ":memory:"), read_only=read_only))
    try:
        yield con
    finally:
        con.close()


def require_file(path: Path) -> None:
    """Raise ``DoraError`` for a pipe, a socket or a device: to open one may wait for ever."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise DoraError(f"{path} is a pipe or a device, not a file; nothing was touched.", "move it away, then repeat.")


def hide_progress_bar(con: Connection) -> Connection:
    """Keep DuckDB from printing a bar into our output after two seconds; some notebooks have no such setting."""
    with contextlib.suppress(duckdb.InvalidInputException):
        con.execute("SET enable_progress_bar = false")
    return con


def escape(path: Path) -> str:
    """Return a path for a string of SQL."""
    return str(path).replace("'", "''")


@contextlib.contextmanager
def write_aside(target: Path) -> Iterator[Path]:
    """Yield the path of a new file that takes the place of ``target`` at the end of the block, unless that fails."""
    for abandoned in target.parent.glob(f"{target.name}.*.aside*"):  # left by killed runs
        remove(abandoned)
    aside = target.with_name(f"{target.name}.{os.getpid()}.aside")
    try:
        yield aside
        # The content has to be on disk before the name is, and the name before we report success.
        fsync(aside)
        aside.replace(target)
        fsync(target.parent)
    finally:
        aside.unlink(missing_ok=True)
        log_of(aside).unlink(missing_ok=True)


def log_of(path: Path) -> Path:
    """Return the path of DuckDB's log of a file."""
    return path.with_name(f"{path.name}.wal")


def fsync(path: Path) -> None:
    """Write a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, if they are missing, with their names on disk."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(missing):
        fsync(folder.parent)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    import shutil  # noqa: PLC0415 - seldom needed

    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
