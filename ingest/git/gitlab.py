"""Read merge requests from GitLab's API: opened, first commit, reviews, approvals, merge, and by whom.

The API is https://docs.gitlab.com/api/merge_requests/. A review is a note of another user than the author; approvals
are dated by the list of approvals, or by the system notes of versions before it had dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from dora.storage.rows.changes import ChangeRequest
from ingest.git.change_requests import Instant, RequestReader, earliest, sort_updated, to_micros
from ingest.git.settings import GitLabSettings
from ingest.http.session import ForbiddenError, RequestError

_APPROVED, _UNAPPROVED = (
    re.compile(rf"{word} this merge request\b", re.IGNORECASE) for word in ("approved", "unapproved")
)


class _User(msgspec.Struct):
    username: str


class _MergeRequest(msgspec.Struct):
    iid: int
    created_at: Instant
    updated_at: Instant
    state: str
    merged_at: Instant | None = None
    author: _User | None = None
    merge_user: _User | None = None
    merged_by: _User | None = None  # the former name of merge_user
    sha: str | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    labels: list[str] = []


class _Commit(msgspec.Struct):
    authored_date: Instant


class _Note(msgspec.Struct):
    created_at: Instant
    body: str = ""
    system: bool = False
    author: _User | None = None


class _Approval(msgspec.Struct):
    user: _User
    approved_at: Instant | None = None


class _Approvals(msgspec.Struct):
    approved_by: list[_Approval] = []


class _Event(NamedTuple):
    user: str
    at: datetime | None


class GitLab(RequestReader):
    """The API of one GitLab; a project is its path, such as ``group/subgroup/name``."""

    host = "GitLab"

    def __init__(self, settings: GitLabSettings, token: str, now: datetime) -> None:
        super().__init__(settings, {"PRIVATE-TOKEN": token}, now)

    def read_updated(self, repository: str, slug: str, since: datetime) -> Iterator[tuple[datetime, ChangeRequest]]:
        """Yield the merge requests updated since then, oldest update first."""
        project = f"/projects/{quote(slug, safe='')}/merge_requests"
        query = {"state": "all", "scope": "all", "order_by": "updated_at", "sort": "desc"}
        pages = self.read_pages(project, list[_MergeRequest], **query, updated_after=since.isoformat())
        for request in sort_updated(pages, since, "iid"):
            yield request.updated_at, self._read_request(repository, project, request)

    def _read_request(self, repository: str, project: str, request: _MergeRequest) -> ChangeRequest:
        merged_at = request.merged_at if request.state == "merged" else None
        author = request.author.username if request.author else None
        commits, reviews, approvals = list[_Commit](), list[_Event](), list[_Event]()
        if merged_at:  # until then all may change, and a run has no requests to spare for open ones
            path = f"{project}/{request.iid}"
            commits = list(chain.from_iterable(self.read_pages(f"{path}/commits", list[_Commit])))
            notes = list(chain.from_iterable(self.read_pages(f"{path}/notes", list[_Note], sort="asc")))
            approvals = [event for event in self._read_approvals(path, notes) if event.user != author]
            reviews = [event for event in _find_reviews(notes) if event.user != author] + approvals
        merger = request.merge_user or request.merged_by
        return ChangeRequest(
            id=f"{repository}#{request.iid}",
            repository=repository,
            number=str(request.iid),
            author=author,
            opened_at=to_micros(request.created_at),
            first_commit_at=earliest([commit.authored_date for commit in commits]),
            first_review_at=earliest([event.at for event in reviews]),
            approved_at=earliest([event.at for event in approvals]),
            merged_at=to_micros(merged_at),
            merged_by=merger.username if merged_at and merger else None,
            reviewers=sorted({event.user for event in reviews}) if merged_at else None,
            approvers=_names_before(approvals, merged_at) if merged_at else None,
            # With a merge commit that is the one on trunk; without one the squashed commit, else the branch's last.
            sha=(request.merge_commit_sha or request.squash_commit_sha or request.sha) if merged_at else None,
            head_sha=request.sha,
            labels=sorted(request.labels),
        )

    def _read_approvals(self, path: str, notes: Sequence[_Note]) -> list[_Event]:
        """Return who approved, and when; by notes alone where the server has no list of approvals."""
        dated = _date_approvals(notes)
        try:
            listed = self.read(f"{path}/approvals", _Approvals).approved_by
        except ForbiddenError:
            listed = []
        except RequestError as error:
            if error.status != 404:
                raise
            listed = []
        by_list = {
            approval.user.username: approval.approved_at or dated.get(approval.user.username) for approval in listed
        }
        # A merged request may have lost approvals from the list, and its notes never tell less.
        return [_Event(user, at) for user, at in {**dated, **by_list}.items()]


def _find_reviews(notes: Sequence[_Note]) -> list[_Event]:
    """Return the notes of people."""
    return [_Event(note.author.username, note.created_at) for note in notes if note.author and not note.system]


def _date_approvals(notes: Sequence[_Note]) -> dict[str, datetime]:
    """Return by user when each approved, by system notes, oldest first; an approval that was revoked is none."""
    approvals: dict[str, datetime] = {}
    for note in sorted(notes, key=lambda note: note.created_at):
        if not (note.system and note.author):
            continue
        if _UNAPPROVED.match(note.body):
            approvals.pop(note.author.username, None)
        elif _APPROVED.match(note.body):
            approvals.setdefault(note.author.username, note.created_at)
    return approvals


def _names_before(approvals: Sequence[_Event], merged_at: datetime) -> list[str]:
    """Return who approved before the merge; an approval without a date is taken for one, as GitLab asks for it."""
    return sorted({event.user for event in approvals if event.at is None or event.at <= merged_at})
