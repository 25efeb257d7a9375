"""An HTTP session for JSON: a deadline and a byte limit per reply, limited retries, a rate limit.

Redirects are never followed: a redirect leads to a login page, and no credential leaves its origin.
No secret is in an error: a message names the server and the path, never a header or a body.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urljoin, urlsplit

import msgspec

from dora.errors import AuthError
from ingest.http.rate_limit import MAX_WAIT, RateLimit, parse_http_date, parse_wait
from ingest.http.tls import Tls
from ingest.http.transport import RequestError, Response, Transport, origin, request_error

__all__ = [
    "Authenticator",
    "ForbiddenError",
    "Limits",
    "LoginError",
    "RedirectError",
    "Reply",
    "RequestError",
    "Session",
]

TRANSIENT = frozenset({429, 500, 502, 503, 504})
# Backoff of a 429 without Retry-After: five attempts then take longer than Gate's window of ten seconds.
RATE_LIMITED_BACKOFF = 4.0
_MOVED = "redirected to another page"
_LINK, _NEXT = re.compile(r"<([^<>]*)>((?:\s*;[^,<]*)*)"), re.compile(r'\brel="?next"?')


class Reply(msgspec.Struct, frozen=True):
    """The body of a JSON reply, the time of the server's clock if it is known, and the next page of a list.

    ``next_page`` is path and query of a Link header with ``rel="next"``, if it leads to the same server.
    """

    body: bytes
    date: datetime | None
    next_page: str | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds and bytes per reply, attempts per request, retries per session, requests per 10 s (0: no limit)."""

    timeout_seconds: float = 120.0
    max_bytes: int = 128 << 20
    attempts: int = 5
    retries: int = 100
    backoff_seconds: float = 0.25
    requests_per_10s: int = 60  # the default of Gate's own rate limiter


class ForbiddenError(AuthError):
    """The server accepts the credentials and refuses this resource (403)."""


class LoginError(AuthError):
    """The server does not accept the credentials: a login page, a redirect to one, or 401."""


class RedirectError(LoginError):
    """The server redirects: to a login page, or (``is_local``) to another path of its own, where a thing has moved."""

    is_local = False


class Authenticator:
    """Authenticates requests by fixed headers and TLS; subclasses obtain their headers. Called from any thread."""

    def __init__(self, headers: Mapping[str, str] | None = None, tls: Tls | None = None) -> None:
        self.tls, self._headers = tls or Tls(), headers or {}

    def headers(self, transport: Transport) -> Mapping[str, str]:
        """Return the headers of every request; may log in first. Raises ``AuthError`` and ``RequestError``."""
        return self._headers

    def renew(self, transport: Transport, rejected: Mapping[str, str]) -> bool:
        """Return whether there are newer headers than those that the server rejected."""
        return False


