"""One polite HTTP session: a total deadline and a byte cap for every reply, retries on a budget, a rate limit.

Redirects are never followed: a redirect means a login page, and no header of ours leaves its origin.
Nothing secret is in an error: a message names the server and the path, never a header or a body.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import msgspec

from dora.errors import AuthError
from ingest.http.rate_limit import LONGEST_WAIT, Pace, http_date, until
from ingest.http.tls import Tls
from ingest.http.transport import Answer, FailedError, Wire, failed, origin

__all__ = ["Access", "FailedError", "ForbiddenError", "Limits", "LoginError", "Reply", "Session"]

TRANSIENT = frozenset({429, 500, 502, 503, 504})
UNTOLD_WAIT = 4.0  # after a 429 that says nothing: five attempts then outlast a window of ten seconds


class Reply(msgspec.Struct, frozen=True):
    """The body of a JSON reply, and the server's own clock where it gave it."""

    body: bytes
    date: datetime | None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a session may cost: seconds and bytes a reply, attempts a request, retries in all, requests per 10 s.

    0 requests per 10 s is no limit, for a server on this machine.
    """

    timeout_seconds: float = 120.0
    max_bytes: int = 128 << 20
    attempts: int = 5
    retries: int = 100
    backoff_seconds: float = 0.25
    requests_per_10s: int = 60


class ForbiddenError(AuthError):
    """The server knows us and refuses this one thing (403)."""


class LoginError(AuthError):
    """The server does not know us: a login page, a redirect to one, or 401."""


class Access(Protocol):
    """How to be let in. Called from any thread."""

    tls: Tls

    def headers(self, wire: Wire) -> Mapping[str, str]:
        """What goes along with every request; may log in first. Raises ``AuthError`` and ``FailedError``."""
        ...

    def renew(self, wire: Wire, stale: Mapping[str, str]) -> bool:
        """Whether there is something better than these headers, which the server did not know."""
        ...


class _Stranger:
    tls = Tls()

    def headers(self, wire: Wire) -> Mapping[str, str]:
        return {}

    def renew(self, wire: Wire, stale: Mapping[str, str]) -> bool:
        return False


class Session:
    """GET requests to one origin, from any number of threads; ``requests`` is how many were sent.

    ``mend`` says what to do where the server does not know us.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        access: Access | None = None,
        mend: str = "give a valid token or password, and check that the address is the API's.",
    ) -> None:
        self.endpoint, self._headers = endpoint.rstrip("/"), dict(headers or {})
        self._limits, self._access = limits or Limits(), access or _Stranger()
        self._pace = Pace(self._limits.requests_per_10s)
        self._budget, self._guard = self._limits.retries, threading.Lock()
        self._local = threading.local()
        self.requests, self._mend = 0, mend

    @property
    def known(self) -> bool:
        """Whether there is anything by which the server could know us."""
        return bool(self._access.tls.certificate) or not isinstance(self._access, _Stranger)

    def get(
        self, path: str, params: Mapping[str, str | int] | None = None, *, empty: bool = False, firm: bool = False
    ) -> Reply:
        """The JSON reply to one GET; where ``empty`` is allowed, no body is a reply too; 500 is not asked again
        where it is ``firm``: what was asked for breaks the server each time, and the caller has another way.

        Raises ``LoginError`` for a login page or 401, ``ForbiddenError`` for 403, and ``FailedError`` where the
        retries gave no usable answer.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._known(path, params, empty)
            except FailedError as error:
                final = not error.retry or (firm and error.status == 500)
                if final or attempt >= self._limits.attempts or not self._spend():
                    raise
                time.sleep(self._patience(error, attempt))

    def _patience(self, error: FailedError, attempt: int) -> float:
        backoff = random.uniform(0.5, 1.5) * self._limits.backoff_seconds * 2.0**attempt  # noqa: S311
        if error.status == 429:
            self._pace.hold(error.after)
            backoff *= UNTOLD_WAIT
        return min(max(error.after, backoff), LONGEST_WAIT)

    def _spend(self) -> bool:
        with self._guard:
            self._budget -= 1
            return self._budget >= 0

    def _known(self, path: str, params: Mapping[str, str | int] | None, empty: bool) -> Reply:
        """One request; where we are not known any more, one more after logging in again."""
        headers = self._access.headers(self._wire())
        try:
            return self._once(path, params, headers, empty)
        except LoginError:
            if not self._access.renew(self._wire(), headers):
                raise
        return self._once(path, params, self._access.headers(self._wire()), empty)

    def _once(
        self, path: str, params: Mapping[str, str | int] | None, headers: Mapping[str, str], empty: bool
    ) -> Reply:
        self._pace.wait()
        with self._guard:
            self.requests += 1
        answer = self._wire().get(self.endpoint + path, {**self._headers, **headers}, params)
        self._heed(answer)
        self._check_status(path, answer)
        if answer.body or not empty:
            self._check_json(path, answer)
        return Reply(answer.body, http_date(answer.headers.get("date")))

    def _wire(self) -> Wire:
        if not hasattr(self._local, "wire"):
            self._local.wire = Wire(self._limits.timeout_seconds, self._limits.max_bytes, self._access.tls)
        wire: Wire = self._local.wire
        return wire

    def _heed(self, answer: Answer) -> None:
        """Hold back where the server says that nothing is left of our share (it never refuses while learning)."""
        headers = answer.headers
        if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-learning", "").lower() != "true":
            self._pace.hold(until(headers.get("x-ratelimit-reset"), headers.get("date")))

    def _check_status(self, path: str, answer: Answer) -> None:
        status, headers = answer.status, answer.headers
        if 300 <= status < 400:
            raise self._unknown(path, self._redirected(path, headers.get("location", "")))
        if status == 401:
            raise self._unknown(path, "does not know our token or password (401)")
        if status == 403:
            raise ForbiddenError(f"{origin(self.endpoint)} refuses {path} (403).", "ask for READ permission on it.")
        if status >= 400:
            reset = headers.get("x-ratelimit-reset") if status == 429 else None
            after = until(headers.get("retry-after") or reset, headers.get("date"))
            raise failed(
                self.endpoint + path, f"answered {status}", status=status, retry=status in TRANSIENT, after=after
            )

    def _redirected(self, path: str, location: str) -> str:
        """Where a redirect leads; what follows the host may hold a secret, and is not told."""
        try:
            target, where = origin(urljoin(self.endpoint + path, location)), urlsplit(location).path.lower()
        except ValueError:
            return "redirected to no valid address"
        elsewhere = "" if target == origin(self.endpoint) else f" at {target}, which was not followed,"
        known = any(word in where for word in ("login", "oauth2", "saml", "auth"))
        return f"redirected to {'a login page' if known else 'another page'}{elsewhere}"

    def _check_json(self, path: str, answer: Answer) -> None:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        url = self.endpoint + path
        if kind == "text/html":
            raise self._unknown(path, "sent a page that is not JSON: it looks like a login page")
        if not answer.body:
            raise failed(url, "sent an empty reply")
        if kind != "application/json" and not kind.endswith("+json"):
            raise failed(url, f"sent {kind or 'something'} instead of JSON", retry=False)

    def _unknown(self, path: str, what: str) -> LoginError:
        return LoginError(f"{origin(self.endpoint)} {what} for {path}; what was landed before stays.", self._mend)
