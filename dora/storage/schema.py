"""Which contract a file was written under, and whether this program can read it.

``landing.duckdb`` carries the number of ``contract.sql``, ``dora.duckdb`` that of the tables which readers name. A file
of another number is refused and left as it is: landing is made anew from the payloads, a build from landing.
"""

from __future__ import annotations

import contextlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from dora.errors import DoraError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

BUILD = 3  # raise it where readers of an earlier build would not understand this one


@cache
def text() -> str:
    """The DDL of landing."""
    return files("dora.storage").joinpath("schema.sql").read_text()


@cache
def current() -> int:
    """The number of the contract that this program writes."""
    (number,) = re.findall(r"INSERT INTO contract VALUES \((\d+)\)", text())
    return int(number)


def check(con: Connection, catalog: str = "") -> None:
    """Raise ``DoraError`` where landing, open as ``con`` or attached as ``catalog``, has another contract than ours."""
    prefix = f"{catalog}." if catalog else ""
    found = _number(con, f"SELECT version FROM {prefix}contract")  # noqa: S608 - a name of ours
    if found == current():
        return
    if found > current():
        raise DoraError(
            f"landing.duckdb was written by a newer version (contract {found}, this one knows {current()});"
            " it was not touched.",
            "install that version again.",
        )
    replays = " && ".join(f"dora ingest {name} --replay" for name in _sources(con, prefix))
    raise DoraError(
        f"landing.duckdb was written by an older version (contract {found}, now {current()}). Nothing is lost: it was"
        " not touched, and the folder payloads beside it holds all that was received.",
        f"run `mv landing.duckdb landing.duckdb.{found}` in that folder, then `{replays} && dora build`.",
    )


def readable(con: Connection, path: Path) -> None:
    """Raise ``DoraError``, and let go of the file, where this version can not read the build open as ``con``."""
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'build'").fetchall():
        return  # no build at all; whoever asks it for a number is told so
    found = _number(con, "SELECT layout FROM build")
    if found == BUILD:
        return
    con.close()
    if found > BUILD:
        raise DoraError(
            f"{path} was built by a newer version (layout {found}, this one reads {BUILD}); it was not touched.",
            "install that version again, or run `dora build` with this one.",
        )
    raise DoraError(
        f"{path} was built by an older version (layout {found}, now {BUILD}); nothing is lost.", "run `dora build`."
    )


def _number(con: Connection, query: str) -> int:
    """The number that a file carries; 0 for one of before there were numbers."""
    try:
        rows = con.execute(query).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return 0
    return int(rows[0][0]) if rows else 0


def _sources(con: Connection, prefix: str) -> list[str]:
    with contextlib.suppress(duckdb.CatalogException, duckdb.BinderException):
        rows = con.execute(f"SELECT DISTINCT source FROM {prefix}load ORDER BY source").fetchall()  # noqa: S608
        if rows:
            return [name for (name,) in rows]
    return ["NAME"]
