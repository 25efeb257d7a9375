"""The state of one run of a source: what is fetched, archived, parsed, buffered and committed.

This thread fetches and parses; a background worker archives and commits, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from dora.storage import database
from ingest.core.batches import ParsedChunk, Parser
from ingest.core.commit_buffer import CommitBuffer
from ingest.core.inputs import Input, Inputs, Parses, Summary
from ingest.core.source import (
    AsOf,
    Dismissed,
    FileComplete,
    LoadEnd,
    Note,
    PartialFailure,
    Progress,
    ReplayedItem,
    Resolved,
    Unreadable,
    Watermark,
)
from ingest.core.worker import BackgroundWorker
from ingest.payloads.archive import Archive, Document
from ingest.payloads.redaction import redact, redact_documents

# A chunk: large enough that zstd compresses it well, small enough that few of them in memory cost little.
CHUNK_BYTES, CHUNK_ITEMS = 2 << 20, 5_000
MAX_FAULTS = 20  # errors of the program that are reported


class Run:
    """The current chunk, the tables to commit and the summary. Everything of ``inputs`` and ``buffer`` is the worker's.

    ``replayed`` are the loads whose archives were taken.
    """

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
        entity = getattr(source, "entity", None) or (lambda *_: None)
        self.parser = Parser(source.parse, load.schema, source.name, load.id, entity)
        self.archive = Archive(data, source.name, load.id) if archiving else None
        self.buffer = CommitBuffer(load, self.archive)
        self.summary = Summary(source=source.name, load_id=load.id)
        self.inputs = Inputs(source, load, self.summary, archiving=archiving)
        self.chunk: list[Input] = []
        self.bytes = 0
        self.replayed: list[database.ArchivedLoad] = []
        self.documents = 0  # of the archive that is taken
        self.clock: AsOf | None = None

    def take(self, item: ReplayedItem) -> None:
        """Archive and parse one item of the source, without the secrets in it."""
        match item:
            case Document() | Unreadable() | Dismissed() | Resolved() | FileComplete():
                self.chunk.append(self._redact_excerpt(item))
                if isinstance(item, Document):
                    self.documents += 1
                    self.bytes += len(item.body)
                if self.bytes >= CHUNK_BYTES or len(self.chunk) >= CHUNK_ITEMS:
                    self._close_chunk()
            case Watermark(stream, value):
                self.chunk.append(item)
                self._close_chunk()  # the watermark covers every row before it, so they have to be in the buffer
                self.worker.submit(partial(self.buffer.set_watermark, stream, value))
            case AsOf(at, complete_since):
                self.chunk.append(item)
                self._close_chunk()
                self.clock = _later(self.clock, item)
                self.summary.as_of = max(at, self.summary.as_of or at)
                self.summary.complete_since = complete_since or self.summary.complete_since
            case LoadEnd(id_, size):
                self._end_load(id_, size)
            case PartialFailure() | Note() | Progress():
                self._inform(item)

    def _redact_excerpt(self, item: Input) -> Input:
        if not (isinstance(item, Unreadable) and item.excerpt):
            return item
        body, secrets = redact(item.excerpt.encode("utf-8", "replace"))
        self.summary.redacted += secrets
        return msgspec.structs.replace(item, excerpt=body.decode("utf-8", "replace"))

    def _inform(self, item: PartialFailure | Note | Progress) -> None:
        match item:
            case PartialFailure(message):
                self.summary.partial_failures.append(_to_utf8(message))
            case Note(text):
                self.summary.notes.append(_to_utf8(text))
            case Progress(text):
                self.report(text)

    def _close_chunk(self) -> None:
        chunk = self.chunk
        self.chunk, self.bytes = [], 0
        if chunk:
            parsed, redacted = self._parse([item for item in chunk if isinstance(item, Document)])
            chunk = [redacted.get(id(item), item) for item in chunk]
            at = self.summary.as_of or datetime.now(UTC)
            self.worker.submit(partial(self._archive_and_buffer, chunk, parsed, at))

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

    def _archive_and_buffer(self, chunk: list[Input], parsed: ParsedChunk, at: datetime) -> None:
        if self.buffer.is_empty:
            self.inputs.versions.forget()
        changes = self.inputs.take(chunk, parsed, at)
        if self.archive:
            self.archive.append(changes.documents)
        self.buffer.add(parsed.tables | {table: self.parser.to_table(rows) for table, rows in changes.rows.items()})

    def _end_load(self, load_id: str, size: int) -> None:
        as_of, since = (self.clock.at, self.clock.complete_since) if self.clock else (None, None)
        load = database.ArchivedLoad(load_id, _to_naive(as_of), _to_naive(since), self.documents, size)
        self.replayed.append(load)
        self.documents, self.clock = 0, None

    def commit(self) -> None:
        """Commit everything that was taken."""
        self._close_chunk()
        self.worker.submit(self.buffer.commit)
        if self.archive:
            self.worker.submit(self.archive.end)
        self.worker.wait()
        if self.archive:
            self.load.mark_archived(self.load.id, self.archive.size)
        self.load.record_loads(self.replayed)

    def finish(self) -> Summary:
        """Commit everything and complete the load."""
        self.commit()
        self.inputs.report_unreadable(self.source.name)
        if self.archive:
            self._report_faults()
        summary, con = self.summary, self.load.con
        summary.tables = {table: counts for table, counts in self.load.merged.items() if table != database.ARCHIVED}
        summary.row_counts = database.count_rows(con, self.source.name)
        summary.coverage = database.read_coverage(con, self.source.name)
        summary.requests = getattr(self.source, "requests", None)
        self.load.finish(
            _to_naive(summary.as_of),
            summary.documents,
            summary.quarantined,
            summary.partial_failures,
            _to_naive(summary.complete_since),
        )
        return summary

    def _report_faults(self) -> None:
        """Report what documents met in the parser, each error once; a replay meets it again, and quarantine has it."""
        self.summary.faults = list(self.parser.faults)[:MAX_FAULTS]
        for fault in dict.fromkeys(list(self.parser.faults.values())[:MAX_FAULTS]):
            self.summary.partial_failures.append(f"an error of this program, with its document in quarantine: {fault}")

    def close(self) -> None:
        """Archive the rest and commit what watermarks cover, also after an error, so that the next run can continue."""
        try:
            self._close_chunk()
            self.worker.submit(self.buffer.commit_covered)
            if self.archive:
                self.worker.submit(self.archive.close)
            self.worker.wait()
        finally:
            self.searcher.shutdown()
            self.worker.close()


def _later(first: AsOf | None, second: AsOf) -> AsOf:
    """Return up to when the facts of a load are complete that says it twice."""
    if first is None:
        return second
    return AsOf(max(first.at, second.at), second.complete_since or first.complete_since)


def _to_utf8(text: str) -> str:
    """Return a text that can be landed and printed: the name of a file may have bytes that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _to_naive(time: datetime | None) -> datetime | None:
    """Return a time in UTC, without a time zone."""
    return time.astimezone(UTC).replace(tzinfo=None) if time else None
