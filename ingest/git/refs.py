"""Documents of the tags and request heads of a mirror that are new or moved since the last run. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

from ingest.core.source import Item, Watermark
from ingest.git.history import documents
from ingest.git.history.documents import RequestHeadDocument, TagDocument
from ingest.git.mirror import REQUESTS, TAGS, Ref

GROUPS = 256


def read_refs(repository: str, refs: Mapping[str, Ref], watermark: str) -> Iterator[Item]:
    """Yield the tags and request heads in the groups that changed since ``watermark``, then the new watermark.

    A ref belongs to a group by the hash of its name. The watermark has a checksum of each group: it stays small for any
    number of refs, and a run yields a small part of them again.
    """
    prefixes = (TAGS, *REQUESTS)
    groups: list[list[str]] = [[] for _ in range(GROUPS)]
    for name in sorted(refs):
        if name.startswith(prefixes):
            groups[zlib.crc32(name.encode()) % GROUPS].append(name)
    checksums = [f"{zlib.crc32(' '.join(f'{name} {refs[name]}' for name in group).encode()):x}" for group in groups]
    before = watermark.split() or ["0"] * GROUPS
    changed = [name for group, new, old in zip(groups, checksums, before, strict=True) if new != old for name in group]
    if tags := [name for name in changed if name.startswith(TAGS)]:
        rows = [refs[name] for name in tags]
        document = TagDocument(
            repository=repository,
            name=[name.removeprefix(TAGS) for name in tags],
            sha=[ref.sha for ref in rows],
            is_annotated=[ref.is_annotated for ref in rows],
            tagged_at=[ref.tagged_at for ref in rows],
        )
        yield documents.encode_tags(document)
    if heads := [name for name in changed if not name.startswith(TAGS)]:
        numbers, shas = [name.split("/")[2] for name in heads], [refs[name].sha for name in heads]
        yield documents.encode_request_heads(RequestHeadDocument(repository=repository, number=numbers, sha=shas))
    if changed:
        yield Watermark(f"refs/{repository}", " ".join(checksums))
