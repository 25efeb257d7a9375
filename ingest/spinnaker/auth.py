"""The ways in to Gate that have to be asked for: a form login with its session, and tokens that are refreshed.

Passwords, client secrets and refresh tokens go to the one address that they are meant for, over a wire that follows
no redirect. Nothing that was obtained is written anywhere, but by the ``keep`` of a grant that was told to.
"""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import msgspec

from dora.errors import AuthError
from ingest.tls import Tls
from ingest.wire import Answer, Wire, failed, origin

SOON = timedelta(seconds=10)
Headers = Mapping[str, str]
Keep = Callable[[dict[str, Any]], None]


class Fixed:
    """The same headers with every request: an API token, user and password, or none at all."""

    def __init__(self, headers: Headers, tls: Tls | None = None) -> None:
        self.tls, self._headers = tls or Tls(), headers

    def headers(self, wire: Wire) -> Headers:
        """What was given."""
        return self._headers

    def renew(self, wire: Wire, stale: Headers) -> bool:
        """There is nothing better."""
        return False


class _Obtained(ABC):
    """Headers that one thread obtains while the others wait, and obtains again where Gate no longer knows them."""

    def __init__(self, endpoint: str, fixed: Headers, tls: Tls | None) -> None:
        self.tls, self._endpoint, self._fixed = tls or Tls(), endpoint.rstrip("/"), fixed
        self._guard, self._current = threading.Lock(), dict[str, str]()

    def headers(self, wire: Wire) -> Headers:
        """What was obtained; raises ``AuthError`` where nothing can be, and ``FailedError``."""
        with self._guard:
            if not self._current:
                self._current = {**self._fixed, **self._first(wire)}
            return self._current

    def renew(self, wire: Wire, stale: Headers) -> bool:
        """Whether another thread has obtained newer headers, or this one now did."""
        with self._guard:
            if self._current == stale:
                fresh = self._again(wire)
                self._current = {**self._fixed, **fresh} if fresh else self._current
            return self._current != stale

    @abstractmethod
    def _first(self, wire: Wire) -> Headers: ...

    @abstractmethod
    def _again(self, wire: Wire) -> Headers | None: ...


class FormLogin(_Obtained):
    """User and password in Gate's own login form (LDAP): its session cookie is kept as long as Gate knows it."""

    def __init__(
        self, endpoint: str, user: str, password: str, fixed: Headers | None = None, tls: Tls | None = None
    ) -> None:
        super().__init__(endpoint, fixed or {}, tls)
        self._form = {"username": user, "password": password}

    def _first(self, wire: Wire) -> Headers:
        answer = wire.post(f"{self._endpoint}/login", self._fixed, self._form)
        if answer.status >= 500:
            raise failed(f"{self._endpoint}/login", f"answered {answer.status}", status=answer.status)
        if "error" in answer.headers.get("location", "") or answer.status not in (302, 303) or not answer.cookies:
            raise AuthError(
                f"{origin(self._endpoint)} does not accept our user and password in its login form.",
                "check the user and the variable that password_env names, and that Gate has a login form (LDAP).",
            )
        return _cookie(answer)

    def _again(self, wire: Wire) -> Headers | None:
        return self._first(wire)


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A token as far as it is known, and how an identity provider gives a new one.

    ``wanted`` is the field of its answer that Gate is shown; ``login`` is Gate's path that turns a token into a
    session, for those Gates that want one. ``keep`` is called with each new token, in the fields of spin's cache.
    """

    token: str | None = None
    expiry: datetime | None = None
    login: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    refresh_token: str | None = None
    more: Mapping[str, str] = {}
    wanted: str = "access_token"
    keep: Keep = lambda told: None

    def __repr__(self) -> str:
        return "Grant(…)"


class Bearer(_Obtained):
    """A token that lasts a while (OAuth2, IAP), and is refreshed when it has ended or Gate no longer knows it."""

    def __init__(self, endpoint: str, grant: Grant, fixed: Headers | None = None, tls: Tls | None = None) -> None:
        super().__init__(endpoint, fixed or {}, tls)
        self._grant, self._refresh_token = grant, grant.refresh_token

    def _first(self, wire: Wire) -> Headers:
        if self._grant.token and not _ended(self._grant.expiry):
            return self._shown(wire, self._grant.token)
        if fresh := self._again(wire):
            return fresh
        raise AuthError(
            "The cached token has ended and there is no refresh token; nothing was fetched.",
            "log in again with spin, or give a refresh token.",
        )

    def _again(self, wire: Wire) -> Headers | None:
        if not (self._refresh_token and self._grant.token_url):
            return None
        token = self._refreshed(wire, self._grant.token_url, self._refresh_token)
        return self._shown(wire, token)

    def _shown(self, wire: Wire, token: str) -> Headers:
        headers = {"Authorization": f"Bearer {token}"}
        if not self._grant.login:
            return headers
        return headers | _cookie(wire.get(self._endpoint + self._grant.login, {**self._fixed, **headers}))

    def _refreshed(self, wire: Wire, url: str, refresh_token: str) -> str:
        grant = self._grant
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **grant.more}
        who, secret = grant.client_id or "", grant.client_secret or ""
        basic = basic_header(quote_plus(who), quote_plus(secret)) if secret else {}
        answer = wire.post(url, basic, form if basic else {**form, "client_id": who})
        if basic and 400 <= answer.status < 500:
            answer = wire.post(url, {}, {**form, "client_id": who, "client_secret": secret})
        told = _told(url, answer)
        self._refresh_token = _text(told.get("refresh_token")) or refresh_token
        if token := _text(told.get(grant.wanted)):
            grant.keep({**_cached(told), "access_token": token, "refresh_token": self._refresh_token})
            return token
        raise _rejected(url, f"gave no {grant.wanted}")


def basic_header(user: str, password: str) -> dict[str, str]:
    """User and password as HTTP carries them."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def _ended(expiry: datetime | None) -> bool:
    if expiry is None:
        return False
    return (expiry if expiry.tzinfo else expiry.replace(tzinfo=UTC)) < datetime.now(UTC) + SOON


def _cached(told: Mapping[str, Any]) -> dict[str, Any]:
    """Type and end of a new token, as spin caches them."""
    lasts, kind = told.get("expires_in"), _text(told.get("token_type")) or "Bearer"
    if isinstance(lasts, int) and 0 < lasts < 10**9:
        return {"token_type": kind, "expiry": (datetime.now(UTC) + timedelta(seconds=lasts)).isoformat()}
    return {"token_type": kind}


def _cookie(answer: Answer) -> dict[str, str]:
    pairs = "; ".join(f"{name}={value}" for name, value in answer.cookies.items() if value)
    return {"Cookie": pairs} if pairs else {}


def _told(url: str, answer: Answer) -> dict[str, Any]:
    if answer.status >= 500 or answer.status == 429:
        raise failed(url, f"answered {answer.status}", status=answer.status)
    try:
        told = msgspec.json.decode(answer.body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        raise _rejected(url, f"answered {answer.status} without JSON") from None
    if answer.status != 200:
        code = _text(told.get("error")) or ""
        raise _rejected(url, f"answered {answer.status} {code if re.fullmatch('[a-z_]{1,40}', code) else ''}".strip())
    return told


def _rejected(url: str, what: str) -> AuthError:
    return AuthError(
        f"{origin(url)} gave no new token ({what}).", "log in again with spin, or give a new refresh token."
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
