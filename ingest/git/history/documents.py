"""The archive documents of commits and changes, and the landing rows of each document. Pure."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
import numpy as np

from dora.storage.rows.base import Row
from dora.storage.rows.changes import Change, ChangeRequest, Commit, RequestHead, Tag
from dora.storage.rows.inventory import Application
from ingest.commits.trailers import list_co_authors
from ingest.core.columns import Columns
from ingest.git.history import first_archives, log
from ingest.payloads.archive import Document

MICROS = 1_000_000
Texts = list[str | None] | str | None
Seconds = list[int | None] | None
Lists = list[list[str] | None] | None
_Batch = TypeVar("_Batch")


class Repeated(msgspec.Struct):
    """A column of few texts: the texts, and which of them each row has."""

    texts: list[str]
    rows: list[int]

    @classmethod
    def of(cls, column: list[str]) -> Repeated:
        """Return the column with each of its texts once."""
        numbers = {text: number for number, text in enumerate(dict.fromkeys(column))}
        return cls([*numbers], [*map(numbers.__getitem__, column)])

    def expand(self) -> list[str]:
        """Return the text of each row; raises ``ValueError`` if a row has a number that no text has."""
        if self.rows and not 0 <= min(self.rows) <= max(self.rows) < len(self.texts):
            raise ValueError("A row refers to a text that is missing.")
        return [*map(self.texts.__getitem__, self.rows)]


class ChangeColumns(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Changes, column by column; times are epoch seconds. A text that all changes share is stored once.

    The attributes are the columns of the table ``change``. ``name`` is what archives call them since the first version,
    so that every archive can be replayed.
    """

    sha: list[str]
    merged_at: Seconds = msgspec.field(default=None, name="merged")
    change_request: Texts = msgspec.field(default=None, name="request")
    paths: Lists = None
    applications: Lists = None
    branch: Texts = None
    kind: Texts = None
    labels: list[tuple[str, ...]] | None = None
    first_commit_at: Seconds = msgspec.field(default=None, name="first")
    commits: list[int] | None = None
    files: list[int | None] | None = None
    lines_added: list[int | None] | None = msgspec.field(default=None, name="added")
    lines_removed: list[int | None] | None = msgspec.field(default=None, name="removed")
    merge_time_issue: Texts = msgspec.field(default=None, name="doubt")


class ChangeDocument(ChangeColumns, kw_only=True, omit_defaults=True):
    """A batch of changes of one repository, either all on trunk or all dropped from it."""

    repository: str
    on_trunk: bool


