"""How much memory an ingest takes at its peak, whatever the length of the history.

Run: ``python -m tests.benchmarks.memory [EXECUTIONS ...]``
"""

from __future__ import annotations

import multiprocessing
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ingest.core.pipeline import pull
from ingest.core.source import Item, Request, SourceState, Watermark
from ingest.spinnaker import SOURCE
from ingest.spinnaker.settings import parse_settings
from tests.benchmarks.executions import MEAN, stream

HISTORIES, LIMIT_MB, MARKED = (20_000, 60_000), 512, 1_000


class Flood(SOURCE):
    """The Spinnaker source, fed by a generator: a number of executions, none of them retained."""

    def __init__(self, executions: int) -> None:
        super().__init__(parse_settings({}))
        self.executions = executions

    def fetch(self, request: Request, state: SourceState) -> Iterator[Item]:
        """The executions, with a mark wherever an application of a thousand would have ended."""
        for number, document in enumerate(islice(stream(), self.executions), 1):
            yield document
            if number % MARKED == 0:
                yield Watermark(f"executions/{number // MARKED}", str(number))


def peak() -> float:
    """Peak memory of this process in MB (Linux; the figure of ``getrusage`` includes its parent's)."""
    match = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(match[1]) / 1024 if match else 0


def ingest(executions: int) -> None:
    """Ingest so many in this process, and say what its memory has been at most."""
    source = Flood(executions)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        summary = pull(source, Path(folder), Request())
        seconds = time.perf_counter() - start
        disk = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    assert summary.tables["execution"] == {"new": executions, "changed": 0, "unchanged": 0}
    print(
        f"{executions:>7,} executions of {MEAN / 1e3:.0f} KB: peak {peak():.0f} MB of {LIMIT_MB} allowed"
        f", {seconds:.0f} s with making them, {disk / 1e6:,.0f} MB on disk",
        flush=True,
    )


def main() -> None:
    """Ingest each history in a process of its own, as a peak never goes down."""
    histories = [int(word) for word in sys.argv[1:]] or list(HISTORIES)
    needed = max(histories) * MEAN // 2
    if shutil.disk_usage(tempfile.gettempdir()).free < needed:
        sys.exit(f"{needed / 1e9:.1f} GB of room in {tempfile.gettempdir()} are needed")
    for executions in histories:
        process = multiprocessing.get_context("spawn").Process(target=ingest, args=(executions,))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(f"{executions:,} executions: exit code {process.exitcode}")


if __name__ == "__main__":
    main()
