"""Parsed tables on their way to landing: committed with the marks that say they are whole, some seconds' worth at once.

Each commit looks through the whole of the tables it touches, so that few rows a commit would make many streams slow.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING

from ingest.core.batches import latest

if TYPE_CHECKING:
    import pyarrow as pa

    from dora.storage.database import Load
    from ingest.core.archive import Archive

BATCH = 25_000  # rows
PATIENCE = 5.0  # seconds of what was marked, which a killed run fetches again

Tables = dict[str, list["pa.Table"]]


class Waiting:
    """What was parsed and is not committed yet; used by one thread."""

    def __init__(self, load: Load, archive: Archive | None) -> None:
        self._load, self._archive = load, archive
        self._loose: Tables = {}
        self._whole: Tables = {}
        self._marks: dict[str, str] = {}
        self._rows, self._due = 0, monotonic() + PATIENCE

    def add(self, tables: Mapping[str, pa.Table]) -> None:
        """Rows of which no mark says yet that they are whole; committed without one where they fill a batch."""
        for name, table in tables.items():
            self._loose.setdefault(name, []).append(table)
            self._rows += table.num_rows
        if self._rows >= BATCH:
            self.commit()

    def mark(self, stream: str, value: str) -> None:
        """All that came so far is whole up to here."""
        self._join()
        self._marks[stream] = value
        if self._rows >= BATCH or monotonic() >= self._due:
            self.commit_marked()

    def commit(self) -> None:
        """Commit everything."""
        self._join()
        self.commit_marked()

    def commit_marked(self) -> None:
        """Commit what was marked; the payloads that it came from are durable before."""
        if not self._whole and not self._marks:
            return
        if self._archive:
            self._archive.sync()
        self._load.commit({name: latest(tables) for name, tables in self._whole.items()}, self._marks)
        self._whole, self._marks = {}, {}
        self._rows, self._due = 0, monotonic() + PATIENCE

    def _join(self) -> None:
        for name, tables in self._loose.items():
            self._whole.setdefault(name, []).extend(tables)
        self._loose = {}
