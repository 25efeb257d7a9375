"""A second process: its order, its bound, and what its end means."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from dora.errors import DoraError
from ingest.beside import AHEAD, Beside

OWN = "__import__('os').getpid()"


@pytest.fixture
def beside() -> Iterator[Beside[str, Any]]:
    """A process that works out expressions."""
    with closing(Beside[str, Any](eval)) as process:
        yield process


def ends(process: int) -> bool:
    """Whether a process ends within some seconds; one that nobody has collected yet has ended."""
    for _ in range(400):
        found = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
        if found.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.05)
    return False


def test_it_is_another_process_and_keeps_the_order(beside: Beside[str, Any]) -> None:
    """What it is given is done elsewhere, each once and in order, however long it takes."""
    given = [f"({n}, {OWN}, __import__('time').sleep({n % 3} / 100))" for n in range(9)]
    made = [future.result() for future in [beside.do(one) for one in given]]
    assert [number for number, *_ in made] == list(range(9))
    assert {process for _, process, _ in made} != {os.getpid()}
    assert len({process for _, process, _ in made}) == 1


def test_large_things_pass_both_ways(beside: Beside[str, Any]) -> None:
    """Megabytes going in while megabytes come out do not stop each other."""
    futures = [beside.do(repr(bytes([65 + n]) * (4 << 20))) for n in range(4)]
    assert [future.result()[:1] for future in futures] == [b"A", b"B", b"C", b"D"]


def test_it_says_when_it_has_enough(beside: Beside[str, Any]) -> None:
    """It is busy with so much ahead, and free again when that is done."""
    futures = [beside.do("__import__('time').sleep(0.3)") for _ in range(AHEAD)]
    assert beside.busy()
    for future in futures:
        future.result()
    assert not beside.busy()


PRINTING = """
from ingest.beside import Beside
beside = Beside(eval)
print([beside.do(one).result() for one in ("print('hello') or 7", "8")])
beside.close()
"""


def test_what_is_printed_there_is_no_answer() -> None:
    """Words that a job prints reach the standard error stream, and never what is sent back."""
    done = subprocess.run([sys.executable, "-c", PRINTING], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[7, 8]\n", "hello\n")


@pytest.mark.parametrize("end", [f"__import__('os').kill({OWN}, 9)", "__import__('sys').exit(3)", "1 / 0"])
def test_its_end_is_loud(beside: Beside[str, Any], end: str) -> None:
    """Killed or failed, it makes no answer up: what it was at and all that comes later raise."""
    futures = [beside.do(one) for one in ("1", end, "2")]
    assert futures[0].result() == 1
    for future in futures[1:]:
        with pytest.raises(DoraError, match=r"has ended before its work.*run the same command again"):
            future.result()


def test_closing_ends_it(beside: Beside[str, Any]) -> None:
    """After it is closed no process is left, though more had been given than was done."""
    process = beside.do(OWN).result()
    late = [beside.do("__import__('time').sleep(0.2)") for _ in range(6)]
    beside.close()
    assert ends(process)
    assert late[-1].cancelled()


PARENT = """
import sys, time
from ingest.beside import Beside
beside = Beside(eval)
print(beside.do("__import__('os').getpid()").result(), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_this_process(how: signal.Signals) -> None:
    """However its parent ends, no orphan stays."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert parent.stdout
    process = int(parent.stdout.readline())
    parent.send_signal(how)
    parent.wait(timeout=30)
    parent.stdout.close()
    assert ends(process)
