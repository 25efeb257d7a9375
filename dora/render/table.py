"""Rows as a table of a notebook: values rounded and with their units, every text escaped, without a script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from dora.render.text import NOTHING, quantity, readable

if TYPE_CHECKING:
    import pandas as pd


class Table:
    """Rows that a notebook shows as HTML and that ``str`` writes as a Markdown table.

    A column with a unit is written like a metric of that unit: hours as ``25 min``, a share as ``9.67 %``. Other
    numbers have four digits, times end at the minute, null and NaN are ``–``. The columns are those of the first row.
    """

    def __init__(
        self, rows: Iterable[Mapping[str, Any]] | pd.DataFrame, units: Mapping[str, str] | None = None
    ) -> None:
        records: Any = rows.to_dict("records") if hasattr(rows, "to_dict") else rows
        self._rows = [{str(key): value for key, value in row.items()} for row in records]
        self._units = units or {}
        self._columns = list(self._rows[0]) if self._rows else []

    def cells(self) -> list[list[str]]:
        """Return the text of each cell, row by row."""
        return [[_write_cell(row.get(name), self._units.get(name)) for name in self._columns] for row in self._rows]

    def _repr_html_(self) -> str:
        if not self._rows:
            return "<p>No rows.</p>"
        aligned = [_align([row.get(name) for row in self._rows]) for name in self._columns]
        titles = [name.replace("_", " ") for name in self._columns]
        header = "".join(f"<th{side}>{escape(title)}</th>" for side, title in zip(aligned, titles, strict=True))
        body = [
            "".join(f"<td{side}>{escape(cell)}</td>" for side, cell in zip(aligned, cells, strict=True))
            for cells in self.cells()
        ]
        lines = "\n".join(f"<tr>{line}</tr>" for line in body)
        return f"<table>\n<thead><tr>{header}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>"

    def __repr__(self) -> str:
        if not self._rows:
            return "No rows."
        lines = [[name.replace("_", " ") for name in self._columns], ["---"] * len(self._columns), *self.cells()]
        return "\n".join(f"| {' | '.join(cell.replace('|', '¦') for cell in line)} |" for line in lines)


def _write_cell(value: object, unit: str | None) -> str:
    if value is None or value != value or str(value) == "<NA>":  # noqa: PLR0124 - NaN and NaT differ from themselves
        return NOTHING
    if unit and isinstance(value, int | float):
        return quantity(float(value), unit)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else readable(value)


def _align(values: list[Any]) -> str:
    """Numbers are aligned right, as notebooks do; text is aligned left."""
    is_number = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return f' style="text-align: {"right" if is_number else "left"}"'
