"""How processor time and memory of a build grow with the organisation, beside a bare copy of what it publishes.

Run: ``python -m tests.benchmarks.scale [--parts] [DATA_FOLDER] [EXECUTIONS ...]``; the folder is that of a demo. With
``--parts`` the same is built in parts of 40,000 executions as well.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import duckdb
import msgspec

from dora.build.run import build
from dora.config import settings
from dora.parts.run import build_in_parts
from dora.storage.database import LANDING, PUBLISHED
from tests.benchmarks.organisations import multiply

DEMO = Path("data/demo")
SIZES = (15_000, 100_000, 400_000, 1_000_000)
LIMIT_MS = 0.12  # of processor time an execution, at a million


class Cost(NamedTuple):
    """What a process took: processor seconds and peak memory in MB."""

    seconds: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s of processor time, peak {self.megabytes:,.0f} MB"


def run_apart(work: object, *arguments: object) -> Cost:
    """Run a function in a process of its own, as a peak never goes down, and return its cost.

    Processor time is that of its own processes as well, memory that of all of them together, twenty times a second.
    """
    process = get_context("spawn").Process(target=work, args=arguments)  # type: ignore[arg-type]
    process.start()
    together = 0.0
    while os.waitid(os.P_PID, process.pid or 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        together = max(together, sum(map(resident_megabytes, [process.pid or 0, *children(process.pid or 0)])))
        time.sleep(0.05)
    _, status, usage = os.wait4(process.pid or 0, 0)
    if status:
        sys.exit(f"{work}: status {status}")
    return Cost(usage.ru_utime + usage.ru_stime, max(together, usage.ru_maxrss / 1024))


def children(pid: int) -> list[int]:
    """Return the processes that a process started and that still run."""
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def resident_megabytes(pid: int) -> float:
    """Return the memory of a process; 0 if it ended."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
    return 0.0


def build_folder(demo: Path, data: Path) -> None:
    """Build a data folder with the settings of the demo."""
    build(settings.read(demo / "dora.toml"), landing=data, into=data / PUBLISHED)


def build_folder_in_parts(demo: Path, data: Path) -> None:
    """Build a data folder in parts, one after another."""
    config = settings.read(demo / "dora.toml")
    build_in_parts(msgspec.structs.replace(config, data=data, engine={"parts": "auto"}))


def copy_tables(data: Path) -> None:
    """Copy every published table into another file: what the build can not be faster than."""
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as con:
        con.execute(f"ATTACH '{data / PUBLISHED}' AS built (READ_ONLY)")
        con.execute(f"ATTACH '{data / 'copy.duckdb'}' AS copied")
        tables = con.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'built' AND NOT internal"
        ).fetchall()
        for schema, table in tables:
            con.execute(f'CREATE SCHEMA IF NOT EXISTS copied."{schema}"')
            con.execute(f'CREATE TABLE copied."{schema}"."{table}" AS FROM built."{schema}"."{table}"')


def measure(demo: Path, copies: int, *, in_parts: bool) -> None:
    """Print the cost of building so many copies of the demo."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        executions = multiply(demo, data, copies)
        whole, copy = run_apart(build_folder, demo, data), run_apart(copy_tables, data)
        share, times = 1000 * whole.seconds / executions, whole.seconds / copy.seconds
        print(f"{executions:>9,} executions, build {whole}, {share:.3f} ms an execution (at most {LIMIT_MS})")
        print(f"{'':>9} a bare copy of what it publishes {copy}: {times:.1f} x", flush=True)
        if in_parts:
            parts = run_apart(build_folder_in_parts, demo, data)
            print(f"{'':>9} in parts {parts}: {parts.seconds / whole.seconds:.2f} x of the whole", flush=True)


def main() -> None:
    """Measure every size."""
    words = sys.argv[1:]
    if in_parts := "--parts" in words:
        words.remove("--parts")
    demo = Path(words.pop(0)) if words and not words[0].isdigit() else DEMO
    with duckdb.connect(demo / LANDING, read_only=True) as con:
        ((executions,),) = con.execute("SELECT count(*) FROM execution").fetchall()
    for size in [int(word) for word in words] or SIZES:
        measure(demo, max(1, round(size / executions)), in_parts=in_parts)


if __name__ == "__main__":
    main()
