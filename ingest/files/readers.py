"""Read one file line by line, whatever its format; never more than a batch of it is in memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

Line = tuple[int, dict[str, Any] | str]
PARQUET_BATCH = 1024


class Format(NamedTuple):
    """How to read the columns of a file, and its numbered lines: cells by column, or why they can not be read."""

    columns: Callable[[Path], list[str]]
    lines: Callable[[Path], Iterator[Line]]


def _csv_open(path: Path) -> IO[str]:
    return path.open(newline="", encoding="utf-8-sig", errors="surrogateescape")


def _csv_columns(path: Path) -> list[str]:
    with _csv_open(path) as file:
        return _csv_header(csv.reader(file, strict=True))


def _csv_lines(path: Path) -> Iterator[Line]:
    with _csv_open(path) as file:
        reader = csv.reader(file, strict=True)
        columns = _csv_header(reader)
        while (cells := _csv_next(reader)) is not None:
            if isinstance(cells, str):
                yield reader.line_num, cells
            elif len(cells) != len(columns):
                yield reader.line_num, f"{len(cells)} cells where the header has {len(columns)}"
            else:
                yield reader.line_num, dict(zip(columns, cells, strict=True))


def _csv_header(reader: Iterator[list[str]]) -> list[str]:
    header = _csv_next(reader) or []
    if isinstance(header, str):
        raise ValueError(header)
    return [name.strip().encode().decode() for name in header]


def _csv_next(reader: Iterator[list[str]]) -> list[str] | str | None:
    """The next line that is not blank, the reason why it can not be read, or null at the end."""
    try:
        return next((cells for cells in reader if cells), None)
    except csv.Error as error:
        return f"not CSV: {error}"


def _json_read(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _json_cells(line.removeprefix(b"\xef\xbb\xbf"))


def _json_cells(line: bytes) -> dict[str, Any] | str:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        return f"not a JSON object: {error}"


def _json_columns(path: Path) -> list[str]:
    """The keys of all lines: what writers leave out where it is null is still a column."""
    return list(dict.fromkeys(name for _, cells in _json_read(path) if isinstance(cells, dict) for name in cells))


def _json_lines(path: Path) -> Iterator[Line]:
    empty = dict.fromkeys(_json_columns(path))
    for number, cells in _json_read(path):
        yield number, {**empty, **cells} if isinstance(cells, dict) else cells


def _parquet_columns(path: Path) -> list[str]:
    from pyarrow import parquet  # noqa: PLC0415 - a third of a second that `dora --help` need not pay

    return list(parquet.read_schema(path).names)


def _parquet_lines(path: Path) -> Iterator[Line]:
    from pyarrow import parquet  # noqa: PLC0415

    with parquet.ParquetFile(path) as file:
        number = 0
        for batch in file.iter_batches(PARQUET_BATCH):
            columns = {name: _plain(batch.column(name)) for name in batch.schema.names}
            for cells in zip(*columns.values(), strict=True):
                number += 1
                yield number, dict(zip(columns, cells, strict=True))


def _plain(column: Any) -> list[Any]:
    """Python values; instants become epoch milliseconds, because Python's own end with the year 9999."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_timestamp(column.type):
        whole = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64()).to_pylist()
        return [None if value is None else value / 1000 for value in whole]
    values: list[Any] = column.to_pylist()
    return values


_JSON = Format(_json_columns, _json_lines)
FORMATS: dict[str, Format] = {
    ".csv": Format(_csv_columns, _csv_lines),
    ".json": _JSON,
    ".jsonl": _JSON,
    ".ndjson": _JSON,
    ".parquet": Format(_parquet_columns, _parquet_lines),
}
