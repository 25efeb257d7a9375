"""The ways in to Gate that have to be asked for: a form login with its session, and tokens that are refreshed.

Passwords and tokens go to the one address that they are meant for, over a wire that follows no redirect. Nothing
that was obtained is written anywhere, but a refresh token to the place that is named for it.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping

import msgspec

from dora.errors import AuthError
from ingest.http.tls import Tls
from ingest.http.transport import Answer, Wire, failed, origin
from ingest.spinnaker.auth.tokens import Issuer, Token

Headers = Mapping[str, str]


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
            elif self._over() and (fresh := self._again(wire)):
                self._current = {**self._fixed, **fresh}
            return self._current

    def renew(self, wire: Wire, stale: Headers) -> bool:
        """Whether another thread has obtained newer headers, or this one now did."""
        with self._guard:
            if self._current == stale:
                fresh = self._again(wire)
                self._current = {**self._fixed, **fresh} if fresh else self._current
            return self._current != stale

    def _over(self) -> bool:
        """Whether what was obtained is known to have ended, before Gate says so."""
        return False

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
    """A token as far as it is known, and who gives a new one.

    ``login`` is Gate's path that turns a token into a session, for those Gates that want one; ``mend`` says what to
    do where the token has ended and nobody gives another.
    """

    token: Token | None = None
    issuer: Issuer | None = None
    login: str | None = None
    mend: str = "give a new one."

    def __repr__(self) -> str:
        return "Grant(…)"


class Bearer(_Obtained):
    """A token that lasts a while (OAuth2, IAP), and is replaced when it has ended or Gate no longer knows it."""

    def __init__(self, endpoint: str, grant: Grant, fixed: Headers | None = None, tls: Tls | None = None) -> None:
        super().__init__(endpoint, fixed or {}, tls)
        self._grant, self._token = grant, grant.token

    def _first(self, wire: Wire) -> Headers:
        if self._token and not self._token.ended():
            return self._shown(wire, self._token)
        if fresh := self._again(wire):
            return fresh
        raise AuthError(
            "Our token for Gate has ended, and nobody gives a new one; nothing was fetched.", self._grant.mend
        )

    def _again(self, wire: Wire) -> Headers | None:
        if self._grant.issuer is None:
            return None
        self._token = self._grant.issuer.fresh()
        return self._shown(wire, self._token)

    def _over(self) -> bool:
        return bool(self._grant.issuer and self._token and self._token.ended())

    def _shown(self, wire: Wire, token: Token) -> Headers:
        headers = {"Authorization": f"Bearer {token.value}"}
        if not self._grant.login:
            return headers
        return headers | _cookie(wire.get(self._endpoint + self._grant.login, {**self._fixed, **headers}))


def _cookie(answer: Answer) -> dict[str, str]:
    pairs = "; ".join(f"{name}={value}" for name, value in answer.cookies.items() if value)
    return {"Cookie": pairs} if pairs else {}
