"""Tables of the build: their list with the dictionary, and the rows of one, which are read when they are used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from html import escape
from numbers import Integral
from typing import Any

from dora.api.keywords import read_names
from dora.errors import UsageError, counted, suggest
from dora.query.lists import rows_in_scope_sql, scope_parameters
from dora.query.metric import fetch_rows
from dora.query.plan import execute
from dora.query.rows import MAX_ROWS, Frames, Rows, to_html
from dora.query.value import Scope
from dora.sql.tables import tables, unit
from dora.storage.database import Connection

SIZES = """
SELECT if(schema_name = 'main', '', schema_name || '.') || table_name AS name, estimated_size AS rows,
  column_count
FROM duckdb_tables()
WHERE database_name = 'dora'
UNION ALL
SELECT
  'observations',
  sum(estimated_size)::BIGINT,
  (SELECT column_count FROM duckdb_views() WHERE view_name = 'observations')
FROM duckdb_tables()
WHERE database_name = 'dora' AND schema_name = 'metrics'
"""


class TableRows(Frames):
    """The rows of one table, the latest first where it has a column of time. They are read when they are used.

    ``grain`` says what one row is, ``unique_key`` which columns are unique together, ``types`` the SQL type of each
    column, ``describe`` its unit and meaning; ``example`` is a query. Iterate over dictionaries, or take ``df()``,
    ``pl()``, ``arrow()``, which are faster.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        name: str,
        scope: Scope,
        columns: Sequence[str] | None,
        limit: int | None,
    ) -> None:
        if name not in tables():
            raise UsageError(f"There is no table {name}.", suggest(str(name), tables()))
        about = tables()[name]
        self.name, self.grain, self.unique_key, self.example = name, about.grain, about.unique_key, about.example
        self._connect = connect
        con = connect()
        of_table = dict(con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {name})").fetchall())  # noqa: S608 - a name of ours
        names = _select_columns(name, columns, of_table)
        self.types = {column: of_table[column] for column in names}
        self._sql = f"SELECT {', '.join(names)} FROM ({_select(name, scope, of_table)}{_limit(limit)})"  # noqa: S608 - names of ours
        self._parameters = scope_parameters(con, scope)

    @cached_property
    def rows(self) -> Rows:
        """All rows, as dictionaries."""
        return fetch_rows(self._connect(), self._sql, self._parameters)

    def arrow(self) -> Any:
        """Return a pyarrow table, whose times are UTC without a zone."""
        # Named by the query alone: DuckDB refuses a value for a parameter that it does not have.
        names = re.findall(r"\$(\w+)", self._sql)
        return self._connect().sql(self._sql, params={name: self._parameters[name] for name in names}).to_arrow_table()

    def describe(self) -> Rows:
        """Return the columns with SQL type, unit and meaning."""
        columns = [
            {"column": column, "type": kind, "unit": unit(column, kind), "meaning": _describe(self.name, column)}
            for column, kind in self.types.items()
        ]
        return Rows(columns, dict.fromkeys(("column", "type", "unit", "meaning"), "VARCHAR"))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __getitem__(self, place: int) -> dict[str, Any]:
        return self.rows[place]

    def __len__(self) -> int:
        ((count,),) = execute(self._connect(), f"SELECT count(*) FROM ({self._sql})", self._parameters).fetchall()  # noqa: S608 - as above
        return int(count)

    def __repr__(self) -> str:
        return f"{self.name} · {counted(len(self), 'row')} × {counted(len(self.types), 'column')} · {self.grain}"

    def _repr_html_(self) -> str:
        head = fetch_rows(self._connect(), f"{self._sql} LIMIT {MAX_ROWS}", self._parameters)
        return to_html(head, len(self), f"<p>{escape(self.name)}: {escape(self.grain)}</p>")


def list_tables(con: Connection) -> Rows:
    """Return the tables of the dictionary that the build has, with number of rows, key, time, example; no metric's."""
    sizes = {row["name"]: row for row in fetch_rows(con, SIZES, [])}
    rows = [
        {
            "table": name,
            "rows": sizes[name]["rows"] if name in sizes else None,
            "columns": sizes[name]["column_count"] if name in sizes else None,
            "grain": table.grain,
            "unique_key": table.unique_key,
            "time": table.time,
            "example": table.example,
        }
        for name, table in tables().items()
        if "." not in name
    ]
    types = {"rows": "BIGINT", "columns": "BIGINT", "unique_key": "VARCHAR[]"}
    return Rows(rows, {name: types.get(name, "VARCHAR") for name in rows[0]})


def _describe(name: str, column: str) -> str:
    from dora.config.definitions import describe_definition  # noqa: PLC0415 - reads settings, which numbers do not need

    return describe_definition(name, column) or tables()[name].meaning(column)


def _select_columns(name: str, columns: Sequence[str] | None, existing: Mapping[str, str]) -> list[str]:
    """Return the columns to select, quoted where DuckDB asks for it; all by default."""
    names = read_names("columns", columns) if columns is not None else tuple(existing)
    for column in names:
        if column not in existing:
            raise UsageError(f"The table {name} has no column {column}.", suggest(column, existing))
    if not names:
        raise UsageError("columns is empty, which selects nothing.", "leave it out for every column.")
    return list(names)


def _select(name: str, scope: Scope, columns: Mapping[str, str]) -> str:
    """Return the query of the rows in a scope. Raises ``UsageError`` if the table has no such column to select by."""
    time, key = tables()[name].time, tables()[name].unique_key
    if (scope.since or scope.until) and not time:
        raise UsageError(f"The table {name} has no time for since and until to cut.", "leave them out.")
    if not (scope.since or scope.until or scope.applications or scope.teams):
        order = [f"{time} DESC NULLS LAST"] if time else []
        return f"SELECT * FROM {name} ORDER BY {', '.join([*order, *key])}"  # noqa: S608 - names of ours
    if "application" not in columns:
        raise UsageError(f"The table {name} has no applications to select by.", "read all of it, or use sql().")
    return rows_in_scope_sql(name)


def _limit(limit: int | None) -> str:
    if limit is None:
        return ""
    if isinstance(limit, bool) or not isinstance(limit, Integral) or limit < 0:
        raise UsageError(f"limit={limit!r} is not a number of rows.", "give a whole number, such as limit=100.")
    return f" LIMIT {limit}"
