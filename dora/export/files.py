"""A build as CSV for spreadsheets: observations, weeks, lists, and a dictionary of their columns.

``publish/parquet.py`` writes Parquet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dora.api import Delivery
from dora.export.publish.rollups import WEEKLY
from dora.query.rows import to_arrow
from dora.query.value import Scope
from dora.render import console
from dora.render.console import Format
from dora.render.file import replace_file
from dora.sql.catalog import metrics
from dora.sql.tables import PublishedTable, tables

Rows = list[dict[str, Any]]
# The lists that people ask for; the other tables of dora.duckdb are read in DuckDB itself.
TABLES = (
    "deployments", "change_timeline", "failures", "recoveries", "incidents", "approvals", "canaries",
    "canary_outcomes", "audit_trail", "rollbacks", "history_gaps", "definitions_in_force", "check_results",
)  # fmt: skip


Types = dict[str, str]
_OBSERVATIONS = ("metric", "application", "happened_at", "subject", "value", "censored", "excluded", "unit")


class Sheet(NamedTuple):
    """The rows of one file, and the SQL type of each column, which it has without rows too."""

    about: PublishedTable
    types: Types
    rows: Rows


def write(delivery: Delivery, folder: Path, scope: Scope) -> dict[str, int]:
    """Write every file into a folder, and return the number of rows of each.

    The window of the scope applies to observations and weeks; lists are complete. Times are UTC instants, periods local
    dates. Raises ``DoraError`` if a file cannot be written; that file is then unchanged.
    """
    row_counts: dict[str, int] = {}
    dictionary: Rows = []
    for about, types, rows in _sheets(delivery, scope):
        save(folder / f"{about.name}.csv", "csv", rows, types)
        dictionary += [{"file": about.name, "column": column, "means": about.meaning(column)} for column in types]
        row_counts[about.name] = len(rows)
    save(folder / "dictionary.csv", "csv", dictionary)
    return row_counts


def _sheets(delivery: Delivery, scope: Scope) -> Iterator[Sheet]:
    types = column_types(delivery, "observations")
    kept = {name: types[name] for name in _OBSERVATIONS}
    yield Sheet(tables()["observations"], kept, list(_observations(delivery, scope)))
    yield Sheet(WEEKLY.table, WEEKLY.types, list(WEEKLY.rows(delivery, scope)))
    for name in TABLES:
        rows = delivery.sql(f'SELECT * FROM "{name}" ORDER BY ALL')  # noqa: S608 - from the list above
        yield Sheet(tables()[name], column_types(delivery, name), rows)


def column_types(delivery: Delivery, table: str) -> Types:
    """Return the SQL type of each column of a table of the build."""
    return {row["column_name"]: row["column_type"] for row in delivery.sql(f'DESCRIBE "{table}"')}


def _observations(delivery: Delivery, scope: Scope) -> Iterator[dict[str, Any]]:
    for name, metric in metrics().items():
        for row in delivery.observations(name, scope):
            observation = row | {"metric": name, "unit": metric.unit}
            yield {column: observation[column] for column in _OBSERVATIONS}


def save(
    path: Path, form: Format, rows: Rows, types: Types | None = None, about: Mapping[str, str] | None = None
) -> None:
    """Write rows as one file; ``types`` are its columns, which default to those of the first row.

    ``about`` is metadata of a Parquet file; CSV has no place for it.

    Raises ``DoraError`` if it cannot be written; the old file is then unchanged.
    """
    types = types or dict.fromkeys(rows[0] if rows else (), "")
    with replace_file(path) as temporary_path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if form == "csv":
            with temporary_path.open("w", newline="", encoding="utf-8") as file:
                console.write_csv(rows, file, list(types))
        else:
            _write_parquet(rows, temporary_path, types, about or {})


def _write_parquet(rows: Rows, path: Path, types: Types, about: Mapping[str, str]) -> None:
    from pyarrow import parquet  # noqa: PLC0415 - a third of a second that other commands need not pay

    # An instant: without its zone a reader would take it for local time.
    table = to_arrow(rows, types, "UTC").replace_schema_metadata(dict(about))
    parquet.write_table(table, path, compression="zstd")
