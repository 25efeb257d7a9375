"""The tables that other tools get: those of the dictionary that a build has, and the roll-ups, as batches of Arrow.

Two types change on the way, since few tools have them: an infinite instant becomes null, and HUGEINT text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from dora.api import Delivery
from dora.export.publish.rollups import ROLLUPS
from dora.query.rows import make_schema, to_arrow
from dora.sql.catalog import metrics
from dora.sql.tables import PublishedTable, tables, unit
from dora.storage.database import Connection

if TYPE_CHECKING:
    import pyarrow as pa

Rows = Iterator[dict[str, Any]]
ROWS_BY_MONTH = 100_000  # a larger table with a time is read, and stored, month by month
ROWS_AT_ONCE = 50_000
WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "UBIGINT")
DAILY_COUNTS = "daily_counts"
TITLES = PublishedTable(
    "metric_titles",
    "One row is one metric.",
    ["metric"],
    "SELECT metric, title, unit, better FROM metric_titles",
    columns={
        "title": "Its title.",
        "question": "The question that it answers.",
        "statistic": "How observations make the value: count, days, median or share.",
        "better": "What is better: higher or lower.",
    },
)
TITLE_TYPES = dict.fromkeys(("metric", "title", "question", "unit", "statistic", "better"), "VARCHAR")


class Part(NamedTuple):
    """Rows that are stored together: those of one month of a large table, else all of a table.

    ``month`` is such as ``2026-03``; null for all, and for rows of a large table without a time.
    """

    month: str | None
    batches: Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class SourceTable:
    """One table to publish, with the SQL type and the meaning of each column.

    ``read`` yields its parts; ``by_month`` says that each is of one month.
    """

    about: PublishedTable
    types: Mapping[str, str]
    meanings: Mapping[str, str]
    read: Callable[[], Iterator[Part]]
    by_month: bool = False

    def units(self) -> dict[str, str]:
        """Return the unit of each column; empty for text and truth values."""
        return {column: unit(column, kind) for column, kind in self.types.items()}

    def schema(self) -> pa.Schema:
        """Return the Arrow schema, in which each column has its unit and meaning; instants are in UTC."""
        import pyarrow as pa  # noqa: PLC0415 - heavy

        units = self.units()
        fields = [
            field.with_metadata({"unit": units[field.name], "meaning": self.meanings[field.name]})
            for field in make_schema(self.types, "UTC")
        ]
        return pa.schema(fields, {"grain": self.about.grain, "unique_key": ", ".join(self.about.unique_key)})


def list_source_tables(delivery: Delivery) -> Iterator[SourceTable]:
    """Yield every table to publish: those of the build in the order of their names, then the roll-ups."""
    existing = {row["table"] for row in delivery.tables() if row["columns"] is not None}
    for name, table in tables().items():
        if name in existing:
            meanings = {row["column"]: row["meaning"] for row in delivery.table(name).describe()}
            yield _read_query(delivery, table, f'SELECT * FROM "{name}"', meanings)  # noqa: S608 - our dictionary
    counts = tables()[f"{DAILY_COUNTS}.{next(iter(metrics()))}"]
    counts = replace(counts, name=DAILY_COUNTS, unique_key=["metric", *counts.unique_key])
    selects = (f"SELECT '{name}' AS metric, * FROM {DAILY_COUNTS}.\"{name}\"" for name in metrics())  # noqa: S608 - our names
    yield _read_query(delivery, counts, " UNION ALL ".join(selects))
    yield _read_rows(TITLES, TITLE_TYPES, _titles)
    for rollup in ROLLUPS:
        yield _read_rows(rollup.table, rollup.types, partial(rollup.rows, delivery))


def _titles() -> Rows:
    for metric in metrics().values():
        yield {"metric": metric.name} | {name: getattr(metric, name) for name in TITLE_TYPES if name != "metric"}


def _read_rows(about: PublishedTable, types: Mapping[str, str], rows: Callable[[], Rows]) -> SourceTable:
    def batches() -> Iterator[pa.RecordBatch]:
        remaining = rows()
        while some := list(islice(remaining, ROWS_AT_ONCE)):
            yield from to_arrow(some, types, "UTC").to_batches()

    meanings = {column: about.meaning(column) for column in types}
    return SourceTable(about, types, meanings, lambda: iter([Part(None, batches())]))


def _read_query(
    delivery: Delivery, about: PublishedTable, query: str, meanings: Mapping[str, str] | None = None
) -> SourceTable:
    columns = {row["column_name"]: row["column_type"] for row in delivery.sql(f"DESCRIBE {query}")}
    types = {name: _published_type(kind) for name, kind in columns.items()}
    selected = ", ".join(_select_column(name, kind) for name, kind in columns.items())
    order = ", ".join(f'"{name}"' for name in dict.fromkeys([*([about.time] if about.time else []), *about.unique_key]))
    select = f"SELECT {selected} FROM ({query}) WHERE $condition ORDER BY {order}"  # noqa: S608 - our names
    ((count,),) = (row.values() for row in delivery.sql(f"SELECT count(*) AS n FROM ({query})"))  # noqa: S608 - our names
    time = f'"{about.time}"' if about.time and count > ROWS_BY_MONTH else None

    def read() -> Iterator[Part]:
        con = delivery.connection()
        for month, condition in _months(con, query, time) if time else [(None, "true")]:
            yield Part(month, _read_batches(con, select.replace("$condition", condition), types))

    meanings = meanings or {column: about.meaning(column) for column in types}
    finite = {column: re.sub("-?infinity", "null", meaning) for column, meaning in meanings.items()}
    return SourceTable(about, types, finite, read, time is not None)


def _months(con: Connection, query: str, time: str) -> list[tuple[str | None, str]]:
    """Return the months in which a query has rows, each with the condition for those rows."""
    sql = f"SELECT DISTINCT date_trunc('month', {time})::DATE FROM ({query}) WHERE isfinite({time}) ORDER BY ALL"  # noqa: S608 - our names
    months: list[tuple[str | None, str]] = [
        (f"{month:%Y-%m}", f"{time} >= DATE '{month}' AND {time} < DATE '{month}' + INTERVAL 1 MONTH")
        for (month,) in con.execute(sql).fetchall()
    ]
    no_time = f"NOT coalesce(isfinite({time}), false)"
    ((without,),) = con.execute(f"SELECT count(*) FROM ({query}) WHERE {no_time}").fetchall()  # noqa: S608 - our names
    return months + ([(None, no_time)] if without else [])


def _read_batches(con: Connection, sql: str, types: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
    naive, schema = make_schema(types), make_schema(types, "UTC")
    for batch in con.sql(sql).to_arrow_reader(ROWS_AT_ONCE):
        # Arrow takes an instant without a zone for UTC, as it is here.
        yield batch.cast(naive).cast(schema)


def _select_column(name: str, kind: str) -> str:
    quoted = f'"{name}"'
    if kind == "TIMESTAMP":
        return f"CASE WHEN isfinite({quoted}) THEN {quoted} END AS {quoted}"
    return f"{quoted}::{_published_type(kind)} AS {quoted}"


def _published_type(kind: str) -> str:
    return "VARCHAR" if kind == "HUGEINT" else "BIGINT" if kind in WHOLE_NUMBERS else kind
