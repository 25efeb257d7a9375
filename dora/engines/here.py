"""Carry out tasks in processes of this machine: the memory of a task is free when its process ends."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing import connection, get_context, parent_process
from multiprocessing.process import BaseProcess

from dora.config.engine import EngineSettings
from dora.engines.task import Task, Work
from dora.errors import DoraError, counted

FAILED = 3  # exit status of a task that ended by an error of ours, which it wrote


def run(
    tasks: Sequence[Task], work: Work, settings: EngineSettings, report: Callable[[str], None] = lambda _: None
) -> None:
    """Call ``work`` for each task in a process of its own, as many at a time as workers and memory allow.

    Raises ``DoraError`` with the parts whose process failed or died; the others are built nevertheless.
    """
    waiting, failed = list(reversed(tasks)), []
    running: dict[object, tuple[Task, BaseProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < count_processes(settings):
                task = waiting.pop()
                started = get_context("spawn").Process(target=_carry_out, args=(task, work))
                started.start()
                running[started.sentinel] = task, started
            for sentinel in connection.wait([process.sentinel for _, process in running.values()]):
                task, process = running.pop(sentinel)
                process.join()
                report(f"part {task.part} of {len(tasks)}")
                if process.exitcode:
                    failed.append(f"{task.part} ({_describe_end(process.exitcode)})")
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()
    if failed:
        raise DoraError(
            f"{counted(len(failed), 'part')} of {len(tasks)} could not be built: {', '.join(failed)}; the last build"
            " is kept.",
            "see the messages above; if a process was killed, the machine may lack memory: use more parts.",
        )


def count_processes(settings: EngineSettings) -> int:
    """Return how many parts are built at a time: one for each gigabyte, and no more than processors."""
    return max(1, min(settings.workers or os.cpu_count() or 1, int(settings.gigabytes)))


def _carry_out(task: Task, work: Work) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work(*task)
    except DoraError as error:
        print(f"part {task.part}: {error}", file=sys.stderr)
        sys.exit(FAILED)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone: no one would take what it builds."""
    if parent := parent_process():
        connection.wait([parent.sentinel])
        os._exit(FAILED)


def _describe_end(status: int) -> str:
    if status < 0:
        return f"its process was killed by signal {-status}"
    return "see above" if status == FAILED else f"its process ended with status {status}"
