"""Spinnaker: executions, tasks, stages, canaries and pipeline configurations of one Gate → rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ingest.archive import Document
from ingest.http import Limits, Session
from ingest.rows import Row
from ingest.source import Item, Request, State
from ingest.spinnaker import parse
from ingest.spinnaker.fetch import Fetch
from ingest.spinnaker.gate import Gate
from ingest.spinnaker.saved import saved
from ingest.spinnaker.settings import Settings, checked


class SOURCE:
    """One Spinnaker, read through Gate's HTTP API or from saved payloads."""

    name: ClassVar[str] = "spinnaker"
    takes: ClassVar[frozenset[str]] = frozenset({"since", "applications", "load"})

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @classmethod
    def configured(cls, settings: Mapping[str, Any], data: Path) -> SOURCE:
        """The source that ``[sources.spinnaker]`` describes; raises ``UsageError``."""
        return cls(checked(settings))

    def fetch(self, request: Request, state: State) -> Iterator[Item]:
        """Yield saved payloads where ``request.load`` names some, else what Gate has since the last run."""
        if request.load:
            return saved(request.load)
        return Fetch(Gate(self._session()), self._settings, request, state).items()

    def parse(self, document: Document) -> Iterable[Row]:
        """The rows of one document; raises ``ValueError`` where it can not be read."""
        return parse.parse(document, self._settings.deck)

    def _session(self) -> Session:
        token = self._settings.token()
        limits = Limits(
            timeout_seconds=self._settings.timeout_seconds, requests_per_10s=self._settings.requests_per_10s
        )
        return Session(self._settings.endpoint, {"X-Spinnaker-Token": token} if token else {}, limits)
