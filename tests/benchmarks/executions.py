"""Executions as large as real ones, in any number, for the benchmarks of ingest.

The executions of the simulated organisation have 14 KB. Real ones have four times that: a deploy stage repeats the
results of Clouddriver (``kato.tasks``) and every manifest that it applied, with status and managed fields, in its
context and in its outputs. This module adds those until the mean is 62 KB.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from ingest.payloads.archive import Document
from ingest.simulation.organisation import simulate

MEAN, KINDS, TAIL = 62_000, 300, 6
Pieces = tuple[list[bytes], list[bytes]]


def stream() -> Iterator[Document]:
    """An endless stream of executions, no two with an id in common; only 300 of them are in memory."""
    patterns = [_pieces(body) for body in _bodies()]
    for number in count():
        yield Document("execution", _copy(patterns[number % len(patterns)], number // len(patterns)))


def _bodies() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        made = simulate(Path(folder), end=datetime(2026, 6, 1, tzinfo=UTC), scale=0.1)
        stubs = random.Random(1).sample([stub for stub in made.world.executions if not stub.orchestration], KINDS)
        payloads = [stub.payload() for stub in stubs]
    chance = random.Random(2)
    light = sum(len(msgspec.json.encode(payload)) for payload in payloads) / KINDS
    for payload in payloads:
        _grow(payload, int((MEAN - light) * chance.expovariate(1.0)), chance)
    return [msgspec.json.encode(payload) for payload in payloads]


def _grow(payload: dict[str, Any], size: int, chance: random.Random) -> None:
    """Add about so many bytes: half of them to contexts, a quarter to outputs, a quarter to ``kato.tasks``."""
    stages = [stage for stage in payload["stages"] if "deploy" in stage["type"].lower()] or payload["stages"]
    while size > 0:
        stage, applied = chance.choice(stages), _applied(payload["application"], chance)
        stage["context"].setdefault("outputs.manifests", []).append(applied)
        stage.setdefault("outputs", {}).setdefault("outputs.manifests", []).append(applied)
        answer = {
            "id": chance.randbytes(16).hex(),
            "history": _history(chance),
            "resultObjects": [{"manifests": [applied]}],
        }
        stage["context"].setdefault("kato.tasks", []).append(answer)
        size -= len(msgspec.json.encode([applied, applied, answer]))


def _applied(name: str, chance: random.Random) -> dict[str, Any]:
    fields = {f"f:{key}": {"f:value": {}, ".": {}} for key in _words(12, chance)}
    labels = {f"app.kubernetes.io/{key}": chance.randbytes(6).hex() for key in _words(8, chance)}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{name}-{chance.randbytes(3).hex()}",
            "labels": labels,
            "managedFields": [{"manager": "clouddriver", "operation": "Update", "fieldsV1": fields}],
            "uid": chance.randbytes(16).hex(),
        },
        "data": {key: " ".join(_words(20, chance)) for key in _words(6, chance)},
    }  # fmt: skip


def _history(chance: random.Random) -> list[dict[str, str]]:
    return [{"phase": "DEPLOY", "status": " ".join(_words(8, chance)) + " ..."} for _ in range(12)]


def _words(number: int, chance: random.Random) -> list[str]:
    return [
        chance.choice(("replica", "rollout", "manifest", "traffic", "queue")) + str(chance.randrange(999))
        for _ in range(number)
    ]


def _pieces(body: bytes) -> Pieces:
    """A body cut at the ids of the execution and its stages: what lies between, and the ids."""
    execution = msgspec.json.decode(body)
    ids = {execution["id"], *(stage["id"] for stage in execution["stages"])}
    cut = re.split(b"(" + b"|".join(re.escape(id_.encode()) for id_ in sorted(ids)) + b")", body)
    return cut[::2], cut[1::2]


def _copy(pattern: Pieces, number: int) -> bytes:
    between, ids = pattern
    tail = f"{number:0{TAIL}x}".encode()
    parts = [between[0]]
    for identity, text in zip(ids, between[1:], strict=True):
        parts += (identity[:-TAIL] + tail, text)
    return b"".join(parts)
