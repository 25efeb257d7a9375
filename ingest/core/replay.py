"""The items of a fetch as documents of the archive, and back, so that a replay yields what the fetch yielded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from dora.errors import counted
from ingest.core.source import (
    AsOf,
    Dismissed,
    EarlierAsOf,
    FileComplete,
    LoadEnd,
    Note,
    PartialFailure,
    ReplayedItem,
    Resolved,
    Unreadable,
    Watermark,
)
from ingest.payloads.archive import Cut, Damage, Document, is_compacted, list_archives, load_id, read_file

_Archived = Watermark | AsOf | Unreadable | Dismissed | FileComplete | Resolved | LoadEnd
# These kinds are in the archives of earlier versions: they must stay as they are. "@whole" is only in theirs.
_ARCHIVED: dict[str, type[_Archived]] = {
    "@mark": Watermark,
    "@as_of": AsOf,
    "@unreadable": Unreadable,
    "@dismissed": Dismissed,
    "@resolved": Resolved,
    "@load": LoadEnd,
    "@whole": FileComplete,
}


def to_document(item: Document | _Archived) -> Document:
    """Return an item as a document of the archive."""
    if isinstance(item, Document):
        return item
    kind = next(kind for kind, item_type in _ARCHIVED.items() if isinstance(item, item_type))
    return Document(kind, msgspec.json.encode(item))


def replay_items(data: Path, source: Any) -> Iterator[ReplayedItem]:
    """Yield the items in the archives of a source, as this version understands them."""
    items = (item for path in list_archives(data, source.name) for item in read_items(path))
    replay = getattr(source, "replay", None)
    return replay(items) if replay else items


def read_items(path: Path, start: int = 0) -> Iterator[ReplayedItem]:
    """Yield the items of an archive, from a frame that begins at the byte ``start``; damage is a partial failure."""
    size = path.stat().st_size
    for document in read_file(path, start):
        match document:
            case Damage(_, reason):
                yield PartialFailure(f"{path} could not be read to its end: {reason}")
            case Cut(_, documents):
                read = counted(documents, "document")
                yield Note(f"{path.name} was cut off by a crash after {read}; no row of what followed was committed.")
            case Document(kind, body):
                item_type = _ARCHIVED.get(kind)
                if item_type is AsOf and b"complete_since" not in body:
                    item_type = EarlierAsOf
                yield msgspec.json.decode(body, type=item_type) if item_type else document
    if not is_compacted(path):  # which says itself where each load ends
        yield LoadEnd(load_id(path), size)


def fingerprint(document: Document) -> str:
    """Return an id for a document whose source gives it none."""
    return hashlib.sha256(document.kind.encode() + document.body).hexdigest()[:16]
