"""Pull requests as GitHub's API tells them: opened, first commit, first review, approved, merged.

The API is https://docs.github.com/rest/pulls. Only what changed since the last run is read, the oldest change
first, so that a run which the rate limit ends is gone on with by the next.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

import msgspec

from dora.errors import DoraError
from ingest.core.paths import at_home
from ingest.core.rows import ChangeRequest
from ingest.core.source import Item, Note, Watermark
from ingest.git import documents
from ingest.git.settings import GitHubSettings
from ingest.http.session import Limits, Session

PAGE, BATCH = 100, 20
LIMITS = Limits(timeout_seconds=60.0, max_bytes=32 << 20, attempts=3, requests_per_10s=100)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
T = TypeVar("T")


class _User(msgspec.Struct):
    login: str


class _Label(msgspec.Struct):
    name: str


class _Pull(msgspec.Struct):
    number: int
    created_at: datetime
    updated_at: datetime
    merged_at: datetime | None = None
    merge_commit_sha: str | None = None
    user: _User | None = None
    labels: list[_Label] | None = None


class _Review(msgspec.Struct):
    state: str
    submitted_at: datetime | None = None
    user: _User | None = None


class _Person(msgspec.Struct):
    date: datetime


class _Authored(msgspec.Struct):
    author: _Person


class _Commit(msgspec.Struct):
    commit: _Authored


class _Ready:
    """What was read and not yet given on, and how far that is."""

    def __init__(self, repository: str) -> None:
        self._stream, self._until = f"requests/{repository}", ""
        self.requests: list[ChangeRequest] = []

    def take(self, request: ChangeRequest, updated_at: datetime) -> None:
        self.requests.append(request)
        self._until = updated_at.isoformat()

    def given(self) -> Iterator[Item]:
        if self.requests:
            yield documents.of_requests(self.requests)
            yield Watermark(self._stream, self._until)
        self.requests = []


class GitHub:
    """The API of one host, by one token; ``now`` is the instant of the run."""

    def __init__(self, settings: GitHubSettings, token: str, now: datetime) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        self._session = Session(settings.api, headers, LIMITS)
        self._oldest = now - timedelta(days=settings.since_days)

    def requests(self, repository: str, slug: str, known: str) -> Iterator[Item]:
        """The pull requests of ``slug`` that changed since ``known``.

        Raises ``DoraError`` where the host refuses or fails; what was read before that is marked and stays.
        """
        since = datetime.fromisoformat(known) if known else self._oldest
        ended, ready = None, _Ready(repository)
        try:
            for pull in self._changed(slug, since):
                ready.take(self._one(repository, slug, pull), pull.updated_at)
                if len(ready.requests) == BATCH:
                    yield from ready.given()
        except DoraError as error:
            ended = error
        yield from ready.given()
        if ended:
            raise ended

    def _changed(self, slug: str, since: datetime) -> list[_Pull]:
        """Those that changed, the longest ago first; one that changes while pages are turned is only met twice."""
        found: dict[int, _Pull] = {}
        for page in count(1):
            asked: dict[str, str | int] = {"state": "all", "sort": "updated", "direction": "desc"}
            pulls = self._page(f"/repos/{slug}/pulls", page, list[_Pull], asked)
            for pull in pulls:
                found.setdefault(pull.number, pull)
            if len(pulls) < PAGE or pulls[-1].updated_at < since:
                break
        changed = [pull for pull in found.values() if pull.updated_at >= since]
        return sorted(changed, key=lambda pull: pull.updated_at)

    def _one(self, repository: str, slug: str, pull: _Pull) -> ChangeRequest:
        author = pull.user.login if pull.user else None
        path = f"/repos/{slug}/pulls/{pull.number}"
        reviews = self._reviews(path, author) if pull.merged_at else []
        commits = self._page(f"{path}/commits", 1, list[_Commit]) if pull.merged_at else []
        return ChangeRequest(
            id=f"{repository}#{pull.number}",
            repository=repository,
            number=str(pull.number),
            author=author,
            opened_at=_micros(pull.created_at),
            first_commit_at=_earliest([one.commit.author.date for one in commits]),
            first_review_at=_earliest([review.submitted_at for review in reviews]),
            approved_at=_earliest([review.submitted_at for review in reviews if review.state == "APPROVED"]),
            merged_at=_micros(pull.merged_at),
            sha=pull.merge_commit_sha if pull.merged_at else None,
            labels=sorted(label.name for label in pull.labels or ()),
        )

    def _reviews(self, path: str, author: str | None) -> list[_Review]:
        """What others than the author have said of it."""
        found: list[_Review] = []
        for page in count(1):
            reviews = self._page(f"{path}/reviews", page, list[_Review])
            found += [review for review in reviews if review.user is None or review.user.login != author]
            if len(reviews) < PAGE:
                return found
        return found

    def _page(self, path: str, page: int, kind: type[list[T]], asked: dict[str, str | int] | None = None) -> list[T]:
        reply = self._session.get(path, {**(asked or {}), "per_page": PAGE, "page": page})
        try:
            return msgspec.json.decode(reply.body, type=kind)
        except msgspec.DecodeError as error:
            raise DoraError(f"{path} is not what GitHub's API says: {error}.", "check `api` in dora.toml.") from None


def token(settings: GitHubSettings) -> Generator[Item, None, str | None]:
    """The token, and notes of what is wrong with where it is; without one nothing is asked of the host."""
    place = settings.token_file or settings.token_env
    try:
        found = at_home(settings.token_file).read_text() if settings.token_file else os.environ.get(place, "")
    except (OSError, UnicodeDecodeError):
        found = ""
    if settings.token_file and found and at_home(settings.token_file).stat().st_mode & 0o077:
        yield Note(f"{place} can be read by others: run chmod 600 on it.")
    if (found := found.strip()).isascii() and found.isprintable() and found:
        return found
    yield Note(f"{place} holds no token: pull requests are not read; everything else is.")
    return None


def _earliest(times: Sequence[datetime | None]) -> int | None:
    return _micros(min((time for time in times if time), default=None))


def _micros(time: datetime | None) -> int | None:
    return (time.astimezone(UTC) - _EPOCH) // _MICROSECOND if time else None
