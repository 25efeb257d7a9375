"""The items of a fetch as documents of the archive, and back, so that a replay yields what the fetch yielded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ingest.core.archive import Damage, Document, read_archive
from ingest.core.source import AsOf, Dismissed, EarlierAsOf, FileComplete, Item, PartialFailure, Unreadable, Watermark

# These kinds are in the archives of earlier versions: they must stay as they are.
_ARCHIVED: dict[str, type[Watermark] | type[AsOf] | type[Unreadable] | type[Dismissed] | type[FileComplete]] = {
    "@mark": Watermark,
    "@as_of": AsOf,
    "@unreadable": Unreadable,
    "@dismissed": Dismissed,
    "@whole": FileComplete,
}


def to_document(item: Item) -> Document | None:
    """Return an item as a document of the archive; None for an item that only informs the user."""
    if isinstance(item, Document):
        return item
    for kind, item_type in _ARCHIVED.items():
        if isinstance(item, item_type):
            return Document(kind, msgspec.json.encode(item))
    return None


def replay_items(data: Path, source: Any) -> Iterator[Item]:
    """Yield the items in the archive of a source; a damaged archive is a partial failure of the run."""
    items = _read_items(data, source.name)
    replay = getattr(source, "replay", None)
    return replay(items) if replay else items


def _read_items(data: Path, source: str) -> Iterator[Item]:
    for document in read_archive(data, source):
        if isinstance(document, Damage):
            yield PartialFailure(f"{document.path} could not be read to its end: {document.reason}")
            continue
        item_type = _ARCHIVED.get(document.kind)
        if item_type is AsOf and b"complete_since" not in document.body:
            item_type = EarlierAsOf
        yield msgspec.json.decode(document.body, type=item_type) if item_type else document


def fingerprint(document: Document) -> str:
    """Return an id for a document whose source gives it none."""
    return hashlib.sha256(document.kind.encode() + document.body).hexdigest()[:16]
