"""Find the files, check what they are before anything is landed, and yield them line by line."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from dora.errors import UsageError
from ingest.core.archive import Document
from ingest.core.paths import at_home
from ingest.core.rows import Row
from ingest.core.source import AsOf, FileComplete, Item, Note, PartialFailure, Request, SourceState, Unreadable
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.files import cdevents, records
from ingest.files.readers import FORMATS, Line


class _Settings(msgspec.Struct, forbid_unknown_fields=True):
    paths: list[str] = []


class _Line(msgspec.Struct):
    """Body of a document: one line as it was, and where it stood."""

    file: str
    line: int
    cells: dict[str, Any]


class Table(NamedTuple):
    """One file that can be read: what it holds, and the columns that nobody reads."""

    path: Path
    kind: str
    ignored: list[str]


class Files:
    """Files of deployments, changes or incidents that another system exported."""

    name: ClassVar[str] = "files"
    takes: ClassVar[frozenset[str]] = frozenset({"paths", "kind"})

    def __init__(self, patterns: list[str]) -> None:
        self.patterns = patterns

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Files:
        """``paths`` of ``[sources.files]`` are globs, read where a run names no paths; raises ``UsageError``."""
        try:
            return cls(msgspec.convert(dict(settings), _Settings).paths)
        except msgspec.ValidationError as error:
            raise UsageError(
                f"[sources.files]: {error}; nothing was landed.", 'set paths = ["exports/*.csv"].'
            ) from None

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """Every line of every file. Raises ``UsageError``, before the first line, for a file that is none of ours."""
        tables = [_table(path, request.kind) for path in request.paths or self._configured()]
        yield AsOf(datetime.now(UTC))
        for table in tables:
            if table.ignored:
                yield Note(f"{table.path}: ignored columns: {', '.join(table.ignored)}")
            yield from _items(table)
            yield from _passed_over(table)

    def doctor(self, context: SourceContext) -> Iterator[DoctorFinding]:
        """Whether the configured files are there, and are what they should be."""
        for path in self._configured():
            try:
                table = _table(path, None)
            except UsageError as error:
                yield DoctorFinding(f"file {path.name}", "fail", error.happened, error.next_step)
                continue
            unread = f"; nobody reads {', '.join(table.ignored)}" if table.ignored else ""
            yield DoctorFinding(f"file {path.name}", "ok", f"it holds {table.kind}{unread}")

    def _configured(self) -> list[Path]:
        if not self.patterns:
            raise UsageError(
                "No file is named; nothing was landed.",
                "run `dora ingest files PATH`, or set paths in [sources.files].",
            )
        found = sorted({path for pattern in self.patterns for path in _matches(at_home(pattern))})
        if not found:
            raise UsageError(
                f"No file matches {', '.join(self.patterns)}; nothing was landed.", "mend [sources.files]."
            )
        return found

    def input(self, document: Document) -> str:
        """The place of a line."""
        line = msgspec.json.decode(document.body, type=_Line)
        return f"{line.file}:{line.line}"

    def parse(self, document: Document) -> Iterable[Row]:
        """The rows of one line; raises ``ValueError`` with file, line and reason."""
        line = msgspec.json.decode(document.body, type=_Line)
        try:
            return records.to_rows(document.kind, line.cells)
        except ValueError as error:
            raise ValueError(f"{line.file}:{line.line}: {error}") from error


def _matches(pattern: Path) -> Iterator[Path]:
    return Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))


def _table(path: Path, kind: str | None) -> Table:
    if not path.is_file():
        raise UsageError(f"There is no file {path}; nothing was landed.", "name a file that is there.")
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path} is none of {', '.join(FORMATS)}; nothing was landed.", "convert it.")
    kind, names = _kind(path, kind), _columns(path)
    missing = [name for name in records.required(kind) if name not in names]
    if missing:
        raise UsageError(
            f"{path}:1: a file of {kind} needs the columns {', '.join(missing)}; it has {', '.join(names) or 'none'}."
            " Nothing was landed.",
            "add them, or name another kind with --kind.",
        )
    return Table(path, kind, sorted(set(names) - records.known(kind)))


def _columns(path: Path) -> list[str]:
    try:
        names = FORMATS[path.suffix.lower()].columns(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} can not be read: {error}; nothing was landed.", "export it again.") from error
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{path}:1: columns named twice: {', '.join(twice)}; nothing was landed.", "rename one.")
    return names


def _kind(path: Path, kind: str | None) -> str:
    stem, kinds = path.stem.lower(), (*records.KINDS, records.EVENTS)
    found = [name for name in kinds if (kind in (name, name[:-1]) if kind else name[:-1] in stem)]
    if len(found) != 1:
        raise UsageError(
            f"{kind or path} does not say which it is of {', '.join(kinds)}; nothing was landed.",
            "name one of them with --kind.",
        )
    return found[0]


def _items(table: Table) -> Iterator[Item]:
    seen: dict[int, int] = {}
    try:
        for number, cells in FORMATS[table.path.suffix.lower()].lines(table.path):
            yield from _line(table, (number, cells), seen)
        yield FileComplete(str(table.path))
    except (OSError, ValueError) as error:
        yield PartialFailure(f"{table.path}: not read to its end: {error}")


def _passed_over(table: Table) -> Iterator[Item]:
    """How many events of which kinds nobody reads."""
    if table.kind == records.EVENTS:
        lines = FORMATS[table.path.suffix.lower()].lines(table.path)
        counts = Counter(cdevents.passed_over(cells) for _, cells in lines if isinstance(cells, dict))
        told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if kind)
        if told:
            yield Note(f"{table.path}: passed over: {told}")


def _line(table: Table, line: Line, seen: dict[int, int]) -> Iterator[Item]:
    number, cells = line
    place = f"{table.path}:{number}"
    try:
        if isinstance(cells, str):
            raise ValueError(cells)
        content = msgspec.json.encode(cells)
    except ValueError as error:
        yield Unreadable(place, table.kind, f"{place}: {error}")
        return
    body = {"file": str(table.path), "line": number, "cells": msgspec.Raw(content)}
    yield Document(table.kind, msgspec.json.encode(body))
    key = "@".join(records.identity(table.kind, cells))
    if key and (earlier := _replaced(seen, hash(key), number, zlib.crc32(content))):
        reason = f"{place}: {key} is on line {earlier} too with other content; line {number} stays"
        yield Unreadable(place, table.kind, reason)


def _replaced(seen: dict[int, int], key: int, line: int, content: int) -> int | None:
    """The earlier line that this one contradicts; one number a line is all that is kept of a file."""
    earlier = seen.get(key)
    seen[key] = line << 32 | content
    return earlier >> 32 if earlier is not None and earlier & 0xFFFFFFFF != content else None
