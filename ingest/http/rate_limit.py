"""How fast to ask: a limit of requests in any ten seconds, and the waits that a server asks for."""

from __future__ import annotations

import threading
import time
from collections import deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

WINDOW = 10.0
LONGEST_WAIT = 60.0


class Pace:
    """At most so many requests in any ten seconds (0: no limit), and none at all while the server asks to wait."""

    def __init__(self, per_window: int) -> None:
        self._limit, self._guard = per_window, threading.Lock()
        self._sent: deque[float] = deque(maxlen=max(per_window, 1))
        self._held = 0.0

    def wait(self) -> None:
        """Return when the next request may go."""
        while (pause := self._pause()) > 0:
            time.sleep(pause)

    def _pause(self) -> float:
        with self._guard:
            now = time.monotonic()
            if now < self._held:
                return self._held - now
            if self._limit and len(self._sent) == self._limit and now < self._sent[0] + WINDOW:
                return self._sent[0] + WINDOW - now
            self._sent.append(now)
            return 0.0

    def hold(self, seconds: float) -> None:
        """Let nothing go for so many seconds, a minute at most."""
        with self._guard:
            self._held = max(self._held, time.monotonic() + min(seconds, LONGEST_WAIT))


def until(value: str | None, date: str | None) -> float:
    """Seconds to wait, from a number or from an instant by the server's own clock; 0 where nothing is said."""
    if not value:
        return 0.0
    if value.isascii() and value.isdigit():
        return float(value[:9])
    instant, now = http_date(value), http_date(date) or datetime.now(UTC)
    return max((instant - now).total_seconds(), 0.0) if instant else 0.0


def http_date(value: str | None) -> datetime | None:
    """The instant of a Date header; None where there is none, or no date."""
    try:
        found = parsedate_to_datetime(value) if value else None
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
