"""Saved payload files instead of a server: JSON or NDJSON, plain, .gz or .zst.

Every shape in which people keep Spinnaker's answers is taken: one execution, a list of them, a task, what the
policy plug-in was asked. What is no run (a request body, a plan) is named and lands nothing.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import zstandard

from dora.errors import UsageError
from ingest.archive import Document
from ingest.source import Item, Unreadable

_RAW = msgspec.json.Decoder(msgspec.Raw)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def saved(paths: Sequence[Path]) -> Iterator[Item]:
    """The documents of files and folders, in the order of their names.

    Raises ``UsageError`` for a path that does not exist.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no {path}; nothing was loaded.", "give a file or a folder of payloads.")
        for file in sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]:
            yield from _file(file)


def _file(path: Path) -> Iterator[Item]:
    try:
        values = list(_values(_content(path)))
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, msgspec.MsgspecError, RecursionError) as error:
        yield Unreadable(path.name, "file", f"{path.name} holds no JSON: {error}")
        return
    for number, value in enumerate(values):
        yield _recognised(value, path.name if len(values) == 1 else f"{path.name}#{number + 1}")


def _content(path: Path) -> bytes:
    body = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(body)
    if path.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
            return reader.read()
    return body


def _values(body: bytes) -> Iterator[bytes]:
    """The values of a file: those of its list, its one object, or one a line."""
    try:
        lines = [_RAW.decode(body)]
    except msgspec.DecodeError:
        lines = [_RAW.decode(line) for line in body.splitlines() if line.strip()]
    for line in lines:
        value = bytes(line).strip()
        yield from (bytes(item) for item in _LIST.decode(value)) if value.startswith(b"[") else (value,)


def _recognised(value: bytes, name: str) -> Item:
    try:
        kind = _kind(value)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        return Unreadable(name, "payload", f"{name}: {error}", value[:400].decode("utf-8", "replace"))
    return Document(kind, value)


def _kind(value: bytes) -> str:
    keys = _OBJECT.decode(value)
    if "execution" in keys:
        return "task"
    if "input" in keys:
        question = _OBJECT.decode(keys["input"])
        if "pipeline" not in question:
            raise ValueError("a request that was asked about, not a run")
        if _is_run(_OBJECT.decode(question["pipeline"])):
            return "policy"
        raise ValueError("a plan that was asked about before it ran, not a run")
    if _is_run(keys):
        return "execution"
    if {"id", "application", "name"} <= set(keys) and ("stages" in keys or "template" in keys):
        return "pipeline"
    raise ValueError("no execution, task or pipeline configuration; a request body is not a run")


def _is_run(keys: dict[str, msgspec.Raw]) -> bool:
    return "id" in keys and ("status" in keys or "buildTime" in keys)
