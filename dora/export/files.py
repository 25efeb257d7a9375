"""A build as files for other machines: observations, weekly series, lists, and a dictionary of their columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dora.api import Delivery
from dora.query.value import GROUPS, Scope
from dora.render import console
from dora.render.console import Format
from dora.render.file import replace_file
from dora.sql.catalog import column_meanings, metrics

Rows = list[dict[str, Any]]
# The lists that people ask for; the other tables of dora.duckdb are read in DuckDB itself.
TABLES = (
    "deployments", "change_timeline", "failures", "recoveries", "incidents", "approvals", "canaries",
    "canary_outcomes", "audit_trail", "rollbacks", "history_gaps", "definitions_in_force", "check_results",
)  # fmt: skip


def write(delivery: Delivery, folder: Path, form: Format, scope: Scope) -> dict[str, int]:
    """Write every file into a folder, and return the number of rows of each.

    The window of the scope applies to observations and series; lists are complete. Raises ``DoraError`` if a file
    cannot be written; that file is then unchanged.
    """
    row_counts: dict[str, int] = {}
    dictionary: Rows = []
    meanings = column_meanings()
    for name, rows in _files(delivery, scope):
        if rows:
            save(folder / f"{name}.{form}", form, rows)
            for column in rows[0]:
                meaning = meanings.get((name, column)) or meanings["", column]
                dictionary.append({"file": name, "column": column, "means": meaning})
        row_counts[name] = len(rows)
    save(folder / "dictionary.csv", "csv", dictionary)
    return row_counts


def _files(delivery: Delivery, scope: Scope) -> Iterator[tuple[str, Rows]]:
    yield "observations", list(_observations(delivery, scope))
    yield "series", list(_series(delivery, scope))
    for table in TABLES:
        yield table, delivery.sql(f'SELECT * FROM "{table}" ORDER BY ALL')  # noqa: S608 - from the list above


def _observations(delivery: Delivery, scope: Scope) -> Iterator[dict[str, Any]]:
    columns = ("application", "happened_at", "subject", "value", "censored", "excluded")
    for name, metric in metrics().items():
        for row in delivery.observations(name, scope):
            yield {"metric": name} | {column: row[column] for column in columns} | {"unit": metric.unit}


def _series(delivery: Delivery, scope: Scope) -> Iterator[dict[str, Any]]:
    """Every metric by week: in total, by application and by team."""
    columns = ("value", "unit", "statistic", "n", "low", "high", "open", "partial", "incomplete", "reason")
    for name in metrics():
        for by in (None, *GROUPS):
            for value in delivery.values(name, Scope(scope.since, scope.until, by, "week", scope.applications)):
                keys = {"metric": name, "grouped_by": by, "group": value.group, "period": value.period}
                yield keys | {column: getattr(value, column) for column in columns} | {"as_of": value.as_of}


def save(path: Path, form: Format, rows: Rows) -> None:
    """Write rows as one file. Raises ``DoraError`` if it cannot be written; the old file is then unchanged."""
    with replace_file(path) as temporary_path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if form == "csv":
            with temporary_path.open("w", newline="", encoding="utf-8") as file:
                console.write_csv(rows, file)
        else:
            import pyarrow as pa  # noqa: PLC0415 - a third of a second that other commands need not pay
            from pyarrow import parquet  # noqa: PLC0415

            parquet.write_table(pa.Table.from_pylist(rows), temporary_path, compression="zstd")
