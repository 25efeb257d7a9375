"""How fast executions become landed rows: ours beside the limit (decoding alone), orjson and pandas, in one run.

Run: ``python -m tests.benchmarks.ingest [EXECUTIONS]``
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from ingest.core.pipeline import pull
from ingest.core.run import CHUNK_BYTES
from ingest.core.source import Item, Request, SourceState, Watermark
from ingest.payloads.archive import Archive, Document
from ingest.spinnaker import SOURCE
from ingest.spinnaker.model.payload import Execution
from ingest.spinnaker.settings import parse_settings
from tests.benchmarks.executions import stream

EXECUTIONS, FEW = 3_000, 150
LIMIT = "msgspec, typed (the limit)"


class Replay(SOURCE):
    """The Spinnaker source, fed from memory instead of a server."""

    def __init__(self, documents: list[Document]) -> None:
        super().__init__(parse_settings({}))
        self.documents = documents

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """The documents, with a mark wherever a listing of that many would have ended."""
        yield from self.documents
        yield Watermark("executions", "1")


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of some runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def limits(bodies: list[bytes]) -> Mapping[str, float]:
    """MB/s of decoding alone: typed, and to plain objects by whatever is installed.

    The limit drops each result at once, as ours does; to hold them all costs memory, and with it time.
    """
    typed = msgspec.json.Decoder(Execution).decode
    decoders: dict[str, Callable[[bytes], Any]] = {
        "msgspec, typed, results retained": typed,
        "msgspec, plain objects": msgspec.json.Decoder().decode,
        "json": json.loads,
    }
    if importlib.util.find_spec("orjson"):
        decoders["orjson"] = importlib.import_module("orjson").loads
    rates = {name: speed(bodies, lambda decode=decode: list(map(decode, bodies))) for name, decode in decoders.items()}
    return {LIMIT: speed(bodies, lambda: deque(map(typed, bodies), maxlen=0)), **rates}


def normalized(bodies: list[bytes]) -> None:
    """What an analyst writes first: one wide frame of executions, one of stages."""
    documents = [json.loads(body) for body in bodies]
    pd.json_normalize(documents)
    pd.json_normalize(documents, record_path="stages", meta=["id", "application"], record_prefix="stage_")


def speed(bodies: list[bytes], work: Callable[[], object], times: int = 3) -> float:
    return sum(map(len, bodies)) / 1e6 / best(work, times)


def parts(documents: list[Document], bodies: list[bytes]) -> Iterator[tuple[str, float]]:
    """Where ours spends its time, each alone: reading, and keeping the payload copy."""
    source = Replay(documents)
    yield "  of it parse to rows, one process", speed(bodies, lambda: [list(source.parse(item)) for item in documents])
    with tempfile.TemporaryDirectory() as folder:
        loads = iter(range(99))
        yield "  of it payload copy", speed(bodies, lambda: keep(Path(folder), f"20260101-{next(loads)}", documents))


def keep(data: Path, load: str, documents: list[Document]) -> None:
    archive = Archive(data, "spinnaker", load)
    for chunk in batched(documents):
        archive.append(chunk)
    archive.sync()
    archive.close()


def batched(documents: list[Document]) -> Iterator[list[Document]]:
    """Compressed as for landing: some megabytes at a time."""
    few = max(1, CHUNK_BYTES * len(documents) // sum(len(document.body) for document in documents))
    yield from (documents[start : start + few] for start in range(0, len(documents), few))


def land(documents: list[Document]) -> None:
    """One whole ingest into a new landing: copy kept, parsed, merged, made durable."""
    with tempfile.TemporaryDirectory() as folder:
        summary = pull(Replay(documents), Path(folder), Request())
    assert (summary.documents, summary.quarantined) == (len(documents), 0)


def main() -> None:
    """Time everything on the same executions, and print MB/s and the two ratios."""
    documents = list(islice(stream(), int(sys.argv[1]) if len(sys.argv) > 1 else EXECUTIONS))
    bodies = [document.body for document in documents]
    print(
        f"{len(bodies):,} executions, mean {sum(map(len, bodies)) / len(bodies) / 1e3:.1f} KB,"
        f" {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    peers = dict(limits(bodies)) | {"pandas json_normalize": speed(bodies[:FEW], lambda: normalized(bodies[:FEW]), 1)}
    ours = speed(bodies, lambda: land(documents))
    for name, rate in [*peers.items(), ("ours: payload to landed, copy kept", ours), *parts(documents, bodies)]:
        print(f"{name:<36} {rate:8.1f} MB/s")
    limit = peers[LIMIT]
    print(f"ours / decode limit {ours / limit:5.2f}   (to reach 0.40)")
    print(f"ours / pandas       {ours / peers['pandas json_normalize']:5.1f}   (to reach 20)")


if __name__ == "__main__":
    main()
