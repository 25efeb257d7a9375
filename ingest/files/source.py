"""The files source: find the files, check them, and yield them line by line."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from dora.errors import UsageError
from dora.storage.rows.base import Row
from dora.storage.rows.changes import Change, Commit
from ingest.core.paths import at_home
from ingest.core.source import EarlierAsOf, FileComplete, Item, Note, PartialFailure, Request, SourceState, Unreadable
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.files.coverage import TimesRead
from ingest.files.identities import Identities, RowIds
from ingest.files.kinds.catalogue import KINDS
from ingest.files.mapping import ExportMapping
from ingest.files.readers import FORMATS, Format, nest_json, read_as_of
from ingest.files.records import KnownRows, Record, normalize_word
from ingest.files.settings import Settings, parse_moment, read_settings
from ingest.payloads.archive import Document


class _LineDocument(msgspec.Struct):
    """The body of a document: one line, and where it is; ``ids`` of a record if its id is not its row's."""

    file: str
    line: int
    cells: dict[str, Any]
    ids: RowIds | None = None


class InputFile(NamedTuple):
    """A file that was checked.

    ``ignored_columns`` are not read, ``as_of`` is what its first line says, ``absent`` are columns of the settings that
    it does not have.
    """

    path: Path
    format: Format
    kind: str
    ignored_columns: list[str]
    as_of: datetime | None
    absent: Sequence[str] = ()


class _RefusedFileError(Exception):
    """A file that can not be used, or a glob without one: why, and what to do."""

    def __init__(self, reason: str, next_step: str) -> None:
        super().__init__(reason)
        self.reason, self.next_step = reason, next_step
        self.path: Path | None = None


