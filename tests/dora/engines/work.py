"""Tasks of tests of the engines: each writes a file to the store, or fails in its way."""

from __future__ import annotations

import os
import signal

from dora.errors import DoraError
from dora.parts.store import Store


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
