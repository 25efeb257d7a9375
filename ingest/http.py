"""One polite HTTP session: a total deadline and a byte cap for every reply, retries on a budget, a rate limit.

Redirects are never followed: a redirect means a login page, and no header of ours leaves its origin.
Nothing secret is in an error: a message names the server and the path, never a header or a body.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from dora.errors import AuthError, DoraError

if TYPE_CHECKING:
    import requests

CHUNK = 1 << 16
WINDOW = 10.0
LONGEST_WAIT = 60.0
TRANSIENT = frozenset({429, 500, 502, 503, 504})


class Reply(msgspec.Struct, frozen=True):
    """The body of a JSON reply, and the server's own clock where it gave it."""

    body: bytes
    date: datetime | None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a session may cost: seconds and bytes a reply, attempts a request, retries in all, requests per 10 s.

    0 requests per 10 s is no limit, for a server on this machine.
    """

    timeout_seconds: float = 120.0
    max_bytes: int = 256 << 20
    attempts: int = 5
    retries: int = 100
    backoff_seconds: float = 0.25
    requests_per_10s: int = 60


class FailedError(DoraError):
    """A request got no usable answer; ``status`` is None where there was no answer at all.

    ``after`` is how many seconds the server asks to wait before the next attempt.
    """

    def __init__(
        self, happened: str, next_step: str = "", *, status: int | None = None, retry: bool = True, after: float = 0.0
    ) -> None:
        super().__init__(happened, next_step)
        self.status, self.retry, self.after = status, retry, after


class ForbiddenError(AuthError):
    """The server knows us and refuses this one thing (403)."""


class Session:
    """GET requests to one origin, from any number of threads."""

    def __init__(self, endpoint: str, headers: Mapping[str, str] | None = None, limits: Limits | None = None) -> None:
        self.endpoint, self._headers = endpoint.rstrip("/"), dict(headers or {})
        self._limits = limits or Limits()
        self._pace = _Pace(self._limits.requests_per_10s)
        self._budget, self._guard = self._limits.retries, threading.Lock()
        self._local = threading.local()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Reply:
        """The JSON reply to one GET.

        Raises ``AuthError`` for a login page or 401, ``ForbiddenError`` for 403, and ``FailedError`` where the
        retries gave no usable answer.
        """
        attempt = 0
        while True:
            attempt += 1
            self._pace.wait()
            try:
                return self._once(path, params)
            except FailedError as error:
                if not error.retry or attempt >= self._limits.attempts or not self._spend():
                    raise
                if error.status == 429:
                    self._pace.hold(error.after)
                backoff = random.uniform(0.5, 1.5) * self._limits.backoff_seconds * 2**attempt  # noqa: S311
                time.sleep(min(max(error.after, backoff), LONGEST_WAIT))

    def _spend(self) -> bool:
        with self._guard:
            self._budget -= 1
            return self._budget >= 0

    def _once(self, path: str, params: Mapping[str, str | int] | None) -> Reply:
        import requests  # noqa: PLC0415 - a fifth of a second that `dora --help` need not pay
        import urllib3  # noqa: PLC0415

        limit = self._limits.timeout_seconds
        deadline = time.monotonic() + limit
        try:
            with self._connected().get(
                self.endpoint + path, params=params, timeout=(min(limit, 10), limit), stream=True, allow_redirects=False
            ) as response:
                self._heed(response)
                self._check_status(path, response)
                body = b"".join(self._chunks(path, response, deadline))
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._failed(path, f"gave no answer ({type(error).__name__})") from None
        self._check_json(path, response.headers.get("Content-Type", ""), body)
        return Reply(body, _date(response.headers.get("Date")))

    def _connected(self) -> requests.Session:
        """This thread's connection; a header always goes along, so that no .netrc is consulted."""
        if not hasattr(self._local, "session"):
            import requests  # noqa: PLC0415

            self._local.session = requests.Session()
            self._local.session.auth = lambda request: request
            self._local.session.headers.update({"Accept": "application/json", **self._headers})
        session: requests.Session = self._local.session
        return session

    def _chunks(self, path: str, response: requests.Response, deadline: float) -> Iterator[bytes]:
        size = 0
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            size += len(chunk)
            if size > self._limits.max_bytes:
                raise self._failed(path, f"sent more than {self._limits.max_bytes:,} bytes", retry=False)
            if time.monotonic() > deadline:
                raise self._failed(path, f"did not finish within {self._limits.timeout_seconds:g} s")
            yield chunk

    def _heed(self, response: requests.Response) -> None:
        """Hold back where the server says that nothing is left of our share (it never refuses while learning)."""
        headers = response.headers
        if headers.get("X-RateLimit-Remaining") == "0" and headers.get("X-RateLimit-Learning", "").lower() != "true":
            self._pace.hold(_until(headers.get("X-RateLimit-Reset"), headers.get("Date")))

    def _check_status(self, path: str, response: requests.Response) -> None:
        status = response.status_code
        if 300 <= status < 400:
            raise self._refused(path, "redirected to a login page")
        if status == 401:
            raise self._refused(path, "does not know our token (401)")
        if status == 403:
            raise ForbiddenError(f"{self._shown} refuses {path} (403).", "ask for READ permission on it.")
        if status >= 400:
            asked = response.headers.get("Retry-After") or (
                response.headers.get("X-RateLimit-Reset") if status == 429 else None
            )
            after = _until(asked, response.headers.get("Date"))
            raise self._failed(path, f"answered {status}", status=status, retry=status in TRANSIENT, after=after)

    def _check_json(self, path: str, content_type: str, body: bytes) -> None:
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "text/html":
            raise self._refused(path, "sent a page instead of JSON: it looks like a login page")
        if not body:
            raise self._failed(path, "sent an empty reply")
        if kind != "application/json" and not kind.endswith("+json"):
            raise self._failed(path, f"sent {kind or 'something'} instead of JSON", retry=False)

    @property
    def _shown(self) -> str:
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")

    def _refused(self, path: str, what: str) -> AuthError:
        return AuthError(
            f"{self._shown} {what} for {path}; what was landed before stays.",
            "give a valid token, and check that the address is the API's.",
        )

    def _failed(
        self, path: str, what: str, *, status: int | None = None, retry: bool = True, after: float = 0.0
    ) -> FailedError:
        return FailedError(
            f"{self._shown} {what} for {path}; what was landed before stays.",
            "check that the server is well, then repeat: it goes on from there.",
            status=status,
            retry=retry,
            after=after,
        )


class _Pace:
    """At most so many requests in any ten seconds, and none at all while the server asks to wait."""

    def __init__(self, per_window: int) -> None:
        self._limit, self._guard = per_window, threading.Lock()
        self._sent: deque[float] = deque(maxlen=max(per_window, 1))
        self._held = 0.0

    def wait(self) -> None:
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
        with self._guard:
            self._held = max(self._held, time.monotonic() + min(seconds, LONGEST_WAIT))


def _until(value: str | None, date: str | None) -> float:
    """Seconds to wait, from a number or from an instant by the server's own clock; 0 where nothing is said."""
    if not value:
        return 0.0
    if value.isascii() and value.isdigit():
        return float(value[:9])
    instant, now = _date(value), _date(date) or datetime.now(UTC)
    return max((instant - now).total_seconds(), 0.0) if instant else 0.0


def _date(value: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
