"""One run of a source: fetch → archive the payload → parse → load → summary.

Landing merges by ``(source, id)``, so a repeated run gives the same rows. A replay runs the same parsers on archived
payloads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from dora.storage import database
from dora.storage.rows.base import Row
from ingest.core.archive import Document
from ingest.core.replay import replay_items
from ingest.core.run import Run, Summary
from ingest.core.source import Dismissed, Item, Request, Source, SourceState

__all__ = ["Summary", "dismiss", "pull", "replay"]
Report = Callable[[str], None]


def pull(
    source: Source,
    data: Path,
    request: Request,
    *,
    replaying: bool = False,
    report: Report = lambda _: None,
) -> Summary:
    """Run a source once, under the lock of the data folder.

    Raises ``LockedError`` if another run writes, ``UnusableError`` if landing has to be made again, and any error that
    ends a fetch; what was committed before stays, and the next run continues there.
    """
    with database.open_load(data, source.name) as load:
        state = SourceState.read(load.con, source.name)
        items = replay_items(data, source) if replaying else source.fetch(request, state)
        return _take_all(items, Run(source, data, load, report, archiving=not replaying))


def replay(source: Source, data: Path, landing: Path, report: Report = lambda _: None) -> Summary:
    """Parse all archived payloads of a source into another landing; the caller holds the lock of the data folder."""
    with database.open_load_of(landing, source.name) as load:
        return _take_all(replay_items(data, source), Run(source, data, load, report, archiving=False))


def dismiss(data: Path, source: str, ids: Iterable[str]) -> None:
    """Dismiss inputs in quarantine; archived as what a source yields, so that a replay dismisses them again."""
    items = [Dismissed(input_id, datetime.now(UTC)) for input_id in ids]
    with database.open_load(data, source) as load:
        _take_all(items, Run(_User(source), data, load, lambda _: None, archiving=True))


def _take_all(items: Iterable[Item], run: Run) -> Summary:
    with closing(run):
        for item in items:
            run.take(item)
        return run.finish()


class _User:
    """A user, who dismisses inputs of a source, and has no documents."""

    def __init__(self, name: str) -> None:
        self.name = name

    def parse(self, document: Document) -> list[Row]:
        """Return nothing."""
        return []
