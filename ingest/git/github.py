"""Read pull requests from GitHub's API: opened, first commit, reviews, approvals, merge, and by whom.

The API is https://docs.github.com/rest/pulls. A run reads only the pull requests that were updated since the last run,
oldest update first. If the rate limit ends it, the next run continues from there.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Annotated, TypeVar

import msgspec

from dora.errors import DoraError
from dora.storage.rows.changes import ChangeRequest
from ingest.core.paths import at_home
from ingest.core.source import Item, Note, Watermark
from ingest.git.history import documents
from ingest.git.settings import GitHubSettings
from ingest.http.session import Limits, Session

PAGE = 100  # the API's maximum
BATCH = 20  # pull requests in a document; each costs three more requests, which a stopped run repeats
LIMITS = Limits(timeout_seconds=60.0, max_bytes=32 << 20, attempts=3, requests_per_10s=100)
# A time without an offset can be compared with no other.
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
T = TypeVar("T")


class _User(msgspec.Struct):
    login: str


class _Label(msgspec.Struct):
    name: str


class _Head(msgspec.Struct):
    sha: str


class _Pull(msgspec.Struct):
    number: int
    created_at: Instant
    updated_at: Instant
    merged_at: Instant | None = None
    merge_commit_sha: str | None = None
    user: _User | None = None
    head: _Head | None = None
    labels: list[_Label] | None = None


class _Merge(msgspec.Struct):
    """The one thing about a merge that only the pull request itself says, and no list."""

    merged_by: _User | None = None


class _Review(msgspec.Struct):
    state: str
    submitted_at: Instant | None = None
    user: _User | None = None


class _Person(msgspec.Struct):
    date: Instant


class _Authored(msgspec.Struct):
    author: _Person


class _Commit(msgspec.Struct):
    commit: _Authored


class GitHub:
    """The API of one host with one token; ``now`` is the time of the run."""

    def __init__(self, settings: GitHubSettings, token: str, now: datetime) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        self._session = Session(settings.api, headers, LIMITS)
        self._now, self._first_since = now, now - timedelta(days=settings.since_days)

    def read_change_requests(self, repository: str, slug: str, watermark: str) -> Iterator[Item]:
        """Yield the pull requests of ``slug`` updated since ``watermark``, an ISO time or empty, and new watermarks.

        Raises ``DoraError`` if the host refuses or fails, after it has yielded everything that was read.
        """
        since = datetime.fromisoformat(watermark) if watermark else self._first_since
        batch: list[ChangeRequest] = []
        updated_at, failure = since, None
        try:
            for pull in self._updated_pulls(slug, since):
                batch.append(self._read_change_request(repository, slug, pull))
                updated_at = min(pull.updated_at, self._now)  # a time to come would skip everything until then
                if len(batch) == BATCH:
                    yield from _to_items(repository, batch, updated_at)
                    batch = []
        except DoraError as error:
            failure = error
        if batch:
            yield from _to_items(repository, batch, updated_at)
        if failure:
            raise failure

    def _updated_pulls(self, slug: str, since: datetime) -> list[_Pull]:
        """Return the pull requests updated since then, oldest update first."""
        pulls, order = dict[int, _Pull](), {"state": "all", "sort": "updated", "direction": "desc"}
        for page in self._read_pages(f"/repos/{slug}/pulls", list[_Pull], **order):
            for pull in page:
                pulls.setdefault(pull.number, pull)  # an update between two pages moves others onto both
            if page and page[-1].updated_at < since:
                break
        updated = [pull for pull in pulls.values() if pull.updated_at >= since]
        return sorted(updated, key=lambda pull: pull.updated_at)

    def _read_change_request(self, repository: str, slug: str, pull: _Pull) -> ChangeRequest:
        author = pull.user.login if pull.user else None
        reviews, commits, merge = list[_Review](), list[_Commit](), _Merge()
        if pull.merged_at:  # until then both may change, and a run has no requests to spare for open ones
            path = f"/repos/{slug}/pulls/{pull.number}"
            for page in self._read_pages(f"{path}/reviews", list[_Review]):
                reviews += [review for review in page if review.user is None or review.user.login != author]
            commits = self._read_page(f"{path}/commits", list[_Commit], 1)  # oldest first: one page is enough
            merge = self._read(path, _Merge)
        approvals = [review for review in reviews if review.state == "APPROVED"]
        return ChangeRequest(
            id=f"{repository}#{pull.number}",
            repository=repository,
            number=str(pull.number),
            author=author,
            opened_at=_to_micros(pull.created_at),
            first_commit_at=_earliest([commit.commit.author.date for commit in commits]),
            first_review_at=_earliest([review.submitted_at for review in reviews]),
            approved_at=_earliest([review.submitted_at for review in approvals]),
            merged_at=_to_micros(pull.merged_at),
            merged_by=merge.merged_by.login if merge.merged_by else None,
            reviewers=_logins(reviews) if pull.merged_at else None,
            approvers=_logins(_before(approvals, pull.merged_at)) if pull.merged_at else None,
            sha=pull.merge_commit_sha if pull.merged_at else None,
            head_sha=pull.head.sha if pull.head else None,
            labels=sorted(label.name for label in pull.labels or ()),
        )

    def _read_pages(self, path: str, kind: type[list[T]], **parameters: str) -> Iterator[list[T]]:
        for number in count(1):
            page = self._read_page(path, kind, number, **parameters)
            # A short page is the last one, or was cut on its way: again, until it shows no more.
            while len(page) < PAGE and len(again := self._read_page(path, kind, number, **parameters)) > len(page):
                page = again
            yield page
            if len(page) < PAGE:
                return

    def _read_page(self, path: str, kind: type[list[T]], number: int, **parameters: str) -> list[T]:
        return self._read(path, kind, **parameters, per_page=PAGE, page=number)

    def _read(self, path: str, kind: type[T], **parameters: str | int) -> T:
        reply = self._session.get(path, parameters)
        try:
            return msgspec.json.decode(reply.body, type=kind)
        except (ValueError, RecursionError) as error:
            raise DoraError(
                f"The response of {path} is not what GitHub's API documents: {error}.",
                "check `api` in [sources.git.github] of dora.toml.",
            ) from None


def read_token(settings: GitHubSettings) -> Generator[Item, None, str | None]:
    """Return the token, or null with a note; yield a note if other users can read its file."""
    location = settings.token_file or settings.token_env
    try:
        token = at_home(settings.token_file).read_text() if settings.token_file else os.environ.get(location, "")
    except (OSError, UnicodeDecodeError):
        token = ""
    if settings.token_file and token and at_home(settings.token_file).stat().st_mode & 0o077:
        yield Note(f"Other users can read {location}: run chmod 600 on it.")
    if (token := token.strip()).isascii() and token.isprintable() and token:
        return token
    yield Note(f"{location} contains no token: pull requests are not read, everything else is.")
    return None


def watermark_stream(repository: str) -> str:
    """Return the name of the watermark of a repository's pull requests."""
    # Another name than before mergers and reviewers were read, so that the next run reads the latest requests again.
    return f"reviewed_requests/{repository}"


def _to_items(repository: str, batch: list[ChangeRequest], updated_at: datetime) -> Iterator[Item]:
    yield documents.encode_change_requests(batch)
    yield Watermark(watermark_stream(repository), updated_at.isoformat())


def _before(reviews: Sequence[_Review], merged_at: datetime) -> list[_Review]:
    return [review for review in reviews if review.submitted_at and review.submitted_at <= merged_at]


def _logins(reviews: Sequence[_Review]) -> list[str]:
    return sorted({review.user.login for review in reviews if review.user})


def _earliest(times: Sequence[datetime | None]) -> int | None:
    return _to_micros(min((time for time in times if time), default=None))


def _to_micros(time: datetime | None) -> int | None:
    return (time - _EPOCH) // _MICROSECOND if time else None
