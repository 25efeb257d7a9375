"""What goes wrong between a server and its reader: statuses, pages, cuts, drips and lies, a fixed number of times."""

from __future__ import annotations

import gzip
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

HTML = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
WAYS = frozenset({"empty", "html", "cut", "short", "nothing", "drip", "reset", "bomb"})
DRIP_SECONDS = 0.002
BOMB = gzip.compress(b" " * (1 << 20)) * 200  # members of one stream: 200 MB of them


class Writer(Protocol):
    """The socket side of an answer."""

    def write(self, data: bytes, /) -> object:
        """Send bytes."""
        ...

    def flush(self) -> None:
        """Send what is held back."""
        ...


@dataclass(slots=True)
class Wound:
    """One way to fail, for the next ``times`` requests whose path begins with ``prefix`` and contains ``holding``.

    ``how`` is a status, or one of empty (200 without a body), html (a page with 200), cut (the connection ends
    before the body does), short (valid JSON that holds one item less), nothing (an empty list), drip (a byte at a
    time), reset (no answer), bomb (200 MB in a body of 200 kB).
    """

    prefix: str
    how: int | str
    times: int = 1
    holding: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.how, str) and self.how not in {
            "empty",
            "html",
            "cut",
            "short",
            "nothing",
            "drip",
            "reset",
            "bomb",
        }:
            raise ValueError(f"nothing fails like {self.how!r}")


class Wounds:
    """Those that are still to come, in order; asked from any thread."""

    def __init__(self) -> None:
        self._waiting: list[Wound] = []
        self._guard = threading.Lock()

    def add(self, *wounds: Wound) -> None:
        """Let these happen too."""
        with self._guard:
            self._waiting += wounds

    def take(self, path: str) -> Wound | None:
        """The wound that this request suffers."""
        with self._guard:
            for wound in self._waiting:
                if wound.times and path.startswith(wound.prefix) and wound.holding in path:
                    wound.times -= 1
                    return wound
        return None

    @property
    def left(self) -> int:
        """How many are still to come."""
        return sum(wound.times for wound in self._waiting)


def spill(writer: Writer, body: bytes, how: int | str) -> None:
    """Send a body whose length was announced: half of it, or all of it very slowly."""
    if how == "cut":
        writer.write(body[: len(body) // 2])
        writer.flush()
        return
    for byte in body:
        writer.write(bytes([byte]))
        writer.flush()
        time.sleep(DRIP_SECONDS)
