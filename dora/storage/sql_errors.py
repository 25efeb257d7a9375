"""An error of DuckDB on one of our files, as what happened and what to do next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb

from dora.errors import DoraError, LockedError, UnusableError

# What DuckDB quotes from the operating system, and what helps.
_SYSTEM_ERRORS = {
    "No space left": "free some space",
    "Disk quota": "free some space, or raise the quota",
    "File too large": "raise the limit of the size of files",
    "Input/output error": "check the disk, which reports read or write errors",
    "Read-only file system": "make the file system writable",
    "Permission denied": "give this user the permission, or run as the owner of the file",
    "Too many open files": "raise the limit of open files",
}
NEXT_STEPS = {
    "landing.duckdb": "run `dora ingest NAME`, `dora build` or `dora nightly`: they make it again from the payloads.",
    "dora.duckdb": "run `dora build`.",
}


@contextlib.contextmanager
def explain_sql_errors(path: Path | None) -> Iterator[None]:
    """Turn an error of DuckDB on a file into a ``DoraError`` with the next step."""
    try:
        yield
    except duckdb.Error as error:
        raise explain(error, path) from error


def explain(error: duckdb.Error, path: Path | None) -> DoraError:
    """Return an error in our words: of the operating system, a lock, memory, or else a damaged file."""
    name, reason = path or "memory", str(error).splitlines()[0].rstrip(".!")
    if isinstance(error, duckdb.OutOfMemoryException):
        return DoraError(f"{name}: memory ran out: {reason}.", "repeat it with more memory.")
    if "Could not set lock" in reason:
        return LockedError(f"Another process has {name} open; nothing was touched.", "close it, then repeat.")
    if "version number" in reason:  # of the storage format
        return DoraError(f"{name} was written by a newer DuckDB; it was not touched.", "install that version again.")
    for words, next_step in _SYSTEM_ERRORS.items():
        if words in reason:
            return DoraError(f"{name}: {reason}. What was committed is kept.", f"{next_step}, then repeat.")
    if path and is_damage(error):
        return UnusableError(f"{name} is damaged: {reason}.", NEXT_STEPS.get(path.name, "make it again."))
    return DoraError(f"{name}: {reason}. What was committed is kept.", "repeat it.")


def is_damage(error: duckdb.Error) -> bool:
    """Return whether a file is not as it was written, unlike an error of a query."""
    if any(words in str(error) for words in (*_SYSTEM_ERRORS, "Could not set lock", "version number")):
        return False
    kinds = (duckdb.IOException, duckdb.InternalException, duckdb.SerializationException, duckdb.FatalException)
    return isinstance(error, kinds) or str(error).startswith("Corrupt database")
