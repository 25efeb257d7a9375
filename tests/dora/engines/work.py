"""Tasks of tests of the engines: each writes a file to the store, or fails in its way."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from dora.errors import DoraError
from dora.parts import layout
from dora.parts.run import ATTEMPTS
from dora.parts.store import Store
from dora.parts.task import build_part

ROOT = Path(__file__).resolve().parents[3]


def write_part(store: str, build_id: str, part: int, attempt: int) -> None:
    """Write a file whose name is the task."""
    Store(store).write(f"builds/{build_id}/part={part:02}/attempt={attempt}/control.json", b"{}")


def fail_at_first(store: str, build_id: str, part: int, attempt: int) -> None:
    """Write half of part 1 and fail, at its first attempt."""
    if part == 1 and attempt == 1:
        Store(store).write(f"builds/{build_id}/part=01/attempt=1/half.parquet", b"half")
        raise ValueError("the disk of the worker is full")
    write_part(store, build_id, part, attempt)


def fail_always(store: str, build_id: str, part: int, attempt: int) -> None:
    """Fail for part 1 whatever the attempt is, with the error of this program."""
    if part == 1:
        raise DoraError("main.deployments of part 1 is damaged.", "ignored")
    write_part(store, build_id, part, attempt)


def kill_worker(store: str, build_id: str, part: int, attempt: int) -> None:
    """Write half of a part and kill the process."""
    Store(store).write(f"builds/{build_id}/part={part:02}/attempt={attempt}/half.parquet", b"half")
    os.kill(os.getpid(), signal.SIGKILL)


def tear_part_at_first(store: str, build_id: str, part: int, attempt: int) -> None:
    """Build a part; of part 1 leave, at the first attempt of a pass, what a worker that dies half-way does."""
    build_part(store, build_id, part, attempt)
    if part == 1 and attempt % ATTEMPTS == 0:
        files, results = Store(store), layout.result_folder(build_id, part, attempt)
        files.delete(f"{results}/{layout.CONTROL}")
        for name in files.names(results)[::2]:
            files.delete(name)
        raise ValueError("the disk of the worker is full")


def kill_worker_half_way(store: str, build_id: str, part: int, attempt: int) -> None:
    """Build a part, and kill the process when the first file of its result is there."""
    threading.Thread(target=_kill_at_first_file, args=(store, layout.result_folder(build_id, part, attempt))).start()
    build_part(store, build_id, part, attempt)


def _kill_at_first_file(store: str, results: str) -> None:
    while not Store(store).names(results):
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGKILL)
