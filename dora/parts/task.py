"""Build one part: a task that needs nothing but a store, and can be repeated."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dora.build.run import write_inputs, write_tables
from dora.config.settings import Config
from dora.errors import DoraError
from dora.parts import layout
from dora.parts.owners import EXPORTED, find_owner
from dora.parts.split import PLACES
from dora.parts.store import Store
from dora.sql import catalog
from dora.storage import database
from dora.storage.connection import escape
from dora.storage.database import Connection

ROWS_OF_PART = {
    "application": "application IS NULL OR application IN (FROM whole.owned_applications)",
    "repository": "repository IN (FROM whole.owned_repositories)",
    "part": "true",
}
TABLES = """
SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() AND NOT temporary
"""
# What the models of a part compute from all parts is read instead.
ENDED = """
SELECT application, until AS ended_at, TRUE AS is_stated FROM application_ends
UNION ALL
SELECT application, NULL, FALSE FROM whole.quiet_applications
"""
LINKED = """
SELECT computed.* FROM ({stated_links}) AS computed ANTI JOIN whole.links
  ON computed.record = links.record AND computed.source = links.source AND computed.id = links.id
UNION ALL BY NAME
SELECT record, source, id, application, deployment_id, linked_by, problem FROM whole.links
"""


def versions() -> dict[str, str]:
    """Return the versions on which the rows of a build depend."""
    return {"dora": metadata.version("delivery-metrics"), "duckdb": metadata.version("duckdb")}


def build_part(store: str, build_id: str, part: int, attempt: int) -> None:
    """Build a part of a build, and write its tables and last of all ``control.json``.

    Raises ``DoraError`` if the versions here are others than those of the plan.
    """
    files, results = Store(store), layout.result_folder(build_id, part, attempt)
    plan = json.loads(files.read(f"{layout.build_folder(build_id)}/{layout.PLAN}"))
    if plan["versions"] != versions():
        raise DoraError(
            f"Part {part} was planned with {plan['versions']}, and here is {versions()}; it was not built.",
            "install the same versions wherever parts are built.",
        )
    with TemporaryDirectory(prefix=f"dora-part-{part}-") as folder:
        queries = _read_rows(files, plan["parts"][part]["folders"], Path(folder))
        landing = {table: queries.pop(table) for table in PLACES}
        with database.open_part(Path(folder) / "part.duckdb", landing, queries, plan["memory"]) as con:
            replacements = _replace_models(queries)
            write_inputs(con, Config(**plan["settings"]), replacements)
            write_tables(con, replacements=replacements)
            tables = _export(con, files, results, Path(folder))
    control = {"part": part, "attempt": attempt, "versions": versions(), "tables": tables}
    files.write(f"{results}/{layout.CONTROL}", json.dumps(control).encode())


def _read_rows(files: Store, folders: list[str], scratch: Path) -> dict[str, str]:
    """Return for each table the query of its rows in some folders of a store."""
    paths: dict[str, list[Path]] = defaultdict(list)
    for number, folder in enumerate(folders):
        for name in files.names(folder):
            path = files.local_path(name)
            if path is None:
                path = scratch / f"{number}-{name.rpartition('/')[2]}"
                files.download(name, path)
            paths[name.rpartition("/")[2].removesuffix(".parquet").partition("-")[0]].append(path)
    return {name: select_files(of_table) for name, of_table in paths.items()}


def select_files(paths: list[Path]) -> str:
    """Return a query of the rows of some Parquet files."""
    listed = ", ".join(f"'{escape(path)}'" for path in paths)
    return f"SELECT * FROM read_parquet([{listed}], hive_partitioning = false)"  # noqa: S608 - our names


def _replace_models(names: Iterable[str]) -> dict[str, str]:
    """Return the queries that replace those of models: facts of the whole, or of the models of all parts."""
    computed = catalog.queries("intermediate")["stated_links"]
    replacements = {name: f"FROM whole.{name}" for name in names}
    return replacements | {"ended_applications": ENDED, "stated_links": LINKED.format(stated_links=computed)}


def _export(con: Connection, files: Store, results: str, scratch: Path) -> dict[str, dict[str, Any]]:
    """Write the rows that belong to this part, and return their number, checksum and columns by table."""
    con.execute("CREATE TEMP VIEW linked_in_parts AS FROM stated_links")
    owners = {f"{schema}.{table}": find_owner(schema, table) for schema, table in con.execute(TABLES).fetchall()}
    tables = {}
    for name, owner in {**owners, **{f"temp.{table}": owner for table, owner in EXPORTED.items()}}.items():
        if owner == "whole":
            continue
        schema, table = name.split(".")
        path = scratch / f"{name}.parquet"
        con.execute(
            f'COPY (FROM "{schema}"."{table}" WHERE {ROWS_OF_PART[owner]}) TO \'{escape(path)}\' (FORMAT parquet)'
        )
        tables[name] = describe(con, path)
        files.upload(path, f"{results}/{name}.parquet")
        path.unlink()
    return tables


def describe(con: Connection, path: Path) -> dict[str, Any]:
    """Return the number of rows of a Parquet file, their checksum and the columns with their types."""
    rows = select_files([path])
    ((count, checksum),) = con.execute(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM ({rows}) AS t").fetchall()  # noqa: S608 - our names
    columns = [[name, kind] for name, kind, *_ in con.execute(f"DESCRIBE {rows}").fetchall()]
    return {"rows": count, "checksum": str(checksum or 0), "columns": columns}
