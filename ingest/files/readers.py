"""Read the lines of a file in each format; at most one batch of them is in memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

Line = tuple[int, dict[str, Any] | str]  # its number, and its cells by column or the reason why it can not be read
PARQUET_BATCH = 1024


class Format(NamedTuple):
    """How to read the column names and the lines of a file."""

    read_columns: Callable[[Path], list[str]]
    read_lines: Callable[[Path], Iterator[Line]]


def _open_csv(path: Path) -> IO[str]:
    # Excel writes a byte-order mark. An invalid byte becomes a surrogate, which spoils only its own line later.
    return path.open(newline="", encoding="utf-8-sig", errors="surrogateescape")


def _read_csv_columns(path: Path) -> list[str]:
    with _open_csv(path) as file:
        return _read_csv_header(csv.reader(file, strict=True))


def _read_csv_lines(path: Path) -> Iterator[Line]:
    with _open_csv(path) as file:
        reader = csv.reader(file, strict=True)
        columns = _read_csv_header(reader)
        while (cells := _next_csv_line(reader)) is not None:
            if isinstance(cells, str):
                yield reader.line_num, cells
            elif len(cells) != len(columns):
                yield reader.line_num, f"the line has {len(cells)} cells, the header {len(columns)}"
            else:
                yield reader.line_num, dict(zip(columns, cells, strict=True))


def _read_csv_header(reader: Iterator[list[str]]) -> list[str]:
    header = _next_csv_line(reader) or []
    if isinstance(header, str):
        raise ValueError(header)
    return [name.strip().encode().decode() for name in header]  # raises for a surrogate of an invalid byte


def _next_csv_line(reader: Iterator[list[str]]) -> list[str] | str | None:
    """Return the cells of the next line that is not blank, why it can not be read, or null at the end."""
    try:
        return next((cells for cells in reader if cells), None)
    except csv.Error as error:
        return f"not CSV: {error}"


def _read_json_objects(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield number, msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"), type=dict[str, Any])
            except (ValueError, RecursionError) as error:
                yield number, f"not a JSON object: {error}"


def _read_json_columns(path: Path) -> list[str]:
    # The keys of all lines: many writers leave out a null, and its column exists nevertheless.
    return list(
        dict.fromkeys(name for _, cells in _read_json_objects(path) if isinstance(cells, dict) for name in cells)
    )


def _read_json_lines(path: Path) -> Iterator[Line]:
    empty_cells = dict.fromkeys(_read_json_columns(path))
    for number, cells in _read_json_objects(path):
        yield number, {**empty_cells, **cells} if isinstance(cells, dict) else cells


def _read_parquet_columns(path: Path) -> list[str]:
    from pyarrow import parquet  # noqa: PLC0415 - takes a third of a second, which `dora --help` does not need

    return list(parquet.read_schema(path).names)


def _read_parquet_lines(path: Path) -> Iterator[Line]:
    from pyarrow import parquet  # noqa: PLC0415 - see above

    with parquet.ParquetFile(path) as file:
        number = 0
        for batch in file.iter_batches(PARQUET_BATCH):
            columns = {name: _to_python(batch.column(name)) for name in batch.schema.names}
            for cells in zip(*columns.values(), strict=True):
                number += 1
                yield number, dict(zip(columns, cells, strict=True))


def _to_python(column: Any) -> list[Any]:
    """Return Python values; timestamps become epoch milliseconds, because Python's datetime ends with the year 9999."""
    import pyarrow as pa  # noqa: PLC0415 - see above

    if pa.types.is_timestamp(column.type):
        micros = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64()).to_pylist()
        return [None if value is None else value / 1000 for value in micros]
    values: list[Any] = column.to_pylist()
    return values


_JSON_LINES = Format(_read_json_columns, _read_json_lines)
FORMATS: dict[str, Format] = {
    ".csv": Format(_read_csv_columns, _read_csv_lines),
    ".json": _JSON_LINES,
    ".jsonl": _JSON_LINES,
    ".ndjson": _JSON_LINES,
    ".parquet": Format(_read_parquet_columns, _read_parquet_lines),
}
