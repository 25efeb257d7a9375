"""The file landing.duckdb: made aside, opened under the lock, replaced as a whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from dora.errors import UnusableError, UsageError
from dora.storage.connection import Connection, connect, escape, lock, log_of, write_aside
from dora.storage.landing import LANDING, Load, prepare, update_engine, verify
from dora.storage.sql_errors import NEXT_STEPS, explain_sql_errors

MEMORY = "192MB"  # that a load may use; DuckDB spills what exceeds it to disk, so a long history fits a small machine
BLOCK = 1 << 16  # bytes; with the default of 256 kB most of the blocks of some thirty small tables would be empty
PAYLOADS = "payloads"  # beside landing: everything that was received


@contextlib.contextmanager
def open_load(data: Path, source: str) -> Iterator[Load]:
    """Open landing.duckdb for one load of a source, under the lock; the first load creates it.

    Raises ``UnusableError`` if it is damaged or of an older version, or is missing and payloads are there.
    """
    with lock(data):
        if not has_landing(data):
            with write_aside(data / LANDING) as aside:
                _create_landing(aside)
        with open_load_of(data / LANDING, source) as load:
            yield load


@contextlib.contextmanager
def open_load_of(path: Path, source: str) -> Iterator[Load]:
    """Open a landing for one load of a source; the caller holds the lock."""
    with _open_landing(path) as con:
        con.execute("SET threads = 1")  # more threads load no faster and take twice the processor time
        yield Load(con, source)


@contextlib.contextmanager
def replace_landing(data: Path) -> Iterator[Path]:
    """Yield the path of a new landing that replaces landing.duckdb at the end of the block, under the lock."""
    landing = data / LANDING
    with lock(data):
        with write_aside(landing) as aside:
            _create_landing(aside)
            yield aside
            with connect(aside, read_only=True) as con, explain_sql_errors(aside):
                verify(con)
        # A log of the old file beside the new one is refused, so to be killed before this line heals as well.
        log_of(landing).unlink(missing_ok=True)


@contextlib.contextmanager
def inspect_landing(data: Path) -> Iterator[Connection]:
    """Open landing read-only and verified, under the lock. Raises ``LockedError`` and ``UnusableError``."""
    path = data / LANDING
    with lock(data):
        if not has_landing(data):
            raise UsageError(f"There is no {path}: nothing was ingested yet.", "run `dora ingest NAME`.")
        with connect(path, read_only=True) as con, explain_sql_errors(path):
            verify(con)
            yield con


def is_usable(data: Path) -> bool:
    """Return whether landing can be read by this version, or there is none yet."""
    try:
        with inspect_landing(data):
            return True
    except UsageError:
        return True
    except UnusableError:
        return False


def has_landing(data: Path) -> bool:
    """Return whether landing.duckdb is there. Raises ``UnusableError`` if it is missing and payloads are there."""
    if (data / LANDING).exists():
        return True
    if next((data / PAYLOADS).glob("*/*/*.ndjson.zst"), None):
        raise UnusableError(f"{data / LANDING} is missing, and its payloads are there.", NEXT_STEPS[LANDING])
    return False


def _create_landing(path: Path) -> None:
    with connect() as con:
        con.execute(f"ATTACH '{escape(path)}' AS landing (BLOCK_SIZE {BLOCK})")
    with _open_landing(path):
        pass


@contextlib.contextmanager
def _open_landing(path: Path) -> Iterator[Connection]:
    with connect(path) as con, explain_sql_errors(path):
        con.execute(f"SET memory_limit = '{MEMORY}'")
        prepare(con)
        verify(con)
        update_engine(con)
        yield con
        con.execute("CHECKPOINT")
