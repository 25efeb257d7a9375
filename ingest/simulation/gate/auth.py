"""The doors of a simulated Gate, as real ones have them: basic, login form, bearer tokens, and certificates.

A stranger meets what a real stranger meets: a redirect to a login page, or 401 with a wrong token.
"""

from __future__ import annotations

import json
import secrets
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl

Headers = Mapping[str, str]


@dataclass(slots=True)
class Door:
    """Lets everybody in; ``tls`` makes the server one of https."""

    tls: ssl.SSLContext | None = None

    def stranger(self, headers: Headers) -> int | None:
        """The status for who may not come in; None for who may."""
        return None

    def login(self, headers: Headers, form: Mapping[str, str] | None) -> dict[str, str] | None:
        """The headers of a redirect with which ``/login`` answers, ``form`` being what was posted; None: its page."""
        return None


@dataclass(slots=True)
class BasicDoor(Door):
    """User and password with every request."""

    user: str = "reader"
    password: str = ""

    def stranger(self, headers: Headers) -> int | None:
        """The login page for a wrong password too, as Gate's entry point is the form."""
        expected = "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()
        return None if headers.get("Authorization") == expected else 302


@dataclass(slots=True)
class FormDoor(Door):
    """LDAP: a form that gives a session; ``sessions`` are those that Gate knows now."""

    user: str = "reader"
    password: str = ""
    sessions: set[str] = field(default_factory=set)

    def stranger(self, headers: Headers) -> int | None:
        """The login page without a session that is known."""
        return None if _session(headers) in self.sessions else 302

    def login(self, headers: Headers, form: Mapping[str, str] | None) -> dict[str, str] | None:
        """A session for the right user and password, back to the form for others."""
        if form is None:
            return None
        if (form.get("username"), form.get("password")) != (self.user, self.password):
            return {"Location": "/login?error"}
        return _opened(self.sessions)


@dataclass(slots=True)
class BearerDoor(Door):
    """Tokens that somebody else gives out (OAuth2, IAP); ``tokens`` are those that are good now.

    ``wants_session`` asks for the session as well that ``/login`` gives for a token.
    """

    tokens: set[str] = field(default_factory=set)
    wants_session: bool = False
    sessions: set[str] = field(default_factory=set)

    def stranger(self, headers: Headers) -> int | None:
        """401 for a token that is not good (any more), the login page without one."""
        given = headers.get("Authorization", "").removeprefix("Bearer ")
        if given not in self.tokens:
            return 401 if given else 302
        return None if not self.wants_session or _session(headers) in self.sessions else 302

    def login(self, headers: Headers, form: Mapping[str, str] | None) -> dict[str, str] | None:
        """A session for a good token."""
        good = headers.get("Authorization", "").removeprefix("Bearer ") in self.tokens
        return _opened(self.sessions) if good and self.wants_session else None


@dataclass(slots=True)
class IdentityProvider:
    """Gives new tokens for a refresh token, once each: it is replaced. ``asked`` are the forms that came."""

    door: BearerDoor
    refresh_token: str
    client_secret: str
    field_name: str = "access_token"
    basic: bool = True
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, headers: Headers, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and JSON for one form."""
        self.asked.append(form)
        by_header = f":{self.client_secret}".encode()
        known = b64encode(f"{form.get('client_id', 'dora')}".encode() + by_header).decode()
        shown = headers.get("Authorization") == f"Basic {known}" if self.basic else False
        if not shown and form.get("client_secret") != self.client_secret:
            return 401, {"error": "invalid_client"}
        if form.get("refresh_token") != self.refresh_token:
            return 400, {"error": "invalid_grant", "error_description": f"{form.get('refresh_token')} is not known"}
        token, self.refresh_token = secrets.token_hex(16), secrets.token_hex(16)
        self.door.tokens.clear()
        self.door.tokens.add(token)
        return 200, {self.field_name: token, "token_type": "Bearer", "refresh_token": self.refresh_token}


class Provider(Protocol):
    """What can be served as an identity provider; ``url`` is where it then answers forms."""

    url: str

    def answer(self, headers: Headers, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and JSON for one form."""
        ...


Provided = TypeVar("Provided", bound=Provider)


@contextmanager
def provide(provider: Provided) -> Iterator[Provided]:
    """Serve an identity provider on this machine until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, told = provider.answer(dict(self.headers), posted(self))
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}/token"
    with answering(server):
        yield provider


@contextmanager
def answering(server: ThreadingHTTPServer) -> Iterator[None]:
    """Let a server answer until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def posted(handler: BaseHTTPRequestHandler) -> dict[str, str]:
    """The form that a request carries."""
    body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _session(headers: Headers) -> str | None:
    found = SimpleCookie(headers.get("Cookie", "")).get("SESSION")
    return found.value if found else None


def _opened(sessions: set[str]) -> dict[str, str]:
    sessions.add(session := secrets.token_hex(16))
    return {"Location": "/", "Set-Cookie": f"SESSION={session}; Path=/; HttpOnly; SameSite=Lax"}
