"""The files source: find the files, check all of them before the first line lands, and yield them line by line."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from dora.errors import UsageError
from dora.storage.rows.base import Row
from ingest.core.archive import Document
from ingest.core.paths import at_home
from ingest.core.source import AsOf, FileComplete, Item, Note, PartialFailure, Request, SourceState, Unreadable
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.files import cdevents, records
from ingest.files.identities import Identities, RowIds
from ingest.files.readers import FORMATS, Format

CDEVENTS = "cdevents"  # a kind whose lines are nested objects, which have no columns


class _Settings(msgspec.Struct, forbid_unknown_fields=True):
    paths: list[str] = []


class _LineDocument(msgspec.Struct):
    """The body of a document: one line, and where it is; ``ids`` of a deployment if its id is not its row's."""

    file: str
    line: int
    cells: dict[str, Any]
    ids: RowIds | None = None


class InputFile(NamedTuple):
    """A file that was checked; ``ignored_columns`` are those that are not read."""

    path: Path
    format: Format
    kind: str
    ignored_columns: list[str]


class Files:
    """Files of deployments, changes, incidents or CDEvents that another system exported."""

    name: ClassVar[str] = "files"
    takes: ClassVar[frozenset[str]] = frozenset({"paths", "kind"})

    def __init__(self, patterns: list[str]) -> None:
        self.patterns = patterns

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Files:
        """Return the source for ``[sources.files]``: ``paths`` are globs, which a run without paths reads.

        Raises ``UsageError`` for an unknown key or a value of the wrong type.
        """
        try:
            return cls(msgspec.convert(dict(settings), _Settings).paths)
        except msgspec.ValidationError as error:
            raise _usage_error(f"[sources.files]: {error}", 'set paths = ["exports/*.csv"] in dora.toml.') from None

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """Yield every line of every file; raises ``UsageError`` before the first line if a file can not be used."""
        files = [_check_file(path, request.kind) for path in request.paths or self._find_configured_files()]
        yield AsOf(datetime.now(UTC))
        identities = Identities(state.reported_deployments)
        for file in files:
            if file.ignored_columns:
                yield Note(f"{file.path}: ignored columns: {', '.join(file.ignored_columns)}")
            yield from _read_lines(file, identities)
            if file.kind == CDEVENTS:
                lines = file.format.read_lines(file.path)
                counts = Counter(cdevents.skipped_kind(cells) for _, cells in lines if isinstance(cells, dict))
                if skipped := ", ".join(f"{count} {kind}" for kind, count in counts.items() if kind):
                    yield Note(f"{file.path}: skipped events of other kinds: {skipped}")

    def doctor(self, context: SourceContext) -> Iterator[DoctorFinding]:
        """Check that the configured files exist and can be read."""
        for path in self._find_configured_files():
            try:
                file = _check_file(path, None)
            except UsageError as error:
                yield DoctorFinding(f"file {path.name}", "fail", error.happened, error.next_step)
                continue
            ignored = f"; ignored columns: {', '.join(file.ignored_columns)}" if file.ignored_columns else ""
            yield DoctorFinding(f"file {path.name}", "ok", f"contains {file.kind}{ignored}")

    def _find_configured_files(self) -> list[Path]:
        if not self.patterns:
            next_step = "run `dora ingest files PATH`, or set `paths` in [sources.files] of dora.toml."
            raise _usage_error("No file is configured", next_step)
        patterns = map(at_home, self.patterns)
        # Path.glob accepts relative patterns only.
        globs = (Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))) for pattern in patterns)
        paths = sorted(set(chain.from_iterable(globs)))
        if not paths:
            next_step = "correct `paths` in [sources.files] of dora.toml."
            raise _usage_error(f"No file matches {', '.join(self.patterns)}", next_step)
        return paths

    def input(self, document: Document) -> str:
        """Return file and number of a line."""
        line = msgspec.json.decode(document.body, type=_LineDocument)
        return f"{line.file}:{line.line}"

    def parse(self, document: Document) -> Iterable[Row]:
        """Return the rows of one line; raises ``ValueError`` with file, line number and reason."""
        line = msgspec.json.decode(document.body, type=_LineDocument)
        try:
            if document.kind == CDEVENTS:
                return cdevents.to_rows(line.cells, line.ids)
            return records.to_rows(document.kind, line.cells, line.ids)
        except ValueError as error:
            raise ValueError(f"{line.file}:{line.line}: {error}") from error


