"""The Source protocol, and the one way from a source to landing rows.

    fetch → keep the payload → parse → land → summary

A source fetches and parses; it never writes. Fetching yields, parsing is pure, landing merges by
``(source, id)``: twice gives the same rows, and ``--replay`` runs the same parse over the archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

import msgspec

from dora import warehouse
from ingest.archive import Archive, Damage, Document, replay
from ingest.behind import Behind
from ingest.quarantine import Kept
from ingest.rows import Quarantine, Row, to_arrow

BATCH = 50_000  # rows: each commit looks through the whole table, so few rows a commit would make long files slow
EXCERPT = 400


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is asked for; a source takes those fields that it names in ``takes``."""

    paths: tuple[Path, ...] = ()
    load: tuple[Path, ...] = ()
    since: datetime | None = None
    applications: tuple[str, ...] = ()
    kind: str | None = None


class Mark(msgspec.Struct, frozen=True):
    """Everything of ``stream`` up to ``value`` has been yielded: commit rows and watermark together."""

    stream: str
    value: str


class AsOf(msgspec.Struct, frozen=True):
    """The facts of this load are known up to this instant, by the source's own clock."""

    at: datetime


class Trouble(msgspec.Struct, frozen=True):
    """One part of the source could not be fetched; the others proceed and the run ends as partial."""

    what: str


class Unreadable(msgspec.Struct, frozen=True):
    """One input that could not even become a document; it is quarantined."""

    id: str
    kind: str
    reason: str
    excerpt: str | None = None


class Whole(msgspec.Struct, frozen=True):
    """All of a file was told: what was in quarantine of it, and was not told again, is there no longer."""

    file: str


class Note(msgspec.Struct, frozen=True):
    """A sentence that whoever runs this should read; nothing is missing."""

    text: str


class Progress(msgspec.Struct, frozen=True):
    """A sentence for a person who waits; it changes nothing."""

    text: str


_ARCHIVED: dict[str, type[Mark] | type[AsOf] | type[Unreadable] | type[Whole]] = {
    "@mark": Mark,
    "@as_of": AsOf,
    "@unreadable": Unreadable,
    "@whole": Whole,
}


Item = Document | Mark | AsOf | Trouble | Unreadable | Whole | Note | Progress


class State(msgspec.Struct, frozen=True):
    """What landing already knows of a source: watermarks, and (id, application) of unfinished executions.

    ``pipelines`` are (id, application) of all that were ever seen; ``recent`` are (id, application, pipeline, status,
    epoch milliseconds of queueing) of each application's last fifteen days. ``judged`` are the canary judgments that
    were read, ``awaited`` those that lately could not be; ``configured`` says when each pipeline was last changed
    (microseconds since 1970).
    """

    watermarks: Mapping[str, str]
    unfinished: list[tuple[str, str]]
    pipelines: list[tuple[str, str]] = []
    recent: list[tuple[str, str, str | None, str, int]] = []
    judged: Collection[str] = frozenset()
    awaited: Collection[str] = ()
    configured: Mapping[str, int] = msgspec.field(default_factory=dict)


class Source(Protocol):
    """Where facts come from. One module in ``ingest/`` with a class named ``SOURCE`` is one source.

    It may have a method ``input(document)``: the name that a document keeps when corrected, null where it has none.
    """

    name: ClassVar[str]
    takes: ClassVar[frozenset[str]]

    @classmethod
    def configured(cls, settings: Mapping[str, Any], data: Path) -> Source:
        """The source as ``[sources.NAME]`` of dora.toml sets it up; raises ``UsageError``."""
        ...

    def fetch(self, request: Request, state: State) -> Iterator[Item]:
        """Yield documents as they come, and a mark wherever what came so far is whole."""
        ...

    def parse(self, document: Document) -> Iterable[Row]:
        """The rows of one document. Pure; raises ``ValueError`` where it can not be read."""
        ...


class Summary(msgspec.Struct, kw_only=True):
    """What one run did: documents read, rows per table (new, changed, unchanged), what went wrong.

    ``requests`` is how many it sent, null where it asks no server; ``held`` is what landing holds of the source now,
    ``coverage`` from when to when its executions were seen whole.
    """

    source: str
    load_id: str
    documents: int = 0
    quarantined: int = 0
    tables: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    troubles: list[str] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    as_of: datetime | None = None
    requests: int | None = None
    held: dict[str, int] = msgspec.field(default_factory=dict)
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
    with warehouse.begin_load(data, source.name) as load:
        state = State(
            load.watermarks(),
            load.unfinished(),
            load.pipelines(),
            load.recent(),
            load.judged(),
            load.awaited(),
            load.configured(),
        )
        items = _replayed(data, source.name) if replaying else source.fetch(request, state)
        with closing(_Run(source, data, load, report, keep=not replaying)) as run:
            for item in items:
                run.take(item)
            return run.finish()


