"""The Source protocol: what a source is asked for, what it knows, and what it yields.

A source fetches and parses; it never writes. Fetching yields, parsing is pure; ``ingest.core.pipeline`` does the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

import msgspec

from ingest.core.archive import Document
from ingest.core.rows import Columns, Row


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is asked for; a source takes those fields that it names in ``takes``."""

    paths: tuple[Path, ...] = ()
    load: tuple[Path, ...] = ()
    since: datetime | None = None
    applications: tuple[str, ...] = ()
    kind: str | None = None


class Watermark(msgspec.Struct, frozen=True):
    """Everything of ``stream`` up to ``value`` has been yielded: commit rows and watermark together."""

    stream: str
    value: str


class AsOf(msgspec.Struct, frozen=True):
    """The facts of this load are known up to this instant, by the source's own clock."""

    at: datetime


class PartialFailure(msgspec.Struct, frozen=True):
    """One part of the source could not be fetched; the others proceed and the run ends as partial."""

    what: str


class Unreadable(msgspec.Struct, frozen=True):
    """One input that could not even become a document; it is quarantined."""

    id: str
    kind: str
    reason: str
    excerpt: str | None = None


class FileComplete(msgspec.Struct, frozen=True):
    """All of a file was told: what was in quarantine of it, and was not told again, is there no longer."""

    file: str


class Note(msgspec.Struct, frozen=True):
    """A sentence that whoever runs this should read; nothing is missing."""

    text: str


class Progress(msgspec.Struct, frozen=True):
    """A sentence for a person who waits; it changes nothing."""

    text: str


Item = Document | Watermark | AsOf | PartialFailure | Unreadable | FileComplete | Note | Progress


class SourceState(msgspec.Struct, frozen=True):
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

    It may say how many ``requests`` it sent, and have a method ``input(document)``: the name that a document keeps when
    corrected, null where it has none.
    """

    name: ClassVar[str]
    takes: ClassVar[frozenset[str]]

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Source:
        """The source as ``[sources.NAME]`` of dora.toml sets it up; raises ``UsageError``."""
        ...

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """Yield documents as they come, and a mark wherever what came so far is whole."""
        ...

    def parse(self, document: Document) -> Iterable[Row | Columns]:
        """The rows of one document. Pure; raises ``ValueError`` where it can not be read."""
        ...
