"""Spinnaker: executions, tasks, stages, canaries and pipeline configurations of one Gate → rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from ingest.core.archive import Document
from ingest.core.rows import Row
from ingest.core.source import Item, Note, Request, SourceState
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.http.session import Session
from ingest.spinnaker.auth.session import connect, probe
from ingest.spinnaker.client.fetch import Fetch
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.linked_documents import Follow
from ingest.spinnaker.client.saved_payloads import saved
from ingest.spinnaker.doctor import examine
from ingest.spinnaker.parse.document import parse_document
from ingest.spinnaker.settings import Settings, checked

_SAFER = "see the settings of [sources.spinnaker] that say how Gate knows us."


class _Named(msgspec.Struct):
    id: str


class SOURCE:
    """One Spinnaker, read through Gate's HTTP API or from saved payloads."""

    name: ClassVar[str] = "spinnaker"
    takes: ClassVar[frozenset[str]] = frozenset({"since", "applications", "load"})

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: Session | None = None

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> SOURCE:
        """The source that ``[sources.spinnaker]`` describes; raises ``UsageError``."""
        return cls(checked(settings))

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """Yield saved payloads where ``request.load`` names some, else what Gate has since the last run."""
        if request.load:
            return saved(request.load)
        return self._asked(request, state)

    def _asked(self, request: Request, state: SourceState) -> Iterator[Item]:
        warnings: deque[str] = deque()
        self._opened = connect(self._settings, warnings.append)
        yield from _noted(warnings)
        probe(self._opened)
        gate = Gate(self._opened)
        for item in Follow(gate, state).items(Fetch(gate, self._settings, request, state).items()):
            yield from _noted(warnings)
            yield item

    @property
    def requests(self) -> int | None:
        """How many requests the fetch has sent; None where it asked no server."""
        return self._opened.requests if self._opened else None

    def input(self, document: Document) -> str | None:
        """The kind and id of a document that tells its id."""
        try:
            return f"{document.kind}/{msgspec.json.decode(document.body, type=_Named).id}"
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def parse(self, document: Document) -> Iterable[Row]:
        """The rows of one document; raises ``ValueError`` where it can not be read."""
        return parse_document(document, self._settings.deck, self._settings.commit_keys)

    def doctor(self, context: SourceContext) -> Iterator[DoctorFinding]:
        """How Gate is, and what it hides."""
        warnings: list[str] = []
        session = connect(self._settings, warnings.append, attempts=2)  # somebody waits for what it says
        yield from examine(session, self._settings.applications, context)
        yield from (DoctorFinding("access", "warn", text, _SAFER) for text in warnings)


def _noted(warnings: deque[str]) -> Iterator[Note]:
    """What there is to warn about by now, once: a token may be refreshed at any time."""
    while warnings:
        yield Note(f"warning: {warnings.popleft()}")
