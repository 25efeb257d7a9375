"""One incident as any system reports it, and the documents and rows that are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from dora.storage.database import KnownIncident
from dora.storage.rows.base import CONTENT_BITS
from dora.storage.rows.incidents import Incident
from ingest.payloads.archive import Document

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
MOVED = "moved"  # to another service, so that the row of the former one does not count


class Assignment(NamedTuple):
    """The applications of an incident, and why it does not count (``exclusion``).

    Without an application ``service`` is the name under which it is listed. ``problem`` says what is ambiguous.
    """

    applications: tuple[str, ...]
    service: str
    exclusion: str | None = None
    problem: str | None = None


class IncidentReport(msgspec.Struct, frozen=True, kw_only=True):
    """One incident; times are microseconds since 1970.

    ``services`` names its services in one or several ways, the most exact first; ``service`` is the name to list it by,
    the first by default. ``exclusion`` says why its system
    itself does not take it for an incident.
    """

    id: str
    opened_at: int
    updated_at: int
    services: Sequence[Sequence[str]]
    service: str | None = None
    resolved_at: int | None = None
    severity: str | None = None
    title: str | None = None
    url: str | None = None
    deployment: str | None = None
    commit: str | None = None
    exclusion: str | None = None

    def to_rows(self, assignment: Assignment, former_ids: Sequence[str]) -> list[Incident]:
        """Return a row for each application, the first of which has the id of the incident.

        ``former_ids`` are the rows of applications that it had before, and no longer counts for.
        """
        applications = assignment.applications or (assignment.service,)
        rows = [
            self._to_row(name, assignment.exclusion, is_first=not number) for number, name in enumerate(applications)
        ]
        ids = {row.id for row in rows}
        former = [id_ for id_ in former_ids if id_ not in ids]
        return rows + [self._to_row(id_.removeprefix(f"{self.id}~"), MOVED, is_first=False) for id_ in former]

    def _to_row(self, application: str, exclusion: str | None, *, is_first: bool) -> Incident:
        return Incident(
            id=self.id if is_first else f"{self.id}~{application}",
            revision=self.updated_at // 1000 << CONTENT_BITS,
            external_id=None if is_first else self.id,
            application=application,
            opened_at=self.opened_at,
            resolved_at=self.resolved_at,
            severity=self.severity,
            title=self.title,
            url=self.url,
            deployment=self.deployment,
            commit=self.commit,
            exclusion=exclusion,
        )


class IncidentDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a document: what the system sent, or ``absence``, why it sends the incident no longer.

    ``former`` are rows of landing that the incident had; only of an absent one does it need all their columns.
    """

    id: str
    incident: msgspec.Raw = msgspec.Raw()
    absence: str | None = None
    former: list[KnownIncident] = []

    def encode(self, kind: str) -> Document:
        """Return the document of the archive."""
        return Document(kind, msgspec.json.encode(self))

    def absent_rows(self) -> list[Incident]:
        """Return the rows of an absent incident, which do not count; they are as far as the rows they replace."""
        return [
            Incident(
                id=row.id,
                revision=row.revision,
                external_id=None if row.id == self.id else self.id,
                application=row.application,
                opened_at=row.opened_at,
                exclusion=self.absence,
            )
            for row in self.former
        ]


def parse_time(text: str | None, name: str) -> int | None:
    """Return microseconds since 1970 of an ISO time with an offset. Raises ``ValueError`` that names the field."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ValueError(f"{name}: {text!r} is not a time with an offset")
    if not _is_plausible(time):
        raise ValueError(f"{name}: {text!r} is not between 1990 and 2100")
    return (time - _EPOCH) // _MICROSECOND


def require_time(text: str | None, name: str) -> int:
    """Return microseconds since 1970. Raises ``ValueError`` if there is no time."""
    if (time := parse_time(text, name)) is None:
        raise ValueError(f"{name} is missing")
    return time


def _is_plausible(time: datetime) -> bool:
    try:
        return _EARLIEST <= time < _LATEST
    except OverflowError:  # year 1 or 9999 with an offset
        return False
