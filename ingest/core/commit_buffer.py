"""Collect parsed tables and commit them together with the watermarks that cover them, every few seconds.

A commit searches the complete tables that it touches. With a few rows per commit, a run of many streams would be slow.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING

from ingest.core.batches import latest_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from dora.storage.database import Load
    from ingest.payloads.archive import Archive

MAX_ROWS = 25_000  # bounds the memory of a first run, whose streams are long
MAX_SECONDS = 5.0  # of complete streams, which a killed run has to fetch again

Tables = dict[str, list["pa.Table"]]


class CommitBuffer:
    """Parsed tables that are not committed yet; used by one thread."""

    def __init__(self, load: Load, archive: Archive | None) -> None:
        self._load, self._archive = load, archive
        self._uncovered: Tables = {}  # no watermark says yet that these are complete
        self._covered: Tables = {}
        self._watermarks: dict[str, str] = {}
        self._archived_bytes = 0  # up to the last document that a watermark covers
        self._rows, self._due = 0, monotonic() + MAX_SECONDS

    @property
    def is_empty(self) -> bool:
        """Whether all rows are committed."""
        return not (self._uncovered or self._covered)

    def add(self, tables: Mapping[str, pa.Table]) -> None:
        """Add tables that no watermark covers yet; they are committed without one if the buffer is full."""
        for name, table in tables.items():
            self._uncovered.setdefault(name, []).append(table)
            self._rows += table.num_rows
        if self._rows >= MAX_ROWS:
            self.commit()

    def set_watermark(self, stream: str, value: str) -> None:
        """Move a watermark: everything added so far is complete up to it."""
        self._cover()
        self._watermarks[stream] = value
        if self._rows >= MAX_ROWS or monotonic() >= self._due:
            self.commit_covered()

    def commit(self) -> None:
        """Commit everything."""
        self._cover()
        self.commit_covered()

    def commit_covered(self) -> None:
        """Commit what watermarks cover."""
        if not self._covered and not self._watermarks:
            return
        if self._archive:
            # Payloads have to be on disk before their rows, or a crash would leave rows that no replay can make again.
            self._archive.sync()
        rows = {name: latest_rows(tables) for name, tables in self._covered.items()}
        self._load.commit(rows, self._watermarks, self._archived_bytes)
        self._covered, self._watermarks = {}, {}
        self._rows, self._due = 0, monotonic() + MAX_SECONDS

    def _cover(self) -> None:
        for name, tables in self._uncovered.items():
            self._covered.setdefault(name, []).extend(tables)
        self._uncovered = {}
        self._archived_bytes = self._archive.size if self._archive else 0
