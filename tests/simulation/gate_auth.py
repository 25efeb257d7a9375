"""How a test's Gate authenticates: API token, basic, login form, bearer tokens, client certificates.

A request without valid credentials gets what a real Gate sends: a redirect to its login page, or 401.
"""

from __future__ import annotations

import json
import secrets
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl

from ingest.simulation.gate.server import run_server

Headers = Mapping[str, str]
PEER = "X-Peer-Certificate"  # stands for the certificate of the connection, which is no header


@dataclass(slots=True)
class Auth:
    """No authentication; with ``tls`` the server speaks https, and the context may require certificates."""

    tls: ssl.SSLContext | None = None

    def reject(self, headers: Headers) -> int | None:
        """The status of a request that is not authenticated; None if it is."""
        return None

    def login(self, headers: Headers, form: Mapping[str, str] | None) -> dict[str, str] | None:
        """The headers of the redirect after ``/login``, of the posted ``form`` if any; None: the login page."""
        return None


@dataclass(slots=True)
class TokenAuth(Auth):
    """An API token, in its own header or as a bearer token."""

    token: str = ""

    def reject(self, headers: Headers) -> int | None:
        """The login page without a token, 401 with a wrong one."""
        token = headers.get("X-Spinnaker-Token") or _bearer(headers)
        return None if token == self.token else 401 if token else 302


@dataclass(slots=True)
class CertificateAuth(Auth):
    """A certificate that a client may show (x509); without one that Gate knows, it is a stranger."""

    def reject(self, headers: Headers) -> int | None:
        """403, not the login page, for a client without a certificate."""
        return None if PEER in headers else 403


@dataclass(slots=True)
class BasicAuth(Auth):
    """User and password with every request."""

    user: str = "reader"
    password: str = ""

    def reject(self, headers: Headers) -> int | None:
        """The login page for a wrong password too, as Gate's entry point is the form."""
        expected = "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()
        return None if headers.get("Authorization") == expected else 302


@dataclass(slots=True)
class FormAuth(Auth):
    """LDAP: a form that opens a session; ``sessions`` are the valid ones."""

    user: str = "reader"
    password: str = ""
    sessions: set[str] = field(default_factory=set)

    def reject(self, headers: Headers) -> int | None:
        """The login page without a valid session."""
        return None if _session(headers) in self.sessions else 302

    def login(self, headers: Headers, form: Mapping[str, str] | None) -> dict[str, str] | None:
        """A session for the right user and password, else a redirect back to the form."""
        if form is None:
            return None
        if (form.get("username"), form.get("password")) != (self.user, self.password):
            return {"Location": "/login?error"}
        return _open_session(self.sessions)


@dataclass(slots=True)
class BearerAuth(Auth):
    """Tokens of an identity provider (OAuth2, IAP); ``tokens`` are the valid ones.

    ``wants_session`` requires in addition the session that ``/login`` opens for a token.
    """

    tokens: set[str] = field(default_factory=set)
    wants_session: bool = False
    sessions: set[str] = field(default_factory=set)

    def reject(self, headers: Headers) -> int | None:
        """401 for an invalid or expired token, the login page without one."""
        token = _bearer(headers)
        if token not in self.tokens:
            return 401 if token else 302
        return None if not self.wants_session or _session(headers) in self.sessions else 302

    def login(self, headers: Headers, form: Mapping[str, str] | None) -> dict[str, str] | None:
        """A session for a valid token."""
        return _open_session(self.sessions) if self.wants_session and _bearer(headers) in self.tokens else None


@dataclass(slots=True)
class IdentityProvider:
    """Issues tokens for a refresh token, which it replaces each time. ``forms`` are the requests so far."""

    auth: BearerAuth
    refresh_token: str
    client_secret: str
    field_name: str = "access_token"
    basic: bool = True
    url: str = ""
    forms: list[dict[str, str]] = field(default_factory=list)

    def answer(self, headers: Headers, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and JSON for one form."""
        self.forms.append(form)
        credentials = f"{form.get('client_id', 'dora')}:{self.client_secret}".encode()
        by_header = self.basic and headers.get("Authorization") == f"Basic {b64encode(credentials).decode()}"
        if not by_header and form.get("client_secret") != self.client_secret:
            return 401, {"error": "invalid_client"}
        if form.get("refresh_token") != self.refresh_token:
            return 400, {"error": "invalid_grant", "error_description": f"{form.get('refresh_token')} is not known"}
        token, self.refresh_token = secrets.token_hex(16), secrets.token_hex(16)
        self.auth.tokens.clear()
        self.auth.tokens.add(token)
        return 200, {self.field_name: token, "token_type": "Bearer", "refresh_token": self.refresh_token}


class Provider(Protocol):
    """What ``provide`` serves; ``url`` is where it then answers forms."""

    url: str

    def answer(self, headers: Headers, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and JSON for one form."""
        ...


AnyProvider = TypeVar("AnyProvider", bound=Provider)


@contextmanager
def provide(provider: AnyProvider) -> Iterator[AnyProvider]:
    """Serve an identity provider on this machine until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, answer = provider.answer(dict(self.headers), read_form(self))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}/token"
    with run_server(server):
        yield provider


def read_form(handler: BaseHTTPRequestHandler) -> dict[str, str]:
    """The form in the body of a request."""
    body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _bearer(headers: Headers) -> str:
    return headers.get("Authorization", "").removeprefix("Bearer ")


def _session(headers: Headers) -> str | None:
    cookie = SimpleCookie(headers.get("Cookie", "")).get("SESSION")
    return cookie.value if cookie else None


def _open_session(sessions: set[str]) -> dict[str, str]:
    sessions.add(session := secrets.token_hex(16))
    return {"Location": "/", "Set-Cookie": f"SESSION={session}; Path=/; HttpOnly; SameSite=Lax"}
