"""Join the tables of parts: verified, in one file, with what only the whole can say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dora.build.comments import write_comments
from dora.build.run import finish, write_inputs
from dora.config.settings import Config
from dora.errors import DoraError
from dora.parts import layout
from dora.parts.detail import DETAIL, DetailLimit, write_recent
from dora.parts.owners import OWNERS, find_owner
from dora.parts.plan import LATE
from dora.parts.store import Store
from dora.parts.task import select_files, versions
from dora.sql import catalog
from dora.sql.catalog import CheckResult
from dora.storage.connection import connect, escape
from dora.storage.database import Connection

INPUTS = ("name_spellings", "build", "teams", "people")  # in the scratch file, of the whole landing
# The models and intermediate queries of which facts of the whole and checks are computed again over all parts.
RECOMPUTED = ("deployments_that_can_fail", "first_executions", "ended_applications", "stated_links")
REPEAT = "run `dora build --parts N` again."


class JoinedTable(NamedTuple):
    """The files of one table in all parts, and its columns."""

    paths: list[Path]
    columns: list[tuple[str, str]]


def read_results(store: Store, folders: Sequence[str], scratch: Path) -> dict[str, JoinedTable]:
    """Return the tables of the results in some folders. Raises ``DoraError`` for one that is incomplete or differs."""
    tables: dict[str, JoinedTable] = {}
    expected: dict[str, tuple[int, int]] = {}
    for folder in folders:
        control = _read_control(store, folder)
        for name, table in control["tables"].items():
            columns = [(column, kind) for column, kind in table["columns"]]
            joined = tables.setdefault(name, JoinedTable([], columns))
            if joined.columns != columns:
                raise DoraError(f"{folder}: the columns of {name} are not those of other parts.", REPEAT)
            path = store.local_path(f"{folder}/{name}.parquet")
            if path is None:
                path = scratch / f"{folder.replace('/', '-')}-{name}.parquet"
                store.download(f"{folder}/{name}.parquet", path)
            joined.paths.append(path)
            rows, checksum = expected.get(name, (0, 0))
            expected[name] = rows + table["rows"], checksum + int(table["checksum"])
    with connect() as con:
        for name, joined in tables.items():
            totals = f"SELECT count(*), coalesce(sum(hash(t)::HUGEINT), 0) FROM ({select_files(joined.paths)}) AS t"  # noqa: S608 - our names
            if con.execute(totals).fetchall() != [expected[name]]:
                raise DoraError(f"The rows of {name} are not those that its parts built.", REPEAT)
    return tables


def _read_control(store: Store, folder: str) -> dict[str, Any]:
    if not store.exists(f"{folder}/{layout.CONTROL}"):
        raise DoraError(f"{folder} of {store.address} was not built to its end; the last build stays.", REPEAT)
    control: dict[str, Any] = json.loads(store.read(f"{folder}/{layout.CONTROL}"))
    if control["versions"] != versions():
        raise DoraError(f"{folder} was built by {control['versions']}, and here is {versions()}.", REPEAT)
    return control


def compute_late_facts(con: Connection, tables: Mapping[str, JoinedTable]) -> None:
    """Replace what the scratch file had as the first guess, or from an earlier pass, by what all parts together say."""
    _create_views(con, tables)
    for name in RECOMPUTED:
        con.execute(f"CREATE TEMP VIEW {name} AS {catalog.queries('intermediate')[name]}")
    queries = catalog.queries("intermediate") | {
        name: catalog.queries("plan")[f"true_{name}"] for name in ("quiet_applications", "links")
    }
    for name in LATE:
        con.execute(f"CREATE TABLE true_{name} AS {queries[name]}")
    for name in LATE:
        con.execute(f"DROP TABLE {name}").execute(f"ALTER TABLE true_{name} RENAME TO {name}")


def _create_views(con: Connection, tables: Mapping[str, JoinedTable]) -> None:
    for name, joined in tables.items():
        schema, table = name.split(".")
        if schema in ("main", "temp"):
            con.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS {select_files(joined.paths)}")


def join_tables(
    con: Connection, config: Config, scratch: Path, tables: Mapping[str, JoinedTable], limit: DetailLimit | None = None
) -> list[CheckResult]:
    """Write the joined tables into a new build and return the results of the checks, which read all rows.

    Old detail is left out by a ``limit``. Raises ``StaleError``.
    """
    con.execute(f"ATTACH '{escape(scratch)}' AS plan (READ_ONLY)")
    write_inputs(con, config, {name: f"FROM plan.{name}" for name in INPUTS})
    models = catalog.queries("models")
    for name in models.keys() & set(OWNERS["whole"]):
        con.execute(f"CREATE TABLE {name} AS {models[name]}")
    con.execute("CREATE SCHEMA metrics").execute("CREATE SCHEMA daily_counts")
    for name, joined in tables.items():
        schema, table = name.split(".")
        if schema == "temp" or (limit and schema == "main" and table in DETAIL):
            con.execute(f"CREATE TEMP VIEW {table} AS {select_files(joined.paths)}")
        elif find_owner(schema, table):
            con.execute(f'CREATE TABLE "{schema}"."{table}" AS {select_files(joined.paths)}')
    con.execute(f"CREATE TEMP VIEW ended_applications AS {catalog.queries('intermediate')['ended_applications']}")
    results = finish(con, config)
    if limit:
        write_recent(con, limit)
        write_comments(con)
    con.execute("DETACH plan")
    return results