class CommitDocument(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A batch of commits of one repository, column by column; times are epoch seconds.

    ``parents`` are ids separated by blanks; archives of earlier versions contain lists of ids, and of each revert the
    commit that it reverts.
    """

    repository: str
    sha: list[str]
    parents: list[str | list[str]]
    tree: Texts = None
    authored_at: list[int | None] = msgspec.field(name="authored")
    committed_at: list[int | None] = msgspec.field(name="committed")
    author: list[str] | Repeated
    author_email: Repeated | None = None
    committer_email: Repeated | None = None
    subject: list[str]
    reverts: list[list[str] | str | None] | str | None = None
    is_revert: list[bool | None] | None = None
    picked_from: Texts = None
    change_request: Texts = msgspec.field(default=None, name="request")
    title: Texts = None
    trailers: Lists = None


class TagDocument(msgspec.Struct, kw_only=True):
    """Tags of one repository, column by column; times are epoch seconds, null for a tag that is not annotated."""

    repository: str
    name: list[str]
    sha: list[str]
    is_annotated: list[bool]
    tagged_at: list[int | None]


class RequestHeadDocument(msgspec.Struct, kw_only=True):
    """Heads of pull or merge requests of one repository, column by column."""

    repository: str
    number: list[str]
    sha: list[str]


class ChangeRequestDocument(msgspec.Struct):
    """A batch of change requests of one repository."""

    requests: list[ChangeRequest]


class TeamDocument(msgspec.Struct):
    """The team that owns each application according to a repository's CODEOWNERS."""

    repository: str
    teams: dict[str, str]


_PEOPLE = ("author", "author_email", "committer_email")
_COMMITS, _CHANGES = msgspec.json.Decoder(CommitDocument), msgspec.json.Decoder(ChangeDocument)
_TAGS, _HEADS = msgspec.json.Decoder(TagDocument), msgspec.json.Decoder(RequestHeadDocument)
_REQUESTS, _TEAMS = msgspec.json.Decoder(ChangeRequestDocument), msgspec.json.Decoder(TeamDocument)


def encode_commits(repository: str, commits: log.Commits) -> Document:
    """Return the document of a batch of commits."""
    columns: dict[str, Any] = {name: getattr(commits, name) for name in log.COLUMNS}
    columns["change_request"] = columns.pop("request")
    rare = ("change_request", "title", "reverts", "is_revert", "picked_from", "trailers")
    columns |= {name: _compress(columns[name]) for name in rare}
    columns |= {name: Repeated.of(columns[name]) for name in _PEOPLE}
    return Document("commit", msgspec.json.encode(CommitDocument(repository=repository, **columns)))


def encode_changes(repository: str, changes: ChangeColumns, *, on_trunk: bool) -> Document:
    """Return the document of a batch of changes."""
    columns: dict[str, Any] = {name: _compress(getattr(changes, name)) for name in ChangeColumns.__struct_fields__}
    columns["sha"] = changes.sha
    return Document("change", msgspec.json.encode(ChangeDocument(repository=repository, on_trunk=on_trunk, **columns)))


def _compress(column: Any) -> Any:
    """Return null for a column without a value, and a single text for a column that repeats it."""
    first = column[0] if column else None
    is_constant = not column or column.count(first) == len(column)
    return first if is_constant and (first is None or isinstance(first, str)) else column


def encode_teams(repository: str, teams: Mapping[str, str]) -> Document:
    """Return the document of the teams that own applications."""
    return Document("teams", msgspec.json.encode(TeamDocument(repository, dict(teams))))


def encode_change_requests(batch: list[ChangeRequest]) -> Document:
    """Return the document of a batch of change requests."""
    return Document("change_request", msgspec.json.encode(ChangeRequestDocument(batch)))


def encode_tags(tags: TagDocument) -> Document:
    """Return the document of tags."""
    return Document("tag", msgspec.json.encode(tags))


def encode_request_heads(heads: RequestHeadDocument) -> Document:
    """Return the document of the heads of requests."""
    return Document("request_head", msgspec.json.encode(heads))


KINDS = frozenset({"commit", "change", "tag", "request_head", "teams", "change_request"})


def parse_document(document: Document) -> Iterable[Row | Columns]:
    """Return the rows of a document; raises ``ValueError`` if it is not a document of this source."""
    match document.kind:
        case "commit":
            return [_commit_rows(_decode(_COMMITS, document.body, first_archives.to_commit_columns))]
        case "change":
            return [_change_rows(_decode(_CHANGES, document.body, first_archives.to_change_columns))]
        case "tag":
            return [_tag_rows(_TAGS.decode(document.body))]
        case "request_head":
            return [_request_head_rows(_HEADS.decode(document.body))]
        case "teams":
            owned = _TEAMS.decode(document.body)
            repository, teams = owned.repository, owned.teams.items()
            return [Application(id=name, application=name, team=team, repository=repository) for name, team in teams]
        case "change_request":
            return _REQUESTS.decode(document.body).requests
    raise ValueError(f"git has no documents of kind {document.kind}")


def _decode(
    decoder: msgspec.json.Decoder[_Batch], body: bytes, to_columns: Callable[[bytes], dict[str, Any]]
) -> _Batch:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        with contextlib.suppress(msgspec.ValidationError):
            return msgspec.convert(to_columns(body), decoder.type)
        raise


def _commit_rows(commits: CommitDocument) -> Columns:
    values = msgspec.structs.asdict(commits)
    values |= {name: column.expand() for name, column in values.items() if isinstance(column, Repeated)}
    values |= {
        "id": _ids(commits),
        "parents": [parents.split() if isinstance(parents, str) else parents for parents in commits.parents],
        "reverts": _read_reverts(commits),
        "authored_at": _to_micros(commits.authored_at),
        "committed_at": _to_micros(commits.committed_at),
        "co_authors": commits.trailers and [lines and list_co_authors(lines) for lines in commits.trailers],
    }
    return Columns(Commit.table, len(commits.sha), values)


def _read_reverts(commits: CommitDocument) -> Lists:
    per_commit = [commits.reverts] * len(commits.sha) if isinstance(commits.reverts, str) else commits.reverts
    return [[f"commit {each}"] if isinstance(each, str) else each for each in per_commit] if per_commit else None


def _change_rows(changes: ChangeDocument) -> Columns:
    values = msgspec.structs.asdict(changes) | {
        "id": _ids(changes),
        "merged_at": _to_micros(changes.merged_at),
        "first_commit_at": _to_micros(changes.first_commit_at),
    }
    return Columns(Change.table, len(changes.sha), values)


def _tag_rows(tags: TagDocument) -> Columns:
    ids = [f"{tags.repository}@{name}@{sha}" for name, sha in zip(tags.name, tags.sha, strict=True)]
    values = msgspec.structs.asdict(tags) | {"id": ids, "tagged_at": _to_micros(tags.tagged_at)}
    return Columns(Tag.table, len(ids), values)


def _request_head_rows(heads: RequestHeadDocument) -> Columns:
    values = msgspec.structs.asdict(heads) | {"id": [f"{heads.repository}#{number}" for number in heads.number]}
    return Columns(RequestHead.table, len(heads.number), values)


def _ids(batch: CommitDocument | ChangeDocument) -> list[str]:
    return list(map(f"{batch.repository}@".__add__, batch.sha))


def _to_micros(seconds: Seconds) -> object:
    if not seconds or None in seconds:
        return seconds and [None if second is None else second * MICROS for second in seconds]
    return np.array(seconds, np.int64) * MICROS  # Arrow takes an array in a third of the time of a list
