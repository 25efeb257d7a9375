"""How processor time and memory of a build grow with the organisation, beside a bare copy of what it publishes.

Run: ``python -m tests.benchmarks.scale [DATA_FOLDER] [EXECUTIONS ...]``; the folder is that of a demo.
"""

from __future__ import annotations

import os
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import duckdb

from dora.build.run import build
from dora.config import settings
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
    """Run a function in a process of its own, as a peak never goes down, and return its cost."""
    process = get_context("spawn").Process(target=work, args=arguments)  # type: ignore[arg-type]
    process.start()
    _, status, usage = os.wait4(process.pid or 0, 0)
    if status:
        sys.exit(f"{work}: status {status}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def build_folder(demo: Path, data: Path) -> None:
    """Build a data folder with the settings of the demo."""
    build(settings.read(demo / "dora.toml"), landing=data, into=data / PUBLISHED)


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


def measure(demo: Path, copies: int) -> None:
    """Print the cost of building so many copies of the demo."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        executions = multiply(demo, data, copies)
        whole, copy = run_apart(build_folder, demo, data), run_apart(copy_tables, data)
        share, times = 1000 * whole.seconds / executions, whole.seconds / copy.seconds
        print(f"{executions:>9,} executions, build {whole}, {share:.3f} ms an execution (at most {LIMIT_MS})")
        print(f"{'':>9} a bare copy of what it publishes {copy}: {times:.1f} x", flush=True)


def main() -> None:
    """Measure every size."""
    words = sys.argv[1:]
    demo = Path(words.pop(0)) if words and not words[0].isdigit() else DEMO
    with duckdb.connect(demo / LANDING, read_only=True) as con:
        ((executions,),) = con.execute("SELECT count(*) FROM execution").fetchall()
    for size in [int(word) for word in words] or SIZES:
        measure(demo, max(1, round(size / executions)))


if __name__ == "__main__":
    main()
