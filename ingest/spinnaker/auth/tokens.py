"""Access and id tokens from an identity provider, by the refresh token flow (RFC 6749, section 6).

A provider is trusted on its own: neither Gate's client certificate nor ``ignore_cert_errors`` applies to it.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import msgspec

from dora.errors import AuthError
from ingest.http.tls import Tls
from ingest.http.transport import Response, Transport, basic_header, origin, request_error
from ingest.spinnaker.auth.token_store import RefreshTokenStore

EXPIRY_MARGIN = timedelta(seconds=10)
MAX_LIFETIME = timedelta(days=10_000)
TIMEOUT_SECONDS, MAX_BYTES = 30.0, 1 << 20


class Token(msgspec.Struct, frozen=True):
    """The value that Gate receives, and when it expires; None if unknown."""

    value: str
    expiry: datetime | None = None

    def expired(self) -> bool:
        """Whether the token has expired, or will before a request with it arrives."""
        if self.expiry is None:
            return False
        expiry = self.expiry if self.expiry.tzinfo else self.expiry.replace(tzinfo=UTC)
        return expiry < datetime.now(UTC) + EXPIRY_MARGIN

    def __repr__(self) -> str:
        return "Token(…)"


class TokenEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The token endpoint of an identity provider.

    ``response_field`` is the field of the response that Gate receives, ``hint`` the next step if the token is denied,
    ``ca_file`` signs the provider's certificate.
    """

    url: str
    hint: str
    response_field: str = "access_token"
    ca_file: str | None = None

    def post(self, headers: Mapping[str, str], form: Mapping[str, str]) -> Response:
        """Return the response to a form. Raises ``RequestError`` if the provider fails."""
        response = Transport(TIMEOUT_SECONDS, MAX_BYTES, Tls(ca_file=self.ca_file)).post(self.url, headers, form)
        if response.status >= 500 or response.status == 429:
            raise request_error(self.url, f"answered {response.status}", status=response.status)
        return response

    def parse(self, response: Response) -> dict[str, Any]:
        """Return the fields of a response with a token. Raises ``AuthError`` that repeats only its error code."""
        try:
            fields = msgspec.json.decode(response.body, type=dict[str, Any])
        except (ValueError, RecursionError):
            raise self._denied(f"answered {response.status} without JSON") from None
        if response.status != 200:
            # error_description may quote the refresh token, so that only the code is safe to show.
            code = _as_text(fields.get("error")) or ""
            raise self._denied(
                f"answered {response.status} {code if re.fullmatch('[a-z_]{1,40}', code) else ''}".strip()
            )
        if not _as_text(fields.get(self.response_field)):
            raise self._denied(f"gave no {self.response_field}")
        return fields

    def _denied(self, what: str) -> AuthError:
        return AuthError(f"{origin(self.url)} gave no new token ({what}).", self.hint)


class OAuthClient(msgspec.Struct, frozen=True, kw_only=True):
    """Client id and secret at a provider; ``parameters`` are additional fields of its token requests."""

    id: str = ""
    secret: str = ""
    parameters: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "OAuthClient(…)"


class RefreshTokenSource:
    """The refresh token flow (OAuth2, IAP); a refresh token that the provider rotates is stored."""

    def __init__(self, endpoint: TokenEndpoint, client: OAuthClient, store: RefreshTokenStore) -> None:
        self._endpoint, self._client, self._store = endpoint, client, store

    def fetch_token(self) -> Token:
        """Return a new token; also raises ``UsageError`` if the rotated refresh token can not be stored."""
        refresh_token = self._store.load()
        fields = self._endpoint.parse(self._request(refresh_token))
        token = parse_token(fields, self._endpoint.response_field)
        self._store.save(
            {
                "access_token": token.value,
                "token_type": _as_text(fields.get("token_type")) or "Bearer",
                **({"expiry": token.expiry.isoformat()} if token.expiry else {}),
                "refresh_token": _as_text(fields.get("refresh_token")) or refresh_token,
            }
        )
        return token

    def _request(self, refresh_token: str) -> Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **self._client.parameters}
        client_id, secret = self._client.id, self._client.secret
        if not secret:
            return self._endpoint.post({}, form | {"client_id": client_id})
        # Providers accept the client's secret in the header or in the form; Go's oauth2, which spin uses, tries both.
        response = self._endpoint.post(basic_header(quote_plus(client_id), quote_plus(secret)), form)
        if response.status < 400:
            return response
        return self._endpoint.post({}, form | {"client_id": client_id, "client_secret": secret})


def parse_token(fields: Mapping[str, Any], response_field: str) -> Token:
    """Return the token of a response; its expiry is that of the response, else that of the token itself."""
    value = str(fields[response_field])
    for seconds in (fields.get("expires_in"), _jwt_lifetime(value)):
        if isinstance(seconds, int) and 0 < seconds < MAX_LIFETIME.total_seconds():
            return Token(value, datetime.now(UTC) + timedelta(seconds=seconds))
    return Token(value)


def _jwt_lifetime(token: str) -> Any:
    """Return the lifetime of a JWT in seconds: its times are of the provider's clock, which may differ from ours."""
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(token.split(".")[1] + "=="), type=dict[str, Any])
        return claims["exp"] - claims["iat"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _as_text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
