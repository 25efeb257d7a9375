"""Fetch each configured repository into its mirror, and yield what is new since the last run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from dora.errors import AuthError, DoraError
from ingest.core.archive import Document
from ingest.core.rows import Columns, Row
from ingest.core.source import AsOf, Item, Note, PartialFailure, Progress, Request, SourceState, Watermark
from ingest.doctor.finding import DoctorFinding, SourceContext
from ingest.git import documents, github
from ingest.git import settings as configuration
from ingest.git.doctor import LONGEST, check_mirror
from ingest.git.fetch import Reading
from ingest.git.mirror import Mirror, Tips
from ingest.git.settings import Repository, Settings


class Git:
    """Commits and trunk changes of git repositories, each read through a bare mirror of our own."""

    name: ClassVar[str] = "git"
    takes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, settings: Settings, data: Path) -> None:
        self.repositories, self.timeout, self.github = settings
        self.data = data

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], data: Path) -> Git:
        """The repositories of ``[sources.git]``; raises ``UsageError`` for an unknown key or an unsafe address."""
        return cls(configuration.read(settings), data)

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """Commits and changes of each repository; one that fails is a trouble and the others go on."""
        now = datetime.now(UTC)
        yield AsOf(now)
        for repository in self.repositories:
            stream = _stream(repository)
            try:
                yield from self._one(repository, stream, Tips.of(state.watermarks.get(stream, "")), now)
            except DoraError as error:
                yield PartialFailure(f"repository {repository.name}: {error}")
        yield from self._requests(state, now)

    def _requests(self, state: SourceState, now: datetime) -> Iterator[Item]:
        """Change requests of the repositories that the API knows; without a token the rest is as good."""
        asked = [(repository.name, repository.slug) for repository in self.repositories if repository.slug]
        if not (self.github and asked):
            return
        token = yield from github.token(self.github)
        if not token:
            return
        api = github.GitHub(self.github, token, now)
        for name, slug in asked:
            yield Progress(f"{name}: reading pull requests")
            try:
                yield from api.requests(name, slug, state.watermarks.get(f"requests/{name}", ""))
            except AuthError as error:  # it would refuse the others too
                yield PartialFailure(f"pull requests of {name} and what comes after it: {error}")
                return
            except DoraError as error:
                yield PartialFailure(f"pull requests of {name}: {error}")

    def _one(self, repository: Repository, stream: str, known: Tips, now: datetime) -> Iterator[Item]:
        yield Progress(f"{repository.name}: fetching")
        mirror = Mirror(repository, self.data, self.timeout)
        tips = mirror.fetch(known)
        for tag in mirror.moved:
            yield Note(f"{repository.name}: {tag} was moved; the commit that it named before stays resolvable.")
        if tips == known:
            return
        yield from Reading(mirror, known, tips, now).items()
        yield Watermark(stream, tips.text())

    def doctor(self, context: SourceContext) -> Iterator[DoctorFinding]:
        """How each repository and its mirror are."""
        for repository in self.repositories:
            tips = Tips.of(context.watermarks.get(_stream(repository), ""))
            yield from check_mirror(Mirror(repository, self.data, min(self.timeout, LONGEST)), tips, context)

    def parse(self, document: Document) -> Iterable[Row | Columns]:
        """The rows of one batch; raises ``ValueError`` where it is not one of ours."""
        return documents.rows(document)


def _stream(repository: Repository) -> str:
    """Where its watermark is kept; where more is asked for later, its changes are read again from the start."""
    more = ("+paths" if repository.paths else "") + ("+owners" if repository.owners else "")
    return f"tips{more}/{repository.name}"
