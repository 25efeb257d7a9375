"""Rows on standard output: a table for people, JSON or CSV for programs."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Literal, TextIO

from dora.render.text import readable

Format = Literal["parquet", "csv"]
PIPE_WIDTH = 240  # characters
GAP = 2  # spaces between columns
MIN_TEXT = 20  # characters of a column whose text is folded
MAX_WORD = 46  # an id of an execution with its application; what is longer is folded
MAX_HIDDEN = 6  # columns that a note names
_is_wide = False
# Excel and LibreOffice run a cell that begins so, see owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def print_json(value: object) -> None:
    """Print as JSON, with times as ISO 8601: in UTC, or local with their offset.

    Iterators, also as values of dictionaries, are arrays of which one item at a time is in memory.
    """
    for part in _json_parts(value, "\n"):
        sys.stdout.write(part)
    print()


def _json_parts(value: object, line: str) -> Iterator[str]:
    """Yield the parts of a JSON text as ``json.dumps`` writes it; ``line`` is a line break with the indentation."""
    inner = f"{line}  "
    if isinstance(value, Iterator):
        empty = True
        for item in value:
            yield f"{'[' if empty else ','}{inner}"
            yield from _json_parts(item, inner)
            empty = False
        yield "[]" if empty else f"{line}]"
    elif isinstance(value, dict) and any(isinstance(item, Iterator) for item in value.values()):
        for number, (key, item) in enumerate(value.items()):
            yield f"{',' if number else '{'}{inner}{json.dumps(key)}: "
            yield from _json_parts(item, inner)
        yield f"{line}}}"
    else:
        yield json.dumps(value, indent=2, default=_plain, ensure_ascii=False).replace("\n", line)


def print_csv(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print as CSV, safe for spreadsheets."""
    remaining = iter(rows)
    for first in remaining:
        write_csv(chain([first], remaining), sys.stdout, list(first))


def write_csv(rows: Iterable[Mapping[str, Any]], file: TextIO, columns: Sequence[str]) -> None:
    """Write rows as CSV with a header; a cell that a spreadsheet would run as a formula begins with an apostrophe."""
    writer = csv.DictWriter(file, columns, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writeheader()
    writer.writerows({key: _csv_cell(value) for key, value in row.items()} for row in rows)


def print_table(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str] | None = None,
    title: str | None = None,
    first: Sequence[str] = (),
) -> None:
    """Print as a table; the columns default to the keys of the first row.

    A terminal that is too narrow for all columns shows those that fit, ``first`` before the others, and a note names
    the hidden ones. With ``--wide``, and in a pipe, all are shown.
    """
    from rich.console import Console  # noqa: PLC0415 - JSON and CSV, which scripts read, start faster without
    from rich.table import Table  # noqa: PLC0415

    names = list(columns or (rows[0] if rows else []))
    cells = {name: [name.replace("_", " "), *(readable(row.get(name)) for row in rows)] for name in names}
    width = _width(cells)
    shown = fit_columns(cells, width, first)
    table = Table(box=None, pad_edge=False, header_style="" if os.environ.get("NO_COLOR") else "bold")
    for name in shown:
        table.add_column(cells[name][0], overflow="fold")
    for row in zip(*(cells[name][1:] for name in shown), strict=True):
        table.add_row(*row)
    if title:
        print(title)
    # Data must not be read as Rich markup.
    console = Console(markup=False, highlight=False, width=width)
    with console.capture() as capture:  # Rich itself ends the program if the reader of a pipe left
        console.print(table)
    sys.stdout.write(capture.get())
    if hidden := [cells[name][0] for name in names if name not in shown]:
        more = f" and {len(hidden) - MAX_HIDDEN} more" if len(hidden) > MAX_HIDDEN else ""
        names_hidden = f"{', '.join(hidden[:MAX_HIDDEN])}{more}"
        print_note(f"hidden, as the terminal is narrow: {names_hidden}; --wide and --json have them")


def fit_columns(cells: Mapping[str, Sequence[str]], width: int, first: Sequence[str] = ()) -> list[str]:
    """Return the columns that fit into a width, in their order; ``first`` take their place before the others.

    A column needs its longest cell, or where text can be folded its longest word and ``MIN_TEXT`` characters.
    """
    shown, used = set(), 0
    for name in [*(name for name in first if name in cells), *(name for name in cells if name not in first)]:
        longest = max(map(len, cells[name]))
        word = max((len(word) for cell in cells[name] for word in cell.split()), default=0)
        needed = min(longest, max(min(word, MAX_WORD), MIN_TEXT)) + GAP
        if used + needed <= width + GAP:
            shown.add(name)
            used += needed
    return [name for name in cells if name in shown]


def _width(cells: Mapping[str, Sequence[str]]) -> int:
    """Return the width of the terminal, or with ``--wide`` of the whole table; of a pipe ``PIPE_WIDTH``."""
    if _is_wide:
        return max(sum(max(map(len, column)) + GAP for column in cells.values()), 1)
    # Rich assumes 80 columns in a pipe and would fold every cell.
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH


def print_wide(wide: bool) -> None:
    """Print all columns of tables from now on, however wide the terminal is."""
    global _is_wide  # noqa: PLW0603 - an option of the command line, for every table that it prints
    _is_wide = wide


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
