"""The double of Gate as its requests share it: the world, the faults it was given, the requests it has seen."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.simulation.gate.auth import Door
from ingest.simulation.gate.endpoints import Answers
from ingest.simulation.gate.faults import Wounds
from ingest.simulation.model.world import World

LIMIT_WINDOW = 10.0


@dataclass(slots=True)
class Gate:
    """A Gate that serves; ``requests`` are the paths that were asked for, in order.

    ``faults`` makes every path that begins with a key answer with that status; ``rate`` is how many requests are
    allowed in ten seconds (None: Gate's default, which only learns). ``wounds`` are faults of single requests;
    ``before`` is called with every path before it is answered, so that the world can change between two pages.
    """

    world: World
    token: str | None
    answers: Answers
    rate: int | None = None
    url: str = ""
    requests: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    recent: deque[float] = field(default_factory=deque)
    wounds: Wounds = field(default_factory=Wounds)
    before: Callable[[str], None] = lambda path: None
    guard: threading.Lock = field(default_factory=threading.Lock)
    door: Door = field(default_factory=Door)

    def fault(self, path: str) -> int | None:
        """The status that a path is told to fail with."""
        return next((status for prefix, status in self.faults.items() if path.startswith(prefix)), None)

    def remaining(self) -> int | None:
        """Requests left in this window, below zero where this one is too many; None without a limit."""
        if self.rate is None:
            return None
        now = time.monotonic()
        while self.recent and self.recent[0] <= now - LIMIT_WINDOW:
            self.recent.popleft()
        if len(self.recent) >= self.rate:
            return -1
        self.recent.append(now)
        return self.rate - len(self.recent)
