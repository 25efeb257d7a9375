"""What a fetch yields as documents of the archive, and back: a replay meets marks and clocks in their places."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ingest.core.archive import Damage, Document, replay
from ingest.core.source import AsOf, FileComplete, Item, PartialFailure, Unreadable, Watermark

_ARCHIVED: dict[str, type[Watermark] | type[AsOf] | type[Unreadable] | type[FileComplete]] = {
    "@mark": Watermark,
    "@as_of": AsOf,
    "@unreadable": Unreadable,
    "@whole": FileComplete,
}


def as_document(item: Item) -> Document | None:
    """What the archive keeps of an item; None where it is only said."""
    if isinstance(item, Document):
        return item
    for kind, cls in _ARCHIVED.items():
        if isinstance(item, cls):
            return Document(kind, msgspec.json.encode(item))
    return None


def replayed(data: Path, source: str) -> Iterator[Item]:
    """The items that the archive of a source holds; an archive that is damaged is a trouble of the run."""
    for document in replay(data, source):
        if isinstance(document, Damage):
            yield PartialFailure(f"{document.path} is not read to its end: {document.reason}")
            continue
        cls = _ARCHIVED.get(document.kind)
        yield msgspec.json.decode(document.body, type=cls) if cls else document


def fingerprint(document: Document) -> str:
    """A name for a document that has none of its own."""
    return hashlib.sha256(document.kind.encode() + document.body).hexdigest()[:16]