def _check_file(path: Path, kind: str | None) -> InputFile:
    """Return the file with its kind; raises ``UsageError`` if its format, kind or columns are not supported."""
    if not path.is_file():
        raise _usage_error(f"There is no file {path}", "give the path of an existing file.")
    file_format = FORMATS.get(path.suffix.lower())
    if not file_format:
        raise _usage_error(f"{path} is not a file of type {', '.join(FORMATS)}", "convert it to one of them.")
    kind, columns = _find_kind(path, kind), _read_columns(path, file_format)
    if kind == CDEVENTS:
        return InputFile(path, file_format, kind, sorted(set(columns) - cdevents.FIELDS - cdevents.CLOUDEVENT_FIELDS))
    if missing := [name for name in records.required_columns(kind) if name not in columns]:
        raise _usage_error(
            f"{path}:1: a file of {kind} needs the columns {', '.join(missing)}; it has {', '.join(columns) or 'none'}",
            "add the columns, or name another kind with --kind.",
        )
    return InputFile(path, file_format, kind, sorted(set(columns).difference(records.TABLES[kind].__struct_fields__)))


def _read_columns(path: Path, file_format: Format) -> list[str]:
    try:
        columns = file_format.read_columns(path)
    except (OSError, ValueError) as error:
        raise _usage_error(f"{path} can not be read: {error}", "export the file again.") from error
    if duplicates := sorted(name for name, count in Counter(columns).items() if count > 1):
        raise _usage_error(f"{path}:1: duplicate columns: {', '.join(duplicates)}", "rename one of each.")
    return columns


def _find_kind(path: Path, kind: str | None) -> str:
    """Return the kind given by --kind in singular or plural, else the only one that the file's name contains."""
    stem, kinds = path.stem.lower(), (*records.TABLES, CDEVENTS)
    matches = [name for name in kinds if (kind in (name, name[:-1]) if kind else name[:-1] in stem)]
    if len(matches) != 1:
        raise _usage_error(f"{kind or path} does not name one of {', '.join(kinds)}", "name one with --kind.")
    return matches[0]


def _usage_error(message: str, next_step: str) -> UsageError:
    return UsageError(f"{message}; nothing was landed.", next_step)


def _read_lines(file: InputFile, identities: Identities) -> Iterator[Item]:
    """Yield a document for each line, and what can not be read or contradicts an earlier line as unreadable."""
    contents = _Contents()
    try:
        for number, cells in file.format.read_lines(file.path):
            location = f"{file.path}:{number}"
            try:
                if isinstance(cells, str):
                    raise ValueError(cells)
                content = msgspec.json.encode(cells)
            except ValueError as error:
                yield Unreadable(location, file.kind, f"{location}: {error}")
                continue
            deployment = _read_deployment(file.kind, cells)
            ids = (
                identities.assign(deployment.identity, deployment.group, shared_group=file.kind == CDEVENTS)
                if deployment
                else None
            )
            body = {"file": str(file.path), "line": number, "cells": msgspec.Raw(content)}
            if deployment and ids != (deployment.id, deployment.group or deployment.id):
                body["ids"] = ids
            yield Document(file.kind, msgspec.json.encode(body))
            key = cdevents.event_key(cells) if file.kind == CDEVENTS else records.line_key(file.kind, cells)
            final = not deployment or deployment.status != "in_progress"
            if key and (reason := contents.add(ids.id if ids else key, number, content, final=final)):
                yield Unreadable(location, file.kind, f"{location}: {key} {reason}")
        yield FileComplete(str(file.path))
    except (OSError, ValueError) as error:
        yield PartialFailure(f"{file.path} could not be read to its end: {error}")


def _read_deployment(kind: str, cells: dict[str, Any]) -> records.Deployment | None:
    """Return the deployment of a line; null for another line, and for one that can not be read."""
    try:
        if kind == "deployments":
            return records.to_deployment(cells)
        return cdevents.to_deployment(cells) if kind == CDEVENTS else None
    except ValueError:
        return None


class _Contents:
    """The contents of the lines of a file by landing row: of each one integer, all that is kept of a long file."""

    def __init__(self) -> None:
        self._used: dict[int, int] = {}  # by the hash of a row's id: number of the line, whether it is final, checksum

    def add(self, row_id: str, number: int, content: bytes, *, final: bool) -> str | None:
        """Return how a line contradicts an earlier one of its row; a final state is used, else the later line."""
        row, line = hash(row_id), number << 33 | final << 32 | zlib.crc32(content)
        earlier = self._used.get(row, line)
        self._used[row] = used = max(earlier, line, key=lambda line: (line >> 32 & 1, line))
        if (earlier ^ line) & 0xFFFFFFFF:
            return f"has other content on line {earlier >> 33}; line {used >> 33} is used"
        return None
