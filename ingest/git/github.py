"""Read pull requests from GitHub's API: opened, first commit, reviews, approvals, merge, and by whom.

The API is https://docs.github.com/rest/pulls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from dora.storage.rows.changes import ChangeRequest
from ingest.git.change_requests import Instant, RequestReader, earliest, sort_updated, to_micros
from ingest.git.settings import GitHubSettings


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


class GitHub(RequestReader):
    """The API of one host with one token."""

    host = "GitHub"

    def __init__(self, settings: GitHubSettings, token: str, now: datetime) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        super().__init__(settings, headers, now)

    def read_updated(self, repository: str, slug: str, since: datetime) -> Iterator[tuple[datetime, ChangeRequest]]:
        """Yield the pull requests updated since then, oldest update first."""
        order = {"state": "all", "sort": "updated", "direction": "desc"}
        pages = self.read_pages(f"/repos/{slug}/pulls", list[_Pull], **order)
        for pull in sort_updated(pages, since, "number"):
            yield pull.updated_at, self._read_change_request(repository, slug, pull)

    def _read_change_request(self, repository: str, slug: str, pull: _Pull) -> ChangeRequest:
        author = pull.user.login if pull.user else None
        reviews, commits, merge = list[_Review](), list[_Commit](), _Merge()
        if pull.merged_at:  # until then both may change, and a run has no requests to spare for open ones
            path = f"/repos/{slug}/pulls/{pull.number}"
            for page in self.read_pages(f"{path}/reviews", list[_Review]):
                reviews += [review for review in page if review.user is None or review.user.login != author]
            commits = next(self.read_pages(f"{path}/commits", list[_Commit]))  # oldest first: one page is enough
            merge = self.read(path, _Merge)
        approvals = [review for review in reviews if review.state == "APPROVED"]
        return ChangeRequest(
            id=f"{repository}#{pull.number}",
            repository=repository,
            number=str(pull.number),
            author=author,
            opened_at=to_micros(pull.created_at),
            first_commit_at=earliest([commit.commit.author.date for commit in commits]),
            first_review_at=earliest([review.submitted_at for review in reviews]),
            approved_at=earliest([review.submitted_at for review in approvals]),
            merged_at=to_micros(pull.merged_at),
            merged_by=merge.merged_by.login if merge.merged_by else None,
            reviewers=_logins(reviews) if pull.merged_at else None,
            approvers=_logins(_before(approvals, pull.merged_at)) if pull.merged_at else None,
            sha=pull.merge_commit_sha if pull.merged_at else None,
            head_sha=pull.head.sha if pull.head else None,
            labels=sorted(label.name for label in pull.labels or ()),
        )


def _before(reviews: Sequence[_Review], merged_at: datetime) -> list[_Review]:
    return [review for review in reviews if review.submitted_at and review.submitted_at <= merged_at]


def _logins(reviews: Sequence[_Review]) -> list[str]:
    return sorted({review.user.login for review in reviews if review.user})
