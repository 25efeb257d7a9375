"""The one way from a source to landing rows.

    fetch → keep the payload → parse → land → summary

Landing merges by ``(source, id)``: twice gives the same rows, and ``--replay`` runs the same parse over the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from dora.storage import database
from ingest.core.archive import Archive, Document
from ingest.core.commit_buffer import Waiting
from ingest.core.parsing import Parsed, Parser
from ingest.core.quarantine import Kept
from ingest.core.replay import as_document, fingerprint, replayed
from ingest.core.rows import Quarantine
from ingest.core.source import (
    AsOf,
    FileComplete,
    Item,
    Note,
    PartialFailure,
    Progress,
    Request,
    Source,
    SourceState,
    Unreadable,
    Watermark,
)
from ingest.core.worker import Behind

EXCERPT = 400
BYTES, COUNT = 2 << 20, 5_000  # of documents that are kept and parsed together


class Summary(msgspec.Struct, kw_only=True):
    """What one run did: documents read, rows per table (new, changed, unchanged), what went wrong.

    ``requests`` is how many it sent, null where it asks no server; ``row_counts`` is what landing holds of the source
    now, ``coverage`` from when to when its executions were seen whole.
    """

    source: str
    load_id: str
    documents: int = 0
    quarantined: int = 0
    tables: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    partial_failures: list[str] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    as_of: datetime | None = None
    requests: int | None = None
    row_counts: dict[str, int] = msgspec.field(default_factory=dict)
    coverage: dict[str, Any] | None = None


def pull(
    source: Source,
    data: Path,
    request: Request,
    *,
    replaying: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Run one source once, under the writer's lock, and say what it did.

    Raises ``LockedError`` where another run writes, and whatever ends a fetch; what was committed
    before that stays, and the next run goes on from there.
    """
    with database.open_load(data, source.name) as load:
        state = SourceState(
            load.watermarks(),
            load.unfinished(),
            load.pipelines(),
            load.recent(),
            load.judged(),
            load.awaited(),
            load.configured(),
        )
        items = replayed(data, source.name) if replaying else source.fetch(request, state)
        with closing(_Run(source, data, load, report, keep=not replaying)) as run:
            for item in items:
                run.take(item)
            return run.finish()


class _Run:
    """The state of one pull: documents waiting for their chunk, tables for their commit, the counts of the summary.

    What is done behind the caller (``_settle``, all of ``waiting``) is done in order, by one thread.
    """

    def __init__(
        self, source: Source, data: Path, load: database.Load, report: Callable[[str], None], *, keep: bool
    ) -> None:
        self.source, self.load, self.report = source, load, report
        self.behind, self.parser = Behind(), Parser(source.parse, load.schema, source.name, load.id)
        self.archive = Archive(data, source.name, load.id) if keep else None
        self.summary = Summary(source=source.name, load_id=load.id)
        self.quarantine = Kept(load.quarantined())
        self.kept: list[Document] = []
        self.chunk: list[Document | Unreadable | FileComplete] = []
        self.size = 0
        self.waiting = Waiting(load, self.archive)

    def take(self, item: Item) -> None:
        self._keep(item)
        match item:
            case Document() | Unreadable() | FileComplete():
                self.chunk.append(item)
                if self.size >= BYTES or len(self.chunk) >= COUNT:
                    self._give()
            case Watermark(stream, value):
                self._give()
                self.behind.do(partial(self.waiting.mark, stream, value))
            case AsOf(at):
                self._give()
                self.summary.as_of = max(at, self.summary.as_of or at)
            case PartialFailure(what):
                self.summary.partial_failures.append(what)
            case Note() | Progress():
                self._say(item)

    def _say(self, item: Note | Progress) -> None:
        if isinstance(item, Note):
            self.summary.notes.append(item.text)
        else:
            self.report(item.text)

    def _keep(self, item: Item) -> None:
        if document := as_document(item):
            self.size += len(document.body)
            if self.archive:
                self.kept.append(document)

    def _give(self) -> None:
        """Have everything so far kept and parsed."""
        kept, chunk = self.kept, self.chunk
        self.kept, self.chunk, self.size = [], [], 0
        if kept or chunk:
            parsed = self.parser([item for item in chunk if isinstance(item, Document)])
            self.behind.do(partial(self._settle, kept, chunk, parsed, self.summary.as_of or datetime.now(UTC)))

    def _settle(
        self, kept: list[Document], chunk: list[Document | Unreadable | FileComplete], parsed: Parsed, at: datetime
    ) -> None:
        if self.archive:
            self.archive.append(kept)
        tables, failed = parsed
        if rows := self._judged(chunk, failed, at):
            tables[Quarantine.table] = self.parser.tabled(rows)
        self.waiting.add(tables)

    def _judged(
        self, chunk: list[Document | Unreadable | FileComplete], failed: Mapping[int, str], at: datetime
    ) -> list[Quarantine]:
        """The rows of what could not be read, and of what is read well by now."""
        rows: list[Quarantine] = []
        place = count()
        for item in chunk:
            why = failed.get(next(place)) if isinstance(item, Document) else None
            self.summary.documents += isinstance(item, Document)
            if isinstance(item, FileComplete):
                rows += self.quarantine.whole(item.file, at)
            elif isinstance(item, Unreadable) or why is not None:
                self.summary.quarantined += 1
                rows.append(self.quarantine.bad(self._bad(item, why or "")))
            elif self.quarantine:
                rows += self.quarantine.good(self._name(item), at)
        return rows

    def _bad(self, item: Document | Unreadable, why: str) -> Quarantine:
        if isinstance(item, Unreadable):
            return Quarantine(id=item.id, kind=item.kind, reason=item.reason, excerpt=item.excerpt)
        excerpt = item.body[:EXCERPT].decode("utf-8", "replace")
        return Quarantine(id=self._name(item), kind=item.kind, reason=why, excerpt=excerpt)

    def _name(self, document: Document) -> str:
        """What an input is called in quarantine: as its source knows it, else by its content."""
        known = getattr(self.source, "input", None)
        return (known(document) if known else None) or fingerprint(document)

    def finish(self) -> Summary:
        self._give()
        self.behind.do(self.waiting.commit)
        self.behind.settle()
        summary = self.summary
        summary.as_of = summary.as_of or datetime.now(UTC)
        summary.tables, summary.row_counts, summary.coverage = self.load.merged, self.load.held(), self.load.covered()
        summary.requests = getattr(self.source, "requests", None)
        self.load.finish(
            summary.as_of.astimezone(UTC).replace(tzinfo=None),
            summary.documents,
            summary.quarantined,
            summary.partial_failures,
        )
        return summary

    def close(self) -> None:
        try:
            self.behind.do(self.waiting.commit_marked)
            if self.archive:
                self.behind.do(partial(self.archive.append, self.kept))
                self.behind.do(self.archive.close)
            self.behind.settle()
        finally:
            self.behind.close()
