"""Fetch each configured repository into its mirror, and yield what is new since the last run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from dora.errors import DoraError
from ingest.archive import Document
from ingest.finding import Finding, Known
from ingest.git import settings as configuration
from ingest.git.doctor import examine
from ingest.git.log import Entry
from ingest.git.mirror import Mirror, Tips
from ingest.git.settings import Repository
from ingest.rows import Change, Commit, Row
from ingest.source import AsOf, Item, Mark, Progress, Request, State, Trouble

BATCH = 1000
MICROS = 1_000_000


class _Commits(msgspec.Struct):
    repository: str
    commits: list[tuple[str, list[str], int | None, int | None, str, str, str | None]]


class _Changes(msgspec.Struct):
    repository: str
    on_trunk: bool
    changes: list[tuple[str, int | None, str | None, list[str] | None]]


_COMMITS, _CHANGES = msgspec.json.Decoder(_Commits), msgspec.json.Decoder(_Changes)


class Git:
    """Commits and trunk changes of git repositories, each read through a bare mirror of our own."""

    name: ClassVar[str] = "git"
    takes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, repositories: list[Repository], data: Path, timeout: float) -> None:
        self.repositories, self.data, self.timeout = repositories, data, timeout

    @classmethod
    def configured(cls, settings: Mapping[str, Any], data: Path) -> Git:
        """The repositories of ``[sources.git]``; raises ``UsageError`` for an unknown key or an unsafe address."""
        repositories, timeout = configuration.read(settings)
        return cls(repositories, data, timeout)

    def fetch(self, request: Request, state: State) -> Iterator[Item]:
        """Commits and changes of each repository; one that fails is a trouble and the others go on."""
        yield AsOf(datetime.now(UTC))
        for repository in self.repositories:
            # Where paths are asked for later, the changes that were landed without them are read again.
            stream = f"{'tips+paths' if repository.paths else 'tips'}/{repository.name}"
            try:
                yield from self._one(repository, stream, Tips.of(state.watermarks.get(stream, "")))
            except DoraError as error:
                yield Trouble(f"repository {repository.name}: {error}")

    def _one(self, repository: Repository, stream: str, known: Tips) -> Iterator[Item]:
        yield Progress(f"{repository.name}: fetching")
        mirror = Mirror(repository, self.data, self.timeout)
        tips = mirror.fetch(known)
        if tips == known:
            return
        added, dropped = mirror.trunk_line(tips.trunk, known.trunk)
        waiting, count = set(added), 0
        for batch in _batched(mirror.beyond(tips, known)):
            count += len(batch)
            yield _commits(repository, batch)
            if not repository.paths and (here := [entry for entry in batch if entry.sha in waiting]):
                waiting.difference_update(entry.sha for entry in here)
                yield _changes(repository, here, on_trunk=True)
        for shas, on_trunk in ([sha for sha in added if sha in waiting], True), (dropped, False):
            for batch in _batched(mirror.these(shas, paths=repository.paths)):
                yield _changes(repository, batch, on_trunk=on_trunk)
        yield Mark(stream, tips.text())
        yield Progress(f"{repository.name}: {count:,} commits, {len(added):,} changes, {len(dropped):,} rewritten")

    def doctor(self, known: Known) -> Iterator[Finding]:
        """How each repository and its mirror are."""
        for repository in self.repositories:
            yield from examine(repository, self.data, self.timeout)

    def parse(self, document: Document) -> Iterable[Row]:
        """The rows of one batch; raises ``ValueError`` where it is not one of ours."""
        match document.kind:
            case "commit":
                return _commit_rows(_COMMITS.decode(document.body))
            case "change":
                return _change_rows(_CHANGES.decode(document.body))
        raise ValueError(f"git has no documents of kind {document.kind}")


def _batched(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while batch := list(islice(entries, BATCH)):
        yield batch


def _commits(repository: Repository, batch: list[Entry]) -> Document:
    rows = [(e.sha, e.parents, e.authored, e.committed, e.author, e.subject, e.reverts) for e in batch]
    return Document("commit", msgspec.json.encode(_Commits(repository.name, rows)))


def _changes(repository: Repository, batch: list[Entry], *, on_trunk: bool) -> Document:
    rows = [(e.sha, e.committed, e.change_request, e.paths if repository.paths else None) for e in batch]
    return Document("change", msgspec.json.encode(_Changes(repository.name, on_trunk, rows)))


def _commit_rows(batch: _Commits) -> Iterator[Row]:
    for sha, parents, authored, committed, author, subject, reverts in batch.commits:
        yield Commit(
            id=f"{batch.repository}@{sha}",
            repository=batch.repository,
            sha=sha,
            parents=parents,
            authored_at=_micros(authored),
            committed_at=_micros(committed),
            author=author,
            subject=subject,
            reverts=reverts,
        )


def _change_rows(batch: _Changes) -> Iterator[Row]:
    for sha, merged, change_request, paths in batch.changes:
        yield Change(
            id=f"{batch.repository}@{sha}",
            repository=batch.repository,
            sha=sha,
            merged_at=_micros(merged),
            change_request=change_request,
            paths=paths,
            on_trunk=batch.on_trunk,
        )


def _micros(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * MICROS
