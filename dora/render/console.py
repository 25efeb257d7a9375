"""Rows on standard output: a table for people, JSON or CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TextIO

from dora.render.text import readable

Format = Literal["parquet", "csv"]
WIDE = 240
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet runs, full-width ones too


def print_json(rows: object) -> None:
    """Print as JSON; instants as ISO-8601 in UTC."""
    print(json.dumps(rows, indent=2, default=_plain, ensure_ascii=False))


def print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print as CSV. A cell that a spreadsheet would run as a formula is prefixed with an apostrophe."""
    if rows:
        write_csv(rows, sys.stdout)


def write_csv(rows: Sequence[Mapping[str, Any]], file: TextIO) -> None:
    """Write rows as CSV with a header, safe for spreadsheets."""
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)


def print_table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None, title: str | None = None
) -> None:
    """Print as a table, as wide as the terminal, or as wide as it needs where there is none."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    names = list(columns or (rows[0] if rows else []))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*[readable(row.get(name)) for name in names])
    if title:
        print(title)
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else WIDE)
    console.print(table)


def print_note(text: str) -> None:
    """A line for people on standard error."""
    print(text, file=sys.stderr)


class Progress:
    """One line that overwrites itself on a terminal; silent where there is none."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        """Show a sentence in place of the last one."""
        if self._live:
            sys.stderr.write(f"\r\x1b[2K{text[:110]}")
            sys.stderr.flush()

    def end(self) -> None:
        """Clear the line."""
        self("")


def _plain(value: object) -> object:
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else str(value)


def _cell(value: object) -> object:
    if isinstance(value, dict | list):
        value = json.dumps(value, default=_plain)
    if isinstance(value, datetime):
        return _plain(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
