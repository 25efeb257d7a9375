"""Which digests were sent: a line before and a line after, in a file beside the build.

A digest of one build and window goes to a place once. A run that ended in between leaves open whether it arrived.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Literal

from dora.errors import DoraError, LockedError

FILE = "digests.jsonl"
State = Literal["sending", "sent", "failed"]


def digest_key(*parts: object) -> str:
    """Return the id of a digest or a place: 16 hexadecimal digits of what it is about."""
    return sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


class SentLog:
    """The last state of each digest at each place, both by their ids."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._states: dict[tuple[str, str], tuple[State, str]] = {}
        for line in file:
            self._read(line)

    def _read(self, line: str) -> None:
        try:
            entry = json.loads(line)
            self._states[entry["digest"], entry["place"]] = entry["state"], entry["at"]
        except (ValueError, TypeError, KeyError):
            return  # the end of a line that a power loss cut

    def state(self, digest: str, place: str) -> tuple[State, str] | None:
        """Return the last state and its time; null if it was never sent."""
        return self._states.get((digest, place))

    def write(self, state: State, digest: str, places: Iterable[str], name: str) -> None:
        """Add a line for each place, on the disk when this returns."""
        at = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        for place in places:
            self._states[digest, place] = state, at
            entry = {"at": at, "to": name, "state": state, "digest": digest, "place": place}
            self._file.write(f"{json.dumps(entry)}\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def open_sent_log(data: Path) -> Iterator[SentLog]:
    """Open the file of a data folder for one run. Raises ``LockedError`` if another run has it, else ``DoraError``."""
    path = data / FILE
    try:
        # Only the owner: it says when a company talks about what.
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+", encoding="utf-8")
    except OSError as error:
        raise DoraError(
            f"{path} can not be written ({error.strerror}); nothing was sent.",
            "run as a user who may write to the data folder: it remembers what was sent.",
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(f"Another run sends a digest of {data}.", "wait for it to end, then repeat.") from None
        _end_line(file)
        yield SentLog(file)


def _end_line(file: IO[str]) -> None:
    """End the line that a power loss cut, so that the next one can be read."""
    text = file.read()
    if text and not text.endswith("\n"):
        file.write("\n")
    file.seek(0)
