"""What one batch of commits or changes looks like in the archive, and the rows that come of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ingest.archive import Document
from ingest.git.log import Entry
from ingest.rows import Change, ChangeRequest, Commit, Row

MICROS = 1_000_000


class Told(msgspec.Struct, array_like=True, omit_defaults=True):
    """One commit; times are epoch seconds."""

    sha: str
    parents: list[str]
    authored: int | None
    committed: int | None
    author: str
    subject: str
    reverts: str | None = None
    picked_from: str | None = None


class Came(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One change; times are epoch seconds."""

    sha: str
    merged: int | None = None
    request: str | None = None
    paths: list[str] | None = None
    applications: list[str] | None = None
    branch: str | None = None
    kind: str | None = None
    labels: list[str] | None = None
    reverts: str | None = None
    first: int | None = None
    commits: int | None = None
    files: int | None = None
    added: int | None = None
    removed: int | None = None
    doubt: str | None = None


class Commits(msgspec.Struct):
    """A batch of commits of one repository."""

    repository: str
    commits: list[Told]


class Changes(msgspec.Struct):
    """A batch of changes of one repository, all on its trunk or all dropped from it."""

    repository: str
    on_trunk: bool
    changes: list[Came]


class Requests(msgspec.Struct):
    """A batch of change requests of one repository."""

    requests: list[ChangeRequest]


_COMMITS, _CHANGES = msgspec.json.Decoder(Commits), msgspec.json.Decoder(Changes)
_REQUESTS = msgspec.json.Decoder(Requests)


def of_commits(repository: str, batch: Iterable[Entry]) -> Document:
    """The document of some commits."""
    told = [
        Told(e.sha, e.parents, e.authored, e.committed, e.author, e.subject, e.reverts, e.picked_from) for e in batch
    ]
    return Document("commit", msgspec.json.encode(Commits(repository, told)))


def of_changes(repository: str, batch: list[Came], *, on_trunk: bool) -> Document:
    """The document of some changes."""
    return Document("change", msgspec.json.encode(Changes(repository, on_trunk, batch)))


def of_requests(batch: list[ChangeRequest]) -> Document:
    """The document of some change requests."""
    return Document("change_request", msgspec.json.encode(Requests(batch)))


def rows(document: Document) -> Iterable[Row]:
    """The rows of one document; raises ``ValueError`` where it is not one of ours."""
    match document.kind:
        case "commit":
            return _commits(_COMMITS.decode(document.body))
        case "change":
            return _changes(_CHANGES.decode(document.body))
        case "change_request":
            return _REQUESTS.decode(document.body).requests
    raise ValueError(f"git has no documents of kind {document.kind}")


def _commits(batch: Commits) -> Iterator[Row]:
    for told in batch.commits:
        yield Commit(
            id=f"{batch.repository}@{told.sha}",
            repository=batch.repository,
            sha=told.sha,
            parents=told.parents,
            authored_at=_micros(told.authored),
            committed_at=_micros(told.committed),
            author=told.author,
            subject=told.subject,
            reverts=told.reverts,
            picked_from=told.picked_from,
        )


def _changes(batch: Changes) -> Iterator[Row]:
    for came in batch.changes:
        yield Change(
            id=f"{batch.repository}@{came.sha}",
            repository=batch.repository,
            sha=came.sha,
            merged_at=_micros(came.merged),
            change_request=came.request,
            paths=came.paths,
            applications=came.applications,
            on_trunk=batch.on_trunk,
            branch=came.branch,
            kind=came.kind,
            labels=came.labels,
            reverts=came.reverts,
            first_commit_at=_micros(came.first),
            commits=came.commits,
            files=came.files,
            lines_added=came.added,
            lines_removed=came.removed,
            doubt=came.doubt,
        )


def _micros(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * MICROS
