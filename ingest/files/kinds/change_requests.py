"""Files of change requests: pull or merge requests as any host of code exports them."""

from __future__ import annotations

import re

from msgspec import UNSET, UnsetType

from dora.storage.rows import changes
from dora.storage.rows.base import Row
from ingest.files.identities import RowIds
from ingest.files.records import Record
from ingest.files.timestamps import Timestamp

_COMMIT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
Names = str | UnsetType | None  # a column that does not exist says nothing, an empty cell names no one


class ChangeRequest(Record, frozen=True, kw_only=True):
    """One line of ``change_requests``; it belongs to the trunk commit ``sha``, else to the change of its ``number``.

    Names are separated by semicolons or commas, else by spaces. Its author is none of its reviewers and approvers.
    """

    repository: str
    number: str
    opened_at: Timestamp
    author: str | None = None
    first_commit_at: Timestamp | None = None
    first_review_at: Timestamp | None = None
    approved_at: Timestamp | UnsetType | None = UNSET
    merged_at: Timestamp | None = None
    merged_by: str | None = None
    reviewers: Names = UNSET
    approvers: Names = UNSET
    sha: str | None = None
    head_sha: str | None = None
    labels: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[#!]?[^\s#!]+", self.number):
            raise ValueError(f"{self.number!r} is not the number of one request")
        if self.merged_at is not None and self.merged_at < self.opened_at:
            raise ValueError("merged_at is before opened_at")
        for name in ("sha", "head_sha"):
            commit = getattr(self, name)
            if commit and not _COMMIT_ID.fullmatch(commit.lower()):
                raise ValueError(f"{name} {commit!r} is not a full commit id")

    @property
    def key(self) -> str:
        """What identifies the line in its file."""
        return f"{self.repository}#{self.number.lstrip('#!')}"

    def to_rows(self, ids: RowIds | None) -> list[Row]:
        """Return its landing row."""
        approvers = self._others(self.approvers)
        if approvers is None and self.approved_at is None:
            approvers = []  # the file has a column of approvals, and this request has none
        return [
            changes.ChangeRequest(
                id=self.key,
                repository=self.repository,
                number=self.number.lstrip("#!"),
                author=self.author,
                opened_at=self.opened_at,
                first_commit_at=self.first_commit_at,
                first_review_at=self.first_review_at,
                approved_at=self.approved_at or None,
                merged_at=self.merged_at,
                merged_by=self.merged_by,
                reviewers=self._others(self.reviewers),
                approvers=approvers,
                sha=self.sha.lower() if self.sha else None,
                head_sha=self.head_sha.lower() if self.head_sha else None,
                labels=sorted(_split(self.labels)) if self.labels else None,
            )
        ]

    def _others(self, names: Names) -> list[str] | None:
        """Return the names without its author's; null if the file has no such column."""
        author = (self.author or "").lower()
        return None if names is UNSET else sorted(name for name in _split(names) if name.lower() != author)


def _split(names: str | None) -> set[str]:
    separator = r"[,;]" if re.search(r"[,;]", names or "") else r"\s"
    return {name.strip() for name in re.split(separator, names or "") if name.strip()}
