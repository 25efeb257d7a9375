"""Every payload as received: ``payloads/<source>/<date>/<load>.ndjson.zst``, append-only."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
import zstandard


class Document(msgspec.Struct, frozen=True):
    """One payload as its source sent it: what kind it is, and its JSON text."""

    kind: str
    body: bytes


class _Line(msgspec.Struct):
    kind: str
    body: msgspec.Raw


class Archive:
    """Write side of the archive of one load; the file appears with its first document."""

    def __init__(self, data: Path, source: str, load_id: str) -> None:
        day = f"{load_id[:4]}-{load_id[4:6]}-{load_id[6:8]}"
        self.path = data / "payloads" / source / day / f"{load_id}.ndjson.zst"
        self._file: IO[bytes] | None = None
        self._writer: zstandard.ZstdCompressionWriter | None = None

    def write(self, document: Document) -> None:
        """Append one document on a line of its own (a line break in JSON text is only white space)."""
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb")
            self._writer = zstandard.ZstdCompressor(level=1).stream_writer(self._file)
        body = document.body.replace(b"\r", b" ").replace(b"\n", b" ")
        self._writer.write(b'{"kind":' + json.dumps(document.kind).encode() + b',"body":' + body + b"}\n")

    def flush(self) -> None:
        """Make what was written durable; called before the rows that came of it are committed."""
        if self._writer and self._file:
            self._writer.flush(zstandard.FLUSH_BLOCK)
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """End the file."""
        if self._writer and self._file:
            self._writer.close()  # type: ignore[no-untyped-call]
            self._file.close()


def replay(data: Path, source: str) -> Iterator[Document]:
    """Every archived document of a source, oldest load first; a load cut off by a crash is read up to the cut."""
    for path in sorted((data / "payloads" / source).rglob("*.ndjson.zst"), key=lambda p: p.name):
        with path.open("rb") as file:
            yield from _documents(file)


def _documents(file: IO[bytes]) -> Iterator[Document]:
    decoder = msgspec.json.Decoder(_Line)
    rest = b""
    reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    while chunk := reader.read(1 << 20):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            decoded = decoder.decode(line)
            yield Document(decoded.kind, bytes(decoded.body))
