"""One build that is open, read-only: its connections, its tables, SQL, and what it says about itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack, overload
from warnings import warn

from dora.api.keywords import Window, takes
from dora.api.table import TableRows, list_tables
from dora.errors import UsageError, counted
from dora.query import metric as query
from dora.query.rows import Rows
from dora.query.value import EVERYTHING, Scope
from dora.render.table import Table
from dora.storage import database
from dora.storage.build_results import BuildResults
from dora.storage.sql_errors import explain_fault, explain_query
from dora.storage.time_limit import limit_time, watch

if TYPE_CHECKING:
    import pandas as pd


class OpenBuild:
    """One build of dora.duckdb, read-only; ``with`` closes it at the end of its block."""

    def __init__(self, path: Path, memory: str | None = None) -> None:
        self.path = path
        self._connection: database.Connection | None = database.open_build(path, memory=memory)
        self._results = BuildResults()
        if not self._connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'build'").fetchall():
            self.close()
            raise UsageError(f"{path} is not a build of dora.", "open dora.duckdb, which `dora build` makes.")

    def connection(self) -> database.Connection:
        """Return a new connection, so that threads do not share one. Raises ``UsageError`` after ``close``."""
        if self._connection is None:
            raise UsageError(f"{self.path} is closed.", f"open it again: dora.open({str(self.path)!r}).")
        cursor = self._connection.cursor()
        cursor.execute("USE dora")  # a cursor does not inherit USE from its connection
        return self._results.share(watch(cursor))

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.startswith("_")]

    def __repr__(self) -> str:
        if self._connection is None:
            return f"{self.path} (closed)"
        (counts,) = self.sql("SELECT count(*) AS n FROM definitions")
        as_of = self.about()["as_of"]
        through = f"data through {as_of:%Y-%m-%d %H:%M} UTC" if as_of else "no data"
        return f"{self.path} · {counted(counts['n'], 'application')} · {through}"

    @staticmethod
    @contextmanager
    def limited(seconds: float) -> Iterator[None]:
        """Run a block whose queries may take so many seconds together.

        Raises ``DoraError`` if they take longer, or if memory, the system or a damaged file ends them.
        """
        try:
            with limit_time(seconds):
                yield
        except Exception as error:
            explained = explain_fault(error)
            if explained is None:
                raise
            raise explained from error

    def tables(self) -> Rows:
        """Return the tables of the build: what one row is, number of rows, unique key, column of time, example."""
        return list_tables(self.connection())

    @overload
    def table(
        self,
        name: str,
        units: None = None,
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        scope: Scope = EVERYTHING,
        **words: Unpack[Window],
    ) -> TableRows: ...
    @overload
    def table(
        self, name: Iterable[Mapping[str, Any]] | pd.DataFrame, units: Mapping[str, str] | None = None
    ) -> Table: ...
    @takes(Window)
    def table(
        self,
        name: Any,
        units: Any = None,
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        scope: Scope = EVERYTHING,
        **_words: Unpack[Window],
    ) -> TableRows | Table:
        """Return the rows of a table, the latest first: ``table("deployments", since="30d", team="payments").df()``.

        ``columns`` are those to read, ``limit`` how many rows; ``tables`` lists all tables with what one row is. Rows
        belong to the team of their time. Raises ``UsageError`` for a table or column that does not exist.
        """
        if not isinstance(name, str) and hasattr(name, "__iter__"):
            warn("table(rows) is called round_rows(rows) from 0.2 on.", DeprecationWarning, stacklevel=3)
            return Table(name, units)
        return TableRows(self.connection, name, scope, columns, limit)

    @staticmethod
    def round_rows(rows: Iterable[Mapping[str, Any]] | pd.DataFrame, units: Mapping[str, str] | None = None) -> Table:
        """Return rows as a table of a notebook, rounded; ``units`` of columns, such as ``{"median": "hours"}``."""
        return Table(rows, units)

    def sql(self, text: str, parameters: Sequence[Any] | None = None) -> Rows:
        """Return the rows of any SELECT over the build's tables; it can change nothing and read no other file.

        Raises ``UsageError`` for SQL that DuckDB refuses.
        """
        with explain_query():
            return query.fetch_rows(self.connection(), text, parameters or [])

    def about(self) -> dict[str, Any]:
        """Return the build's as_of, built_at, build_id, definitions_hash, timezone, version, layout and so on."""
        return query.build_info(self.connection())

    def hints(self) -> Rows:
        """Return why numbers are empty: a sentence, the ``lines`` to paste, the ``metrics`` that are empty without."""
        return query.list_hints(self.connection())

    def age(self) -> timedelta | None:
        """Return how old the data is by this machine's clock; None if there is none."""
        as_of = self.about()["as_of"]
        return datetime.now(UTC).replace(tzinfo=None) - as_of if as_of else None

    def stale_sources(self) -> dict[str, datetime | None]:
        """Return the sources whose data is older than ``stale_after_hours``, with its end in UTC; None if unknown."""
        limit = timedelta(hours=self.about()["stale_after_hours"])
        oldest = datetime.now(UTC).replace(tzinfo=None) - limit
        rows = self.sql(
            "SELECT source, max(as_of) AS as_of FROM loads WHERE finished_at IS NOT NULL GROUP BY source"
            # Notes of people do not age.
            " HAVING max(as_of) IS NOT NULL OR source NOT IN (SELECT source FROM events)"
        )
        return {row["source"]: row["as_of"] for row in rows if row["as_of"] is None or row["as_of"] < oldest}


def find_build(path: str | PathLike[str] | None) -> Path:
    """Return the path of a build, by default the one of the settings. Raises ``UsageError`` if there is none."""
    if path is None:
        from dora.config.settings import read  # noqa: PLC0415 - which a named file does not need

        build = read().data / database.PUBLISHED
    elif isinstance(path, str | PathLike):
        build = Path(path).expanduser()
    else:
        raise UsageError(f"{path!r} is not a path.", "name the file: dora.open('data/dora.duckdb').")
    if build.is_dir():
        raise UsageError(f"{build} is a folder.", f"did you mean dora.open({str(build / database.PUBLISHED)!r})?")
    if not build.exists() and (others := sorted(map(str, _nearby_builds()))):
        raise UsageError(f"There is no {build}.", f"did you mean dora.open({others[0]!r})? Or run `dora build`.")
    return build


def _nearby_builds() -> Iterator[Path]:
    for pattern in ("dora.duckdb", "data/dora.duckdb", "data/demo/dora.duckdb"):
        yield from (folder / pattern for folder in (Path(), Path("..")) if (folder / pattern).exists())
