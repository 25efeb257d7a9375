"""Rows on standard output: a table for people, JSON or CSV for programs."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TextIO

from dora.render.text import readable

Format = Literal["parquet", "csv"]
PIPE_WIDTH = 240  # characters
# Excel and LibreOffice run a cell that begins so, see owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def print_json(rows: object) -> None:
    """Print as JSON, with times as ISO 8601: in UTC, or local with their offset."""
    print(json.dumps(rows, indent=2, default=_plain, ensure_ascii=False))


def print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print as CSV, safe for spreadsheets."""
    if rows:
        write_csv(rows, sys.stdout)


def write_csv(rows: Sequence[Mapping[str, Any]], file: TextIO, columns: Sequence[str] | None = None) -> None:
    """Write rows as CSV with a header; a cell that a spreadsheet would run as a formula begins with an apostrophe."""
    writer = csv.DictWriter(file, columns or list(rows[0]), lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writeheader()
    writer.writerows({key: _csv_cell(value) for key, value in row.items()} for row in rows)


def print_table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None, title: str | None = None
) -> None:
    """Print as a table; the columns default to the keys of the first row."""
    from rich.console import Console  # noqa: PLC0415 - JSON and CSV, which scripts read, start faster without
    from rich.table import Table  # noqa: PLC0415

    names = list(columns or (rows[0] if rows else []))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*[readable(row.get(name)) for name in names])
    if title:
        print(title)
    # Rich assumes 80 columns in a pipe and would fold every cell. Data must not be read as Rich markup.
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(markup=False, highlight=False, width=width).print(table)


def print_note(text: str) -> None:
    """Print a line for people on standard error, so that standard output stays pure data.

    A run does not end because its messages can not be written.
    """
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


class Progress:
    """One line on standard error that overwrites itself; silent if standard error is not a terminal."""

    def __call__(self, text: str) -> None:
        """Replace the line."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[2K{text[:110]}")  # carriage return, then "erase line"
            sys.stderr.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self("")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat() if value.tzinfo else f"{value.isoformat()}Z"
    return str(value)


def _csv_cell(value: object) -> object:
    if isinstance(value, dict | list):
        value = json.dumps(value, default=_plain)
    if isinstance(value, datetime):
        return _plain(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
