"""Incidents of PagerDuty, by its REST API v2 (https://developer.pagerduty.com/api-reference).

Incidents are listed by the time at which they opened, of at most six months and 10,000 entries. What
happened to older ones is in the log entries, which name the incident.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec

from dora.errors import DoraError
from ingest.doctor.finding import DoctorFinding
from ingest.http.session import Session
from ingest.incidents.pages import confirm_page, read_id, read_json, read_or_none
from ingest.incidents.report import IncidentReport, parse_time, require_time
from ingest.incidents.run import ReadWindow
from ingest.incidents.settings import IncidentSettings
from ingest.incidents.source import DELETED, IncidentSource

PAGE = 100  # the API's maximum
MAX_ENTRIES = 10_000  # that the API shows of a list, however it is paged
WINDOW = timedelta(days=30)  # the API refuses more than six months
MERGED = "merged"  # into another incident, which counts


class PagerDutySettings(IncidentSettings, frozen=True, kw_only=True):
    """``[sources.pagerduty]``; ``endpoint`` is https://api.eu.pagerduty.com for accounts in Europe."""

    default_endpoint: ClassVar[str] = "https://api.pagerduty.com"

    token_env: str = "DORA_PAGERDUTY_TOKEN"  # noqa: S105 - the name of a variable


class _Reference(msgspec.Struct):
    id: str = ""
    summary: str | None = None
    type: str = ""


class _Incident(msgspec.Struct):
    status: str
    created_at: str
    service: _Reference
    updated_at: str | None = None
    resolved_at: str | None = None
    last_status_change_at: str | None = None
    title: str | None = None
    html_url: str | None = None
    urgency: str | None = None
    priority: _Reference | None = None
    resolve_reason: _Reference | None = None


class _Id(msgspec.Struct):
    id: str


class _LogEntry(msgspec.Struct):
    incident: _Id | None = None


class _Page(msgspec.Struct):
    more: bool
    incidents: list[msgspec.Raw] = []
    log_entries: list[_LogEntry] = []
    services: list[_Reference] = []

    def count(self) -> int:
        """Return the number of entries."""
        return len(self.incidents) + len(self.log_entries) + len(self.services)


class _One(msgspec.Struct):
    incident: msgspec.Raw


class SOURCE(IncidentSource):
    """One PagerDuty account."""

    name: ClassVar[str] = "pagerduty"
    kind: ClassVar[str] = "pagerduty_incident"
    kinds: ClassVar[frozenset[str]] = frozenset({kind})
    settings_type = PagerDutySettings

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of version 2 of the API."""
        return {"Authorization": f"Token token={token}", "Accept": "application/vnd.pagerduty+json;version=2"}

    def open_stream(self, session: Session, stream: str) -> datetime | None:
        """Ask for one incident."""
        return session.get("/incidents", {"limit": 1}).date

    def read_changed(self, session: Session, stream: str, window: ReadWindow) -> Iterator[tuple[str, msgspec.Raw]]:
        """Yield what opened since then, and the older incidents that the log has entries of."""
        since, until = window.since, window.until + timedelta(minutes=1)  # the Date header has no fractions of seconds
        listed_ids = set[str]()
        for page in _read_windows(session, "/incidents", since, until, sort_by="created_at:asc"):
            for content in page.incidents:
                id_ = read_id(content)
                listed_ids.add(id_)
                yield id_, content
        if window.is_complete:
            return  # the log tells nothing of them that they do not say
        entries = _read_windows(session, "/log_entries", since, until, is_overview="true")
        logged = {entry.incident.id for page in entries for entry in page.log_entries if entry.incident}
        for id_, older in self.read_again(session, sorted(logged - listed_ids)):
            if isinstance(older, msgspec.Raw):  # what landing has of a deleted one is read again later
                yield id_, older

    def read_again(self, session: Session, ids: Sequence[str]) -> Iterator[tuple[str, msgspec.Raw | str]]:
        """Yield incidents one by one."""
        for id_ in ids:
            reply = read_or_none(session, f"/incidents/{id_}", _One)
            yield id_, reply.incident if reply else DELETED

    def to_report(self, incident_id: str, content: msgspec.Raw) -> IncidentReport:
        """Return what an incident says; one that was merged into another does not count beside it."""
        incident = msgspec.json.decode(content, type=_Incident)
        service, reason = incident.service, incident.resolve_reason
        opened_at = require_time(incident.created_at, "created_at")
        changed_at = parse_time(incident.last_status_change_at, "last_status_change_at")
        resolved_at = None
        if incident.status == "resolved":
            resolved_at = parse_time(incident.resolved_at, "resolved_at") or changed_at
        return IncidentReport(
            id=incident_id,
            opened_at=opened_at,
            resolved_at=resolved_at,
            updated_at=parse_time(incident.updated_at, "updated_at") or changed_at or opened_at,
            services=[[self._name_service(service)]],
            severity=(incident.priority.summary if incident.priority else None) or incident.urgency,
            title=incident.title,
            url=incident.html_url,
            exclusion=MERGED if reason and reason.type == "merge_resolve_reason" else None,
        )

    def probe(self, session: Session) -> Iterator[DoctorFinding]:
        """Yield that the account answers; raises what the first request raises."""
        self.open_stream(session, "")
        yield DoctorFinding(self.name, "ok", f"{session.endpoint} accepts the token")

    def list_services(self, session: Session) -> list[str]:
        """Return the names of all services; those whose id the settings write out have that name."""
        services, offset = list[_Reference](), 0
        while True:
            page = _read_page(session, "/services", offset)
            services += page.services
            offset += PAGE
            if not page.more or offset >= MAX_ENTRIES:
                break
        return [self._name_service(service) for service in services]

    def _name_service(self, service: _Reference) -> str:
        """Return the name of a service, or its id if the settings write that out: globs are meant for names."""
        is_id = self.assigner.services.has_exactly(service.id)
        return service.id if is_id else service.summary or service.id


def _read_windows(session: Session, path: str, since: datetime, until: datetime, **params: str) -> Iterator[_Page]:
    """Yield the pages of a list in windows that the API allows; one with too many entries is halved."""
    start = since
    while start < until:
        end = min(start + WINDOW, until)
        yield from _read_window(session, path, start, end, params)
        start = end


def _read_window(
    session: Session, path: str, since: datetime, until: datetime, params: dict[str, str]
) -> Iterator[_Page]:
    window = {"since": since.isoformat(), "until": until.isoformat(), "time_zone": "UTC", **params}
    for offset in range(0, MAX_ENTRIES, PAGE):
        page = _read_page(session, path, offset, **window)
        yield page
        if not page.more:
            return
    middle = since + (until - since) / 2
    if until - since < timedelta(seconds=2):
        raise DoraError(
            f"{session.endpoint} has more than {MAX_ENTRIES:,} entries of {path} at {since.isoformat()}.",
            "ask PagerDuty's support how to read them.",
        )
    yield from _read_window(session, path, since, middle, params)
    yield from _read_window(session, path, middle, until, params)


def _read_page(session: Session, path: str, offset: int, **params: str) -> _Page:
    query: dict[str, Any] = {**params, "limit": PAGE, "offset": offset}
    return confirm_page(lambda: read_json(session, path, _Page, query), _Page.count, PAGE)
