"""A build as files for other machines: observations, weekly series, lists, and a dictionary of their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dora.api import Delivery
from dora.query.rows import to_arrow
from dora.query.value import GROUPS, Scope
from dora.render import console
from dora.render.console import Format
from dora.render.file import replace_file
from dora.sql.catalog import metrics
from dora.sql.tables import shared_meanings, tables

Rows = list[dict[str, Any]]
# The lists that people ask for; the other tables of dora.duckdb are read in DuckDB itself.
TABLES = (
    "deployments", "change_timeline", "failures", "recoveries", "incidents", "approvals", "canaries",
    "canary_outcomes", "audit_trail", "rollbacks", "history_gaps", "definitions_in_force", "check_results",
)  # fmt: skip


Types = dict[str, str]
_SERIES: Types = {
    **{"metric": "VARCHAR", "grouped_by": "VARCHAR", "group": "VARCHAR", "period": "DATE", "value": "DOUBLE"},
    **{"unit": "VARCHAR", "statistic": "VARCHAR", "n": "BIGINT", "low": "DOUBLE", "high": "DOUBLE", "open": "BIGINT"},
    **{"partial": "BOOLEAN", "incomplete": "VARCHAR", "reason": "VARCHAR", "as_of": "TIMESTAMP"},
}
_OBSERVATIONS = ("metric", "application", "happened_at", "subject", "value", "censored", "excluded", "unit")


class Sheet(NamedTuple):
    """The rows of one file, and the SQL type of each column, which it has without rows too."""

    name: str
    types: Types
    rows: Rows


def write(delivery: Delivery, folder: Path, form: Format, scope: Scope) -> dict[str, int]:
    """Write every file into a folder, and return the number of rows of each.

    The window of the scope applies to observations and series; lists are complete. Times are UTC instants, periods
    local dates. Raises ``DoraError`` if a file cannot be written; that file is then unchanged.
    """
    row_counts: dict[str, int] = {}
    dictionary: Rows = []
    for name, types, rows in _sheets(delivery, scope):
        save(folder / f"{name}.{form}", form, rows, types)
        for column in types:
            meaning = tables()[name].meaning(column) if name in tables() else shared_meanings()[column]
            dictionary.append({"file": name, "column": column, "means": meaning})
        row_counts[name] = len(rows)
    save(folder / "dictionary.csv", "csv", dictionary)
    return row_counts


def _sheets(delivery: Delivery, scope: Scope) -> Iterator[Sheet]:
    types = column_types(delivery, "observations")
    yield Sheet("observations", {name: types[name] for name in _OBSERVATIONS}, list(_observations(delivery, scope)))
    yield Sheet("series", _SERIES, list(_series(delivery, scope)))
    for table in TABLES:
        rows = delivery.sql(f'SELECT * FROM "{table}" ORDER BY ALL')  # noqa: S608 - from the list above
        yield Sheet(table, column_types(delivery, table), rows)


def column_types(delivery: Delivery, table: str) -> Types:
    """Return the SQL type of each column of a table of the build."""
    return {row["column_name"]: row["column_type"] for row in delivery.sql(f'DESCRIBE "{table}"')}


def _observations(delivery: Delivery, scope: Scope) -> Iterator[dict[str, Any]]:
    for name, metric in metrics().items():
        for row in delivery.observations(name, scope):
            observation = row | {"metric": name, "unit": metric.unit}
            yield {column: observation[column] for column in _OBSERVATIONS}


def _series(delivery: Delivery, scope: Scope) -> Iterator[dict[str, Any]]:
    """Every metric by week: in total, by application and by team."""
    for name in metrics():
        for by in (None, *GROUPS):
            for value in delivery.values(name, Scope(scope.since, scope.until, by, "week", scope.applications)):
                first_day = value.period.date() if value.period else None
                keys = {"metric": name, "grouped_by": by, "group": value.group, "period": first_day}
                yield keys | {column: getattr(value, column) for column in _SERIES if column not in keys}


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
