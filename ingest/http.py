"""One polite HTTP session: a total deadline and a byte cap for every reply, retries on a budget, a rate limit.

Redirects are never followed: Gate redirects strangers to a login page, and no header of ours leaves its origin.
Nothing secret is in an error: messages name the path, never the headers.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from dora.errors import AuthError, DoraError
from ingest.pace import Pace

if TYPE_CHECKING:
    import requests

CHUNK = 1 << 16
TRANSIENT = frozenset({429, 500, 502, 503, 504})
LONGEST_WAIT = 60.0


class Reply(msgspec.Struct, frozen=True):
    """The body of a JSON reply, and the server's own clock where it gave it."""

    body: bytes
    date: datetime | None


class FailedError(DoraError):
    """A request got no usable answer; ``status`` is None where it got none at all."""

    def __init__(self, happened: str, next_step: str = "", status: int | None = None) -> None:
        super().__init__(happened, next_step)
        self.status = status


class ForbiddenError(AuthError):
    """The server knows us and refuses this one thing (403)."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one session may cost: seconds and bytes a reply, attempts a request, retries in all, requests per 10 s."""

    timeout_seconds: float = 120.0
    max_bytes: int = 256 << 20
    attempts: int = 5
    retries: int = 100
    backoff_seconds: float = 0.5
    requests_per_10s: int = 60


class Session:
    """GET requests to one origin, from any number of threads."""

    def __init__(self, endpoint: str, headers: Mapping[str, str] | None = None, limits: Limits | None = None) -> None:
        self.endpoint, self._headers = endpoint.rstrip("/"), dict(headers or {})
        self._limits = limits or Limits()
        self._pace = Pace(self._limits.requests_per_10s)
        self._budget, self._guard = self._limits.retries, threading.Lock()
        self._local = threading.local()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Reply:
        """The JSON reply to one GET.

        Raises ``AuthError`` for a login page or 401, ``ForbiddenError`` for 403, ``FailedError`` for everything
        else that gave no answer after the retries.
        """
        for attempt in range(1, self._limits.attempts + 1):
            self._pace.wait()
            try:
                return self._once(path, params)
            except FailedError as error:
                retriable = error.status is None or error.status in TRANSIENT
                if not retriable or attempt == self._limits.attempts or not self._spend():
                    raise
            self._pace.hold(random.uniform(0.5, 1) * self._limits.backoff_seconds * 2**attempt)  # noqa: S311
        raise AssertionError("unreachable")

    def _spend(self) -> bool:
        with self._guard:
            self._budget -= 1
            return self._budget >= 0