class _Run:
    """The state of one pull: rows waiting for their commit, and the counts of the summary."""

    def __init__(
        self, source: Source, data: Path, load: warehouse.Load, report: Callable[[str], None], *, keep: bool
    ) -> None:
        self.source, self.load, self.report = source, load, report
        self.behind = Behind()
        self.archive = Archive(data, source.name, load.id, self.behind.do) if keep else None
        self.summary = Summary(source=source.name, load_id=load.id)
        self.kept = Kept(load.quarantined())
        self.waiting: dict[str, list[Row]] = {}
        self.pending = 0

    def take(self, item: Item) -> None:
        self._keep(item)
        match item:
            case Document():
                self._document(item)
            case Mark(stream, value):
                self._commit({stream: value})
            case AsOf(at):
                self.summary.as_of = max(at, self.summary.as_of or at)
            case Trouble(what):
                self.summary.troubles.append(what)
            case Unreadable(id, kind, reason, excerpt):
                self._quarantine(Quarantine(id=id, kind=kind, reason=reason, excerpt=excerpt))
            case Whole(file):
                self._land(self.kept.whole(file, self._now()))
            case Note() | Progress():
                self._say(item)

    def _say(self, item: Note | Progress) -> None:
        if isinstance(item, Note):
            self.summary.notes.append(item.text)
        else:
            self.report(item.text)

    def _keep(self, item: Item) -> None:
        document = item if isinstance(item, Document) else _as_document(item)
        if self.archive and document:
            self.archive.write(document)

    def _document(self, document: Document) -> None:
        self.summary.documents += 1
        try:
            rows = list(self.source.parse(document))
        except (ValueError, RecursionError) as error:
            excerpt = document.body[:EXCERPT].decode("utf-8", "replace")
            self._quarantine(
                Quarantine(id=self._name(document), kind=document.kind, reason=str(error), excerpt=excerpt)
            )
            return
        self._land(rows)
        if self.kept:
            self._land(self.kept.good(self._name(document), self._now()))

    def _name(self, document: Document) -> str:
        """What an input is called in quarantine: as its source knows it, else by its content."""
        known = getattr(self.source, "input", None)
        return (known(document) if known else None) or _fingerprint(document)

    def _now(self) -> datetime:
        return self.summary.as_of or datetime.now(UTC)

    def _quarantine(self, row: Quarantine) -> None:
        self.summary.quarantined += 1
        self._land([self.kept.bad(row)])

    def _land(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self.waiting.setdefault(row.table, []).append(row)
        self.pending += len(rows)
        if self.pending >= BATCH:
            self._commit({})

    def _commit(self, watermarks: Mapping[str, str]) -> None:
        if self.archive:
            self.archive.flush()
        self.behind.do(partial(self._merge, self.waiting, watermarks))
        self.waiting, self.pending = {}, 0

    def _merge(self, waiting: Mapping[str, list[Row]], watermarks: Mapping[str, str]) -> None:
        batches = {
            table: to_arrow(rows, self.load.schema(table), self.source.name, self.load.id)
            for table, rows in waiting.items()
        }
        self.load.commit(batches, watermarks)

    def finish(self) -> Summary:
        self._commit({})
        self.behind.settle()
        summary = self.summary
        summary.as_of = summary.as_of or datetime.now(UTC)
        summary.tables, summary.held, summary.coverage = self.load.merged, self.load.held(), self.load.covered()
        summary.requests = getattr(self.source, "requests", None)
        self.load.finish(
            summary.as_of.astimezone(UTC).replace(tzinfo=None),
            summary.documents,
            summary.quarantined,
            summary.troubles,
        )
        return summary

    def close(self) -> None:
        try:
            if self.archive:
                self.archive.close()
            self.behind.settle()
        finally:
            self.behind.close()


def _as_document(item: Item) -> Document | None:
    for kind, cls in _ARCHIVED.items():
        if isinstance(item, cls):
            return Document(kind, msgspec.json.encode(item))
    return None


def _replayed(data: Path, source: str) -> Iterator[Item]:
    for document in replay(data, source):
        if isinstance(document, Damage):
            yield Trouble(f"{document.path} is not read to its end: {document.reason}")
            continue
        cls = _ARCHIVED.get(document.kind)
        yield msgspec.json.decode(document.body, type=cls) if cls else document


def _fingerprint(document: Document) -> str:
    return hashlib.sha256(document.kind.encode() + document.body).hexdigest()[:16]
