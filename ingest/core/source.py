"""The Source protocol: what a run requests of a source, what it knows before a run, and what it yields.

A source fetches and parses; it never writes. ``ingest.core.pipeline`` does the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

import msgspec

from dora.storage import database
from dora.storage.rows.base import Row
from ingest.core.columns import Columns
from ingest.payloads.archive import Document

# Parts of the protocol: sources import them from here.
SourceState = database.SourceState
ReportedRecord = database.ReportedRecord


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a run; a source supports those that it names in ``takes``."""

    paths: tuple[Path, ...] = ()
    load: tuple[Path, ...] = ()
    since: datetime | None = None
    applications: tuple[str, ...] = ()
    kind: str | None = None


class Watermark(msgspec.Struct, frozen=True):
    """Everything of ``stream`` up to ``value`` has been yielded: rows and watermark are committed together."""

    stream: str
    value: str


class AsOf(msgspec.Struct, frozen=True):
    """The facts of this load are complete up to this instant, by the clock of the source.

    ``complete_since`` is the instant from which they are, if the source says it.
    """

    at: datetime
    complete_since: datetime | None = None


class EarlierAsOf(AsOf, frozen=True):
    """An as-of time in an archive of contract 4 or before, which had the time of the run for files too."""


class PartialFailure(msgspec.Struct, frozen=True):
    """A part of the source that could not be fetched; the others proceed, and the run ends as partial."""

    message: str


class Unreadable(msgspec.Struct, frozen=True):
    """An input that can not become a document; it is quarantined."""

    id: str
    kind: str
    reason: str
    excerpt: str | None = None


class Dismissed(msgspec.Struct, frozen=True):
    """A user dismissed an input in quarantine: it will not be corrected."""

    id: str
    at: datetime


class Resolved(msgspec.Struct, frozen=True):
    """An input left quarantine: it was read without an error, or is no longer in its file."""

    id: str
    at: datetime


class LoadEnd(msgspec.Struct, frozen=True):
    """What came since the last such item is of this load, up to the byte ``size`` of its archive."""

    id: str
    size: int = 0


class FileComplete(msgspec.Struct, frozen=True):
    """A file was read to its end: its inputs in quarantine that were not yielded again are resolved."""

    file: str


class Note(msgspec.Struct, frozen=True):
    """A sentence for the user; no data is missing."""

    text: str


class Progress(msgspec.Struct, frozen=True):
    """A sentence for a user who waits; it changes nothing."""

    text: str


Item = Document | Watermark | AsOf | PartialFailure | Unreadable | Dismissed | FileComplete | Note | Progress
ReplayedItem = Item | Resolved | LoadEnd


class Source(Protocol):
    """Where facts come from. A module or package in ``ingest/`` that sets ``SOURCE`` to a class is a source.

    ``kinds`` are those of its documents: they tell whose payloads these are if dora.toml no longer says it.

    Optional attributes:
    ``requests`` is the number of requests sent, for the summary.
    ``input(document)`` returns the name that a document keeps when it is corrected, None if it has none.
    ``replay(items)`` yields archived items as this version understands them, if earlier ones meant another thing.
    ``entity(document, rows)`` returns the name of what a document with these rows is a version of, None if it is
    always new. Documents of two entities must have no row in common; two equal ones in a row are archived once.
    ``replay_settings`` are the least settings with which its payloads can be parsed, nothing by default.
    ``doctor(context)`` yields the findings of ``dora doctor`` about this source.
    """

    name: ClassVar[str]
    takes: ClassVar[frozenset[str]]
    kinds: ClassVar[frozenset[str]]

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Source:
        """Return the source that ``[sources.NAME]`` of dora.toml describes. Raises ``UsageError``."""

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """Yield documents as they arrive, and a watermark whenever a stream is complete up to it."""

    def parse(self, document: Document) -> Iterable[Row | Columns]:
        """Return the rows of one document, without side effects. Raises ``ValueError`` if it can not be parsed."""
