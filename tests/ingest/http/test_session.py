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
Answer = Callable[[BaseHTTPRequestHandler], None]


def say(status: int, body: bytes = b"[]", headers: dict[str, str] | None = None) -> Answer:
    """An answer with its length."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {**(JSON if headers is None else headers), "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hang(seconds: float) -> Answer:
    """No answer for a while."""
    return lambda handler: time.sleep(seconds)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, for ever: no single read takes long."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Less than was promised."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"[1,")
    handler.close_connection = True


class Server:
    """Answers in the order given, the last one for ever; keeps what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, dict[str, str]]] = []


@contextmanager
def serving(*answers: Answer) -> Iterator[Server]:
    """A server on loopback."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.asked.append((self.path, dict(self.headers)))
            try:
                (left.pop(0) if len(left) > 1 else left[0])(self)
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


def session(server: Server, headers: dict[str, str] | None = None, **limits: Any) -> Session:
    """A session without pauses."""
    return Session(server.url, headers, Limits(**{**FAST, **limits}))


def test_body_and_the_servers_clock() -> None:
    """A reply is its body and the server's Date."""
    with serving(say(200, b'{"a":1}')) as server:
        reply = session(server).get("/x", {"page": 1})
    assert reply.body == b'{"a":1}'
    assert abs(reply.date - datetime.now(UTC)) < timedelta(seconds=5)
    assert server.asked[0][0] == "/x?page=1"


def test_gzip_is_undone() -> None:
    """A compressed body arrives as it was before compression."""
    with serving(say(200, gzip.compress(b'["x"]'), {**JSON, "Content-Encoding": "gzip"})) as server:
        assert session(server).get("/").body == b'["x"]'


def test_what_breaks_the_server_each_time_is_not_asked_again() -> None:
    """500 to a firm request is final at once; other failures pass, and are asked again."""
    with serving(say(500)) as server, pytest.raises(RequestError, match="answered 500"):
        session(server).get("/x", retry_500=False)
    assert len(server.asked) == 1
    with serving(say(503), say(200, b"[1]")) as server:
        assert session(server).get("/x", retry_500=False).body == b"[1]"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_troubles_are_retried(status: int) -> None:
    """A transient status twice, then the answer."""
    with serving(say(status), say(status), say(200, b"[1]")) as server:
        assert session(server).get("/").body == b"[1]"
    assert len(server.asked) == 3


@pytest.mark.parametrize("broken", [cut, say(200, b"", {})])
def test_broken_replies_are_retried(broken: Answer) -> None:
    """A cut-off or empty reply (Gate swallows errors so) is no answer."""
    with serving(broken, say(200, b"[1]")) as server:
        assert session(server).get("/").body == b"[1]"


def test_permanent_trouble_ends_after_the_attempts() -> None:
    """A server that stays ill is asked as often as allowed, and the error carries its status."""
    with serving(say(500)) as server, pytest.raises(RequestError, match="answered 500 for /x") as raised:
        session(server, attempts=3).get("/x")
    assert raised.value.status == 500
    assert len(server.asked) == 3


def test_a_wrong_request_is_not_repeated() -> None:
    """404 and 400 are answers."""
    with serving(say(404)) as server, pytest.raises(RequestError):
        session(server).get("/x")
    assert len(server.asked) == 1


def test_retries_of_a_session_are_budgeted() -> None:
    """When the session's retries are spent, the next trouble is final at once."""
    with serving(say(503)) as server:
        one = session(server, attempts=4, retries=4)
        for _ in range(3):
            with pytest.raises(RequestError):
                one.get("/")
    assert len(server.asked) == 3 + 4


def test_retry_after_is_honoured() -> None:
    """The server's wish to wait, as seconds, is followed."""
    with serving(say(429, b"[]", {**JSON, "Retry-After": "1"}), say(200)) as server:
        began = time.monotonic()
        session(server).get("/")
    assert time.monotonic() - began >= 1


