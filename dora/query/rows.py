"""Rows as people use them: a pandas or polars frame, an Arrow table, HTML in a notebook.

Instants are UTC without a zone, as in dora.duckdb; days, weeks and months are local dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dora.errors import DoraError, counted
from dora.render.table import Table

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 20  # that a notebook shows
MAX_COLUMNS = 12  # that a terminal shows


class Frames:
    """What can be had as a frame; a class of rows has ``arrow``."""

    def arrow(self) -> Any:
        """Return a pyarrow table."""
        raise NotImplementedError

    def df(self) -> pd.DataFrame:
        """Return a pandas frame; times are datetime64, UTC without a zone."""
        frame: pd.DataFrame = self.arrow().to_pandas(date_as_object=False, maps_as_pydicts="strict")
        return frame

    def pl(self) -> Any:
        """Return a polars frame. Raises ``DoraError`` if polars is not installed."""
        try:
            import polars  # noqa: PLC0415 - an extra, which only this needs
        except ImportError:
            raise DoraError(
                "polars is not installed.", "install the extra [polars] of the wheel or checkout; or use .df()."
            ) from None
        return polars.from_arrow(self.arrow())


class Rows(list[dict[str, Any]], Frames):
    """The rows of a query, as dictionaries, with ``types``: the SQL type of each column, without rows too."""

    def __init__(self, rows: Iterable[dict[str, Any]] = (), types: Mapping[str, str] | None = None) -> None:
        super().__init__(rows)
        self.types = dict(types or {})

    def arrow(self) -> Any:
        """Return a pyarrow table."""
        return to_arrow(self, self.types)

    def __repr__(self) -> str:
        head = f"{counted(len(self), 'row')}: {', '.join(self.types)}"
        return f"{head}\n{Table(self[:MAX_ROWS])!r}" if self and len(self.types) <= MAX_COLUMNS else head

    def _repr_html_(self) -> str:
        return to_html(self[:MAX_ROWS], len(self))


def to_html(rows: list[dict[str, Any]], total: int, about: str = "") -> str:
    """Return the first rows as an HTML table, every text escaped, with how many there are."""
    more = f"<p>{len(rows):,} of {counted(total, 'row')}</p>" if total > len(rows) else ""
    return f"{about}{Table(rows)._repr_html_()}{more}"


def to_arrow(rows: Iterable[Mapping[str, Any]], types: Mapping[str, str], zone: str | None = None) -> Any:
    """Return rows as a pyarrow table with columns of the SQL types; other types are inferred.

    Instants are in ``zone``, by default without one.
    """
    import pyarrow as pa  # noqa: PLC0415 - a third of a second that commands need not pay

    arrow_types = _arrow_types(zone)
    listed = list(rows)
    columns = {name: pa.array([_as_item(row[name], kind) for row in listed], arrow_types.get(kind))
               for name, kind in types.items()}  # fmt: skip
    empty = {name: column.cast(pa.string()) for name, column in columns.items() if pa.types.is_null(column.type)}
    return pa.table(columns | empty)


def make_schema(types: Mapping[str, str], zone: str | None = None) -> Any:
    """Return the pyarrow schema that ``to_arrow`` gives rows without maps; types that it would infer are text."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    arrow_types = _arrow_types(zone)
    return pa.schema([(name, arrow_types.get(kind, pa.string())) for name, kind in types.items()])


def _arrow_types(zone: str | None) -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    return {
        "VARCHAR": pa.string(),
        "VARCHAR[]": pa.list_(pa.string()),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us", zone),
        "MAP(VARCHAR, BIGINT)": pa.map_(pa.string(), pa.int64()),
        "MAP(VARCHAR, DOUBLE)": pa.map_(pa.string(), pa.float64()),
        **dict.fromkeys(("TINYINT", "INTEGER", "BIGINT", "UBIGINT", "HUGEINT"), pa.int64()),
    }


def _as_item(value: Any, kind: str) -> Any:
    """Return a value as pyarrow takes it: a map as pairs."""
    return list(value.items()) if kind.startswith("MAP") and value is not None else value