class Session:
    """GET requests to one origin, from any number of threads; ``requests`` is the number sent.

    ``has_credentials`` says whether there is an authenticator, ``has_certificate`` whether it shows a client
    certificate. ``login_hint`` is the next step of an error if the
    server does not accept the credentials.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        authenticator: Authenticator | None = None,
        login_hint: str = "give a valid token or password, and check that the address is the API's.",
    ) -> None:
        self.endpoint, self._headers, self._login_hint = endpoint.rstrip("/"), dict(headers or {}), login_hint
        self._limits, self._authenticator = limits or Limits(), authenticator or Authenticator()
        self._rate_limit = RateLimit(self._limits.requests_per_10s)
        self._retries_left, self._lock, self._local = self._limits.retries, threading.Lock(), threading.local()
        self.requests, self.has_credentials = 0, authenticator is not None
        self.has_certificate = self._authenticator.tls.certificate is not None

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        allow_empty: bool = False,
        retry_500: bool = True,
    ) -> Reply:
        """Return the JSON reply to a GET; with ``allow_empty`` also one without a body.

        ``retry_500=False`` is for a request that fails each time, if the caller has an alternative. Raises
        ``LoginError`` for a login page or 401, ``ForbiddenError`` for 403, and ``RequestError`` if all attempts fail.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._get_authenticated(path, params, allow_empty)
            except RequestError as error:
                final = not error.retry or (error.status == 500 and not retry_500)
                if final or attempt >= self._limits.attempts or not self._take_retry():
                    raise
                time.sleep(self._backoff(error, attempt))

    def _backoff(self, error: RequestError, attempt: int) -> float:
        backoff = random.uniform(0.5, 1.5) * self._limits.backoff_seconds * 2.0**attempt  # noqa: S311 - no secret
        if error.status in (403, 429):
            self._rate_limit.pause(error.wait)
            backoff *= RATE_LIMITED_BACKOFF
        return min(max(error.wait, backoff), MAX_WAIT)

    def _take_retry(self) -> bool:
        with self._lock:
            self._retries_left -= 1
            return self._retries_left >= 0

    def _get_authenticated(self, path: str, params: Mapping[str, str | int] | None, allow_empty: bool) -> Reply:
        headers = self._authenticator.headers(self._transport())
        try:
            return self._send(path, params, headers, allow_empty)
        except LoginError:
            # A token or session may have expired: log in again, and repeat the request once.
            if not self._authenticator.renew(self._transport(), headers):
                raise
        return self._send(path, params, self._authenticator.headers(self._transport()), allow_empty)

    def _send(
        self, path: str, params: Mapping[str, str | int] | None, headers: Mapping[str, str], allow_empty: bool
    ) -> Reply:
        self._rate_limit.wait()
        with self._lock:
            self.requests += 1
        response = self._transport().get(self.endpoint + path, {**self._headers, **headers}, params)
        date, limit = response.headers.get("date"), response.headers
        # In learning mode Gate's limiter sends the same headers and never refuses a request.
        if limit.get("x-ratelimit-remaining") == "0" and limit.get("x-ratelimit-learning", "").lower() != "true":
            self._rate_limit.pause(parse_wait(limit.get("x-ratelimit-reset"), date))
        self._check_status(path, response)
        if response.body or not allow_empty:
            self._check_json(path, response)
        return Reply(response.body, parse_http_date(date), self._find_next_page(response.headers.get("link", "")))

    def _find_next_page(self, link: str) -> str | None:
        """Return the address of the next page below the endpoint; another server gets no request."""
        for address, parameters in _LINK.findall(link):
            if _NEXT.search(parameters) and address.startswith(self.endpoint + "/"):
                return str(address.removeprefix(self.endpoint))
        return None

    def _transport(self) -> Transport:
        if not hasattr(self._local, "transport"):
            tls = self._authenticator.tls
            self._local.transport = Transport(self._limits.timeout_seconds, self._limits.max_bytes, tls)
        transport: Transport = self._local.transport
        return transport

    def _check_status(self, path: str, response: Response) -> None:
        status, headers = response.status, response.headers
        if 300 <= status < 400:
            description = self._describe_redirect(path, headers.get("location", ""))
            error = RedirectError(*self._describe_refusal(path, description))
            error.is_local = description == _MOVED
            raise error
        if status == 401:
            authenticated = self.has_credentials or self._headers
            refusal = (
                "does not accept the token or password" if authenticated else "asks for credentials, none were sent"
            )
            raise self._login_error(path, f"{refusal} (401)")
        if status == 403 and not _is_rate_limited(headers):
            raise ForbiddenError(f"{origin(self.endpoint)} refuses {path} (403).", "request READ permission on it.")
        if status >= 400:
            limited = status in (403, 429)
            reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") if limited else None
            wait = parse_wait(headers.get("retry-after") or reset, headers.get("date"))
            url, retry = self.endpoint + path, limited or status in TRANSIENT
            raise request_error(url, f"answered {status}", status=status, retry=retry, wait=wait)

    def _describe_redirect(self, path: str, location: str) -> str:
        """Return where a redirect leads, without path and query: they may hold a secret."""
        try:
            target, target_path = origin(urljoin(self.endpoint + path, location)), urlsplit(location).path.lower()
        except ValueError:
            return "redirected to an invalid address"
        elsewhere = "" if target == origin(self.endpoint) else f" at {target}, which was not followed,"
        login_page = any(word in target_path for word in ("login", "oauth2", "saml", "auth"))
        return f"redirected to a login page{elsewhere}" if login_page else f"{_MOVED}{elsewhere}"

    def _check_json(self, path: str, response: Response) -> None:
        content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        url = self.endpoint + path
        if content_type == "text/html":
            raise self._login_error(path, "sent a page that is not JSON: it looks like a login page")
        if not response.body:
            raise request_error(url, "sent an empty reply")
        if content_type != "application/json" and not content_type.endswith("+json"):
            raise request_error(url, f"sent {content_type or 'no content type'} instead of JSON", retry=False)

    def _login_error(self, path: str, what: str) -> LoginError:
        return LoginError(*self._describe_refusal(path, what))

    def _describe_refusal(self, path: str, what: str) -> tuple[str, str]:
        return f"{origin(self.endpoint)} {what} for {path}; data landed before is unchanged.", self._login_hint


def _is_rate_limited(headers: Mapping[str, str]) -> bool:
    """Return whether a 403 is a rate limit, as GitHub sends it."""
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
