"""A source of incidents: what a system has to say, and everything else that a source is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self

import msgspec

from dora.errors import AuthError, DoraError
from dora.storage.rows.base import Row
from ingest.core.section import read_section
from ingest.core.source import Item, Note, PartialFailure, Progress, Request, SourceState
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.http.session import Authenticator, Limits, LoginError, RequestError, Session
from ingest.http.tls import Tls
from ingest.incidents.assignment import Assigner
from ingest.incidents.doctor import check_services
from ingest.incidents.report import IncidentDocument, IncidentReport
from ingest.incidents.run import IncidentRun, ReadWindow
from ingest.incidents.settings import IncidentSettings, check_endpoint, read_token
from ingest.payloads.archive import Document

DELETED = "deleted"


class IncidentSource:
    """A system of incidents. A subclass says how to read it; everything else is here.

    ``settings_type`` are its settings, ``kind`` is the kind of its documents. A *stream* is a part that is read for
    itself, such as one repository; most systems have one, without a name.
    """

    name: ClassVar[str]
    takes: ClassVar[frozenset[str]] = frozenset({"since"})
    kinds: ClassVar[frozenset[str]]
    kind: ClassVar[str]
    settings_type: ClassVar[type[IncidentSettings]]
    replay_settings: ClassVar[Mapping[str, Any]] = {"services": {}}

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.assigner = Assigner(settings, self.section())
        self._session: Session | None = None

    @classmethod
    def section(cls) -> str:
        """Return the section of dora.toml."""
        return f"[sources.{cls.name}]"

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Self:
        """Return the source that its section describes. Raises ``UsageError``."""
        values = read_section(settings, cls.settings_type, cls.section())
        cls.check_settings(values)
        return cls(values)

    # --- what a subclass says -------------------------------------------------------------------

    @classmethod
    def check_settings(cls, settings: Any) -> None:
        """Raise ``UsageError`` if settings contradict each other."""
        if settings.endpoint:
            check_endpoint(settings.endpoint, cls.section())

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of every request."""
        raise NotImplementedError

    def streams(self) -> Sequence[str]:
        """Return the parts that are read one by one."""
        return ("",)

    def stream_of(self, incident_id: str) -> str:
        """Return the stream of an incident."""
        return ""

    def open_stream(self, session: Session, stream: str) -> datetime | None:
        """Send the first request of a stream, and return the time of the server if it says it."""
        raise NotImplementedError

    def read_changed(self, session: Session, stream: str, window: ReadWindow) -> Iterator[tuple[str, msgspec.Raw]]:
        """Yield id and content of each incident that was opened or changed in a window.

        Raises ``DoraError`` unless it is certain that there are no more.
        """
        raise NotImplementedError

    def read_again(self, session: Session, ids: Sequence[str]) -> Iterator[tuple[str, msgspec.Raw | str]]:
        """Yield id and content of each of these incidents, or why the system has it no longer."""
        raise NotImplementedError

    def to_report(self, incident_id: str, content: msgspec.Raw) -> IncidentReport:
        """Return what the content of an incident says. Raises ``ValueError`` if it can not be read."""
        raise NotImplementedError

    def probe(self, session: Session) -> Iterator[DoctorFinding]:
        """Yield whether the system accepts the token, and shows what the settings name."""
        raise NotImplementedError

    def list_services(self, session: Session) -> Iterable[str] | None:
        """Return the names of all services, null if the system has no such list."""
        return None

    # --- one run ----------------------------------------------------------------------------------

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """Yield changed and unfinished incidents; a stream that fails does not stop the others."""
        warnings: list[str] = []
        session = self._session = self.connect(warnings.append)
        yield from map(Note, warnings)
        run = IncidentRun(self, session, request, state)
        for stream in self.streams():
            yield Progress(f"{stream or self.name}: reading incidents")
            try:
                yield from run.read_stream(stream)
            except DoraError as error:
                if len(self.streams()) == 1 or isinstance(error, LoginError):  # a refused token is refused for all
                    raise
                yield PartialFailure(f"{stream}: {error}")
                if isinstance(error, RequestError) and error.is_limit:
                    yield PartialFailure(f"what follows {stream} is not read: the server takes no more requests")
                    break
        yield from run.end()

    def connect(self, warn: Any, attempts: int = Limits().attempts) -> Session:
        """Return a session; nothing is sent yet. Raises ``UsageError`` if there is no token."""
        settings = self.settings
        token = read_token(settings, self.section(), warn)
        limits = Limits(
            timeout_seconds=settings.timeout_seconds,
            max_bytes=64 << 20,
            attempts=attempts,
            requests_per_10s=settings.requests_per_10s,
        )
        authenticator = Authenticator(self.headers(token), Tls(ca_file=settings.ca_file))
        where = settings.token_file or f"${settings.token_env}"
        hint = f"renew the token in {where}, and check endpoint in {self.section()}."
        return Session(settings.endpoint or settings.default_endpoint, None, limits, authenticator, hint)

    @property
    def requests(self) -> int | None:
        """The number of requests sent."""
        return self._session.requests if self._session else None

    def input(self, document: Document) -> str | None:
        """Return kind and id of a document, null if it has no id."""
        return document.identity()

    def entity(self, document: Document, rows: Sequence[Row]) -> str | None:
        """Return the incident that a document is about."""
        return f"incident/{msgspec.json.decode(document.body, type=IncidentDocument).id}"

    def parse(self, document: Document) -> list[Row]:
        """Return the rows of one document. Raises ``ValueError`` if it can not be read."""
        body = msgspec.json.decode(document.body, type=IncidentDocument)
        if body.absence:
            return list(body.absent_rows())
        report = self.to_report(body.id, body.incident)
        former = [row.id for row in body.former]
        return list(report.to_rows(self.assigner.assign(report), former))

    def doctor(self, context: SourceContext) -> Iterator[DoctorFinding]:
        """Check access, and whether every service has an application."""
        warnings: list[str] = []
        session = self.connect(warnings.append, attempts=2)
        yield from (DoctorFinding(self.name, "warn", text, "see above.") for text in warnings)
        try:
            yield from self.probe(session)
            services = self.list_services(session)
        except DoraError as error:
            refused = isinstance(error, AuthError)
            message = error.happened.removesuffix("; data landed before is unchanged.")
            yield DoctorFinding(self.name, "fail", message, error.next_step, auth_failed=refused)
            return
        if services is not None:
            yield from check_services(self.name, self.section(), self.assigner, list(services))
