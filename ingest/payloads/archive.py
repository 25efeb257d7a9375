"""Every payload as received: ``payloads/<source>/<date>/<load>.ndjson.zst``, append-only.

Each batch is a zstd frame with its own checksum, and a load that came to its end adds a mark, which zstd skips. So a
file that a crash cut off is read up to its last complete batch, and damage is found before a document is used.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from dora.storage import database

PAYLOADS, SUFFIX = "payloads", ".ndjson.zst"
KIND, BODY, END = b'{"kind":', b',"body":', b"}"
CHUNK = 1 << 20  # bytes read at a time
_DIGIT, _HEX = "[0-9]", "[0-9a-f]"
_ARCHIVES = f"*/{_DIGIT * 8}T{_DIGIT * 12}-{_HEX * 6}{SUFFIX}"  # by the id of a load
_FRAME = b"\x28\xb5\x2f\xfd"  # how each frame begins
_TEXT = b"end of load"
END_MARK = b"\x50\x2a\x4d\x18" + len(_TEXT).to_bytes(4, "little") + _TEXT


class _Identified(msgspec.Struct):
    id: str


class Document(msgspec.Struct, frozen=True):
    """One payload as received: its kind and its JSON text."""

    kind: str
    body: bytes

    def identity(self) -> str | None:
        """Return kind and id, null if it has no id."""
        try:
            return f"{self.kind}/{msgspec.json.decode(self.body, type=_Identified).id}"
        except (ValueError, RecursionError):
            return None


class Damage(msgspec.Struct, frozen=True):
    """An archive that can not be read to its end; the documents before the damage are good."""

    path: Path
    reason: str


class Cut(msgspec.Struct, frozen=True):
    """An archive whose load was killed while it wrote a batch; landing never had the documents of that batch."""

    path: Path
    documents: int


class Archive:
    """Writes the archive of one load; the file is created with its first document. ``size`` is what was written."""

    def __init__(self, data: Path, source: str, load_id: str) -> None:
        day = f"{load_id[:4]}-{load_id[4:6]}-{load_id[6:8]}"
        self._open_at(data / PAYLOADS / source / day / f"{load_id}{SUFFIX}")

    @classmethod
    def at(cls, path: Path) -> Archive:
        """Return an archive that is written to this file."""
        archive = cls.__new__(cls)
        archive._open_at(path)
        return archive

    def _open_at(self, path: Path) -> None:
        self.path, self.size = path, 0
        self._file: IO[bytes] | None = None
        self._name_synced = False  # the name of the file is on disk

    def append(self, documents: Iterable[Document]) -> None:
        """Append documents as one batch, one per line."""
        if lines := _to_lines(documents):
            # Level 1: a higher level takes several times as long for a few percent.
            self._write(zstandard.ZstdCompressor(level=1, write_checksum=True).compress(lines))

    def _write(self, frame: bytes) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb")
        self._file.write(frame)
        self.size += len(frame)

    def sync(self) -> None:
        """Write what was appended to disk; called before the rows of these documents are committed."""
        if not self._file:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        if not self._name_synced:
            for folder in self.path.parents[:4]:  # date, source, payloads, data: each may be new
                database.fsync(folder)
            self._name_synced = True

    def end(self) -> None:
        """Mark the load as complete."""
        if self._file:
            self._write(END_MARK)
            self.sync()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


def _to_lines(documents: Iterable[Document]) -> bytearray:
    lines = bytearray()
    for document in documents:
        # In JSON text a line break is only white space; inside strings it is escaped.
        body = document.body.replace(b"\r", b" ").replace(b"\n", b" ")
        lines += b"".join((KIND, json.dumps(document.kind).encode(), BODY, body, END, b"\n"))
    return lines


def archived_sources(data: Path) -> list[str]:
    """Return the names of the sources that have payloads."""
    return sorted({path.parent.parent.name for path in (data / PAYLOADS).glob(f"*/{_ARCHIVES}")})


def list_archives(data: Path, source: str) -> list[Path]:
    """Return the archives of a source, oldest load first; other files in its folder are not ours."""
    return sorted((data / PAYLOADS / source).glob(_ARCHIVES), key=lambda path: path.name)


def load_id(archive: Path) -> str:
    """Return the id of the load that wrote an archive."""
    return archive.name.removesuffix(SUFFIX)


def is_compacted(archive: Path) -> bool:
    """Return whether an archive has what is needed of all loads of a month."""
    return len(archive.parent.name) == len("2026-01")


def read_archive(data: Path, source: str) -> Iterator[Document | Damage | Cut]:
    """Yield every archived document of a source, oldest load first; see ``read_file``."""
    for path in list_archives(data, source):
        yield from read_file(path)


def read_file(path: Path, start: int = 0) -> Iterator[Document | Damage | Cut]:
    """Yield the documents of one archive, from a frame that begins at the byte ``start``.

    One that is damaged or cut off is read up to the last complete batch before that; then it yields a ``Damage``, or a
    ``Cut`` if no more was lost than the batch that a crash interrupted.
    """
    read, begin = 0, start
    with path.open("rb") as file:
        try:
            for end, frame in _read_frames(file, start):
                for line in frame.splitlines():
                    head, _, body = line.partition(BODY)  # not parsed: a body may be invalid JSON
                    read += 1
                    yield Document(json.loads(head.removeprefix(KIND)), body.removesuffix(END))
                begin = end
        except EOFError as error:
            torn = _is_torn(file, begin)
            yield Cut(path, read) if torn else Damage(path, f"{error} after {read} documents")
        except zstandard.ZstdError as error:
            yield Damage(path, f"{error} after {read} documents")


def _read_frames(file: IO[bytes], start: int) -> Iterator[tuple[int, bytes]]:
    """Yield the end and the content of each frame.

    Raises ``ZstdError`` for a damaged one, ``EOFError`` for one without an end.
    """
    file.seek(start)
    chunk = file.read(CHUNK)
    while chunk:
        frame, parts = zstandard.ZstdDecompressor().decompressobj(), []
        while not frame.eof:
            if not chunk:
                raise EOFError("cut off in the middle of a batch")
            parts.append(frame.decompress(chunk))
            chunk = file.read(CHUNK) if not frame.eof else frame.unused_data or file.read(CHUNK)
        yield file.tell() - len(chunk), b"".join(parts)


def _is_torn(file: IO[bytes], begin: int) -> bool:
    """Return whether the frame at ``begin`` is the last thing that its load wrote."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(_FRAME, begin + 1) < 0 and content[-len(END_MARK) :] != END_MARK


def whole_size(path: Path) -> int:
    """Return up to which byte an archive has complete batches. Raises ``ZstdError`` for a damaged one."""
    size = 0
    with path.open("rb") as file, contextlib.suppress(EOFError):
        for end, _ in _read_frames(file, 0):
            size = end
    return size
