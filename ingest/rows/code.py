"""What was written: commits, and how they came to trunk."""

from __future__ import annotations

from typing import ClassVar

from ingest.rows.base import Micros, Row


class Commit(Row, frozen=True, kw_only=True, gc=False):
    """One commit; ``id`` is ``repository@sha``."""

    table: ClassVar[str] = "commit"
    repository: str
    sha: str
    parents: list[str]
    authored_at: Micros = None
    committed_at: Micros = None
    author: str | None = None
    subject: str | None = None
    reverts: str | None = None


class Change(Row, frozen=True, kw_only=True, gc=False):
    """One entry on a trunk's first-parent line; ``id`` is ``repository@sha``."""

    table: ClassVar[str] = "change"
    repository: str
    sha: str
    merged_at: Micros = None
    change_request: str | None = None
    paths: list[str] | None = None
    applications: list[str] | None = None
    on_trunk: bool = True
