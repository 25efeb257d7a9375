"""Spinnaker: executions, tasks, stages, canaries and pipeline configurations of one Gate."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from dora.storage.rows.base import Row
from dora.storage.rows.executions import DeletedExecution, Execution
from dora.storage.rows.inventory import Pipeline, PipelineRevision
from ingest.core.source import Item, Note, Request, SourceState
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.http.session import Session
from ingest.payloads.archive import Document
from ingest.spinnaker.auth.connect import check_login, connect
from ingest.spinnaker.client.fetch import GateReader
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.linked_documents import LinkedDocuments
from ingest.spinnaker.client.saved_payloads import date_saved_payloads, read_saved_payloads
from ingest.spinnaker.doctor import check_gate
from ingest.spinnaker.parse.document import KINDS, parse_document
from ingest.spinnaker.settings import Settings, parse_settings


class SOURCE:
    """One Spinnaker, read through Gate's HTTP API or from saved payloads."""

    name: ClassVar[str] = "spinnaker"
    takes: ClassVar[frozenset[str]] = frozenset({"since", "applications", "load"})
    kinds: ClassVar[frozenset[str]] = KINDS

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session: Session | None = None

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> SOURCE:
        """Return the source that ``[sources.spinnaker]`` describes. Raises ``UsageError``."""
        return cls(parse_settings(settings))

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """Yield the saved payloads of ``request.load``, or what is new at Gate since the last run."""
        return read_saved_payloads(request.load) if request.load else self._read_gate(request, state)

    def _read_gate(self, request: Request, state: SourceState) -> Iterator[Item]:
        warnings: deque[str] = deque()
        self._session = connect(self._settings, warnings.append)
        yield from _drain(warnings)
        check_login(self._session)
        gate = Gate(self._session)
        items = GateReader(gate, self._settings, request, state).read()
        for item in LinkedDocuments(gate, state).follow(items):
            yield from _drain(warnings)  # a token may be refreshed at any time
            yield item

    def replay(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield archived items, with the time of saved payloads, which earlier versions did not archive."""
        return date_saved_payloads(items)

    @property
    def requests(self) -> int | None:
        """The number of requests sent, None if no server was needed."""
        return self._session.requests if self._session else None

    def input(self, document: Document) -> str | None:
        """Return kind and id of a document, None if it has no id."""
        return document.identity()

    def entity(self, document: Document, rows: Sequence[Row]) -> str | None:
        """Return what a document tells of: a task is an execution, and so is what says that it was deleted.

        Canary judgments have none: one that has ended is not requested again.
        """
        if document.kind == "canary":
            return None
        row = rows[0]
        if isinstance(row, PipelineRevision):
            return f"{Pipeline.table}/{row.pipeline_id}"
        table = Execution.table if isinstance(row, DeletedExecution) else row.table
        return f"{table}/{row.id}"

    def parse(self, document: Document) -> Iterable[Row]:
        """Return the rows of one document. Raises ``ValueError`` if it can not be read."""
        return parse_document(document, self._settings.deck, self._settings.commit_keys)

    def doctor(self, context: SourceContext) -> Iterator[DoctorFinding]:
        """Yield the findings about Gate, and warnings about the settings."""
        warnings: list[str] = []
        # Two attempts instead of five: a user waits for the result.
        session = connect(self._settings, warnings.append, attempts=2)
        yield from check_gate(session, self._settings.applications, context)
        next_step = "see the settings for authentication in [sources.spinnaker]."
        yield from (DoctorFinding("access", "warn", text, next_step) for text in warnings)


def _drain(warnings: deque[str]) -> Iterator[Note]:
    while warnings:
        yield Note(f"warning: {warnings.popleft()}")
