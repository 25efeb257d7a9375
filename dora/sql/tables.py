"""The dictionary of the tables of dora.duckdb: what one row is, keys, times, units, meanings and an example of each.

A model is described in the header of its .sql file, any other table in tables.toml, and a column that several tables
share in columns.toml. The build writes it into DuckDB's comments, docs/tables.md prints it, ``Delivery.table`` uses it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import takewhile
from typing import Any

from dora.sql.catalog import header, metrics, queries

ABOUT_TABLE = ("unique_key", "time", "example")  # keys of a header that are no columns
UNITS_BY_NAME = {"hours": "hours", "minutes": "minutes", "days": "days", "bytes": "bytes"}  # or at the end of a name
UNITS_BY_TYPE = {
    "TIMESTAMP": "UTC", "DATE": "local day", "INTEGER": "count", "BIGINT": "count", "HUGEINT": "count",
}  # fmt: skip
PER_METRIC = ("metrics", "daily_counts")  # schemas with a table for each metric


@dataclass(frozen=True)
class PublishedTable:
    """One table: ``grain`` says what one row is, ``unique_key`` which columns are together unique.

    ``time`` is the column that ``since`` and ``until`` cut, null if there is none; ``columns`` has the meaning of those
    that mean something else in other tables; ``example`` is a query.
    """

    name: str
    grain: str
    unique_key: list[str]
    example: str
    time: str | None = None
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def comment(self) -> str:
        """The grain and the key, as DuckDB's comment on the table has them."""
        return f"{self.grain} Unique: {', '.join(self.unique_key)}."

    def meaning(self, column: str) -> str:
        """Return the meaning of a column here; empty if it has none."""
        return self.columns.get(column) or shared_meanings().get(column, "")


@cache
def tables() -> dict[str, PublishedTable]:
    """Return every table by name; those of a metric as ``metrics.lead_time`` and ``daily_counts.lead_time``."""
    described = {name: _describe_model(name, sql) for name, sql in queries("models").items()}
    others = tomllib.loads(_read("tables.toml"))
    described |= {name: PublishedTable(name, **others[name]) for name in others if not name.endswith(".NAME")}
    for schema in PER_METRIC:
        entry = others[f"{schema}.NAME"]
        described |= {name: PublishedTable(name, **entry) for name in (f"{schema}.{metric}" for metric in metrics())}
    return dict(sorted(described.items()))


@cache
def shared_meanings() -> dict[str, str]:
    """Return the meaning of each column that several tables, or files of an export, share."""
    return {column: meaning for column, meaning in _columns().items() if isinstance(meaning, str)}


def unit(column: str, kind: str) -> str:
    """Return the unit of a column by its name and SQL type; empty for text and truth values."""
    if kind not in ("DOUBLE", *UNITS_BY_TYPE):
        return ""
    if stated := _columns()["units"].get(column):
        return str(stated)
    return UNITS_BY_NAME.get(column.rpartition("_")[2], "") if kind == "DOUBLE" else UNITS_BY_TYPE.get(kind, "")


def _describe_model(name: str, sql: str) -> PublishedTable:
    lines = takewhile(lambda line: line.startswith("--"), sql.splitlines())
    prose = " ".join(line[2:].strip() for line in takewhile(lambda line: line.strip() != "--", lines))
    entries = header(sql)
    about: dict[str, Any] = {key: entries.pop(key) for key in ABOUT_TABLE if key in entries}
    return PublishedTable(name, f"{re.split(r'[.] ', prose)[0].rstrip('.')}.", columns=entries, **about)


@cache
def _columns() -> dict[str, Any]:
    return tomllib.loads(_read("columns.toml"))


def _read(name: str) -> str:
    return files("dora.sql").joinpath(name).read_text()
