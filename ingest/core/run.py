"""The state of one run of a source: what is fetched, archived, parsed, buffered and committed.

This thread fetches and parses; a background worker archives and commits, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import msgspec

from dora.errors import counted
from dora.storage import database
from dora.storage.rows.base import Row
from dora.storage.rows.bookkeeping import Quarantine
from ingest.core.archive import Archive, Document
from ingest.core.batches import ParsedChunk, Parser
from ingest.core.columns import Columns
from ingest.core.commit_buffer import CommitBuffer
from ingest.core.quarantine import OpenQuarantine
from ingest.core.redaction import redact, redact_documents
from ingest.core.replay import fingerprint, to_document
from ingest.core.source import (
    AsOf,
    Dismissed,
    FileComplete,
    Item,
    Note,
    PartialFailure,
    Progress,
    Unreadable,
    Watermark,
)
from ingest.core.worker import BackgroundWorker

EXCERPT = 400  # bytes of an unreadable document that quarantine shows
# A chunk: large enough that zstd compresses it well, small enough that few of them in memory cost little.
CHUNK_BYTES, CHUNK_ITEMS = 2 << 20, 5_000
Chunk = list[Document | Unreadable | Dismissed | FileComplete]


class Summary(msgspec.Struct, kw_only=True):
    """What one run did.

    ``tables`` counts new, changed and unchanged rows by table, ``row_counts`` all rows of the source in landing.
    ``dismissed`` counts those of ``quarantined`` that a user had dismissed, ``redacted`` the secrets that were replaced
    before archiving. ``coverage`` says since and until when its executions were read completely. ``as_of`` is None if
    nothing that was read has a time, ``requests`` for a source that sends none.
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


class Parses(Protocol):
    """What a run needs of a source."""

    @property
    def name(self) -> str:
        """The name under which rows are stored."""

    def parse(self, document: Document) -> Iterable[Row | Columns]:
        """Return the rows of one document."""


