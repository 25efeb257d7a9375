"""Incidents as issues of GitHub, found by their labels (https://docs.github.com/rest/issues/issues).

A list of issues contains pull requests too. All issues that changed are read, not those with a label alone: one that
has lost its label is no incident any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec

from dora.errors import DoraError, UsageError
from ingest.core.mapping import GlobMapping, describe_suggestions, suggest_names
from ingest.doctor.finding import DoctorFinding
from ingest.http.session import RedirectError, RequestError, Session
from ingest.incidents.pages import read_linked_pages, read_or_none
from ingest.incidents.report import IncidentReport, parse_time, require_time
from ingest.incidents.run import ReadWindow
from ingest.incidents.settings import IncidentSettings
from ingest.incidents.source import DELETED, IncidentSource

PAGE = 100  # the API's maximum
NO_INCIDENT, TRANSFERRED = "not an incident", "transferred"
_SLUG = re.compile(r"[A-Za-z0-9][\w.-]*/(?!\.)[\w.-]+", re.ASCII)


class GitHubIssuesSettings(IncidentSettings, frozen=True, kw_only=True):
    """``[sources.github_issues]``: the repositories, and which of their issues are incidents.

    An issue is an incident if one of its labels matches ``labels``; of a repository that holds nothing else, let them
    be ``["*"]``, which an issue without labels matches too. Its services are its labels, else its repository. Its
    severity is the first label that ``severity_labels`` matches. One that was closed for one of ``dismissed`` reasons
    does not count.
    """

    default_endpoint: ClassVar[str] = "https://api.github.com"

    repositories: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    labels: tuple[str, ...] = ("incident",)
    severity_labels: tuple[str, ...] = ("sev*", "severity*", "p0", "p1", "p2", "p3")
    dismissed: tuple[str, ...] = ("not_planned", "duplicate")
    token_env: str = "DORA_GITHUB_TOKEN"  # noqa: S105 - the name of a variable


class _Label(msgspec.Struct):
    name: str = ""


class _Issue(msgspec.Struct):
    number: int
    state: str
    created_at: str
    updated_at: str | None = None
    closed_at: str | None = None
    title: str | None = None
    html_url: str | None = None
    state_reason: str | None = None
    pull_request: dict[str, Any] | None = None
    labels: list[_Label | str] = []

    def label_names(self) -> list[str]:
        """Return the names of the labels."""
        return [label if isinstance(label, str) else label.name for label in self.labels]


class _Head(msgspec.Struct):
    number: int
    pull_request: dict[str, Any] | None = None
    labels: list[_Label | str] = []


class _Number(msgspec.Struct):
    number: int


class SOURCE(IncidentSource):
    """The issues of some repositories, one stream each."""

    name: ClassVar[str] = "github_issues"
    kind: ClassVar[str] = "github_issue"
    kinds: ClassVar[frozenset[str]] = frozenset({kind})
    settings_type = GitHubIssuesSettings
    replay_settings: ClassVar[dict[str, Any]] = {"services": {}, "repositories": ["none/none"]}

    def __init__(self, settings: GitHubIssuesSettings) -> None:
        super().__init__(settings)
        self._labels = GlobMapping(dict.fromkeys(settings.labels, ""))
        self._severities = GlobMapping(dict.fromkeys(settings.severity_labels, ""))

    @classmethod
    def check_settings(cls, settings: GitHubIssuesSettings) -> None:
        """Raise ``UsageError`` unless each repository is ``owner/name``."""
        super().check_settings(settings)
        for slug in settings.repositories:
            if not _SLUG.fullmatch(slug):
                raise UsageError(
                    f"{cls.section()}: {slug!r} is not a repository like owner/name; nothing was fetched.",
                    "correct repositories.",
                )

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of the API."""
        return {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}

    def streams(self) -> Sequence[str]:
        """Return the repositories."""
        slugs: tuple[str, ...] = self.settings.repositories
        return slugs

    def stream_of(self, incident_id: str) -> str:
        """Return the repository of ``owner/name#number``."""
        return incident_id.rpartition("#")[0]

    def open_stream(self, session: Session, stream: str) -> datetime | None:
        """Ask for the repository, which may have moved."""
        try:
            return session.get(f"/repos/{stream}").date
        except RedirectError as error:
            if not error.is_local:
                raise
            raise DoraError(
                f"The repository {stream} has another name now; its issues are not read.",
                f"write that name in repositories of {self.section()}.",
            ) from None
        except RequestError as error:
            if error.status != 404:
                raise
            raise DoraError(
                f"GitHub shows no repository {stream} to this token.",
                f"correct repositories in {self.section()}, or give the token access to its issues.",
            ) from None

    def read_changed(self, session: Session, stream: str, window: ReadWindow) -> Iterator[tuple[str, msgspec.Raw]]:
        """Yield issues with a label, and those of landing that have lost it, latest update first.

        An issue that changes while pages are read moves to the first one, and others move on: none is skipped.
        """
        order = {"state": "all", "sort": "updated", "direction": "desc"}
        params: dict[str, str | int] = {**order, "since": f"{window.since:%Y-%m-%dT%H:%M:%SZ}", "per_page": PAGE}
        for content in read_linked_pages(session, f"/repos/{stream}/issues", params, PAGE):
            try:
                issue = msgspec.json.decode(content, type=_Head)
            except ValueError:  # what is wrong in it, `to_report` says
                yield _read_id(stream, content), content
                continue
            id_ = f"{stream}#{issue.number}"
            if issue.pull_request is None and (id_ in window.known or self._is_incident(issue.labels)):
                yield id_, content

    def _is_incident(self, labels: Sequence[_Label | str]) -> bool:
        names = [label if isinstance(label, str) else label.name for label in labels]
        return any(self._labels.find(name) is not None for name in names or [""])

    def read_again(self, session: Session, ids: Sequence[str]) -> Iterator[tuple[str, msgspec.Raw | str]]:
        """Yield issues one by one; GitHub redirects from one that is in another repository now."""
        for id_ in ids:
            slug, _, number = id_.rpartition("#")
            try:
                yield id_, read_or_none(session, f"/repos/{slug}/issues/{number}", msgspec.Raw) or DELETED
            except RedirectError as error:
                if not error.is_local:
                    raise
                yield id_, TRANSFERRED

    def to_report(self, incident_id: str, content: msgspec.Raw) -> IncidentReport:
        """Return what an issue says."""
        issue = msgspec.json.decode(content, type=_Issue)
        opened_at = require_time(issue.created_at, "created_at")
        closed_at = parse_time(issue.closed_at, "closed_at") if issue.state == "closed" else None
        labels, slug = issue.label_names(), incident_id.rpartition("#")[0]
        dismissed = issue.state == "closed" and issue.state_reason in self.settings.dismissed
        reason = f"closed as {issue.state_reason}" if dismissed else None
        return IncidentReport(
            id=incident_id,
            opened_at=opened_at,
            resolved_at=closed_at,
            updated_at=parse_time(issue.updated_at, "updated_at") or closed_at or opened_at,
            services=[labels, [slug]],
            service=slug,  # which of its labels names a service is unknown without a mapping
            severity=next((name for name in labels if self._severities.find(name) is not None), None),
            title=issue.title,
            url=issue.html_url,
            exclusion=reason if self._is_incident(issue.labels) and not issue.pull_request else NO_INCIDENT,
        )

    def probe(self, session: Session) -> Iterator[DoctorFinding]:
        """Yield for each repository whether it can be read, and which labels of the settings it lacks."""
        for slug in self.settings.repositories:
            check = f"{self.name} {slug}"
            try:
                self.open_stream(session, slug)
                labels = [
                    _name(label)
                    for label in read_linked_pages(session, f"/repos/{slug}/labels", {"per_page": PAGE}, PAGE)
                ]
            except DoraError as error:
                if len(self.settings.repositories) == 1:
                    raise
                yield DoctorFinding(check, "fail", error.happened, error.next_step)
                continue
            if unused := self._labels.list_unused([*labels, ""]):
                listed = [f"{label}{describe_suggestions(suggest_names(label, labels))}" for label in unused]
                next_step = f"correct labels in {self.section()}."
                yield DoctorFinding(check, "warn", f"has no label {'; '.join(listed)}", next_step)
            else:
                yield DoctorFinding(check, "ok", "can be read and has the labels of incidents")


def _read_id(slug: str, content: msgspec.Raw) -> str:
    try:
        return f"{slug}#{msgspec.json.decode(content, type=_Number).number}"
    except (ValueError, RecursionError):
        return ""


def _name(label: msgspec.Raw) -> str:
    return msgspec.json.decode(label, type=_Label).name
