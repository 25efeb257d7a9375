"""Every payload as received: ``payloads/<source>/<date>/<load>.ndjson.zst``, append-only.

Each batch that is committed ends a zstd frame with a checksum of its own, so a load that was cut off is
read up to its last whole batch, and a damaged one is told from a sound one before a document is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

import msgspec
import zstandard

KIND, BODY, END = b'{"kind":', b',"body":', b"}"
FRAME = 8 << 20
CHUNK = 1 << 20
Job = Callable[[], None]


class Document(msgspec.Struct, frozen=True):
    """One payload as its source sent it: what kind it is, and its JSON text."""

    kind: str
    body: bytes


class Damage(msgspec.Struct, frozen=True):
    """An archive that can not be read to its end, and why; what came before is sound."""

    path: Path
    reason: str


class Archive:
    """Write side of the archive of one load; the file appears with its first document.

    ``later`` does each step of writing, in the order given, now or behind the caller.
    """

    def __init__(self, data: Path, source: str, load_id: str, later: Callable[[Job], None] = lambda job: job()) -> None:
        day = f"{load_id[:4]}-{load_id[4:6]}-{load_id[6:8]}"
        self.path = data / "payloads" / source / day / f"{load_id}.ndjson.zst"
        self._file: IO[bytes] | None = None
        self._lines: list[bytes] = []
        self._size, self._later = 0, later

    def write(self, document: Document) -> None:
        """Append one document on a line of its own (a line break in JSON text is only white space)."""
        body = document.body.replace(b"\r", b" ").replace(b"\n", b" ")
        self._lines += (KIND + json.dumps(document.kind).encode() + BODY, body, END + b"\n")
        self._size += len(body)
        if self._size >= FRAME:
            self._end_frame()

    def flush(self) -> None:
        """Make what was written durable; called before the rows that came of it are committed."""
        self._end_frame()
        self._later(self._sync)

    def close(self) -> None:
        """End the file."""
        self._end_frame()
        self._later(self._close)

    def _end_frame(self) -> None:
        if self._lines:
            self._later(partial(self._compress, self._lines))
        self._lines, self._size = [], 0

    def _compress(self, lines: list[bytes]) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb")
        compressor = zstandard.ZstdCompressor(level=1, write_checksum=True)
        self._file.write(compressor.compress(b"".join(lines)))

    def _sync(self) -> None:
        if self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def _close(self) -> None:
        if self._file:
            self._file.close()


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
