"""Every payload as received: ``payloads/<source>/<date>/<load>.ndjson.zst``, append-only.

Each batch is a zstd frame with a checksum of its own, so a load that was cut off is
read up to its last whole batch, and a damaged one is told from a sound one before a document is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec
import zstandard

KIND, BODY, END = b'{"kind":', b',"body":', b"}"
CHUNK = 1 << 20


class Document(msgspec.Struct, frozen=True):
    """One payload as its source sent it: what kind it is, and its JSON text."""

    kind: str
    body: bytes


class Damage(msgspec.Struct, frozen=True):
    """An archive that can not be read to its end, and why; what came before is sound."""

    path: Path
    reason: str


class Archive:
    """Write side of the archive of one load; the file appears with its first document."""

    def __init__(self, data: Path, source: str, load_id: str) -> None:
        day = f"{load_id[:4]}-{load_id[4:6]}-{load_id[6:8]}"
        self.path = data / "payloads" / source / day / f"{load_id}.ndjson.zst"
        self._file: IO[bytes] | None = None

    def append(self, documents: Iterable[Document]) -> None:
        """Append documents as one batch, each on a line of its own (a line break in JSON text is only white space)."""
        lines = b"".join(part for document in documents for part in _line(document))
        if not lines:
            return
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb")
        self._file.write(zstandard.ZstdCompressor(level=1, write_checksum=True).compress(lines))

    def sync(self) -> None:
        """Make what was appended durable; called before the rows that came of it are committed."""
        if self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """End the file."""
        if self._file:
            self._file.close()


def _line(document: Document) -> tuple[bytes, ...]:
    body = document.body.replace(b"\r", b" ").replace(b"\n", b" ")
    return KIND, json.dumps(document.kind).encode(), BODY, body, END, b"\n"


def replay(data: Path, source: str) -> Iterator[Document | Damage]:
    """Every archived document of a source, oldest load first.

    A load that was cut off by a crash, or is damaged, is read up to the last whole batch before that,
    and named as ``Damage``.
    """
    for path in sorted((data / "payloads" / source).rglob("*.ndjson.zst"), key=lambda p: p.name):
        read = 0
        try:
            for document in _documents(path):
                read += 1
                yield document
        except (zstandard.ZstdError, EOFError) as error:
            yield Damage(path, f"{error} after {read} documents")


def _documents(path: Path) -> Iterator[Document]:
    with path.open("rb") as file:
        for frame in _frames(file):
            for line in frame.splitlines():
                head, _, body = line.partition(BODY)  # a body that is no JSON comes back as it came
                yield Document(json.loads(head.removeprefix(KIND)), body.removesuffix(END))


def _frames(file: IO[bytes]) -> Iterator[bytes]:
    """The content of each whole frame; raises where one is damaged, and ``EOFError`` where one has no end."""
    chunk = file.read(CHUNK)
    while chunk:
        frame, parts = zstandard.ZstdDecompressor().decompressobj(), []
        while not frame.eof:
            if not chunk:
                raise EOFError("cut off in the middle of a batch")
            parts.append(frame.decompress(chunk))
            chunk = file.read(CHUNK) if not frame.eof else frame.unused_data or file.read(CHUNK)
        yield b"".join(parts)
