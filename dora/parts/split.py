"""Write the rows of each part into the store: its rows of landing, and what it needs of the whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from dora.parts.plan import LATE
from dora.parts.store import Store
from dora.sql import catalog
from dora.storage.connection import remove
from dora.storage.database import Connection

# How the rows of each landing table that models read find their parts: the query of sql/plan, and its key.
PLACES = {
    "execution": "rows_by_application",
    "rollout": "rows_by_application",
    "config_manifest": "rows_by_application",
    "coverage": "rows_by_application",
    "stage": "rows_by_execution",
    "approval": "rows_by_execution",
    "execution_attempt": "rows_by_execution",
    "traffic_route": "rows_by_execution",
    "canary": "rows_of_canaries",
    "canary_interval": "rows_by_canary",
    "canary_judgment": "rows_by_judgment",
    "canary_metric": "rows_by_judgment",
    "commit": "rows_by_repository",
    "change": "rows_by_repository",
    "change_request": "rows_by_repository",
    "request_head": "rows_by_repository",
    "verdict": "rows_by_record",
    "load": "rows_of_all",
}
KEYS = {"canary_judgment": "id", "canary_metric": "judgment_id"}
# Facts of the whole, each by a query of sql/plan; the tables of parts are replaced by them.
FACTS_OF_WHOLE = (
    "name_spellings", "teams", "people", "content_parts", "pipelines", "template_versions", "canary_config_names",
    "incident_records", "approvals_of_events", "owned_applications", "owned_repositories",
)  # fmt: skip
# Columns that say when a source was read, and not what was in it: they alone make no part a changed one.
CLOCKS = {"load": None, "coverage": ("load_id", "until")}
ROW_GROUP = 20_000  # rows, because each part has one in memory


class Written(NamedTuple):
    """The number of rows of a table in a part, and a checksum of them without the times of loads."""

    rows: int
    checksum: str


Contents = dict[int, dict[str, Written]]  # of each part, by table


def landing_queries() -> dict[str, str]:
    """Return for each landing table the query of its rows with their parts."""
    planning = catalog.queries("plan")
    return {
        table: planning[query].replace("$table", table).replace("$key", KEYS.get(table, ""))
        for table, query in PLACES.items()
    }


def fact_queries() -> dict[str, str]:
    """Return for each fact of the whole the query of its rows with their parts."""
    planning = catalog.queries("plan")
    return {name: planning[f"fact_{name}"] for name in FACTS_OF_WHOLE}


def late_queries() -> dict[str, str]:
    """Return for each fact that only models know the query of its rows with their parts."""
    planning = catalog.queries("plan")
    return {name: planning[f"late_{name}"] for name in LATE}


def write_rows(
    con: Connection, store: Store, queries: dict[str, str], folder: Callable[[int | None], str], scratch: Path
) -> Contents:
    """Write the rows of each query into the folder of their part, a Parquet file a table, and return what was written.

    Tables without rows in a part have no file there; the folder of no part has an empty one of each table.
    """
    contents: Contents = defaultdict(dict)
    for table, query in queries.items():
        written = scratch / table
        con.execute(f"COPY (SELECT * EXCLUDE (part) FROM ({query}) LIMIT 0) TO '{written}.parquet'")  # noqa: S608 - our SQL files
        store.upload(written.with_suffix(".parquet"), f"{folder(None)}/{table}.parquet")
        con.execute(
            f"COPY ({query}) TO '{written}' (FORMAT parquet, PARTITION_BY (part), ROW_GROUP_SIZE {ROW_GROUP},"
            " FILENAME_PATTERN 'rows_{i}')"
        )
        for part, content in _read_contents(con, table, written).items():
            contents[part][table] = content
            files = sorted((written / f"part={part}").glob("*.parquet"))
            for number, file in enumerate(files):
                store.upload(file, f"{folder(part)}/{table}{f'-{number}' if number else ''}.parquet")
        remove(written)
    return contents


def _read_contents(con: Connection, table: str, written: Path) -> dict[int, Written]:
    if not any(written.glob("*/*.parquet")):
        return {}
    rows = f"read_parquet('{written}/*/*.parquet', hive_partitioning = true)"
    names = [name for name, *_ in con.execute(f"DESCRIBE FROM {rows}").fetchall() if name != "part"]
    clocks = CLOCKS.get(table, ("load_id",))
    columns = ", ".join(f'"{name}"' for name in names if name not in (clocks or ()))
    if clocks is None:
        parts = con.execute(f"SELECT DISTINCT part FROM {rows}").fetchall()  # noqa: S608 - our names
        return {int(part): Written(0, "0") for (part,) in parts}
    totals = con.execute(f"SELECT part, count(*), sum(hash({columns})::HUGEINT) FROM {rows} GROUP BY part").fetchall()  # noqa: S608 - our names
    return {int(part): Written(count, str(checksum)) for part, count, checksum in totals}


def count_rows(con: Connection, queries: Iterable[str]) -> dict[int, int]:
    """Return the number of rows that each part would get."""
    counts: dict[int, int] = defaultdict(int)
    for query in queries:
        for part, rows in con.execute(f"SELECT part, count(*) FROM ({query}) GROUP BY part").fetchall():  # noqa: S608 - our SQL files
            counts[part] += rows
    return counts
