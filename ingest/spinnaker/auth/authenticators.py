"""Authentication that needs requests of its own: a form login with its session, and bearer tokens.

Passwords and tokens go to their one address, over a transport that follows no redirect. Nothing that is obtained is
written anywhere, except a rotated refresh token to the store that is configured for it.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping

import msgspec

from dora.errors import AuthError
from ingest.http.session import Authenticator
from ingest.http.tls import Tls
from ingest.http.transport import Response, Transport, origin, request_error
from ingest.spinnaker.auth.service_account import IdTokenSource, SelfSignedTokenSource
from ingest.spinnaker.auth.tokens import RefreshTokenSource, Token

Headers = Mapping[str, str]
TokenSource = RefreshTokenSource | IdTokenSource | SelfSignedTokenSource


class _RenewingAuthenticator(Authenticator, ABC):
    """Headers that one thread obtains while the others wait, and renews if Gate no longer accepts them."""

    def __init__(self, endpoint: str, fixed: Headers | None = None, tls: Tls | None = None) -> None:
        super().__init__(fixed, tls)
        self._endpoint = endpoint.rstrip("/")
        self._lock, self._current = threading.Lock(), dict[str, str]()

    def headers(self, transport: Transport) -> Headers:
        """Return the current headers. Raises ``AuthError`` if there are none, and ``RequestError``."""
        with self._lock:
            if not self._current:
                self._current = {**self._headers, **self._log_in(transport)}
            elif self._expired():
                self._renew(transport)
            return self._current

    def renew(self, transport: Transport, rejected: Headers) -> bool:
        """Return whether another thread has obtained newer headers, or this one did now."""
        with self._lock:
            if self._current == rejected:
                self._renew(transport)
            return self._current != rejected

    def _renew(self, transport: Transport) -> None:
        if headers := self._log_in_again(transport):
            self._current = {**self._headers, **headers}

    def _expired(self) -> bool:
        """Whether the headers are known to have expired, before Gate rejects them."""
        return False

    @abstractmethod
    def _log_in(self, transport: Transport) -> Headers: ...

    @abstractmethod
    def _log_in_again(self, transport: Transport) -> Headers | None: ...


class FormAuthenticator(_RenewingAuthenticator):
    """User and password in Gate's login form (LDAP); the session cookie is used as long as Gate accepts it."""

    def __init__(
        self, endpoint: str, user: str, password: str, fixed: Headers | None = None, tls: Tls | None = None
    ) -> None:
        super().__init__(endpoint, fixed, tls)
        self._form = {"username": user, "password": password}

    def _log_in(self, transport: Transport) -> Headers:
        response = transport.post(f"{self._endpoint}/login", self._headers, self._form)
        if response.status >= 500:
            raise request_error(f"{self._endpoint}/login", f"answered {response.status}", status=response.status)
        # Spring Security redirects after every login, to /login?error if the password is wrong.
        failed = "error" in response.headers.get("location", "")
        if failed or response.status not in (302, 303) or not response.cookies:
            raise AuthError(
                f"{origin(self._endpoint)} does not accept the user and password in its login form.",
                "check the user and the variable that password_env names, and that Gate has a login form (LDAP).",
            )
        return _cookie_header(response)

    _log_in_again = _log_in


class BearerCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """A token, if one is known, and the source of the next one.

    ``login_path`` is Gate's path that exchanges a token for a session, if that Gate needs one. ``hint`` is the next
    step if the token has expired and there is no source.
    """

    token: Token | None = None
    source: TokenSource | None = None
    login_path: str | None = None
    hint: str = "give a new one."

    def __repr__(self) -> str:
        return "BearerCredentials(…)"


class BearerAuthenticator(_RenewingAuthenticator):
    """A bearer token (OAuth2, IAP), which is replaced when it has expired or Gate no longer accepts it."""

    def __init__(
        self, endpoint: str, credentials: BearerCredentials, fixed: Headers | None = None, tls: Tls | None = None
    ) -> None:
        super().__init__(endpoint, fixed, tls)
        self._credentials, self._token = credentials, credentials.token

    def _log_in(self, transport: Transport) -> Headers:
        if self._token and not self._token.expired():
            return self._token_headers(transport, self._token)
        if headers := self._log_in_again(transport):
            return headers
        raise AuthError("The token for Gate has expired, and there is no refresh token; nothing was fetched.",
                        self._credentials.hint)  # fmt: skip

    def _log_in_again(self, transport: Transport) -> Headers | None:
        if self._credentials.source is None:
            return None
        self._token = self._credentials.source.fetch_token()
        return self._token_headers(transport, self._token)

    def _expired(self) -> bool:
        return bool(self._credentials.source and self._token and self._token.expired())

    def _token_headers(self, transport: Transport, token: Token) -> Headers:
        headers = {"Authorization": f"Bearer {token.value}"}
        if not self._credentials.login_path:
            return headers
        # As spin does since spinnaker/spinnaker#7917: the token opens a session, and both go with every request.
        response = transport.get(self._endpoint + self._credentials.login_path, {**self._headers, **headers})
        return headers | _cookie_header(response)


def _cookie_header(response: Response) -> dict[str, str]:
    pairs = "; ".join(f"{name}={value}" for name, value in response.cookies.items() if value)
    return {"Cookie": pairs} if pairs else {}
