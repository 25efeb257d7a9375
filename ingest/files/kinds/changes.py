"""Files of changes."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from dora.storage.rows import changes
from dora.storage.rows.base import Row
from ingest.commits import message as commit_message
from ingest.files.identities import RowIds
from ingest.files.records import Record
from ingest.files.timestamps import Timestamp


class Change(Record, frozen=True, kw_only=True):
    """One line of ``changes``: a commit. It is a change on trunk if it has a ``merged_at``.

    If the file has no such column, every line is a change, merged at ``committed_at``. ``message`` is the whole
    message, of which ``subject`` is the first line; what it says counts as in a git repository.
    """

    repository: str
    sha: str
    parents: str | None
    authored_at: Timestamp
    committed_at: Timestamp
    merged_at: Timestamp | UnsetType | None = UNSET
    author: str | None = None
    subject: str | None = None
    message: str | None = None
    change_request: str | None = None
    applications: str | None = None

    @property
    def key(self) -> str:
        """What identifies the line in its file."""
        return f"{self.repository}@{self.sha}"

    def to_rows(self, ids: RowIds | None) -> list[Row]:
        """Return its landing rows."""
        key: dict[str, Any] = {"id": self.key, "repository": self.repository, "sha": self.sha}
        message = commit_message.parse(self.message or self.subject or "")
        commit = changes.Commit(
            **key,
            parents=(self.parents or "").split(),
            authored_at=self.authored_at,
            committed_at=self.committed_at,
            author=self.author,
            subject=self.subject or message.subject or None,
            change_request=message.requests,
            title=message.title,
            reverts=message.reverts,
            is_revert=message.is_revert,
            picked_from=message.picked_from,
        )
        merged_at = self.committed_at if self.merged_at is UNSET else self.merged_at
        if merged_at is None:
            return [commit]
        applications = self.applications.split() if self.applications else None
        return [
            commit,
            changes.Change(
                **key,
                merged_at=merged_at,
                change_request=self.change_request or message.requests,
                applications=applications,
            ),
        ]
