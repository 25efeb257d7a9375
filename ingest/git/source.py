"""The git source: fetch each configured repository into its mirror, and yield its new history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from dora.errors import DoraError
from dora.storage.rows.base import Row
from dora.storage.rows.changes import ChangeRequest
from ingest.core.columns import Columns
from ingest.core.source import AsOf, Item, Note, PartialFailure, Progress, Request, SourceState, Watermark
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.git.change_requests import RequestReader, read_token, watermark_stream
from ingest.git.command import CommandError
from ingest.git.doctor import TIMEOUT_SECONDS, check_mirror
from ingest.git.fetch import HistoryReader
from ingest.git.github import GitHub
from ingest.git.gitlab import GitLab
from ingest.git.history.documents import KINDS, parse_document
from ingest.git.mirror import Mirror, Tips
from ingest.git.refs import read_refs
from ingest.git.settings import Repository, Settings, read_settings
from ingest.http.session import LoginError, RequestError
from ingest.payloads.archive import Document


class Git:
    """Commits and trunk changes of git repositories, each read from a bare mirror."""

    name: ClassVar[str] = "git"
    takes: ClassVar[frozenset[str]] = frozenset()
    kinds: ClassVar[frozenset[str]] = KINDS
    replay_settings: ClassVar[Mapping[str, Any]] = {"repositories": []}

    def __init__(self, settings: Settings, data: Path) -> None:
        self.repositories, self.timeout, self.github, self.gitlab = settings
        self.data = data

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Git:
        """Return the source for ``[sources.git]``; raises ``UsageError`` for an unknown key or an unsafe address."""
        return cls(read_settings(settings), data)

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """Yield commits, changes and pull requests; a repository that fails does not stop the others."""
        # A clock that was set back would make all new commits of the future, for good: they are read once.
        now = max(datetime.now(UTC), (state.known_until or datetime.min).replace(tzinfo=UTC))
        yield AsOf(now)
        for repository in self.repositories:
            try:
                yield from self._fetch_repository(repository, state, now)
            except DoraError as error:
                yield PartialFailure(f"repository {repository.name}: {error}")
        yield from self._fetch_change_requests(state, now)

    def _fetch_repository(self, repository: Repository, state: SourceState, now: datetime) -> Iterator[Item]:
        yield Progress(f"{repository.name}: fetching")
        previous = Tips.from_watermark(state.watermarks.get(_stream(repository), ""))
        mirror = Mirror(repository, self.data, self.timeout)
        try:
            yield from self._read_mirror(mirror, previous, state, now)
        except CommandError as error:
            if not mirror.is_damaged():
                raise
            with mirror.begin_anew():
                yield from self._read_mirror(mirror, previous, state, now)
            yield Note(f"{repository.name}: its mirror was damaged and was fetched again: {error}")

    @staticmethod
    def _read_mirror(mirror: Mirror, previous: Tips, state: SourceState, now: datetime) -> Iterator[Item]:
        repository, tips = mirror.repository, mirror.fetch(previous)
        for tag in mirror.moved_tags:
            yield Note(f"{repository.name}: {tag} was moved; landing.duckdb keeps both commits.")
        if tips != previous:
            yield from HistoryReader(mirror, previous, tips, now).read_items()
            yield Watermark(_stream(repository), tips.to_watermark())
        yield from read_refs(repository.name, mirror.refs, state.watermarks.get(f"refs/{repository.name}", ""))

    def _fetch_change_requests(self, state: SourceState, now: datetime) -> Iterator[Item]:
        slugs = {repository.name: repository.slug for repository in self.repositories if repository.slug}
        if self.github and slugs and (token := (yield from read_token(self.github, "pull requests"))):
            yield from _read_requests(GitHub(self.github, token, now), "pull requests", slugs, state)
        projects = {
            repository.name: repository.project
            for repository in self.repositories
            if repository.project and not repository.slug
        }
        if self.gitlab and projects and (token := (yield from read_token(self.gitlab, "merge requests"))):
            yield from _read_requests(GitLab(self.gitlab, token, now), "merge requests", projects, state)

    def doctor(self, context: SourceContext) -> Iterator[DoctorFinding]:
        """Check each repository and its mirror."""
        for repository in self.repositories:
            tips = Tips.from_watermark(context.watermarks.get(_stream(repository), ""))
            mirror = Mirror(repository, self.data, min(self.timeout, TIMEOUT_SECONDS))
            yield from check_mirror(mirror, tips, context)

    parse = staticmethod(parse_document)

    def entity(self, document: Document, rows: Sequence[Row | Columns]) -> str | None:
        """Return the repository of change requests: the newest ones are read again each time, all else only once."""
        row = rows[0] if rows else None
        return f"{row.table}/{row.repository}" if isinstance(row, ChangeRequest) else None


def _read_requests(api: RequestReader, what: str, slugs: Mapping[str, str], state: SourceState) -> Iterator[Item]:
    for name, slug in slugs.items():
        yield Progress(f"{name}: reading {what}")
        try:
            yield from api.read_change_requests(name, slug, state.watermarks.get(watermark_stream(name), ""))
        except DoraError as error:
            # A refused token is refused for the other repositories too, and so is the next request after too many.
            ends = isinstance(error, LoginError) or (isinstance(error, RequestError) and error.is_limit)
            yield PartialFailure(f"{what} of {name}{' and of the repositories after it' * ends}: {error}")
            if ends:
                return


def _stream(repository: Repository) -> str:
    # Another name when paths or owners are switched on, so that all changes are read again.
    # "tips", the name until commits had trees and e-mails, is not read.
    return f"history{'+paths' if repository.paths else ''}{'+owners' if repository.owners else ''}/{repository.name}"