class Files:
    """Files of deployments, changes, change requests, incidents, verdicts, events or CDEvents of other systems."""

    name: ClassVar[str] = "files"
    takes: ClassVar[frozenset[str]] = frozenset({"paths", "kind"})
    kinds: ClassVar[frozenset[str]] = frozenset(KINDS)

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Files:
        """Return the source for ``[sources.files]``; raises ``UsageError`` for an unknown key or a wrong value."""
        return cls(read_settings(settings))

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """Yield every line of every file, and up to when they are complete.

        Raises ``UsageError`` before the first line if a file of the request can not be used. Of the files of the
        settings, which a run at night reads, such a file is a partial failure.
        """
        files = []
        for file in self._check_files(request.paths, request.kind or self.settings.kind):
            if isinstance(file, InputFile):
                files.append(file)
            elif request.paths:
                raise UsageError(f"{file.reason}; nothing was landed.", file.next_step)
            else:
                yield PartialFailure(f"{file.reason}: {file.next_step}")
        rows = KnownRows(Identities(state.reported_deployments), Identities(state.reported_incidents))
        times = TimesRead(self.settings)
        for file in files:
            yield from self._read_file(file, rows, times)
        yield from times.items()

    def replay(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield archived items; up to when the files of an earlier version are known follows from their times."""
        times, last_run = TimesRead(self.settings), None
        for item in items:
            if isinstance(item, EarlierAsOf):
                last_run = item.at
                continue
            if last_run and isinstance(item, Document):
                record = self._read_record(item.kind, msgspec.json.decode(item.body, type=_LineDocument).cells)
                times.add(record.times if record else ())
            yield item
        if last_run:
            times.end_archive(last_run)
            yield from times.items()

    def doctor(self, context: SourceContext) -> Iterator[DoctorFinding]:
        """Check that the configured files exist and can be read."""
        for file in self._check_files((), self.settings.kind):
            check = f"file {file.path.name}" if file.path else "files"
            if isinstance(file, _RefusedFileError):
                yield DoctorFinding(check, "fail", file.reason, file.next_step)
                continue
            ignored = f"; ignored columns: {', '.join(file.ignored_columns)}" if file.ignored_columns else ""
            yield DoctorFinding(check, "ok", f"contains {file.kind}{ignored}")

    def _check_files(self, paths: Iterable[Path], kind: str | None) -> Iterator[InputFile | _RefusedFileError]:
        """Yield the files of a request, else those of the settings; raises ``UsageError`` if there are neither."""
        paths = list(paths)
        if not paths and not self.settings.paths:
            next_step = "run `dora ingest files PATH`, or set `paths` in [sources.files] of dora.toml."
            raise UsageError("No file is configured; nothing was landed.", next_step)
        for pattern in () if paths else self.settings.paths:
            matches = _expand(pattern)
            if not matches:
                yield _RefusedFileError(f"No file matches {pattern}", "correct `paths` in [sources.files].")
            paths += [path for path in matches if path not in paths]
        for path in paths:
            try:
                yield self._check_file(path, kind)
            except (_RefusedFileError, OSError) as error:
                yield _refuse(path, error)

    def _check_file(self, path: Path, kind_name: str | None) -> InputFile:
        """Return the file with its kind; raises if its name, format, kind, encoding or columns are not supported."""
        if not str(path).isprintable():  # a byte that is no UTF-8 is a surrogate here
            raise _RefusedFileError(f"The name of {str(path)!a} is not UTF-8 or has control characters", "rename it.")
        if not path.is_file():
            raise _RefusedFileError(f"There is no file {path}", "give the path of an existing file.")
        suffix = path.suffix.lower()
        file_format = FORMATS.get(suffix)
        if self.settings.records and suffix == ".json":
            file_format = nest_json(self.settings.records)
        if not file_format:
            raise _RefusedFileError(f"{path} is not a file of type {', '.join(FORMATS)}", "convert it to one of them.")
        kind = _find_kind(path, kind_name)
        mapping = self._mapping(kind)
        own_columns = _read_columns(path, file_format, mapping)
        columns = mapping.rename_columns(own_columns)
        if missing := [name for name in KINDS[kind].required_columns if name not in columns]:
            has = ", ".join(own_columns) or "none"
            absent = mapping.find_missing(own_columns)
            read_from = f"; [sources.files.columns] reads {', '.join(absent)}" if absent else ""
            raise _RefusedFileError(
                f"{path}:1: a file of {kind} needs the columns {', '.join(missing)}; it has {has}{read_from}",
                "add the columns, name them in [sources.files.columns], or name another kind with --kind.",
            )
        try:
            stated = read_as_of(path) if file_format.is_text else None
            as_of = parse_moment(stated, self.settings.conventions.zone, "as of")
        except ValueError as error:
            raise _RefusedFileError(f"{path}:1: {error}", "write a first line such as # as of 2026-03-01.") from error
        ignored = sorted(set(columns).difference(KINDS[kind].columns, mapping.list_sources(own_columns)))
        return InputFile(path, file_format, kind, ignored, as_of, mapping.find_missing(own_columns))

    def _mapping(self, kind: str) -> ExportMapping:
        return self.settings.mappings.get(kind) or ExportMapping({}, {})

    def _read_file(self, file: InputFile, rows: KnownRows, times: TimesRead) -> Iterator[Item]:
        """Yield a document for each line, and what can not be read or contradicts an earlier line as unreadable."""
        yield from _describe_columns(file)
        contents, skipped, remarks = _Contents(), Counter[str | None](), Counter[str | None]()
        try:
            for number, cells in file.format.read_lines(file.path):
                location = f"{file.path}:{number}"
                try:
                    content = _encode_cells(cells)
                except ValueError as error:
                    yield Unreadable(location, file.kind, f"{location}: {error}")
                    continue
                record = self._read_record(file.kind, cells)
                ids = record.assign_ids(rows) if record else None
                body = {"file": str(file.path), "line": number, "cells": msgspec.Raw(content)}
                yield Document(file.kind, msgspec.json.encode(body | ({"ids": ids} if ids else {})))
                if record is None:
                    continue  # `parse` gives the reason
                times.add(record.times, of_note=record.is_note)
                skipped[record.skipped] += 1
                remarks[record.remark] += 1
                if reason := contents.add(ids.id if ids else record.key, number, content, final=record.is_final):
                    yield Unreadable(location, file.kind, f"{location}: {record.key} {reason}")
            times.end_file(file.path, file.as_of)
            yield FileComplete(str(file.path))
        except Exception as error:  # whatever a library says of one file, the others are read
            yield PartialFailure(f"{file.path} could not be read to its end: {error}")
        yield from _count_lines(file.path, skipped, remarks)

    def _read_record(self, kind: str, cells: dict[str, Any] | str) -> Record | None:
        try:
            return self._read_cells(kind, cells) if isinstance(cells, dict) else None
        except ValueError:
            return None

    def _read_cells(self, kind: str, cells: dict[str, Any]) -> Record:
        return KINDS[kind].read(self._mapping(kind).read_cells(cells), self.settings.conventions)

    def input(self, document: Document) -> str:
        """Return file and number of a line."""
        line = msgspec.json.decode(document.body, type=_LineDocument)
        return f"{line.file}:{line.line}"

    def entity(self, document: Document, rows: Sequence[Row]) -> str | None:
        """Return which landing row a line tells of: a deployment, an incident …; of a commit, its change."""
        if not rows:
            return None
        row = rows[0]
        return f"{Change.table if isinstance(row, Commit) else row.table}/{row.id}"

    def parse(self, document: Document) -> Iterable[Row]:
        """Return the rows of one line; raises ``ValueError`` with file, line number and reason."""
        line = msgspec.json.decode(document.body, type=_LineDocument)
        try:
            return self._read_cells(document.kind, line.cells).to_rows(line.ids)
        except ValueError as error:
            raise ValueError(f"{line.file}:{line.line}: {error}") from error


def _describe_columns(file: InputFile) -> Iterator[Note]:
    if file.ignored_columns:
        yield Note(f"{file.path}: ignored columns: {', '.join(file.ignored_columns)}")
    if file.absent:
        yield Note(f"{file.path}: columns of [sources.files.columns] that it does not have: {', '.join(file.absent)}")


def _count_lines(path: Path, skipped: Counter[str | None], remarks: Counter[str | None]) -> Iterator[Note]:
    """Yield what people should know about some lines, with how many they are."""
    if counts := ", ".join(f"{count} {kind}" for kind, count in skipped.items() if kind):
        yield Note(f"{path}: skipped events of other kinds: {counts}")
    for remark in filter(None, remarks):
        yield Note(f"{path}: {remarks[remark]} {remark}")


def _expand(pattern: str) -> list[Path]:
    path = at_home(pattern)
    # Path.glob accepts relative patterns only.
    return sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))


def _encode_cells(cells: dict[str, Any] | str) -> bytes:
    """Return the cells of a line as JSON; raises ``ValueError`` if they can not be read."""
    if isinstance(cells, str):
        raise ValueError(cells)
    return msgspec.json.encode(cells)


def _refuse(path: Path, error: _RefusedFileError | OSError) -> _RefusedFileError:
    if isinstance(error, OSError):
        error = _RefusedFileError(f"{path} can not be read: {error.strerror}", "correct that.")
    error.path = path
    return error


def _read_columns(path: Path, file_format: Format, mapping: ExportMapping) -> list[str]:
    try:
        columns = file_format.read_columns(path)
    except Exception as error:
        raise _RefusedFileError(f"{path} can not be read: {error}", "export the file again.") from error
    # Exports repeat the column of a list; with a mapping the first that is not empty counts.
    if not mapping and (duplicates := sorted(name for name, count in Counter(columns).items() if count > 1)):
        raise _RefusedFileError(f"{path}:1: duplicate columns: {', '.join(duplicates)}", "rename one of each.")
    return columns


def _find_kind(path: Path, kind: str | None) -> str:
    """Return the kind given by --kind in singular or plural, else the only one that the file's name contains."""
    stem = normalize_word(path.stem)
    matches = [name for name in KINDS if (normalize_word(kind) in (name, name[:-1]) if kind else name[:-1] in stem)]
    # A file of cdevents is not one of events, and one of change requests none of changes.
    matches = [name for name in matches if not any(name != other and name[:-1] in other for other in matches)]
    if len(matches) != 1:
        raise _RefusedFileError(f"{kind or path} does not name one of {', '.join(KINDS)}", "name one with --kind.")
    return matches[0]


class _Contents:
    """The contents of the lines of a file by landing row: of each one integer, all that is kept of a long file."""

    def __init__(self) -> None:
        self._used: dict[int, int] = {}  # by the hash of a row's id: number of the line, whether it is final, checksum

    def add(self, row_id: str, number: int, content: bytes, *, final: bool) -> str | None:
        """Return how a line contradicts an earlier one of its row; a final state is used, else the later line."""
        if not row_id:
            return None
        row, line = hash(row_id), number << 33 | final << 32 | zlib.crc32(content)
        earlier = self._used.get(row, line)
        self._used[row] = used = max(earlier, line, key=lambda line: (line >> 32 & 1, line))
        if (earlier ^ line) & 0xFFFFFFFF:
            return f"has other content on line {earlier >> 33}; line {used >> 33} is used"
        return None
