"""Old archives of a source, month by month, as one file each with what a replay needs of them.

Kept are the last version of each document, each earlier one that has a row which no later version replaces (such as a
failed attempt that a restart erased), the last watermark of each stream, and all that is not a version of anything:
batches of commits, what was in quarantine and when it left. A replay gives the same landing as before.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from time import monotonic

import msgspec

from dora.errors import DoraError
from dora.storage import database
from dora.storage.rows.base import CONTENT_BITS, Row
from ingest.core.replay import to_document
from ingest.core.run import CHUNK_BYTES
from ingest.core.source import LoadEnd, Source, Watermark
from ingest.payloads.archive import (
    PAYLOADS,
    SUFFIX,
    Archive,
    Cut,
    Damage,
    Document,
    is_compacted,
    list_archives,
    load_id,
    read_file,
)

MAX_SECONDS = 60.0  # after which a night begins no further month
_MARK = "@mark"


def compact_archives(source: Source, data: Path, before: date, max_seconds: float = MAX_SECONDS) -> int:
    """Compact the months of a source that end before a day, oldest first; return how many files fewer there are.

    No month begins after ``max_seconds``. Raises ``DoraError`` for a damaged archive, of which nothing is removed, and
    ``LockedError`` if another run holds the lock of the data folder.
    """
    removed, deadline = 0, monotonic() + max_seconds
    with database.lock(data):
        for month, archives in _list_months(data, source.name, before):
            if monotonic() > deadline:
                break
            removed += _compact_month(source, data, month, archives)
    return removed


def _list_months(data: Path, source: str, before: date) -> Iterator[tuple[str, list[Path]]]:
    """Yield each month that has archives of days and is over by then."""
    months: dict[str, list[Path]] = defaultdict(list)
    for archive in list_archives(data, source):
        months[archive.parent.name[:7]].append(archive)
    for month, archives in sorted(months.items()):
        first = date.fromisoformat(f"{month}-01")
        is_over = (first + timedelta(days=31)).replace(day=1) <= before
        if is_over and not all(map(is_compacted, archives)):
            yield month, archives


def _compact_month(source: Source, data: Path, month: str, archives: list[Path]) -> int:
    needed = _find_needed(source, archives)
    target = data / PAYLOADS / source.name / month / f"{load_id(archives[-1])}{SUFFIX}"
    database.make_folder(target.parent)
    with database.write_aside(target) as aside:
        written = _write(aside, _list_needed(archives, needed))
        if sum(1 for _ in _read(aside)) != written:
            raise DoraError(f"{target} is not what was written; no payload was removed.", "check the disk.")
    replaced = [archive for archive in archives if archive != target]
    for archive in replaced:
        archive.unlink()
        with contextlib.suppress(OSError):  # of another load of the day
            archive.parent.rmdir()
    return len(replaced) - (target not in archives)


def _read(archive: Path) -> Iterator[Document]:
    """Yield the documents of an archive. Raises ``DoraError`` if it is damaged."""
    for document in read_file(archive):
        match document:
            case Damage(path, reason):
                raise DoraError(f"{path} is damaged: {reason}; no payload was removed.", "restore it from a backup.")
            case Cut():
                return  # landing never had what follows
            case Document():
                yield document


def _find_needed(source: Source, archives: Sequence[Path]) -> Collection[int]:
    """Return the positions of the documents that a replay needs, counted over all archives."""
    versions: dict[str, list[int]] = defaultdict(list)
    needed = set[int]()
    for position, document in _enumerate(archives):
        if entity := _entity(source, document):
            versions[entity].append(position)
        else:
            needed.add(position)
    needed.update(positions[-1] for positions in versions.values())
    marks = {position for entity, positions in versions.items() if entity.startswith(_MARK) for position in positions}
    several = {position for positions in versions.values() if len(positions) > 1 for position in positions} - marks
    return needed | _find_owners(source, archives, several)


def _find_owners(source: Source, archives: Sequence[Path], positions: Collection[int]) -> set[int]:
    """Return which of these documents have a row that no later one, which had come at least as far, replaces."""
    owners: dict[tuple[str, str], tuple[int, int]] = {}  # progress and position by table and id
    for position, document in _enumerate(archives):
        if position in positions:
            for row in source.parse(document):
                if isinstance(row, Row):
                    version = getattr(row, "revision", 0) >> CONTENT_BITS, position
                    key = row.table, row.id
                    owners[key] = max(version, owners.get(key, version))
    return {position for _, position in owners.values()}


def _enumerate(archives: Sequence[Path]) -> Iterator[tuple[int, Document]]:
    return enumerate(document for archive in archives for document in _read(archive))


def _entity(source: Source, document: Document) -> str | None:
    """Return what a document is a version of; None if it is needed whatever comes later."""
    if document.kind == _MARK:
        return f"{_MARK}/{msgspec.json.decode(document.body, type=Watermark).stream}"
    name_entity = getattr(source, "entity", None)
    if document.kind.startswith("@") or name_entity is None:
        return None
    try:
        rows = list(source.parse(document))
    except (ValueError, RecursionError):
        return None  # it is in quarantine
    entity: str | None = name_entity(document, rows)
    return entity


def _list_needed(archives: Sequence[Path], needed: Collection[int]) -> Iterator[Document]:
    """Yield the documents at these positions, and where each load ended."""
    position = 0
    for archive in archives:
        for document in _read(archive):
            if position in needed:
                yield document
            position += 1
        if not is_compacted(archive):
            yield to_document(LoadEnd(load_id(archive)))


def _write(path: Path, documents: Iterator[Document]) -> int:
    """Write documents as a complete archive, and return their number."""
    archive, batch, size, written = Archive.at(path), list[Document](), 0, 0
    for document in documents:
        batch.append(document)
        size, written = size + len(document.body), written + 1
        if size >= CHUNK_BYTES:
            archive.append(batch)
            batch, size = [], 0
    archive.append(batch)
    archive.end()
    archive.close()
    return written
