"""Every payload as received: ``payloads/<source>/<date>/<load>.ndjson.zst``, append-only.

Each batch is a zstd frame with its own checksum: an archive that was cut off is read up to its last complete batch, and
damage is found before a document is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from dora.storage import database

KIND, BODY, END = b'{"kind":', b',"body":', b"}"
CHUNK = 1 << 20  # bytes read at a time


class Document(msgspec.Struct, frozen=True):
    """One payload as received: its kind and its JSON text."""

    kind: str
    body: bytes


class Damage(msgspec.Struct, frozen=True):
    """An archive that can not be read to its end; the documents before the damage are good."""

    path: Path
    reason: str


class Archive:
    """Writes the archive of one load; the file is created with its first document."""

    def __init__(self, data: Path, source: str, load_id: str) -> None:
        day = f"{load_id[:4]}-{load_id[4:6]}-{load_id[6:8]}"
        self.path = data / "payloads" / source / day / f"{load_id}.ndjson.zst"
        self._file: IO[bytes] | None = None
        self._is_new = False  # its name is not on disk yet, nor may those of its folders be

    def append(self, documents: Iterable[Document]) -> None:
        """Append documents as one batch, one per line."""
        lines = bytearray()
        for document in documents:
            # In JSON text a line break is only white space; inside strings it is escaped.
            body = document.body.replace(b"\r", b" ").replace(b"\n", b" ")
            lines += b"".join((KIND, json.dumps(document.kind).encode(), BODY, body, END, b"\n"))
        if not lines:
            return
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file, self._is_new = self.path.open("xb"), True
        # Level 1: a higher level takes several times as long for a few percent.
        self._file.write(zstandard.ZstdCompressor(level=1, write_checksum=True).compress(lines))

    def sync(self) -> None:
        """Write what was appended to disk; called before the rows of these documents are committed."""
        if self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        if self._is_new:
            for folder in self.path.parents[:4]:  # of the day, of the source, of all payloads, of the data
                database.fsync(folder)
            self._is_new = False

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


def archived_sources(data: Path) -> list[str]:
    """Return the names of the sources that have payloads."""
    return sorted({path.parent.parent.name for path in (data / "payloads").glob("*/*/*.ndjson.zst")})


def read_archive(data: Path, source: str) -> Iterator[Document | Damage]:
    """Yield every archived document of a source, oldest load first.

    An archive that was cut off by a crash, or is damaged, is read up to the last complete batch before that, and then
    yields a ``Damage``.
    """
    for path in sorted((data / "payloads" / source).rglob("*.ndjson.zst"), key=lambda path: path.name):
        read = 0
        try:
            with path.open("rb") as file:
                for line in chain.from_iterable(map(bytes.splitlines, _read_frames(file))):
                    head, _, body = line.partition(BODY)  # not parsed: a body may be invalid JSON
                    read += 1
                    yield Document(json.loads(head.removeprefix(KIND)), body.removesuffix(END))
        except (zstandard.ZstdError, EOFError) as error:
            yield Damage(path, f"{error} after {read} documents")


def _read_frames(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the content of each frame. Raises ``ZstdError`` for a damaged one, ``EOFError`` for one without an end."""
    chunk = file.read(CHUNK)
    while chunk:
        frame, parts = zstandard.ZstdDecompressor().decompressobj(), []
        while not frame.eof:
            if not chunk:
                raise EOFError("cut off in the middle of a batch")
            parts.append(frame.decompress(chunk))
            chunk = file.read(CHUNK) if not frame.eof else frame.unused_data or file.read(CHUNK)
        yield b"".join(parts)
