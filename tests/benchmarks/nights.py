"""Nights over a world that moves: files, bytes, seconds and memory of each, which stay flat beyond what new data adds.

Run: ``python -m tests.benchmarks.nights [NIGHTS]``
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from ingest.simulation.demo import settings_text
from ingest.simulation.gate.server import Gate, serve
from ingest.simulation.model.clock import millis
from ingest.simulation.organisation import Organisation, simulate

END, NIGHTS, IDLE = datetime(2026, 6, 1, tzinfo=UTC), 60, 5
DAY = timedelta(days=1)


class Night(NamedTuple):
    """One night: the exit code, what it took, what it added to payloads, and how much there is after it."""

    code: int
    seconds: float
    cpu_seconds: float
    memory_mb: float
    executions: int
    files: int
    payload_bytes: int
    landing_bytes: int
    data_files: int
    data_bytes: int


class MovingWorld:
    """A simulated organisation that is served as of an instant, and the folder of its installation."""

    def __init__(self, folder: Path, organisation: Organisation, gate: Gate) -> None:
        self.folder, self.world = folder, organisation.world
        self._incidents, self._lines = organisation.incidents, organisation.incidents.read_text().splitlines()
        self._repositories = list(organisation.repositories.values())
        self._settings = settings_text(organisation, gate.url).replace('data = "."', 'data = "data"')
        (folder / "dora.toml").write_text(self._settings)
        for repository in self._repositories:
            git(repository, "update-ref", "refs/archive/main", "refs/heads/main")
            git(repository, "config", "transfer.hideRefs", "refs/archive")

    def move(self, now: datetime) -> None:
        """Let Gate, the repositories and the file of incidents be as they were at an instant."""
        self.world.now = millis(now)
        for repository in self._repositories:
            tip = git(repository, "rev-list", "-1", f"--before={now.isoformat()}", "refs/archive/main")
            git(repository, "update-ref", "refs/heads/main", tip)
        _, header, *rows = self._lines
        known = [row for row in rows if row.split(",")[2] <= now.isoformat()]
        self._incidents.write_text("\n".join([f"# as of {now.isoformat()}", header, *known, ""]))

    def run_night(self) -> Night:
        """Run `dora nightly` in a process of its own."""
        files, payload_bytes = self._measure("payloads")
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "dora", "nightly", "--quiet"],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=(self.folder / "stderr").open("ab"),
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        files_after, bytes_after = self._measure("payloads")
        data_files, data_bytes = self._measure(".")
        return Night(
            code=process.returncode,
            seconds=time.perf_counter() - start,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            memory_mb=usage.ru_maxrss / 1024,
            executions=sum(stub.build_time <= self.world.now for stub in self.world.executions),
            files=files_after - files,
            payload_bytes=bytes_after - payload_bytes,
            landing_bytes=(self.folder / "data" / "landing.duckdb").stat().st_size,
            data_files=data_files,
            data_bytes=data_bytes,
        )

    def _measure(self, folder: str) -> tuple[int, int]:
        files = [path for path in (self.folder / "data" / folder).rglob("*") if path.is_file()]
        return len(files), sum(path.stat().st_size for path in files)


def git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def moving_world(folder: Path, months: float, scale: float) -> Iterator[MovingWorld]:
    """Simulate an organisation up to ``END`` and serve it while the block runs."""
    organisation = simulate(folder / "world", end=END, months=months, scale=scale)  # type: ignore[arg-type]
    with serve(Gate(organisation.world)) as gate:
        yield MovingWorld(folder, organisation, gate)


def run_nights(world: MovingWorld, nights: int, idle: int) -> Iterator[Night]:
    """Yield so many nights up to ``END``, each a day later, then some in which only the clock moves."""
    for number in range(nights):
        world.move(END - DAY * (nights - 1 - number))
        yield world.run_night()
    for number in range(1, idle + 1):
        world.world.now = millis(END + DAY * number)
        yield world.run_night()


def main() -> None:
    """Print one line a night."""
    nights = int(sys.argv[1]) if len(sys.argv) > 1 else NIGHTS
    print("night  exit  seconds  CPU s  memory MB  executions  new  files  payload kB  landing MB  data files  data MB")
    before = 0
    with tempfile.TemporaryDirectory() as name, moving_world(Path(name), 4, 0.2) as world:
        for number, night in enumerate(run_nights(world, nights, IDLE), 1):
            label = f"{number}" if number <= nights else "idle"
            print(
                f"{label:>5}  {night.code:>4}  {night.seconds:7.1f}  {night.cpu_seconds:5.1f}  {night.memory_mb:9.0f}"
                f"  {night.executions:10,}  {night.executions - before:3}  {night.files:5}"
                f"  {night.payload_bytes / 1e3:10.1f}  {night.landing_bytes / 1e6:10.1f}"
                f"  {night.data_files:10,}  {night.data_bytes / 1e6:7.1f}",
                flush=True,
            )
            before = night.executions


if __name__ == "__main__":
    main()
