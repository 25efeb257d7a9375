"""What could not be read."""

from __future__ import annotations

from typing import ClassVar

from ingest.core.rows.base import Micros, Row


class Quarantine(Row, frozen=True, kw_only=True, gc=False):
    """One document or row that could not be read, with the reason."""

    table: ClassVar[str] = "quarantine"
    kind: str
    reason: str
    excerpt: str | None = None
    resolved_at: Micros = None
