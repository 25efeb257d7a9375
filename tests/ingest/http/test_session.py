"""The HTTP session, against real servers on loopback."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from dora.errors import AuthError
from ingest.http.session import ForbiddenError, Limits, RequestError, Session

FAST = {"requests_per_10s": 0, "backoff_seconds": 0.01}
JSON = {"Content-Type": "application/json"}
Handle = Callable[[BaseHTTPRequestHandler], None]


def respond(status: int, body: bytes = b"[]", headers: dict[str, str] | None = None) -> Handle:
    """Return a handler that sends this response with its length."""

    def handle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {**(JSON if headers is None else headers), "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return handle


def respond_late(seconds: float) -> Handle:
    """Return a handler that sends nothing for a while."""
    return lambda handler: time.sleep(seconds)


def respond_slowly(handler: BaseHTTPRequestHandler) -> None:
    """Send a byte now and then without end, so that no single read takes long."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def respond_short(handler: BaseHTTPRequestHandler) -> None:
    """Send fewer bytes than Content-Length states."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"[1,")
    handler.close_connection = True


class Server:
    """A server's address; ``requests`` holds the path and headers of each request."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[tuple[str, dict[str, str]]] = []


@contextmanager
def serve_handlers(*handlers: Handle) -> Iterator[Server]:
    """Serve requests on loopback by these handlers in order, and all further ones by the last."""
    remaining = list(handlers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.requests.append((self.path, dict(self.headers)))
            try:
                (remaining.pop(0) if len(remaining) > 1 else remaining[0])(self)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server = Server(f"http://127.0.0.1:{httpd.server_port}")
    Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()


def open_session(server: Server, headers: dict[str, str] | None = None, **limits: Any) -> Session:
    """Return a session that does not wait between attempts."""
    return Session(server.url, headers, Limits(**{**FAST, **limits}))


def test_body_and_the_servers_clock() -> None:
    """A reply is its body and the server's Date."""
    with serve_handlers(respond(200, b'{"a":1}')) as server:
        reply = open_session(server).get("/x", {"page": 1})
    assert reply.body == b'{"a":1}'
    assert abs(reply.date - datetime.now(UTC)) < timedelta(seconds=5)
    assert server.requests[0][0] == "/x?page=1"


def test_gzip_is_unpacked() -> None:
    """A compressed body arrives as it was before compression."""
    with serve_handlers(respond(200, gzip.compress(b'["x"]'), {**JSON, "Content-Encoding": "gzip"})) as server:
        assert open_session(server).get("/").body == b'["x"]'


def test_a_500_can_be_final() -> None:
    """With ``retry_500=False`` a 500 is final at once; other failures are retried."""
    with serve_handlers(respond(500)) as server, pytest.raises(RequestError, match="answered 500"):
        open_session(server).get("/x", retry_500=False)
    assert len(server.requests) == 1
    with serve_handlers(respond(503), respond(200, b"[1]")) as server:
        assert open_session(server).get("/x", retry_500=False).body == b"[1]"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_transient_statuses_are_retried(status: int) -> None:
    """After two transient failures the response is returned."""
    with serve_handlers(respond(status), respond(status), respond(200, b"[1]")) as server:
        assert open_session(server).get("/").body == b"[1]"
    assert len(server.requests) == 3


@pytest.mark.parametrize("handle", [respond_short, respond(200, b"", {})])
def test_broken_replies_are_retried(handle: Handle) -> None:
    """A cut-off or empty response, as Gate sends on internal errors, is retried."""
    with serve_handlers(handle, respond(200, b"[1]")) as server:
        assert open_session(server).get("/").body == b"[1]"


def test_a_permanent_failure_ends_after_the_attempts() -> None:
    """A server that keeps failing is requested as often as allowed, and the error has its status."""
    with serve_handlers(respond(500)) as server, pytest.raises(RequestError, match="answered 500 for /x") as raised:
        open_session(server, attempts=3).get("/x")
    assert raised.value.status == 500
    assert len(server.requests) == 3


def test_a_wrong_request_is_not_repeated() -> None:
    """A 404 is final."""
    with serve_handlers(respond(404)) as server, pytest.raises(RequestError):
        open_session(server).get("/x")
    assert len(server.requests) == 1


def test_retries_of_a_session_are_budgeted() -> None:
    """When the session's retries are spent, the next failure is final at once."""
    with serve_handlers(respond(503)) as server:
        session = open_session(server, attempts=4, retries=4)
        for _ in range(3):
            with pytest.raises(RequestError):
                session.get("/")
    assert len(server.requests) == 3 + 4


def test_retry_after_is_honoured() -> None:
    """A session waits for as many seconds as Retry-After states."""
    with serve_handlers(respond(429, b"[]", {**JSON, "Retry-After": "1"}), respond(200)) as server:
        began = time.monotonic()
        open_session(server).get("/")
    assert time.monotonic() - began >= 1


def test_an_absurd_retry_after_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A billion seconds is cut to the longest wait."""
    monkeypatch.setattr("ingest.http.session.MAX_WAIT", 0.2)
    with serve_handlers(respond(503, b"[]", {**JSON, "Retry-After": "1000000000"}), respond(200)) as server:
        began = time.monotonic()
        open_session(server).get("/")
    assert 0.2 <= time.monotonic() - began < 3


def test_the_limiters_reset_is_waited_for_by_the_servers_clock() -> None:
    """A 429 without Retry-After waits for the reset, an HTTP date by the server's clock."""
    then = datetime(2001, 1, 1, tzinfo=UTC)
    limits = {"X-RateLimit-Reset": format_datetime(then + timedelta(seconds=1), usegmt=True)}

    def limited(handler: BaseHTTPRequestHandler) -> None:
        handler.date_time_string = lambda *_: format_datetime(then, usegmt=True)  # type: ignore[method-assign]
        respond(429, b"{}", {**JSON, **limits})(handler)

    with serve_handlers(limited, respond(200)) as server:
        began = time.monotonic()
        open_session(server).get("/")
    assert 1 <= time.monotonic() - began < 3


def test_the_rate_limit_holds_over_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the allowed requests fall into one window."""
    monkeypatch.setattr("ingest.http.rate_limit.WINDOW", 0.5)
    with serve_handlers(respond(200)) as server:
        session = open_session(server, requests_per_10s=3)
        began = time.monotonic()
        for _ in range(7):
            session.get("/")
    assert 1 <= time.monotonic() - began < 3


def test_a_slow_response_ends_at_the_total_deadline() -> None:
    """Bytes that keep arriving do not extend a request's deadline."""
    with serve_handlers(respond_slowly) as server:
        began = time.monotonic()
        with pytest.raises(RequestError, match="did not finish within"):
            open_session(server, timeout_seconds=0.5, attempts=1).get("/")
    assert time.monotonic() - began < 1.5


def test_silence_ends_at_the_deadline_and_is_retried() -> None:
    """A request without a response is retried."""
    with serve_handlers(respond_late(1), respond(200, b"[1]")) as server:
        assert open_session(server, timeout_seconds=0.3).get("/").body == b"[1]"


def test_a_bomb_stops_at_the_byte_cap() -> None:
    """A small body that unpacks to a huge one is abandoned and not retried."""
    bomb = gzip.compress(b" " * (8 << 20))
    compressed = respond(200, bomb, {**JSON, "Content-Encoding": "gzip"})
    with serve_handlers(compressed) as server, pytest.raises(RequestError, match="more than 1,000,000 bytes"):
        open_session(server, max_bytes=1_000_000).get("/")
    assert len(server.requests) == 1


def test_a_redirect_is_a_login_page_and_is_not_followed() -> None:
    """The other address receives no request, and the message has no secret."""
    with (
        serve_handlers(respond(200)) as other_server,
        serve_handlers(respond(302, b"", {"Location": f"{other_server.url}/login"})) as server,
        pytest.raises(AuthError, match="login page") as raised,
    ):
        open_session(server, {"X-Spinnaker-Token": "s3cret"}).get("/applications")
    assert not other_server.requests
    assert server.requests[0][1]["X-Spinnaker-Token"] == "s3cret"
    assert "s3cret" not in str(raised.value)


def test_a_page_instead_of_json_is_a_login_page() -> None:
    """A 200 with HTML is a login page."""
    page = respond(200, b"<html>Sign in</html>", {"Content-Type": "text/html; charset=utf-8"})
    with serve_handlers(page) as server, pytest.raises(AuthError, match="login page"):
        open_session(server).get("/")


@pytest.mark.parametrize(("status", "error"), [(401, AuthError), (403, ForbiddenError)])
def test_refusals(status: int, error: type[AuthError]) -> None:
    """A 401 is an AuthError, a 403 a ForbiddenError; neither is retried."""
    with serve_handlers(respond(status)) as server, pytest.raises(error):
        open_session(server).get("/")
    assert len(server.requests) == 1


def test_a_closed_port_is_a_failure_that_names_the_address() -> None:
    """A refused connection is an error with the address, without the password in it."""
    with serve_handlers(respond(200)) as server:
        pass
    with pytest.raises(RequestError, match=r"http://127.0.0.1:\d+ gave no answer \(ConnectionError\)") as raised:
        Session(server.url.replace("http://", "http://u:pw@"), limits=Limits(attempts=2, backoff_seconds=0.01)).get("/")
    assert "pw" not in str(raised.value)
    assert raised.value.status is None
