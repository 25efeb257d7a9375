"""What the inputs of a run change: the quarantine, and which versions payloads have.

Only what changes something is archived, so that a replay of the archive does the same to landing as the run did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from dora.errors import counted
from dora.storage import database
from dora.storage.rows.base import Row
from dora.storage.rows.bookkeeping import ArchivedDocument, Quarantine
from ingest.core.batches import ParsedChunk
from ingest.core.columns import Columns
from ingest.core.quarantine import OpenQuarantine
from ingest.core.replay import fingerprint, to_document
from ingest.core.source import AsOf, Dismissed, FileComplete, Resolved, Unreadable, Watermark
from ingest.payloads.archive import Document
from ingest.payloads.versions import LastVersions

EXCERPT = 400  # bytes of an unreadable document that quarantine shows
Input = Document | Unreadable | Dismissed | Resolved | FileComplete | Watermark | AsOf


class Summary(msgspec.Struct, kw_only=True):
    """What one run did.

    ``tables`` counts new, changed and unchanged rows by table, ``row_counts`` all rows of the source in landing.
    ``dismissed`` counts those of ``quarantined`` that a user had dismissed, ``redacted`` the secrets that were replaced
    before archiving. ``coverage`` says since and until when its executions were read completely. ``as_of`` is None if
    nothing that was read has a time, ``requests`` for a source that sends none. ``faults`` are tracebacks of errors of
    the program, for the log.
    """

    source: str
    load_id: str
    documents: int = 0
    quarantined: int = 0
    dismissed: int = 0
    redacted: int = 0
    tables: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    partial_failures: list[str] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    as_of: datetime | None = None
    complete_since: datetime | None = None
    requests: int | None = None
    row_counts: dict[str, int] = msgspec.field(default_factory=dict)
    coverage: dict[str, Any] | None = None
    faults: list[str] = msgspec.field(default_factory=list)


class Parses(Protocol):
    """What a run needs of a source."""

    @property
    def name(self) -> str:
        """The name under which rows are stored."""

    def parse(self, document: Document) -> Iterable[Row | Columns]:
        """Return the rows of one document."""


class Changes(NamedTuple):
    """What a chunk of inputs changes: the documents to archive, and rows that no document has."""

    documents: list[Document]
    rows: dict[str, Sequence[Row]]


class Inputs:
    """The inputs of one run, in order; ``summary`` counts them. Used by one thread."""

    def __init__(self, source: Parses, load: database.Load, summary: Summary, *, archiving: bool) -> None:
        self.source, self.summary, self.archiving = source, summary, archiving
        self.quarantine = OpenQuarantine(database.read_open_quarantine(load.con, source.name))
        self.versions = LastVersions(load)
        self.readable, self.unreadable, self.first_reason = 0, 0, ""  # since the last complete file
        self._rows: list[Quarantine] = []

    def take(self, chunk: Sequence[Input], parsed: ParsedChunk, at: datetime) -> Changes:
        """Return what a chunk changes, whose documents were parsed; ``at`` is the time of what leaves quarantine."""
        self._rows = []
        marks = (_entity(item) for item in chunk if isinstance(item, Watermark | AsOf))
        self.versions.read([*parsed.entities.values(), *marks])
        documents, position = list[Document](), 0
        for item in chunk:
            if isinstance(item, Document):
                documents += self._take_document(item, parsed.errors.get(position), parsed.entities.get(position), at)
                position += 1  # of documents: the parser has not seen the other inputs
            else:
                documents += self._take_other(item, at)
        rows: dict[str, Sequence[Row]] = {
            Quarantine.table: self._rows,
            ArchivedDocument.table: self.versions.take_rows(),
        }
        return Changes(documents, {table: of_table for table, of_table in rows.items() if of_table})

    def _take_document(
        self, document: Document, error: str | None, entity: str | None, at: datetime
    ) -> Iterator[Document]:
        self.summary.documents += 1
        if error is not None:
            excerpt, name = document.body[:EXCERPT].decode("utf-8", "replace"), self._input_name(document)
            row = Quarantine(id=name, kind=document.kind, reason=error, excerpt=excerpt)
            yield from self._quarantine(row, document)
            return
        self.readable += 1
        if self.quarantine:  # mostly empty: the name of every document costs a hash
            yield from self._resolve(self.quarantine.resolve(self._input_name(document), at), at)
        if self.versions.replace(entity, document):
            yield document

    def _take_other(self, item: Input, at: datetime) -> Iterator[Document]:
        document = to_document(item)
        match item:
            case Unreadable(id_, kind, reason, excerpt):
                yield from self._quarantine(Quarantine(id=id_, kind=kind, reason=reason, excerpt=excerpt), document)
            case Dismissed(id_, dismissed_at):
                rows = self.quarantine.dismiss(id_, dismissed_at)
                self._rows += rows
                yield from [document] if rows else []
            case FileComplete(file):
                yield from self._resolve(self.quarantine.resolve_file(file, at), at)
                self.report_unreadable(file)
            case Resolved(id_, resolved_at):
                self._rows += self.quarantine.resolve(id_, resolved_at)
            case Watermark() | AsOf():
                if self.versions.replace(_entity(item), document):
                    yield document

    def _quarantine(self, row: Quarantine, document: Document) -> Iterator[Document]:
        kept = self.quarantine.add(row)
        self._rows.append(kept)
        self.summary.quarantined += 1
        if kept.dismissed_at:
            self.summary.dismissed += 1
        else:
            self.unreadable += 1
            self.first_reason = self.first_reason or kept.reason
        # The row has only the beginning of a document, which may have changed after it.
        entity = f"@input/{row.id}"
        self.versions.read([entity])
        if self.versions.replace(entity, document) or kept is row:
            yield document

    def _resolve(self, rows: Sequence[Quarantine], at: datetime) -> Iterator[Document]:
        self._rows += rows
        for row in rows:
            yield to_document(Resolved(row.id, at))

    def report_unreadable(self, name: str) -> None:
        """Report a file or source that has inputs, none of which could be read, and begin to count the next one."""
        if self.unreadable and not self.readable and self.archiving:  # a replay also reads what was corrected later
            inputs = counted(self.unreadable, "input")
            self.summary.partial_failures.append(
                f"{name}: of {inputs} none could be read, the first: {self.first_reason}"
            )
        self.readable, self.unreadable, self.first_reason = 0, 0, ""

    def _input_name(self, document: Document) -> str:
        """Return the name of an input in quarantine: that of its source, else a hash of its content."""
        name_input = getattr(self.source, "input", None)
        return (name_input(document) if name_input else None) or fingerprint(document)


def _entity(item: Watermark | AsOf) -> str:
    return f"@mark/{item.stream}" if isinstance(item, Watermark) else "@as_of"
