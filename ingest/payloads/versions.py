"""Which version of each document payloads have last, so that an equal one is not archived again.

An entity is what documents are versions of, such as one execution. Documents of two entities have no row in common, so
to replay a document again, with no other one of its entity between, changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from dora.storage import database
from dora.storage.rows.bookkeeping import ArchivedDocument
from ingest.payloads.archive import Document

MAX_ENTITIES = 100_000  # in memory, at some 200 bytes each


class LastVersions:
    """The hash of the last archived version of each entity of one source.

    Landing has them; here are those that are not committed yet, and some more.
    """

    def __init__(self, load: database.Load) -> None:
        self._load = load
        self._contents: dict[str, int] = {}
        self._changed: dict[str, int] = {}
        # On a first run there is nothing to look up.
        self._has_all = not database.has_archived(load.con, load.source)

    def read(self, entities: Iterable[str]) -> None:
        """Read the versions of these entities from landing."""
        names = [] if self._has_all else [name for name in set(entities) if name not in self._contents]
        self._contents |= database.read_archived(self._load.con, self._load.source, names) if names else {}

    def replace(self, entity: str | None, document: Document) -> bool:
        """Let a document be the last version of its entity; return whether it differs from the one before."""
        if entity is None:
            return True
        content = hash_content(document)
        if self._contents.get(entity) == content:
            return False
        self._contents[entity] = self._changed[entity] = content
        return True

    def take_rows(self) -> list[ArchivedDocument]:
        """Return the rows of what changed since the last call."""
        changed, self._changed = self._changed, {}
        return [ArchivedDocument(id=entity, content=content) for entity, content in changed.items()]

    def forget(self) -> None:
        """Free the memory, if it is much, of what landing has by now."""
        if len(self._contents) > MAX_ENTITIES:
            self._contents, self._has_all = {}, False


def hash_content(document: Document) -> int:
    """Return a hash of 64 bits of a document, its kind included."""
    digest = hashlib.sha256(document.body)
    digest.update(document.kind.encode())
    return int.from_bytes(digest.digest()[:8], "big", signed=True)
