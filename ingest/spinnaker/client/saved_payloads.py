"""Saved payload files instead of a server: JSON or NDJSON, plain, .gz or .zst.

Accepted are executions, lists of them, tasks, pipeline configurations and requests of Spinnaker's policy plug-in.
Other documents (a request body, a plan) are quarantined with what they are.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import zstandard

from dora.errors import UsageError
from ingest.core.source import AsOf, FileComplete, Item, Unreadable
from ingest.payloads.archive import Document

_RAW = msgspec.json.Decoder(msgspec.Raw)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TIME = re.compile(rb'"(?:build|start|end)Time(?:Millis)?"\s*:\s*(1\d{12})\b')  # of this century, in milliseconds
PLAN = "a plan that a pipeline template was rendered to"
# Documents that are not executions, by keys that only they have; the first match counts.
OTHER_DOCUMENTS = {
    "metrics judge": "a canary configuration",
    "metrics classifier": "a canary configuration",
    "canaryConfig executionRequest": "a request for a canary analysis",
    "schema metadata variables": "a pipeline template",
    "source stages": PLAN,
    "templateVariables stages": PLAN,
    "values scopes name": "the time series of a canary metric",
    "errors": "the errors of a pipeline template",
}


def read_saved_payloads(paths: Sequence[Path]) -> Iterator[Item]:
    """Yield the documents of files and folders, by name, and the newest time in them.

    Raises ``UsageError`` for a path that does not exist.
    """
    yield from date_saved_payloads(_read_paths(paths))


def date_saved_payloads(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items, and at the end the newest time in their documents unless a server has said its own before."""
    newest, is_dated = 0, False
    for item in items:
        is_dated |= isinstance(item, AsOf)
        if isinstance(item, Document) and not is_dated:
            newest = max(newest, *map(int, _TIME.findall(item.body)), 0)
        yield item
    if newest and not is_dated:  # what was saved months ago is as old as that, whenever it is loaded
        yield AsOf(min(datetime.fromtimestamp(newest / 1000, UTC), datetime.now(UTC)))


def _read_paths(paths: Sequence[Path]) -> Iterator[Item]:
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no {path}; nothing was loaded.", "give a file or a folder of payloads.")
        for file in sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]:
            yield from _read_file(file)


def _read_file(path: Path) -> Iterator[Item]:
    name = path.name
    if path.suffix in (".yml", ".yaml"):
        yield Unreadable(name, "file", f"{name} is YAML: a template or its configuration, not an execution")
        return
    try:
        values = list(_split_values(_decompress(path)))
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, ValueError, RecursionError) as error:
        yield Unreadable(name, "file", f"{name} is not JSON: {error}")
        return
    for number, value in enumerate(values, 1):
        id_ = name if len(values) == 1 else f"{name}#{number}"
        try:
            yield Document(_recognise_kind(value), value)
        except (ValueError, RecursionError) as error:
            yield Unreadable(id_, "payload", f"{id_}: {error}", value[:400].decode("utf-8", "replace"))
    yield FileComplete(name)


def _decompress(path: Path) -> bytes:
    body = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(body)
    if path.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
            return reader.read()
    return body


def _split_values(body: bytes) -> Iterator[bytes]:
    """Yield the items of a list, one object, or the objects of an NDJSON file."""
    try:
        lines = [_RAW.decode(body)]
    except msgspec.DecodeError:
        lines = [_RAW.decode(line) for line in body.splitlines() if line.strip()]
    for line in lines:
        value = bytes(line).strip()
        yield from (bytes(item) for item in _LIST.decode(value)) if value.startswith(b"[") else (value,)


def _recognise_kind(value: bytes) -> str:
    """Return the kind of a document. Raises ``ValueError`` that says what it is instead."""
    keys = _OBJECT.decode(value)
    if "execution" in keys:
        return "task"
    if "input" in keys:
        return _recognise_policy_request(_OBJECT.decode(keys["input"]))
    if _is_execution(keys):
        return "execution"
    if {"pipelineId", "stageStatus"} <= set(keys):
        return "canary"
    if what := _describe_other(keys):
        raise ValueError(f"{what}, not an execution")
    if {"id", "application", "name"} <= set(keys) and ("stages" in keys or "template" in keys):
        return "pipeline"
    raise ValueError("not an execution, task or pipeline configuration; it may be a request body")


def _recognise_policy_request(request: dict[str, msgspec.Raw]) -> str:
    # The policy plug-in asks before an execution, before a plan, and for any other request to Gate.
    if "pipeline" not in request:
        raise ValueError("a policy request that is not about an execution")
    if not _is_execution(_OBJECT.decode(request["pipeline"])):
        raise ValueError("a policy request about a plan, not an execution")
    return "policy"


def _describe_other(keys: dict[str, msgspec.Raw]) -> str | None:
    for required, what in OTHER_DOCUMENTS.items():
        if set(required.split()) <= set(keys):
            return what
    if bytes(keys.get("id", msgspec.Raw())) == b'"unknown"':  # Orca's id of a plan
        return PLAN
    unsaved = "id" not in keys and ("stages" in keys or "template" in keys)
    return "a pipeline that was never saved" if unsaved else None


def _is_execution(keys: dict[str, msgspec.Raw]) -> bool:
    return "id" in keys and ("status" in keys or "buildTime" in keys)
