"""Incidents as issues of Jira, found by JQL: Jira Cloud, and Jira Server or Data Center.

Cloud pages a search by tokens (https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/),
Server and Data Center by offset (https://docs.atlassian.com/software/jira/docs/api/REST/9.17.0/). JQL reads a date in
the time zone of the user, so queries give epoch milliseconds, which have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import msgspec

from dora.errors import DoraError, UsageError
from ingest.core.mapping import GlobMapping
from ingest.doctor.finding import DoctorFinding
from ingest.http.session import Session
from ingest.http.transport import basic_header
from ingest.incidents.pages import MalformedReplyError, confirm_page, read_id, read_json, read_or_none
from ingest.incidents.report import IncidentReport, parse_time, require_time
from ingest.incidents.run import ReadWindow
from ingest.incidents.settings import IncidentSettings
from ingest.incidents.source import DELETED, IncidentSource

PAGE = 100
READINGS = 3  # of a list that changes while it is read
NO_INCIDENT = "not an incident"
_FIELDS = (
    "created", "updated", "resolutiondate", "resolution", "status", "statuscategorychangedate", "priority", "summary",
    "components", "labels", "project",
)  # fmt: skip


class JiraSettings(IncidentSettings, frozen=True, kw_only=True):
    """``[sources.jira]``: which issues are incidents, and in which fields their facts are.

    ``jql`` finds incidents; it has no ORDER BY. With ``user``, the e-mail of an account, the token is an API token of
    Jira Cloud, else a personal access token of Server or Data Center; ``api`` says which of the two it is if its
    address does not. ``service_fields`` are fields whose values name services, else the project does. ``opened_field``,
    ``resolved_field``, ``severity_field``, ``deployment_field`` and ``commit_field`` are fields of one's own, such as
    ``customfield_10050``, in place of the standard ones. Issues with a resolution in ``dismissed`` do not count.
    """

    jql: str
    user: str | None = None
    api: Literal["cloud", "server"] | None = None
    service_fields: tuple[str, ...] = ("components",)
    opened_field: str | None = None
    resolved_field: str | None = None
    severity_field: str = "priority"
    deployment_field: str | None = None
    commit_field: str | None = None
    dismissed: tuple[str, ...] = (
        "Duplicate", "Won't Do", "Won't Fix", "Cannot Reproduce", "Declined", "Invalid", "Not a Bug", "Rejected",
    )  # fmt: skip
    token_env: str = "DORA_JIRA_TOKEN"  # noqa: S105 - the name of a variable

    @property
    def is_cloud(self) -> bool:
        """Whether it is Jira Cloud."""
        host = urlsplit(self.endpoint).hostname or ""
        return self.api == "cloud" if self.api else host.endswith((".atlassian.net", ".atlassian.com"))

    @property
    def fields(self) -> str:
        """The fields that are requested."""
        own = (self.opened_field, self.resolved_field, self.severity_field, self.deployment_field, self.commit_field)
        return ",".join(dict.fromkeys((*_FIELDS, *self.service_fields, *filter(None, own))))


class _Issue(msgspec.Struct):
    key: str
    fields: dict[str, Any]
    resolved_at: str | None = None  # of ours: when the status became done, of an issue without a date of resolution


class _Search(msgspec.Struct, rename="camel"):
    """A page of a search: ``total`` is Server's, the token Cloud's."""

    issues: list[msgspec.Raw]
    total: int | None = None
    next_page_token: str | None = None
    is_last: bool | None = None

    def count(self) -> int:
        """Return the number of issues."""
        return len(self.issues)


class _Change(msgspec.Struct):
    field: str = ""


class _History(msgspec.Struct):
    created: str
    items: list[_Change] = []


class _Changelog(msgspec.Struct):
    histories: list[_History] = []


class _WithChangelog(msgspec.Struct):
    changelog: _Changelog


class SOURCE(IncidentSource):
    """The issues of one Jira that a JQL query finds; an incident is its issue's id, which no move changes."""

    name: ClassVar[str] = "jira"
    kind: ClassVar[str] = "jira_issue"
    kinds: ClassVar[frozenset[str]] = frozenset({kind})
    settings_type = JiraSettings
    replay_settings: ClassVar[dict[str, Any]] = {
        "services": {}, "jql": "none", "endpoint": "https://jira.invalid"
    }  # fmt: skip

    def __init__(self, settings: JiraSettings) -> None:
        super().__init__(settings)
        self._dismissed = GlobMapping(dict.fromkeys(settings.dismissed, ""))
        self._api = "/rest/api/3" if settings.is_cloud else "/rest/api/2"

    @classmethod
    def check_settings(cls, settings: JiraSettings) -> None:
        """Raise ``UsageError`` if the address is missing or the query has an order."""
        if not settings.endpoint:
            example = 'endpoint = "https://example.atlassian.net"'
            raise UsageError(f"{cls.section()} has no endpoint; nothing was fetched.", f"write {example}.")
        super().check_settings(settings)
        if not settings.jql.strip() or "order by" in settings.jql.lower():
            raise UsageError(f"{cls.section()}: jql is empty or has an ORDER BY; nothing was fetched.", "correct jql.")

    def headers(self, token: str) -> dict[str, str]:
        """Return Basic authentication with an API token, or a personal access token."""
        user = self.settings.user
        return basic_header(user, token) if user else {"Authorization": f"Bearer {token}"}

    def open_stream(self, session: Session, stream: str) -> datetime | None:
        """Ask for the user."""
        return session.get(f"{self._api}/myself").date

    def read_changed(self, session: Session, stream: str, window: ReadWindow) -> Iterator[tuple[str, msgspec.Raw]]:
        """Yield issues that the query finds and that changed since then, oldest first."""
        millis = int(window.since.timestamp() * 1000)
        yield from self._search(session, f"({self.settings.jql}) AND updated >= {millis} ORDER BY created ASC, key ASC")

    def read_again(self, session: Session, ids: Sequence[str]) -> Iterator[tuple[str, msgspec.Raw | str]]:
        """Yield issues by id: what still exists and is found by the query no longer is no incident."""
        existing = []
        for id_ in ids:
            if read_or_none(session, f"{self._api}/issue/{id_}", msgspec.Raw, {"fields": "created"}):
                existing.append(id_)
            else:
                yield id_, DELETED
        for start in range(0, len(existing), PAGE):
            batch = existing[start : start + PAGE]
            query = f"({self.settings.jql}) AND id in ({', '.join(batch)}) ORDER BY created ASC, key ASC"
            incidents = dict(self._search(session, query))
            yield from incidents.items()
            yield from ((id_, NO_INCIDENT) for id_ in batch if id_ not in incidents)

    def _search(self, session: Session, jql: str) -> Iterator[tuple[str, msgspec.Raw]]:
        read = self._read_by_token if self.settings.is_cloud else self._read_by_offset
        for content in read(session, {"jql": jql, "maxResults": PAGE, "fields": self.settings.fields}):
            yield read_id(content), self._add_end(session, content)

    def _read_by_token(self, session: Session, query: dict[str, str | int]) -> Iterator[msgspec.Raw]:
        """Yield the issues of a search of Jira Cloud, which may give a page with fewer issues than requested."""
        path, visited = f"{self._api}/search/jql", set[str]()
        while True:
            page = confirm_page(lambda: read_json(session, path, _Search, query), _Search.count, PAGE)  # noqa: B023
            yield from page.issues
            token = page.next_page_token
            if page.is_last or (page.is_last is None and not token):
                return
            if not token or token in visited:
                raise MalformedReplyError(
                    f"{session.endpoint} says that there are more issues, and not how to read them.",
                    "repeat the command: it continues from where it was.",
                )
            visited.add(token)
            query = {**query, "nextPageToken": token}

    def _read_by_offset(self, session: Session, query: dict[str, str | int]) -> Iterator[msgspec.Raw]:
        """Yield the issues of a search of Server; if one leaves the list meanwhile, the list is read again."""
        for _ in range(READINGS):
            ids, total = list[str](), 1
            while len(ids) < total:
                # Each page begins with the last issue of the one before, unless an issue before it has left the list.
                page = self._read_offset(session, query, max(len(ids) - 1, 0))
                total = page.total or 0
                page_ids = [read_id(content) for content in page.issues]
                if ids and page_ids[:1] != ids[-1:]:
                    break
                yield from page.issues
                if len(page_ids) <= bool(ids):
                    break  # it counts more than it shows
                ids += page_ids[bool(ids) :]
            if len(ids) >= total:
                return
        raise MalformedReplyError(
            f"{session.endpoint} counts {total:,} issues and shows {len(ids):,} of them.",
            "repeat the command: it continues from where it was.",
        )

    def _read_offset(self, session: Session, query: dict[str, str | int], start: int) -> _Search:
        params = {**query, "startAt": start}
        page = confirm_page(lambda: read_json(session, f"{self._api}/search", _Search, params), _Search.count, PAGE)
        if page.total is None:
            raise MalformedReplyError(f"{session.endpoint} does not count its issues.", "check api and endpoint.")
        return page

    def _add_end(self, session: Session, content: msgspec.Raw) -> msgspec.Raw:
        """Return an issue with the time of its last change of status, if it is done and has no other end."""
        try:
            issue = msgspec.json.decode(content, type=_Issue)
            if not _is_done(issue) or self._end(issue):
                return content
            path = f"{self._api}/issue/{read_id(content)}"
            log = read_json(session, path, _WithChangelog, {"fields": "status", "expand": "changelog"}).changelog
        except ValueError:
            return content  # `parse` gives the reason
        ends = [change.created for change in log.histories if any(item.field == "status" for item in change.items)]
        fields = msgspec.json.decode(content)
        # Histories are in either order; ISO times of one server sort as text.
        return msgspec.Raw(msgspec.json.encode({**fields, "resolved_at": max(ends, default=None)}))

    def _end(self, issue: _Issue) -> Any:
        own = issue.fields.get(self.settings.resolved_field or "")
        return own or issue.fields.get("resolutiondate") or issue.fields.get("statuscategorychangedate")

    def to_report(self, incident_id: str, content: msgspec.Raw) -> IncidentReport:
        """Return what an issue says."""
        issue, settings = msgspec.json.decode(content, type=_Issue), self.settings
        fields = issue.fields
        opened = fields.get(settings.opened_field or "") or fields.get("created")
        ended = (
            self._end(issue) or issue.resolved_at
            if _is_done(issue) or fields.get(settings.resolved_field or "")
            else None
        )
        project, resolution = fields.get("project"), next(iter(_texts(fields.get("resolution"))), None)
        dismissed = resolution is not None and self._dismissed.find(resolution) is not None
        named = [text for name in settings.service_fields for text in _texts(fields.get(name))]
        by_project = [*_texts(project.get("key")), *_texts(project)] if isinstance(project, dict) else []
        opened_at = require_time(_text(opened), "created")
        return IncidentReport(
            id=incident_id,
            opened_at=opened_at,
            resolved_at=parse_time(_text(ended), "resolutiondate"),
            updated_at=parse_time(_text(fields.get("updated")), "updated") or opened_at,
            services=[named, by_project],
            severity=_text(fields.get(settings.severity_field)),
            title=f"{issue.key}: {_text(fields.get('summary')) or ''}".rstrip(": "),
            url=f"{settings.endpoint.rstrip('/')}/browse/{issue.key}",
            deployment=_text(fields.get(settings.deployment_field or "")),
            commit=_text(fields.get(settings.commit_field or "")),
            exclusion=f"resolved as {resolution}" if dismissed else None,
        )

    def probe(self, session: Session) -> Iterator[DoctorFinding]:
        """Yield that Jira accepts the token, and that the query is one."""
        self.open_stream(session, "")
        yield DoctorFinding(self.name, "ok", f"{session.endpoint} accepts the token")
        query: dict[str, str | int] = {"jql": f"({self.settings.jql}) AND updated >= -30d", "maxResults": 1}
        try:
            path = f"{self._api}/search/jql" if self.settings.is_cloud else f"{self._api}/search"
            issues = read_json(session, path, _Search, query).issues
        except DoraError as error:
            yield DoctorFinding(f"{self.name} jql", "fail", error.happened, f"correct jql in {self.section()}.")
            return
        if issues:
            yield DoctorFinding(f"{self.name} jql", "ok", "finds incidents of the last 30 days")
        else:
            next_step = f"try jql of {self.section()} in Jira's own search."
            yield DoctorFinding(
                f"{self.name} jql", "warn", "finds no incident that changed in the last 30 days", next_step
            )


def _is_done(issue: _Issue) -> bool:
    status = issue.fields.get("status")
    category = status.get("statusCategory") if isinstance(status, dict) else None
    is_done = isinstance(category, dict) and category.get("key") == "done"
    return is_done or bool(issue.fields.get("resolutiondate"))


def _texts(value: Any) -> list[str]:
    """Return the texts of a field: of an option or object its name or value, of a list those of its items."""
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        return _texts(value.get("name") or value.get("value"))
    return [str(value)] if isinstance(value, str | int | float) and str(value) else []


def _text(value: Any) -> str | None:
    return next(iter(_texts(value)), None)
