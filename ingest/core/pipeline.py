"""One run of a source: fetch → archive the payload → parse → load → summary.

Landing merges by ``(source, id)``, so a repeated run gives the same rows. A replay runs the same parsers on archived
payloads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from dora.errors import counted
from dora.storage import database
from dora.storage.rows.base import Row
from ingest.core.inputs import Summary
from ingest.core.replay import read_items, replay_items
from ingest.core.run import Run
from ingest.core.source import Dismissed, Item, Note, PartialFailure, ReplayedItem, Request, Source, SourceState
from ingest.payloads.archive import Document, is_compacted, list_archives, load_id

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

    What an interrupted run archived and did not commit is landed first, so that landing is what a replay would give.
    Raises ``LockedError`` if another run writes, ``UnusableError`` if landing has to be made again, and any error that
    ends a fetch; what was committed before stays, and the next run continues there.
    """
    with database.open_load(data, source.name) as load:
        if replaying:
            return _replay(source, data, load, report)
        messages = _land_uncommitted(source, data, load, report)
        state = SourceState.read(load.con, source.name)
        with closing(Run(source, data, load, report, archiving=True)) as run:
            _take_all(chain(messages, source.fetch(request, state)), run)
            return run.finish()


def replay(source: Source, data: Path, landing: Path, report: Report = lambda _: None) -> Summary:
    """Parse all archived payloads of a source into another landing; the caller holds the lock of the data folder."""
    with database.open_load_of(landing, source.name) as load:
        return _replay(source, data, load, report)


def _replay(source: Source, data: Path, load: database.Load, report: Report) -> Summary:
    with closing(Run(source, data, load, report, archiving=False)) as run:
        _take_all(replay_items(data, source), run)
        return run.finish()


def _land_uncommitted(source: Source, data: Path, load: database.Load, report: Report) -> list[Item]:
    """Land the documents of earlier archives whose rows were not committed; return what a user should know."""
    archived_bytes, archives = load.archived_bytes(), list_archives(data, source.name)
    messages: list[Item] = _explain_lost(_find_lost(archived_bytes, archives))
    newest = max(archived_bytes, default="")
    for path in archives:
        start = archived_bytes.get(load_id(path), 0 if load_id(path) > newest else None)
        if start is not None and start < path.stat().st_size and not is_compacted(path):
            with closing(Run(source, data, load, report, archiving=False)) as run:
                _take_all(read_items(path, start), run)
                run.commit()
                messages += map(PartialFailure, run.summary.partial_failures)
    return messages


def _find_lost(archived_bytes: Mapping[str, int], archives: Sequence[Path]) -> list[str]:
    """Return the loads of which landing has more than their archive, which is missing or was cut."""
    sizes = {load_id(path): path.stat().st_size for path in archives}
    compacted = {path.parent.name: load_id(path) for path in archives if is_compacted(path)}  # the last load by month
    return [
        load
        for load, size in archived_bytes.items()
        if sizes.get(load, 0) < size and load > compacted.get(f"{load[:4]}-{load[4:6]}", "")
    ]


def _explain_lost(loads: Sequence[str]) -> list[Item]:
    if not loads:
        return []
    return [
        Note(
            f"The payloads of {counted(len(loads), 'load')} are missing or cut, the first of load {loads[0]}. Landing"
            " has their rows, and to make it again would lose them. Next: restore these files from a backup."
        )
    ]


def dismiss(data: Path, source: str, ids: Iterable[str]) -> None:
    """Dismiss inputs in quarantine; archived as what a source yields, so that a replay dismisses them again."""
    items = [Dismissed(input_id, datetime.now(UTC)) for input_id in ids]
    with (
        database.open_load(data, source) as load,
        closing(Run(_User(source), data, load, lambda _: None, archiving=True)) as run,
    ):
        _take_all(items, run)
        run.finish()


def _take_all(items: Iterable[ReplayedItem], run: Run) -> None:
    for item in items:
        run.take(item)


class _User:
    """A user, who dismisses inputs of a source, and has no documents."""

    def __init__(self, name: str) -> None:
        self.name = name

    def parse(self, document: Document) -> list[Row]:
        """Return nothing."""
        return []
