"""A limit of requests per ten seconds, and the pauses that a server requests."""

from __future__ import annotations

import threading
import time
from collections import deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

WINDOW = 10.0  # Gate's own rate limiter counts requests per ten seconds (rateLimit.capacity, rateSeconds)
MAX_WAIT = 60.0


class RateLimit:
    """At most ``per_window`` requests in any ten seconds (0: no limit), and none during a pause."""

    def __init__(self, per_window: int) -> None:
        self._limit, self._lock = per_window, threading.Lock()
        self._sent: deque[float] = deque(maxlen=max(per_window, 1))
        self._paused_until = 0.0

    def wait(self) -> None:
        """Return when the next request may be sent."""
        while (seconds := self._seconds_to_wait()) > 0:
            time.sleep(seconds)

    def _seconds_to_wait(self) -> float:
        with self._lock:
            now = time.monotonic()
            if now < self._paused_until:
                return self._paused_until - now
            if self._limit and len(self._sent) == self._limit and now < self._sent[0] + WINDOW:
                return self._sent[0] + WINDOW - now
            self._sent.append(now)
            return 0.0

    def pause(self, seconds: float) -> None:
        """Send nothing for ``seconds``, at most a minute."""
        with self._lock:
            self._paused_until = max(self._paused_until, time.monotonic() + min(seconds, MAX_WAIT))


def parse_wait(value: str | None, date: str | None) -> float:
    """Return the seconds that a header asks to wait: a number, or a time by the server's clock; 0 if it has neither."""
    if not value:
        return 0.0
    if value.isascii() and value.isdigit():
        return float(value[:9])
    end, now = parse_http_date(value), parse_http_date(date) or datetime.now(UTC)
    return max((end - now).total_seconds(), 0.0) if end else 0.0


def parse_http_date(value: str | None) -> datetime | None:
    """Return the time of a Date header, None if it is missing or not a date."""
    try:
        date = parsedate_to_datetime(value) if value else None
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date and date.tzinfo is None else date
