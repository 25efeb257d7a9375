"""What one batch of commits or changes looks like in the archive, and the rows that come of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np

from ingest.core.archive import Document
from ingest.core.rows import Application, Change, ChangeRequest, Columns, Commit, Row
from ingest.git import log

MICROS = 1_000_000
_TOLD = ("sha", "parents", "authored", "committed", "author", "subject")
Texts = list[str | None] | str | None
Numbers = list[int | None] | None
Lists = list[list[str] | None] | None


class Came(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Some changes, column by column; times are epoch seconds. A text that all of them share may stand alone."""

    sha: list[str]
    merged: Numbers = None
    request: Texts = None
    paths: Lists = None
    applications: Lists = None
    branch: Texts = None
    kind: Texts = None
    labels: list[tuple[str, ...]] | None = None
    reverts: Texts = None
    first: Numbers = None
    commits: list[int] | None = None
    files: Numbers = None
    added: Numbers = None
    removed: Numbers = None
    doubt: Texts = None


class Commits(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A batch of commits of one repository, column by column; times are epoch seconds.

    ``parents`` are ids with blanks between them; lists of them are what earlier archives hold.
    """

    repository: str
    sha: list[str]
    parents: list[str | list[str]]
    authored: list[int | None]
    committed: list[int | None]
    author: list[str]
    subject: list[str]
    reverts: Texts = None
    picked_from: Texts = None


class Changes(Came, kw_only=True, omit_defaults=True):
    """A batch of changes of one repository, all on its trunk or all dropped from it."""

    repository: str
    on_trunk: bool


class Requests(msgspec.Struct):
    """A batch of change requests of one repository."""

    requests: list[ChangeRequest]


class Teams(msgspec.Struct):
    """The team that owns each application, by a repository's CODEOWNERS."""

    repository: str
    teams: dict[str, str]


_TEAMS = msgspec.json.Decoder(Teams)
_COMMITS, _CHANGES = msgspec.json.Decoder(Commits), msgspec.json.Decoder(Changes)
_REQUESTS = msgspec.json.Decoder(Requests)


def of_commits(repository: str, batch: log.Commits) -> Document:
    """The document of some commits."""
    told = {name: getattr(batch, name) for name in _TOLD} | _known(batch, ("reverts", "picked_from"))
    return Document("commit", msgspec.json.encode(Commits(repository=repository, **told)))


def of_changes(repository: str, batch: Came, *, on_trunk: bool) -> Document:
    """The document of some changes."""
    told = _known(batch, Came.__struct_fields__) | {"sha": batch.sha}
    return Document("change", msgspec.json.encode(Changes(repository=repository, on_trunk=on_trunk, **told)))


def _known(batch: log.Commits | Came, names: Iterable[str]) -> dict[str, Any]:
    """The columns that are not null from top to bottom; of one that says one text from top to bottom, that text."""
    found: dict[str, Any] = {}
    for name in names:
        values = getattr(batch, name)
        first = values[0] if values else None
        if values and values.count(first) < len(values):
            found[name] = values
        elif first is not None:
            found[name] = first if isinstance(first, str) else values
    return found


def of_teams(repository: str, teams: Mapping[str, str]) -> Document:
    """The document of the teams that own applications."""
    return Document("teams", msgspec.json.encode(Teams(repository, dict(teams))))


def of_requests(batch: list[ChangeRequest]) -> Document:
    """The document of some change requests."""
    return Document("change_request", msgspec.json.encode(Requests(batch)))


def rows(document: Document) -> Iterable[Row | Columns]:
    """The rows of one document; raises ``ValueError`` where it is not one of ours."""
    match document.kind:
        case "commit":
            return [_commits(_COMMITS.decode(document.body))]
        case "change":
            return [_changes(_CHANGES.decode(document.body))]
        case "teams":
            return _teams(_TEAMS.decode(document.body))
        case "change_request":
            return _REQUESTS.decode(document.body).requests
    raise ValueError(f"git has no documents of kind {document.kind}")


def _teams(told: Teams) -> list[Row | Columns]:
    return [
        Application(id=application, application=application, team=team, repository=told.repository)
        for application, team in told.teams.items()
    ]


def _commits(batch: Commits) -> Columns:
    values = {
        "id": _ids(batch),
        "repository": batch.repository,
        "sha": batch.sha,
        "parents": [those.split() if isinstance(those, str) else those for those in batch.parents],
        "authored_at": _micros(batch.authored),
        "committed_at": _micros(batch.committed),
        "author": batch.author,
        "subject": batch.subject,
        "reverts": batch.reverts,
        "picked_from": batch.picked_from,
    }
    return Columns(Commit.table, len(batch.sha), values)


def _changes(batch: Changes) -> Columns:
    values = {
        "id": _ids(batch),
        "repository": batch.repository,
        "sha": batch.sha,
        "merged_at": _micros(batch.merged),
        "change_request": batch.request,
        "paths": batch.paths,
        "applications": batch.applications,
        "on_trunk": batch.on_trunk,
        "branch": batch.branch,
        "kind": batch.kind,
        "labels": batch.labels,
        "reverts": batch.reverts,
        "first_commit_at": _micros(batch.first),
        "commits": batch.commits,
        "files": batch.files,
        "lines_added": batch.added,
        "lines_removed": batch.removed,
        "merge_time_issue": batch.doubt,
    }
    return Columns(Change.table, len(batch.sha), values)


def _ids(batch: Commits | Changes) -> list[str]:
    return list(map(f"{batch.repository}@".__add__, batch.sha))


def _micros(seconds: Numbers) -> object:
    if not seconds or None in seconds:
        return seconds and [None if second is None else second * MICROS for second in seconds]
    return np.array(seconds, np.int64) * MICROS
