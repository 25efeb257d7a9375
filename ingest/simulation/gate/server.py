"""A double of Gate: an HTTP server on this machine that serves a simulated world as Gate would."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from ingest.simulation.gate.endpoints import Endpoints
from ingest.simulation.gate.execution_store import HangingError, Mode, ResponseError, UnreachableError
from ingest.simulation.model.world import World

EMPTY = object()
"""The body of a response with status 200 and nothing in it."""

_COMPRESS_FROM = 2048  # bytes; Spring Boot's default
NO_HEADERS: dict[str, str] = {}


class Gate:
    """One simulated Gate; its world may change between requests. ``requests`` are the paths requested, in order.

    ``before`` and ``respond`` are hooks: tests replace them to change the world, to authenticate or to damage a
    response.
    """

    def __init__(self, world: World, mode: Mode = "sql") -> None:
        self.world, self.endpoints = world, Endpoints(world, mode)
        self.url = ""
        self.requests: list[str] = []
        self.patience_seconds = 120.0  # after which Gate gives up on Orca
        self.lock = threading.Lock()

    def before(self, path: str) -> None:
        """Run ahead of each response, one at a time."""

    def respond(self, handler: Handler) -> None:
        """Send the response to one request."""
        handler.send_endpoint()


class Handler(BaseHTTPRequestHandler):
    """One request to ``gate``, which a subclass binds."""

    protocol_version = "HTTP/1.1"
    # The headers and a small body go out in one packet, without waiting for the client to acknowledge the first.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    gate: Gate

    def handle(self) -> None:
        """Respond until the client leaves, or is killed."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Respond to a request."""
        with self.gate.lock:
            self.gate.requests.append(self.path)
            self.gate.before(self.path)
        self.gate.respond(self)

    def do_POST(self) -> None:
        """Respond to a form; Gate has one, its login."""
        self.gate.requests.append(self.path)
        self.gate.respond(self)

    def send_endpoint(self, headers: dict[str, str] = NO_HEADERS) -> None:
        """Send what the endpoint of this path returns, or its error."""
        try:
            body = self.endpoint_body()
        except ResponseError as error:
            if isinstance(error, HangingError):
                time.sleep(self.gate.patience_seconds)
            self.send_error_body(error.status, error.message, headers)
        else:
            if body is EMPTY:
                self.send_body(200, b"", headers)
            else:
                self.send_json(200, body, headers)

    def endpoint_body(self) -> Any:
        """The JSON of the endpoint, or ``EMPTY``; raises ``ResponseError``.

        Gate swallows what Orca answers for a single pipeline, except 404: the response is 200 without a body. Where
        it does not reach Orca, it says so.
        """
        url = urlsplit(self.path)
        try:
            return self.gate.endpoints.answer(url.path, dict(parse_qsl(url.query)))
        except ResponseError as error:
            swallowed = error.status != 404 and not isinstance(error, UnreachableError)
            if url.path.startswith("/pipelines/") and swallowed:
                return EMPTY
            raise

    def send_error_body(self, status: int, message: str, headers: dict[str, str] = NO_HEADERS) -> None:
        """Send the JSON that Spring makes of an error."""
        body = {
            "timestamp": datetime.fromtimestamp(self.gate.world.now / 1000, UTC).isoformat(),
            "status": status,
            "error": HTTPStatus(status).phrase,
            "exception": "com.netflix.spinnaker.kork.retrofit.exceptions.SpinnakerHttpException",
            "message": self._message(status, message),
        }
        self.send_json(status, body, headers)

    def _message(self, status: int, message: str) -> str:
        """The words of Gate for what Orca refused, with its internal address."""
        if status != 400:
            return message
        return f"Status: 400, Method: GET, URL: http://orca.internal:8083{self.path}, Message: {message}"

    def send_json(self, status: int, body: Any, headers: dict[str, str] = NO_HEADERS) -> None:
        """Send JSON with sorted keys, as Gate does."""
        encoded = msgspec.json.encode(body, order="sorted")
        self.send_body(status, encoded, {"Content-Type": "application/json", **headers})

    def send_body(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send bytes, compressed if they are many and the client accepts it."""
        accepts_gzip = "gzip" in self.headers.get("Accept-Encoding", "") and "Content-Encoding" not in headers
        if accepts_gzip and len(body) >= _COMPRESS_FROM:
            body, headers = gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip"}
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The clock of the world: the reader takes "now" from this header."""
        return formatdate(self.gate.world.now / 1000, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: ``requests`` is the log."""


AnyGate = TypeVar("AnyGate", bound=Gate)


@contextmanager
def serve(gate: AnyGate, tls: ssl.SSLContext | None = None) -> Iterator[AnyGate]:
    """Serve a Gate on a free port of this machine until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"gate": gate}))
    # A connection that a client keeps open must not delay the end.
    server.daemon_threads = True
    gate.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    if tls:
        # The handshake belongs to the thread of each connection: a client that is refused must not stop the server.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with run_server(server):
        yield gate


@contextmanager
def run_server(server: ThreadingHTTPServer) -> Iterator[None]:
    """Run a server in a thread until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