class Run:
    """The current chunk, the tables to commit and the summary. Everything of ``buffer`` runs on the worker."""

    def __init__(
        self,
        source: Parses,
        data: Path,
        load: database.Load,
        report: Callable[[str], None],
        *,
        archiving: bool,
    ) -> None:
        self.source, self.load, self.report = source, load, report
        self.worker = BackgroundWorker()
        self.searcher = ThreadPoolExecutor(1, thread_name_prefix="secret-search")
        self.parser = Parser(source.parse, load.schema, source.name, load.id)
        self.archive = Archive(data, source.name, load.id) if archiving else None
        self.buffer = CommitBuffer(load, self.archive)
        self.quarantine = OpenQuarantine(database.read_open_quarantine(load.con, source.name))
        self.summary = Summary(source=source.name, load_id=load.id)
        self.readable, self.unreadable, self.first_reason = 0, 0, ""  # inputs since the last complete file
        self.chunk: Chunk = []
        self.unarchived: list[Document] = []
        self.bytes = 0

    def take(self, item: Item) -> None:
        """Archive and parse one item of the source, without the secrets in it."""
        item = self._redact_excerpt(item)
        if document := to_document(item):  # watermarks too: a replay of the archive yields them again
            self.bytes += len(document.body)
            if self.archive:
                self.unarchived.append(document)
        match item:
            case Document() | Unreadable() | Dismissed() | FileComplete():
                self.chunk.append(item)
                if self.bytes >= CHUNK_BYTES or len(self.chunk) >= CHUNK_ITEMS:
                    self._close_chunk()
            case Watermark(stream, value):
                self._close_chunk()  # the watermark covers every row before it, so they have to be in the buffer
                self.worker.submit(partial(self.buffer.set_watermark, stream, value))
            case AsOf(at, complete_since):
                self._close_chunk()
                self.summary.as_of = max(at, self.summary.as_of or at)
                self.summary.complete_since = complete_since or self.summary.complete_since
            case PartialFailure() | Note() | Progress():
                self._inform(item)

    def _redact_excerpt(self, item: Item) -> Item:
        if not (isinstance(item, Unreadable) and item.excerpt):
            return item
        body, secrets = redact(item.excerpt.encode("utf-8", "replace"))
        self.summary.redacted += secrets
        return msgspec.structs.replace(item, excerpt=body.decode("utf-8", "replace"))

    def _inform(self, item: PartialFailure | Note | Progress) -> None:
        match item:
            case PartialFailure(message):
                self.summary.partial_failures.append(message)
            case Note(text):
                self.summary.notes.append(text)
            case Progress(text):
                self.report(text)

    def _close_chunk(self) -> None:
        chunk, unarchived = self.chunk, self.unarchived
        self.chunk, self.unarchived, self.bytes = [], [], 0
        if chunk or unarchived:
            parsed, redacted = self._parse([item for item in chunk if isinstance(item, Document)])
            chunk = [redacted.get(id(item), item) for item in chunk]
            unarchived = [redacted.get(id(document), document) for document in unarchived]
            at = self.summary.as_of or datetime.now(UTC)
            self.worker.submit(partial(self._archive_and_buffer, unarchived, chunk, parsed, at))

    def _parse(self, documents: list[Document]) -> tuple[ParsedChunk, dict[int, Document]]:
        """Parse documents without their secrets, and return those that had some without them, by identity."""
        search = self.searcher.submit(redact_documents, documents)
        # Most sources have no secrets, so that the parser need not wait for the search.
        parsed = None if self.summary.redacted else self.parser.parse_chunk(documents)
        redacted, secrets = search.result()
        self.summary.redacted += secrets
        if redacted or parsed is None:
            parsed = self.parser.parse_chunk([redacted.get(id(document), document) for document in documents])
        return parsed, redacted

    def _archive_and_buffer(self, unarchived: list[Document], chunk: Chunk, parsed: ParsedChunk, at: datetime) -> None:
        if self.archive:
            self.archive.append(unarchived)
        if rows := self._quarantine_rows(chunk, parsed.errors, at):
            parsed.tables[Quarantine.table] = self.parser.to_table(rows)
        self.buffer.add(parsed.tables)

    def _quarantine_rows(self, chunk: Chunk, errors: Mapping[int, str], at: datetime) -> list[Quarantine]:
        """Count the inputs of a chunk, update the open quarantine and return its changed rows."""
        rows: list[Quarantine] = []
        position = count()  # of documents: the parser has not seen the other items
        for item in chunk:
            reason = errors.get(next(position)) if isinstance(item, Document) else None
            self.summary.documents += isinstance(item, Document)
            if isinstance(item, FileComplete):
                rows += self.quarantine.resolve_file(item.file, at)
                self._report_unreadable(item.file)
            elif isinstance(item, Dismissed):
                rows += self.quarantine.dismiss(item.id, item.at)
            elif isinstance(item, Unreadable) or reason is not None:
                row = self.quarantine.add(self._quarantine_row(item, reason or ""))
                rows.append(row)
                self.summary.quarantined += 1
                if row.dismissed_at:
                    self.summary.dismissed += 1
                    continue
                self.unreadable += 1
                self.first_reason = self.first_reason or row.reason
            else:
                self.readable += 1
                if self.quarantine:  # mostly empty: the name of every document costs a hash
                    rows += self.quarantine.resolve(self._input_name(item), at)
        return rows

    def _report_unreadable(self, name: str) -> None:
        """Report a file or source that has inputs, none of which could be read, and begin to count the next one."""
        if self.unreadable and not self.readable and self.archive:  # a replay also reads what was corrected later
            inputs = counted(self.unreadable, "input")
            self.summary.partial_failures.append(
                f"{name}: of {inputs} none could be read, the first: {self.first_reason}"
            )
        self.readable, self.unreadable, self.first_reason = 0, 0, ""

    def _quarantine_row(self, item: Document | Unreadable, reason: str) -> Quarantine:
        if isinstance(item, Unreadable):
            return Quarantine(id=item.id, kind=item.kind, reason=item.reason, excerpt=item.excerpt)
        excerpt = item.body[:EXCERPT].decode("utf-8", "replace")
        return Quarantine(id=self._input_name(item), kind=item.kind, reason=reason, excerpt=excerpt)

    def _input_name(self, document: Document) -> str:
        """Return the name of an input in quarantine: that of its source, else a hash of its content."""
        name_input = getattr(self.source, "input", None)
        return (name_input(document) if name_input else None) or fingerprint(document)

    def finish(self) -> Summary:
        """Commit everything and complete the load."""
        self._close_chunk()
        self.worker.submit(self.buffer.commit)
        self.worker.wait()
        self._report_unreadable(self.source.name)
        summary, con = self.summary, self.load.con
        summary.tables = self.load.merged
        summary.row_counts = database.count_rows(con, self.source.name)
        summary.coverage = database.read_coverage(con, self.source.name)
        summary.requests = getattr(self.source, "requests", None)
        as_of, complete_since = (
            time.astimezone(UTC).replace(tzinfo=None) if time else None
            for time in (summary.as_of, summary.complete_since)
        )
        self.load.finish(as_of, summary.documents, summary.quarantined, summary.partial_failures, complete_since)
        return summary

    def close(self) -> None:
        """Commit what watermarks cover and archive the rest, also after an error, so that the next run can continue."""
        try:
            self.worker.submit(self.buffer.commit_covered)
            if self.archive:
                redacted, _ = redact_documents(self.unarchived)
                unarchived = [redacted.get(id(document), document) for document in self.unarchived]
                self.worker.submit(partial(self.archive.append, unarchived))
                self.worker.submit(self.archive.close)
            self.worker.wait()
        finally:
            self.searcher.shutdown()
            self.worker.close()
