"""Tokens that an identity provider gives out: for a refresh token, which it may replace, or for a signed assertion.

A provider is trusted by itself: neither our certificate nor what we overlook in Gate's own is of use there.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote_plus

import msgspec

from dora.errors import AuthError
from ingest.http.tls import Tls
from ingest.http.transport import Answer, Wire, basic_header, failed, origin
from ingest.spinnaker.auth.token_store import Store

SOON = timedelta(seconds=10)
LONGEST = timedelta(days=10_000)
SECONDS, BYTES = 30.0, 1 << 20


class Token(msgspec.Struct, frozen=True):
    """What Gate is shown, and when it ends; None where nobody says."""

    value: str
    expiry: datetime | None = None

    def ended(self) -> bool:
        """Whether it is of no use any more, or will be in a moment."""
        if self.expiry is None:
            return False
        return (self.expiry if self.expiry.tzinfo else self.expiry.replace(tzinfo=UTC)) < _now() + SOON

    def __repr__(self) -> str:
        return "Token(…)"


class Issuer(Protocol):
    """Whoever gives a new token."""

    def fresh(self) -> Token:
        """A new token; raises ``AuthError`` where we get none, ``FailedError`` where nobody answers."""
        ...


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """An identity provider's token endpoint. ``wanted`` is the field of its answer that Gate is shown.

    ``mend`` says what to do where it gives nothing; ``ca_file`` who signed its certificate.
    """

    url: str
    mend: str
    wanted: str = "access_token"
    ca_file: str | None = None

    def post(self, headers: Mapping[str, str], form: Mapping[str, str]) -> Answer:
        """Its answer to a form; raises ``FailedError`` where it is ill."""
        answer = Wire(SECONDS, BYTES, Tls(ca_file=self.ca_file)).post(self.url, headers, form)
        if answer.status >= 500 or answer.status == 429:
            raise failed(self.url, f"answered {answer.status}", status=answer.status)
        return answer

    def told(self, answer: Answer) -> dict[str, Any]:
        """What an answer says, a token among it; raises ``AuthError`` that repeats its error code alone."""
        try:
            told = msgspec.json.decode(answer.body, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError):
            raise self._rejected(f"answered {answer.status} without JSON") from None
        if answer.status != 200:
            code = _text(told.get("error")) or ""
            known = code if re.fullmatch("[a-z_]{1,40}", code) else ""
            raise self._rejected(f"answered {answer.status} {known}".strip())
        if not _text(told.get(self.wanted)):
            raise self._rejected(f"gave no {self.wanted}")
        return told

    def _rejected(self, what: str) -> AuthError:
        return AuthError(f"{origin(self.url)} gave no new token ({what}).", self.mend)


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are to a provider; ``more`` are fields that it wants besides."""

    id: str = ""
    secret: str = ""
    more: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "Registration(…)"


class Refresh:
    """A refresh token that becomes a token (OAuth2, IAP); where it is replaced by another, that one is kept."""

    def __init__(self, provider: Provider, client: Registration, store: Store) -> None:
        self._provider, self._client, self._store = provider, client, store

    def fresh(self) -> Token:
        """A new token; raises ``UsageError`` too, where no new refresh token could be kept."""
        shown = self._store.take()
        told = self._provider.told(self._asked(shown))
        token = issued(told, self._provider.wanted)
        self._store.keep(_cached(told, token) | {"refresh_token": _text(told.get("refresh_token")) or shown})
        return token

    def _asked(self, shown: str) -> Answer:
        """Providers differ in how they want the client's secret: as a header, or in the form."""
        form = {"grant_type": "refresh_token", "refresh_token": shown, **self._client.more}
        who, secret = self._client.id, self._client.secret
        if not secret:
            return self._provider.post({}, form | {"client_id": who})
        answer = self._provider.post(basic_header(quote_plus(who), quote_plus(secret)), form)
        if answer.status < 400:
            return answer
        return self._provider.post({}, form | {"client_id": who, "client_secret": secret})


def issued(told: Mapping[str, Any], wanted: str) -> Token:
    """The token of an answer, which ends as the answer says, or else the token itself."""
    value = str(told[wanted])
    lasts = _seconds(told.get("expires_in")) or _seconds(_lifetime(value))
    return Token(value, _now() + lasts if lasts else None)


def _lifetime(token: str) -> Any:
    """How many seconds a JWT is good for, by its own word; measured on its clock, which may not be ours."""
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(token.split(".")[1] + "=="), type=dict[str, Any])
        return claims["exp"] - claims["iat"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _seconds(told: object) -> timedelta | None:
    return timedelta(seconds=told) if isinstance(told, int) and 0 < told < LONGEST.total_seconds() else None


def _cached(told: Mapping[str, Any], token: Token) -> dict[str, Any]:
    """A new token in the fields of spin's cache."""
    found = {"access_token": token.value, "token_type": _text(told.get("token_type")) or "Bearer"}
    return found | ({"expiry": token.expiry.isoformat()} if token.expiry else {})


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _now() -> datetime:
    return datetime.now(UTC)
