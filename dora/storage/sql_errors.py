"""An error of DuckDB on one of our files, as what happened and what to do next."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb

from dora.errors import DoraError, LockedError, UnusableError, UsageError
from dora.storage.system_errors import REMEDIES, explain_system_error, memory_error

REFUSALS = (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError, duckdb.PermissionException)
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


@contextlib.contextmanager
def explain_query() -> Iterator[None]:
    """Turn an error of DuckDB about the SQL of a user into a ``UsageError`` with DuckDB's words."""
    try:
        yield
    except REFUSALS as error:
        reason = " ".join(line.strip() for line in str(error).partition("\n\n")[0].splitlines())
        raise UsageError(f"DuckDB refuses this SQL. {reason}", "see tables() for the tables of the build.") from error


def explain_fault(error: BaseException) -> DoraError | None:
    """Return an error of the machine in our words: of the operating system, memory, a lock or a damaged file.

    None for any other error: that is a fault of the program.
    """
    if isinstance(error, DoraError):
        return error
    if not isinstance(error, duckdb.Error):
        return explain_system_error(error)
    if isinstance(error, duckdb.OutOfMemoryException) or is_damage(error) or _is_of_system(error):
        return explain(error, None)
    return None


def explain(error: duckdb.Error, path: Path | None) -> DoraError:
    """Return an error in our words: of the operating system, a lock, memory, or else a damaged file.

    Without ``path`` it is the file that DuckDB names, else a build: landing is verified before it is read.
    """
    reason = str(error).splitlines()[0].rstrip(".!")
    if isinstance(error, duckdb.OutOfMemoryException):
        return memory_error(reason)
    file = re.search(r'"(/[^"]+)"', reason)
    path = path or (Path(file[1]) if file else Path("dora.duckdb") if is_damage(error) else None)
    name = path or "DuckDB"
    if "Could not set lock" in reason:
        return LockedError(f"Another process has {name} open; nothing was touched.", "close it, then repeat.")
    if "version number" in reason:  # of the storage format
        return DoraError(f"{name} was written by a newer DuckDB; it was not touched.", "install that version again.")
    for words, remedy in REMEDIES.items():
        if words in reason:
            return DoraError(f"{name}: {reason}. What was committed is kept.", f"{remedy}, then repeat.")
    if path and is_damage(error):
        return UnusableError(f"{name} is damaged: {reason}.", NEXT_STEPS.get(path.name, "make it again."))
    return DoraError(f"{name}: {reason}. What was committed is kept.", "repeat it.")


def is_damage(error: duckdb.Error) -> bool:
    """Return whether a file is not as it was written, unlike an error of a query."""
    if _is_of_system(error):
        return False
    kinds = (duckdb.IOException, duckdb.InternalException, duckdb.SerializationException, duckdb.FatalException)
    return isinstance(error, kinds) or "Corrupt" in str(error)  # a block or a log with another checksum


def _is_of_system(error: duckdb.Error) -> bool:
    return any(words in str(error) for words in (*REMEDIES, "Could not set lock", "version number"))
