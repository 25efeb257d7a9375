"""The Gate of the tests: the double of the product, with authentication, a rate limit and faults."""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

from ingest.simulation.gate import server
from ingest.simulation.gate.endpoints import Endpoints, Params
from ingest.simulation.gate.execution_store import Mode, ResponseError
from ingest.simulation.model.world import World
from tests.simulation.fault_injection import HTML, LOGIN_PAGE, FaultInjector
from tests.simulation.gate_auth import PEER, Auth, TokenAuth, read_form

_PUBLIC = frozenset({"/health", "/auth/user", "/login", "/error"})
_LIMIT_SECONDS = 10.0


class FailingEndpoints(Endpoints):
    """Endpoints of which the paths that begin with a key of ``statuses`` fail with that status."""

    def __init__(self, world: World, mode: Mode) -> None:
        super().__init__(world, mode)
        self.statuses: dict[str, int] = {}

    def answer(self, path: str, params: Params) -> Any:
        """The JSON of a path; raises ``ResponseError``."""
        for prefix, status in self.statuses.items():
            if path.startswith(prefix):
                raise ResponseError(status, HTTPStatus(status).phrase)
        return super().answer(path, params)


class Gate(server.Gate):
    """``rate``: how many requests are allowed in ten seconds (None: Gate's default, which only observes)."""

    def __init__(self, world: World, mode: Mode, auth: Auth) -> None:
        super().__init__(world, mode)
        self.endpoints: FailingEndpoints = FailingEndpoints(world, mode)
        self.auth = auth
        self.rate: int | None = None
        self.injected_faults = FaultInjector()
        self._recent = deque[float]()

    @property
    def error_statuses(self) -> dict[str, int]:
        """The status with which all paths that begin with a key fail."""
        return self.endpoints.statuses

    @error_statuses.setter
    def error_statuses(self, statuses: dict[str, int]) -> None:
        self.endpoints.statuses = statuses

    def respond(self, handler: server.Handler) -> None:
        """Authenticate, limit and damage as configured, else respond as the product's double does."""
        path, headers = unquote(urlsplit(handler.path).path), _identify(handler)
        if handler.command == "POST":
            self._log_in(handler, read_form(handler))
            return
        remaining, rejected = self._remaining(), self.auth.reject(headers)
        if rejected and path not in _PUBLIC:
            if rejected == 302:
                handler.send_body(302, b"", {"Location": f"{self.url}/login"})
            else:
                handler.send_error_body(rejected, "Access Denied" if rejected == 403 else "Unauthorized")
        elif remaining is not None and remaining < 0:
            handler.send_json(429, {"message": "Rate capacity exceeded"}, self._limits(0))
        elif self.injected_faults.respond(handler):
            pass
        elif path == "/login":
            self._log_in(handler, None)
        elif path == "/auth/user" and rejected:
            # Gate names no user to an anonymous client: status 200, and no body.
            handler.send_body(200, b"", self._limits(remaining))
        else:
            handler.send_endpoint(self._limits(remaining))

    def _log_in(self, handler: server.Handler, form: dict[str, str] | None) -> None:
        if redirect := self.auth.login(dict(handler.headers), form):
            handler.send_body(302, b"", redirect)
        else:
            handler.send_body(200, LOGIN_PAGE, HTML)

    def _remaining(self) -> int | None:
        """Requests left in this window, below zero if this one is too many; None without a limit."""
        if self.rate is None:
            return None
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - _LIMIT_SECONDS:
            self._recent.popleft()
        if len(self._recent) >= self.rate:
            return -1
        self._recent.append(now)
        return self.rate - len(self._recent)

    def _limits(self, remaining: int | None) -> dict[str, str]:
        if remaining is None:
            return {}
        return {
            "X-RateLimit-Capacity": str(self.rate),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": formatdate(self.world.now / 1000 + _LIMIT_SECONDS, usegmt=True),
            "X-RateLimit-Learning": "false",
        }


def _identify(handler: server.Handler) -> dict[str, str]:
    """The headers of a request, and whether its connection showed a certificate."""
    shown = isinstance(handler.connection, ssl.SSLSocket) and handler.connection.getpeercert()
    return {**handler.headers, **({PEER: "shown"} if shown else {})}


@contextmanager
def serve(world: World, *, mode: Mode = "sql", auth: Auth | str | None = None) -> Iterator[Gate]:
    """Serve a world until the block ends; it may change between requests.

    ``mode`` is the store behind Orca, ``auth`` how Gate authenticates, or an API token.
    """
    auth = TokenAuth(token=auth) if isinstance(auth, str) else auth or Auth()
    with server.serve(Gate(world, mode, auth), auth.tls) as gate:
        yield gate
