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
from ingest.core.archive import Document
from ingest.core.source import FileComplete, Item, Unreadable

_RAW = msgspec.json.Decoder(msgspec.Raw)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])

PLAN = "a plan that a pipeline template was rendered to"
NO_RUN = {
    "metrics judge": "a canary configuration",
    "metrics classifier": "a canary configuration",
    "canaryConfig executionRequest": "a request for a canary analysis",
    "schema metadata variables": "a pipeline template",
    "source stages": PLAN,
    "templateVariables stages": PLAN,
    "values scopes name": "the time series of a canary metric",
    "errors": "what a pipeline template was refused for",
}


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
    if path.suffix in (".yml", ".yaml"):
        yield Unreadable(path.name, "file", f"{path.name} is YAML: a template or what is to be made from it, not a run")
        return
    try:
        values = list(_values(_content(path)))
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, msgspec.MsgspecError, RecursionError) as error:
        yield Unreadable(path.name, "file", f"{path.name} holds no JSON: {error}")
        return
    for number, value in enumerate(values):
        yield _recognised(value, path.name if len(values) == 1 else f"{path.name}#{number + 1}")
    yield FileComplete(path.name)


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
        return _question(_OBJECT.decode(keys["input"]))
    if _is_run(keys):
        return "execution"
    if {"pipelineId", "stageStatus"} <= set(keys):
        return "canary"
    if what := _named(keys):
        raise ValueError(f"{what}, not a run")
    if {"id", "application", "name"} <= set(keys) and ("stages" in keys or "template" in keys):
        return "pipeline"
    raise ValueError("no execution, task or pipeline configuration; a request body is not a run")


def _question(asked: dict[str, msgspec.Raw]) -> str:
    if "pipeline" not in asked:
        raise ValueError("a request that was asked about, not a run")
    if _is_run(_OBJECT.decode(asked["pipeline"])):
        return "policy"
    raise ValueError("a plan that was asked about before it ran, not a run")


def _named(keys: dict[str, msgspec.Raw]) -> str | None:
    """What a document is that tells neither of a run nor of a pipeline as it is saved."""
    shapes = (what for shape, what in NO_RUN.items() if set(shape.split()) <= set(keys))
    if what := next(shapes, None):
        return what
    if bytes(keys.get("id", msgspec.Raw())) == b'"unknown"':
        return PLAN
    unsaved = "id" not in keys and ("stages" in keys or "template" in keys)
    return "a pipeline that was never saved" if unsaved else None


def _is_run(keys: dict[str, msgspec.Raw]) -> bool:
    return "id" in keys and ("status" in keys or "buildTime" in keys)
