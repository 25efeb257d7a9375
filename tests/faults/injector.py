"""Real faults in real processes: a command is killed, or a call of its fails, at its Nth call that writes.

``shim.c`` is compiled by ``cc`` and preloaded. It counts calls below one folder over all threads of the command and in
the git that it starts. Every fault is asserted to have happened by the caller, from ``Outcome.fired``.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import shutil
import subprocess
from pathlib import Path
from typing import Literal, NamedTuple

from tests.processes import ForkServer

SHIM = Path(__file__).with_name("shim.c")
Action = Literal["count", "kill", "tear", "fail", "fill", "power"]  # the last is of power.py, the others of shim.c
_DATA, _RENAME = 1, 2  # `enum kind` in shim.c
_ACTIONS: tuple[Action, ...] = ("count", "kill", "tear", "fail", "fill")  # the order of `enum action` in shim.c


class Fault(NamedTuple):
    """What happens at the ``at``-th call that writes: ``fail`` fails it alone, ``fill`` all later ones as well."""

    action: Action = "count"
    at: int = 0
    error: str = "ENOSPC"


class Clock(NamedTuple):
    """How many seconds the clock is wrong, and from the call ``at`` on how many it is then, if it jumps in the run."""

    shift: int = 0
    later: int = 0
    at: int = 0


class Outcome(NamedTuple):
    """What a command did: how many ``calls`` wrote, which of them ``data``, and the place of a fault that ``fired``."""

    code: int
    out: str
    err: str
    calls: int
    data: list[int]
    renames: list[int]
    fired: bool
    call: str
    path: str


class _Control(ctypes.Structure):
    """``struct control`` of shim.c."""

    _fields_ = (
        ("action", ctypes.c_int),
        ("error", ctypes.c_int),
        ("at", ctypes.c_long),
        ("count", ctypes.c_long),
        ("fired", ctypes.c_long),
        ("pid", ctypes.c_int),
        ("call", ctypes.c_char * 32),
        ("folder", ctypes.c_char * 512),
        ("path", ctypes.c_char * 512),
        ("kinds", ctypes.c_ubyte * (1 << 14)),
        ("journal", ctypes.c_char * 512),
        ("journal_lock", ctypes.c_int),
        ("clock_shift", ctypes.c_long),
        ("later_clock_shift", ctypes.c_long),
        ("shifts_at", ctypes.c_long),
    )


class Injector:
    """Runs ``dora`` with faults. ``folder`` is for its own files; ``source`` is the code that it runs, if not this."""

    def __init__(self, folder: Path, source: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        shared, library = folder / "control", folder / "shim.so"
        command = ["cc", "-shared", "-fPIC", "-O1", "-w", "-o", str(library), str(SHIM), "-ldl"]
        subprocess.run(command, check=True, timeout=60)
        shared.write_bytes(bytes(ctypes.sizeof(_Control)))
        with shared.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self.control = _Control.from_buffer(self._memory)
        self._path = f"{_wrap_git(folder, library, shared)}{os.pathsep}{os.environ['PATH']}"
        code = {"PYTHONPATH": str(source)} if source else {}
        self._server = ForkServer(LD_PRELOAD=str(library), FAULTS=str(shared), **code)

    def run(
        self,
        folder: Path,
        *words: str,
        fault: Fault = Fault(),  # noqa: B008 - it can not be changed
        clock: Clock = Clock(),  # noqa: B008
        journal: Path | None = None,
    ) -> Outcome:
        """Run a command in a folder; only calls below ``folder`` count, and are written to a ``journal``."""
        ctypes.memset(ctypes.addressof(self.control), 0, ctypes.sizeof(_Control))
        self.control.action, self.control.at = _ACTIONS.index(fault.action), fault.at
        self.control.error = getattr(errno, fault.error)
        self.control.folder = str(folder.resolve()).encode()
        self.control.journal = str(journal or "").encode()
        self.control.clock_shift, self.control.later_clock_shift, self.control.shifts_at = clock
        process = self._server.run(folder, words, lambda _: None, PATH=self._path)
        control = self.control
        fired, call, path = bool(control.fired), control.call.decode(), control.path.decode("utf-8", "replace")
        kinds = control.kinds[: control.count + 1]
        data, renames = ([number for number, kind in enumerate(kinds) if kind == wanted] for wanted in (_DATA, _RENAME))
        streams = (process.returncode, process.stdout, process.stderr)
        return Outcome(*streams, control.count, data, renames, fired, call, path)

    def close(self) -> None:
        """End the process from which commands are forked."""
        self._server.close()


def _wrap_git(folder: Path, library: Path, shared: Path) -> Path:
    """Write a ``git`` that preloads the shim: dora starts git with a clean environment."""
    git, wrapper = shutil.which("git"), folder / "bin" / "git"
    wrapper.parent.mkdir(exist_ok=True)
    wrapper.write_text(f'#!/bin/sh\nLD_PRELOAD="{library}" FAULTS="{shared}" FAULTS_CHILD=1 exec "{git}" "$@"\n')
    wrapper.chmod(0o755)
    return wrapper.parent
