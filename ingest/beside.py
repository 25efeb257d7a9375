"""A second Python process that works beside this one: it is given a job once, then one thing after the other to do."""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any, Generic, TypeVar, cast

from dora.errors import DoraError

AHEAD = 2
_BEGIN = "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from ingest.beside import serve; serve()"
Given = TypeVar("Given")
Made = TypeVar("Made")


class Beside(Generic[Given, Made]):
    """A process that does one job, which can be pickled, on all that it is given, in order.

    It ends when its input does: with this process, however that ends. Ctrl-C is for this process alone.
    """

    def __init__(self, job: Callable[[Given], Made]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._input, self._output = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="beside")
        self._given: deque[Future[Made]] = deque()
        self._thread.submit(self._send, sys.path, job)

    def busy(self) -> bool:
        """Whether it has enough to do for now."""
        while self._given and self._given[0].done():
            self._given.popleft()
        return len(self._given) >= AHEAD

    def do(self, given: Given) -> Future[Made]:
        """What comes of this; the result raises ``DoraError`` where the process has ended."""
        self._given.append(self._thread.submit(self._ask, given))
        return self._given[-1]

    def _send(self, *things: object) -> None:
        for thing in things:
            _write(self._input, thing)

    def _ask(self, given: Given) -> Made:
        try:
            self._send(given)
            return cast(Made, pickle.load(self._output))  # noqa: S301 - our own process wrote it
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise DoraError(
                "The process that parses payloads has ended before its work; what it had was not landed.",
                "run the same command again: it goes on from what is landed.",
            ) from error

    def close(self) -> None:
        """Let it finish what it is at, forget the rest, and end it."""
        self._thread.shutdown(cancel_futures=True)
        with contextlib.suppress(OSError):
            self._input.close()
        self._output.close()
        self._process.wait()


def serve() -> None:
    """Be that process: read the job and what it is given from standard input, write what comes of it."""
    given, made = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    job: Callable[[Any], Any] = pickle.load(given)  # noqa: S301 - our own process wrote it
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            _write(made, job(pickle.load(given)))  # noqa: S301


def _write(pipe: IO[bytes], thing: object) -> None:
    """In one call: many small ones would each wait for the interpreter, which the other threads hold."""
    pipe.write(pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL))
    pipe.flush()
