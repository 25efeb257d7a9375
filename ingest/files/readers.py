"""Read the lines of a file in each format; of CSV, JSON Lines and Parquet at most one batch of them is in memory."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

Line = tuple[int, dict[str, Any] | str]  # its number, and its cells by column or the reason why it can not be read
PARQUET_BATCH = 1024
DELIMITERS = ",;\t|"
NOT_UTF8 = "not UTF-8, perhaps Latin-1 or Windows-1252: save the file as UTF-8"
_AS_OF = re.compile(r'"?#\s*as of[:\s]\s*(.+)', re.IGNORECASE)


class Format(NamedTuple):
    """How to read the column names and the lines of a file."""

    read_columns: Callable[[Path], list[str]]
    read_lines: Callable[[Path], Iterator[Line]]
    is_text: bool = True


def read_as_of(path: Path) -> str | None:
    """Return the time in a first line ``# as of TIME`` of a text file; null if it has none."""
    with _open_text(path) as file:
        match = _AS_OF.match(file.readline(200))
    # A spreadsheet fills the line with empty cells.
    return match[1].strip(f'{DELIMITERS} \r\n"') if match else None


def _open_text(path: Path) -> IO[str]:
    """Open a text file in its encoding. Raises ``ValueError`` for UTF-16 without a byte-order mark."""
    with path.open("rb") as file:
        start = file.read(2)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        return path.open(newline="", encoding="utf-16")
    if b"\0" in start:
        raise ValueError("it seems to be UTF-16 without a byte-order mark: save it as UTF-8")
    # Excel writes a byte-order mark. An invalid byte becomes a surrogate, which spoils only its own line later.
    return path.open(newline="", encoding="utf-8-sig", errors="surrogateescape")


def _skip_as_of(file: IO[str]) -> int:
    """Move to the line after a first line ``# as of TIME``, and return the number of lines that were skipped."""
    if _AS_OF.match(file.readline(200)):
        return 1
    file.seek(0)
    return 0


def _read_csv_columns(path: Path) -> list[str]:
    with _open_text(path) as file:
        _skip_as_of(file)
        return _read_csv_header(_csv_reader(file))


def _read_csv_lines(path: Path) -> Iterator[Line]:
    with _open_text(path) as file:
        skipped = _skip_as_of(file)
        reader = _csv_reader(file)
        columns = _read_csv_header(reader)
        while (cells := _next_csv_line(reader)) is not None:
            number = reader.line_num + skipped
            if isinstance(cells, str):
                yield number, cells
            elif len(cells) != len(columns):
                yield number, f"the line has {len(cells)} cells, the header {len(columns)}"
            else:
                yield number, _pair_cells(columns, cells) if _is_utf8(cells) else NOT_UTF8


def _pair_cells(columns: list[str], cells: list[str]) -> dict[str, Any]:
    """Return the cells by column; of a column that repeats, as in exports of lists, the first that is not empty."""
    pairs: dict[str, Any] = {}
    for name, cell in zip(columns, cells, strict=True):
        if not pairs.get(name):
            pairs[name] = cell
    return pairs


def _csv_reader(file: IO[str]) -> Any:
    """Return a reader with the delimiter that the header has most of; the names of columns have none of them."""
    start = file.tell()
    header = file.readline()
    file.seek(start)
    return csv.reader(file, strict=True, delimiter=max(DELIMITERS, key=header.count))


def _read_csv_header(reader: Iterator[list[str]]) -> list[str]:
    header = _next_csv_line(reader) or []
    if isinstance(header, str):
        raise ValueError(header)
    if not _is_utf8(header):
        raise ValueError(f"its header is {NOT_UTF8}")
    return [name.strip() for name in header]


def _is_utf8(cells: list[str]) -> bool:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:  # a surrogate stands for an invalid byte
        return False
    return True


def _next_csv_line(reader: Iterator[list[str]]) -> list[str] | str | None:
    """Return the cells of the next line that is not blank, why it can not be read, or null at the end."""
    try:
        return next((cells for cells in reader if cells), None)
    except csv.Error as error:
        return f"not CSV: {error}"


def _read_json_objects(path: Path) -> Iterator[Line]:
    """Yield the objects of JSON Lines, of one array, or the only object of a file."""
    with _open_text(path) as file:
        skipped = _skip_as_of(file)
        start = file.tell()
        first = next((line for line in file if line.strip()), "").strip()
        file.seek(start)
        if first.startswith("[") or (first.startswith("{") and not _is_json(first)):
            parts = _split_json(file.read())
            if parts is not None:
                yield from ((number, _decode_object(part)) for number, part in enumerate(parts, 1))
                return
            if first.startswith("["):
                raise ValueError("it is no complete JSON array: export it again, or as one object a line")
            file.seek(start)
        for number, line in enumerate(file, 1 + skipped):
            if line.strip():
                yield number, _decode_object(line.encode(errors="surrogateescape"))


def nest_json(records: str) -> Format:
    """Return the format of JSON whose rows are in a list inside of it, at a path of keys such as ``data.incidents``."""

    def read_rows(path: Path) -> list[Any]:
        with _open_text(path) as file:
            value = msgspec.json.decode(file.read().encode(errors="surrogateescape"))
        for key in records.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if not isinstance(value, list):
            raise ValueError(f"it has no list at {records}")
        return value

    def read_columns(path: Path) -> list[str]:
        return list(dict.fromkeys(name for row in read_rows(path) if isinstance(row, dict) for name in row))

    def read_lines(path: Path) -> Iterator[Line]:
        empty_cells = dict.fromkeys(read_columns(path))
        for number, row in enumerate(read_rows(path), 1):
            yield number, {**empty_cells, **row} if isinstance(row, dict) else "not a JSON object"

    return Format(read_columns, read_lines)


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text.encode(errors="surrogateescape"), type=msgspec.Raw)
    except (ValueError, RecursionError):
        return False
    return True


def _split_json(text: str) -> list[msgspec.Raw] | None:
    """Return the items of an array, or the value alone; null if the text is not one JSON value."""
    try:
        raw = msgspec.json.decode(text.encode(errors="surrogateescape"), type=msgspec.Raw)
        is_array = bytes(raw).lstrip().startswith(b"[")
        return msgspec.json.decode(raw, type=list[msgspec.Raw]) if is_array else [raw]
    except (ValueError, RecursionError):
        return None


def _decode_object(text: bytes | msgspec.Raw) -> dict[str, Any] | str:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except UnicodeDecodeError:
        return NOT_UTF8
    except (ValueError, RecursionError) as error:
        return NOT_UTF8 if "utf-8" in str(error).lower() else f"not a JSON object: {error}"


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
    """Return Python values; timestamps become text or epoch milliseconds, as Python's datetime ends with 9999."""
    import pyarrow as pa  # noqa: PLC0415 - see above

    if pa.types.is_timestamp(column.type):
        micros = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        if column.type.tz is None:  # a local time
            texts: list[Any] = micros.cast(pa.string()).to_pylist()
            return texts
        return [None if value is None else value / 1000 for value in micros.cast(pa.int64()).to_pylist()]
    values: list[Any] = column.to_pylist()
    return values


_JSON = Format(_read_json_columns, _read_json_lines)
FORMATS: dict[str, Format] = {
    ".csv": Format(_read_csv_columns, _read_csv_lines),
    ".tsv": Format(_read_csv_columns, _read_csv_lines),
    ".json": _JSON,
    ".jsonl": _JSON,
    ".ndjson": _JSON,
    ".parquet": Format(_read_parquet_columns, _read_parquet_lines, is_text=False),
}
