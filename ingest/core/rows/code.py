"""Rows of commits, changes on trunk and pull requests."""

from __future__ import annotations

from ingest.core.rows.base import Micros, Row


class Commit(Row, frozen=True, kw_only=True):
    """One commit; ``id`` is ``repository@sha``."""

    repository: str
    sha: str
    parents: list[str]
    authored_at: Micros = None
    committed_at: Micros = None
    author: str | None = None
    subject: str | None = None
    reverts: str | None = None
    picked_from: str | None = None


class Change(Row, frozen=True, kw_only=True):
    """One entry on a trunk's first-parent line; ``id`` is ``repository@sha``."""

    repository: str
    sha: str
    merged_at: Micros = None
    change_request: str | None = None
    paths: list[str] | None = None
    applications: list[str] | None = None
    on_trunk: bool = True
    branch: str | None = None
    kind: str | None = None
    labels: list[str] | None = None
    reverts: str | None = None
    first_commit_at: Micros = None
    commits: int | None = None
    files: int | None = None
    lines_added: int | None = None
    lines_removed: int | None = None
    merge_time_issue: str | None = None


class ChangeRequest(Row, frozen=True, kw_only=True):
    """One pull or merge request as its host describes it; ``id`` is ``repository#number``."""

    repository: str
    number: str
    author: str | None = None
    opened_at: Micros = None
    first_commit_at: Micros = None
    first_review_at: Micros = None
    approved_at: Micros = None
    merged_at: Micros = None
    sha: str | None = None
    labels: list[str] | None = None