def test_an_absurd_retry_after_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A billion seconds is a minute."""
    monkeypatch.setattr("ingest.http.session.MAX_WAIT", 0.2)
    with serving(say(503, b"[]", {**JSON, "Retry-After": "1000000000"}), say(200)) as server:
        began = time.monotonic()
        session(server).get("/")
    assert 0.2 <= time.monotonic() - began < 3


def test_the_limiters_reset_is_waited_for_by_the_servers_clock() -> None:
    """429 without Retry-After: the reset is an HTTP date on a clock that need not be ours."""
    then = datetime(2001, 1, 1, tzinfo=UTC)
    limits = {"X-RateLimit-Reset": format_datetime(then + timedelta(seconds=1), usegmt=True)}

    def full(handler: BaseHTTPRequestHandler) -> None:
        handler.date_time_string = lambda *_: format_datetime(then, usegmt=True)  # type: ignore[method-assign]
        say(429, b"{}", {**JSON, **limits})(handler)

    with serving(full, say(200)) as server:
        began = time.monotonic()
        session(server).get("/")
    assert 1 <= time.monotonic() - began < 3


def test_the_pace_holds_over_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the allowed requests fall into one window."""
    monkeypatch.setattr("ingest.http.rate_limit.WINDOW", 0.5)
    with serving(say(200)) as server:
        one = session(server, requests_per_10s=3)
        began = time.monotonic()
        for _ in range(7):
            one.get("/")
    assert 1 <= time.monotonic() - began < 3


def test_a_drip_ends_at_the_total_deadline() -> None:
    """Bytes that keep coming do not keep a request alive."""
    with serving(drip) as server:
        began = time.monotonic()
        with pytest.raises(RequestError, match="did not finish within"):
            session(server, timeout_seconds=0.5, attempts=1).get("/")
    assert time.monotonic() - began < 1.5


def test_silence_ends_at_the_deadline_and_is_retried() -> None:
    """A server that says nothing is asked again."""
    with serving(hang(1), say(200, b"[1]")) as server:
        assert session(server, timeout_seconds=0.3).get("/").body == b"[1]"


def test_a_bomb_stops_at_the_byte_cap() -> None:
    """A small body that unfolds to a huge one is given up, once."""
    bomb = gzip.compress(b" " * (8 << 20))
    squeezed = say(200, bomb, {**JSON, "Content-Encoding": "gzip"})
    with serving(squeezed) as server, pytest.raises(RequestError, match="more than 1,000,000 bytes"):
        session(server, max_bytes=1_000_000).get("/")
    assert len(server.asked) == 1


def test_a_redirect_is_a_login_page_and_is_not_followed() -> None:
    """No header of ours reaches another address, and no secret the message."""
    with (
        serving(say(200)) as other,
        serving(say(302, b"", {"Location": f"{other.url}/login"})) as server,
        pytest.raises(AuthError, match="login page") as raised,
    ):
        session(server, {"X-Spinnaker-Token": "s3cret"}).get("/applications")
    assert not other.asked
    assert server.asked[0][1]["X-Spinnaker-Token"] == "s3cret"
    assert "s3cret" not in str(raised.value)


def test_a_page_instead_of_json_is_a_login_page() -> None:
    """200 with HTML is no answer either."""
    page = say(200, b"<html>Sign in</html>", {"Content-Type": "text/html; charset=utf-8"})
    with serving(page) as server, pytest.raises(AuthError, match="login page"):
        session(server).get("/")


@pytest.mark.parametrize(("status", "error"), [(401, AuthError), (403, ForbiddenError)])
def test_refusals(status: int, error: type[AuthError]) -> None:
    """401 is about us, 403 about one thing; neither is repeated."""
    with serving(say(status)) as server, pytest.raises(error):
        session(server).get("/")
    assert len(server.asked) == 1


def test_a_closed_port_is_a_failure_that_names_the_address() -> None:
    """Nobody there: an error with the address and without a password from it."""
    with serving(say(200)) as server:
        pass
    with pytest.raises(RequestError, match=r"http://127.0.0.1:\d+ gave no answer \(ConnectionError\)") as raised:
        Session(server.url.replace("http://", "http://u:pw@"), limits=Limits(attempts=2, backoff_seconds=0.01)).get("/")
    assert "pw" not in str(raised.value)
    assert raised.value.status is None
