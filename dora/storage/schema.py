"""The versions of the two files, and whether this program can read a file of another version.

``landing.duckdb`` carries the contract number of ``schema.sql``, ``dora.duckdb`` a layout number. A file of another
number is refused and left unchanged: landing is made again from the payloads, a build from landing.
"""

from __future__ import annotations

import contextlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection as Connection

from dora.errors import DoraError

BUILD_LAYOUT = 3  # raise it if readers of an earlier build do not understand this one
BOOKKEEPING = frozenset({"contract", "load", "control_total", "watermark"})


@cache
def create_statements() -> str:
    """Return the SQL that creates the tables of landing."""
    return files("dora.storage").joinpath("schema.sql").read_text()


@cache
def contract_number() -> int:
    """Return the contract number that this program writes."""
    (number,) = re.findall(r"INSERT INTO contract VALUES \((\d+)\)", create_statements())
    return int(number)


@cache
def fact_tables() -> list[str]:
    """Return the names of the landing tables that hold facts, in the order of the contract."""
    names = re.findall(r"CREATE TABLE (\w+)", create_statements())
    return [name for name in names if name not in BOOKKEEPING]


def check_contract(con: Connection, catalog: str = "") -> None:
    """Raise ``DoraError`` if landing, open as ``con`` or attached as ``catalog``, has another contract number."""
    prefix = f"{catalog}." if catalog else ""
    number, current = _read_number(con, f"SELECT version FROM {prefix}contract"), contract_number()  # noqa: S608 - our catalog
    if number > current:
        raise DoraError(
            f"landing.duckdb was written by a newer version (contract {number}, this version reads {current});"
            " it was not touched.",
            "install that version again.",
        )
    if number < current:
        sources = ["NAME"]
        with contextlib.suppress(duckdb.CatalogException, duckdb.BinderException):
            rows = con.execute(f"SELECT DISTINCT source FROM {prefix}load ORDER BY source").fetchall()  # noqa: S608 - our catalog
            sources = [name for (name,) in rows] or sources
        replays = " && ".join(f"dora ingest {name} --replay" for name in sources)
        raise DoraError(
            f"landing.duckdb was written by an older version (contract {number}, now {current}). Nothing is lost:"
            " it was not touched, and the folder payloads beside it has everything that was received.",
            f"run `mv landing.duckdb landing.duckdb.{number}` in that folder, then `{replays} && dora build`.",
        )


def check_layout(con: Connection, path: Path) -> None:
    """Raise ``DoraError`` if this version can not read the build that is open."""
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'build'").fetchall():
        return  # not a build of ours; the first query of a number reports that
    layout = _read_number(con, "SELECT layout FROM build")
    if layout > BUILD_LAYOUT:
        raise DoraError(
            f"{path} was built by a newer version (layout {layout}, this version reads {BUILD_LAYOUT});"
            " it was not touched.",
            "install that version again, or run `dora build` with this one.",
        )
    if layout < BUILD_LAYOUT:
        raise DoraError(
            f"{path} was built by an older version (layout {layout}, now {BUILD_LAYOUT}); nothing is lost.",
            "run `dora build`.",
        )


def _read_number(con: Connection, query: str) -> int:
    try:
        rows = con.execute(query).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return 0  # the first files had no number
    return int(rows[0][0]) if rows else 0
