"""A double of Gate that serves a world over real HTTP, with Gate's manners: errors, login page, limits and all."""

from __future__ import annotations

import gzip
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from ingest.simulation.gate_access import Door, posted
from ingest.simulation.gate_answers import Answers
from ingest.simulation.gate_faults import HTML, Wound, Wounds, spill
from ingest.simulation.gate_history import Fault, Mode
from ingest.simulation.world import World

NOTHING = object()
OPEN = frozenset({"/health", "/auth/user", "/login", "/error"})
LOGIN = b"<!DOCTYPE html><html><body><form action='/login' method='post'>Please sign in</form></body></html>"
COMPRESS_FROM = 2048
LIMIT_WINDOW = 10.0


@dataclass(slots=True)
class Gate:
    """A Gate that serves; ``requests`` are the paths that were asked for, in order.

    ``faults`` makes every path that begins with a key answer with that status; ``rate`` is how many requests are
    allowed in ten seconds (None: Gate's default, which only learns). ``wounds`` are faults of single requests;
    ``before`` is called with every path before it is answered, so that the world can change between two pages.
    """

    world: World
    token: str | None
    answers: Answers
    rate: int | None = None
    url: str = ""
    requests: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    recent: deque[float] = field(default_factory=deque)
    wounds: Wounds = field(default_factory=Wounds)
    before: Callable[[str], None] = lambda path: None
    guard: threading.Lock = field(default_factory=threading.Lock)
    door: Door = field(default_factory=Door)

    def fault(self, path: str) -> int | None:
        """The status that a path is told to fail with."""
        return next((status for prefix, status in self.faults.items() if path.startswith(prefix)), None)

    def remaining(self) -> int | None:
        """Requests left in this window, below zero where this one is too many; None without a limit."""
        if self.rate is None:
            return None
        now = time.monotonic()
        while self.recent and self.recent[0] <= now - LIMIT_WINDOW:
            self.recent.popleft()
        if len(self.recent) >= self.rate:
            return -1
        self.recent.append(now)
        return self.rate - len(self.recent)


@contextmanager
def serve(
    world: World,
    *,
    mode: Mode = "sql",
    token: str | Door | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Gate]:
    """Serve a world until the block ends; the world may change between requests.

    ``mode`` is the store behind Orca, ``token`` the API token that is asked for, or another door.
    """
    door = token if isinstance(token, Door) else Door()
    gate = Gate(world, token if isinstance(token, str) else None, Answers(world, mode), door=door)
    server = ThreadingHTTPServer((host, port), type("BoundHandler", (_Handler,), {"gate": gate}))
    server.daemon_threads = True
    gate.url = f"http://{host}:{server.server_port}"
    if door.tls:
        gate.url = f"https://{host}:{server.server_port}"
        server.socket = door.tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield gate
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    gate: Gate

    def do_GET(self) -> None:
        """Answer one request."""
        with self.gate.guard:
            self.gate.requests.append(self.path)
            self.gate.before(self.path)
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        remaining = self.gate.remaining()
        if refused := self._stranger(path):
            self._refuse(refused, path)
        elif remaining is not None and remaining < 0:
            self._send(429, {"message": "Rate capacity exceeded"}, self._limits(0))
        else:
            wound = self.gate.wounds.take(self.path)
            self._answer(parts.path, dict(parse_qsl(parts.query)), self._limits(remaining), wound)

    def do_POST(self) -> None:
        """Answer the login form."""
        self.gate.requests.append(self.path)
        self._login(posted(self))

    def _login(self, form: dict[str, str] | None) -> None:
        if let_in := self.gate.door.login(dict(self.headers), form):
            self._write(302, b"", let_in)
        else:
            self._write(200, LOGIN, {"Content-Type": "text/html;charset=UTF-8"})

    def _stranger(self, path: str) -> int | None:
        """302 without a token, 401 with a wrong one; None for those who may come in."""
        if path in OPEN:
            return None
        if self.gate.token is None:
            return self.gate.door.stranger(dict(self.headers))
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        given = self.headers.get("X-Spinnaker-Token") or bearer
        if not given:
            return 302
        return None if given == self.gate.token else 401

    def _refuse(self, status: int, path: str) -> None:
        if status == 302:
            self._write(302, b"", {"Location": f"{self.gate.url}/login"})
        else:
            self._send(status, _error(self.gate.world.now, status, "Unauthorized", path))

    def _answer(self, path: str, params: dict[str, str], headers: dict[str, str], wound: Wound | None) -> None:
        if wound and self._hurt(wound, path):
            return
        if path == "/login":
            self._login(None)
            return
        try:
            body = self._body(path, params)
        except Fault as fault:
            self._send(fault.status, _error(self.gate.world.now, fault.status, fault.message, path), headers)
            return
        if body is NOTHING:
            self._write(200, b"", headers)
        elif wound:
            self._spoil(wound, body)
        else:
            self._send(200, body, headers)

    def _hurt(self, wound: Wound, path: str) -> bool:
        """Give no answer, or another one than was asked for."""
        if isinstance(wound.how, int):
            phrase = HTTPStatus(wound.how).phrase
            self._send(wound.how, _error(self.gate.world.now, wound.how, phrase, path), wound.headers)
        elif wound.how == "empty":
            self._write(200, b"", {"Content-Type": "application/json"})
        elif wound.how == "html":
            self._write(200, HTML, {"Content-Type": "text/html;charset=UTF-8"})
        elif wound.how == "reset":
            self.close_connection = True
        else:
            return False
        return True

    def _spoil(self, wound: Wound, body: Any) -> None:
        """Send the answer in a way that it does not arrive whole."""
        if wound.how == "short":
            self._send(200, body[:-1])
            return
        encoded = msgspec.json.encode(body, order="sorted")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.close_connection = True
        with suppress(ConnectionError):
            spill(self.wfile, encoded, wound.how)

    def _body(self, path: str, params: dict[str, str]) -> Any:
        """The JSON of an answer. Gate swallows what ails a single pipeline: 200 and an empty body, unless 404."""
        if path == "/auth/user" and self._nobody():
            return NOTHING
        try:
            if status := self.gate.fault(path):
                raise Fault(status, HTTPStatus(status).phrase)
            return self.gate.answers.answer(path, params)
        except Fault as fault:
            if path.startswith("/pipelines/") and fault.status != 404:
                return NOTHING
            raise

    def _nobody(self) -> bool:
        if self.gate.token is None:
            return self.gate.door.stranger(dict(self.headers)) is not None
        return self.headers.get("X-Spinnaker-Token") != self.gate.token

    def _limits(self, remaining: int | None) -> dict[str, str]:
        if remaining is None or self.gate.rate is None:
            return {}
        return {
            "X-RateLimit-Capacity": str(self.gate.rate),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": formatdate(self.gate.world.now / 1000 + LIMIT_WINDOW, usegmt=True),
            "X-RateLimit-Learning": "false",
        }

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        encoded = msgspec.json.encode(body, order="sorted")
        self._write(status, encoded, {"Content-Type": "application/json", **(headers or {})})

    def _write(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        if len(body) >= COMPRESS_FROM and "gzip" in self.headers.get("Accept-Encoding", ""):
            body, headers = gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip"}
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The world's clock."""
        return formatdate(self.gate.world.now / 1000, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: ``requests`` is the log."""


def _error(now: int, status: int, message: str, path: str) -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase
    return {"timestamp": now, "status": status, "error": phrase, "message": message, "path": path}
