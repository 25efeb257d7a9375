"""docs/tables.md: every table of dora.duckdb with what one row is, its key, an example, and its columns with units.

``python -m dora.export.table_dictionary > docs/tables.md`` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from dora.api.build import OpenBuild
from dora.build.run import build
from dora.config.definitions import describe_definition
from dora.config.settings import Config
from dora.export.publish.rollups import ROLLUPS
from dora.sql.tables import PER_METRIC, PublishedTable, tables, unit
from dora.storage import database

Columns = Mapping[str, Mapping[str, str]]  # the type of each column by table
SHOWN = "lead_time"  # the metric whose tables stand for those of all metrics
COLUMNS = """
SELECT if(schema_name = 'main', '', schema_name || '.') || table_name AS name, column_name, data_type
FROM duckdb_columns()
WHERE database_name = 'dora' AND NOT internal
ORDER BY name, column_index
"""
ABOUT = """# Tables of dora.duckdb

The tables of a build: for SQL (`delivery.sql`, any DuckDB), `delivery.table("deployments").df()` and `dora tables`. The
file has the same text as comments. Times are UTC without a zone; null is "not known" unless a column says otherwise.
`since` and `until` of `delivery.table` cut a table by its column of time. Names of tables and columns stay as
[the API](api.md#names-that-stay) promises; meanings may be worded better.
"""


ABOUT_ROLLUPS = """dora.duckdb has no tables of roll-ups: `dora publish parquet` and `dora publish postgres`
[compute](interop.md#what-parquet-and-postgresql-have) them as `dora show` does. Beside them `metric_titles` has title,
question and unit of each metric."""


def to_markdown(columns: Columns) -> str:
    """Return docs/tables.md for the columns that a build has."""
    described = {name: table for name, table in tables().items() if "." not in name}
    described |= {f"{schema}.NAME": tables()[f"{schema}.{SHOWN}"] for schema in PER_METRIC}
    lines = [ABOUT, "| table | one row is | unique key |", "|---|---|---|"]
    for name, table in described.items():
        link = f"[{name}](#{name.lower().replace('.', '')})"
        lines.append(f"| {link} | {table.grain.removeprefix('One row is ')} | {_code(table.unique_key)} |")
    for name, table in described.items():
        lines += ["", *_section(name, table, columns[table.name])]
    lines += ["", "## Roll-ups", "", ABOUT_ROLLUPS]
    for rollup in ROLLUPS:
        lines += ["", *_section(rollup.table.name, rollup.table, rollup.types)]
    return "\n".join(lines) + "\n"


def _section(name: str, table: PublishedTable, types: Mapping[str, str]) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    time = f" Time: `{table.time}`." if table.time else ""
    yield f"{table.grain} Unique key: {_code(table.unique_key)}.{time}"
    yield from ("", "```sql", table.example, "```", "", "| column | type | unit | meaning |", "|---|---|---|---|")
    for column, kind in types.items():
        meaning = (describe_definition(name, column) or table.meaning(column)).replace("|", "\\|")
        yield f"| {column} | {kind} | {unit(column, kind)} | {meaning} |"


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def read_columns(path: Path) -> Columns:
    """Return the type of each column of each table of a build."""
    columns: dict[str, dict[str, str]] = {}
    with OpenBuild(path) as opened:
        for row in opened.sql(COLUMNS):
            columns.setdefault(row["name"], {})[row["column_name"]] = row["data_type"]
    return columns


def main() -> None:
    """Print docs/tables.md; a build without data has every table."""
    with TemporaryDirectory() as folder:
        with database.replace_landing(Path(folder)):
            pass
        build(Config(data=Path(folder)))
        print(to_markdown(read_columns(Path(folder) / database.PUBLISHED)), end="")


if __name__ == "__main__":
    main()
