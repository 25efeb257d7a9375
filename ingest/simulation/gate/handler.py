"""One request to the double of Gate: who may come in, what is answered, and what goes wrong on the way."""

from __future__ import annotations

import gzip
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from ingest.simulation.gate.auth import posted
from ingest.simulation.gate.execution_store import Fault
from ingest.simulation.gate.faults import BOMB, HTML, Wound, spill
from ingest.simulation.gate.state import LIMIT_WINDOW, Gate

NOTHING = object()
OPEN = frozenset({"/health", "/auth/user", "/login", "/error"})
LOGIN = b"<!DOCTYPE html><html><body><form action='/login' method='post'>Please sign in</form></body></html>"
COMPRESS_FROM = 2048


class Handler(BaseHTTPRequestHandler):
    """Serves ``gate``, which a subclass binds."""

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
        elif wound.how == "bomb":
            self._write(200, BOMB, {"Content-Type": "application/json", "Content-Encoding": "gzip"})
        elif wound.how == "reset":
            self.close_connection = True
        else:
            return False
        return True

    def _spoil(self, wound: Wound, body: Any) -> None:
        """Send the answer in a way that it does not arrive whole."""
        if wound.how in ("short", "nothing"):
            self._send(200, body[:-1] if wound.how == "short" else [])
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
        wanted = "gzip" in self.headers.get("Accept-Encoding", "") and "Content-Encoding" not in headers
        if wanted and len(body) >= COMPRESS_FROM:
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
