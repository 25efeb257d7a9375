"""Faults of servers and networks, by their number in the catalogue of faults: real sockets, no mocks."""

from __future__ import annotations

import gzip
import resource
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from dora.errors import AuthError
from ingest.http.session import Limits, LoginError, RequestError, Session
from ingest.http.tls import Tls
from ingest.http.transport import Transport

ROOT = Path(__file__).resolve().parents[3]
CANARY = "c4nary-s3cret"
Reply = Callable[[socket.socket], None]


def send_bytes(*parts: bytes, pause: float = 0.0) -> Reply:
    """Return a reply of exactly these bytes, with a pause after each part, that then closes the connection."""

    def reply(peer: socket.socket) -> None:
        for part in parts:
            peer.sendall(part)
            time.sleep(pause)

    return reply


def send_response(status: int = 200, body: bytes = b"[1]", *headers: str) -> Reply:
    """Return a complete HTTP response."""
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return send_bytes("\r\n".join(lines).encode() + b"\r\nConnection: close\r\n\r\n" + body)


def send_half_then_reset(peer: socket.socket) -> None:
    """Send half a response, then RST."""
    peer.sendall(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[1,")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


class Server:
    """A server's address; ``requests`` holds each request in full."""

    def __init__(self, url: str) -> None:
        self.url, self.requests = url, list[bytes]()


@contextmanager
def serve_replies(*replies: Reply, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    """Serve these replies to one connection after the other, and the last one to all further connections."""
    listener, remaining = socket.create_server((host, 0)), list(replies)
    server = Server(f"{'https' if tls else 'http'}://{host}:{listener.getsockname()[1]}")

    def serve() -> None:
        with suppress(OSError):
            while True:
                peer, _ = listener.accept()
                Thread(
                    target=serve_connection,
                    args=[peer, remaining.pop(0) if len(remaining) > 1 else remaining[0]],
                    daemon=True,
                ).start()

    def serve_connection(peer: socket.socket, reply: Reply) -> None:
        with suppress(OSError), _wrap_tls(peer, tls) as connection:
            request = b""
            while b"\r\n\r\n" not in request:
                if not (chunk := connection.recv(65536)):
                    return
                request += chunk
            server.requests.append(request)
            reply(connection)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _wrap_tls(peer: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    """Return the connection after its TLS handshake; a refused client has time to read the alert."""
    if tls is None:
        return peer
    wrapped = tls.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
    try:
        wrapped.do_handshake()
    except ssl.SSLError:
        time.sleep(0.3)
        wrapped.close()
    return wrapped


class SecretAuthenticator:
    """Sends a secret with each request, over TLS by these settings."""

    def __init__(self, tls: Tls | None = None) -> None:
        self.tls = tls or Tls()

    def headers(self, transport: Transport) -> dict[str, str]:
        return {"X-Spinnaker-Token": CANARY, "Authorization": f"Bearer {CANARY}"}

    def renew(self, transport: Transport, rejected: object) -> bool:
        return False


def open_session(url: str, tls: Tls | None = None, **limits: Any) -> Session:
    """Return a session that does not wait between attempts."""
    quick = {"requests_per_10s": 0, "backoff_seconds": 0.01, "timeout_seconds": 5.0}
    return Session(url, None, Limits(**{**quick, **limits}), SecretAuthenticator(tls))


def measure_wait(*replies: Reply, **limits: Any) -> float:
    """Return the seconds until the response arrives."""
    with serve_replies(*replies) as server:
        began = time.monotonic()
        assert open_session(server.url, **limits).get("/x").body == b"[1]"
        assert len(server.requests) == len(replies)
        return time.monotonic() - began


def format_http_date(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


# --- G1: 429 --------------------------------------------------------------------------------------


def test_g1_retry_after_in_seconds_is_waited_for() -> None:
    """A session waits for as many seconds as Retry-After states."""
    assert 1 <= measure_wait(send_response(429, b"{}", "Retry-After: 1"), send_response()) < 6


def test_g1_retry_after_as_a_date_is_waited_for() -> None:
    """A session waits for a date by the server's clock, here an hour ahead of ours."""
    retry_at_date = send_response(
        429, b"{}", f"Retry-After: {format_http_date(3602)}", f"Date: {format_http_date(3600)}"
    )
    assert 1 <= measure_wait(retry_at_date, send_response()) < 8


def test_g1_a_missing_retry_after_backs_off_further_each_time() -> None:
    """Gate's limiter names no time: five attempts outlast its window of ten seconds at the default backoff."""
    assert (
        0.05 * 4 * 0.5 * (2 + 4)
        <= measure_wait(send_response(429, b"{}"), send_response(429, b"{}"), send_response(), backoff_seconds=0.05)
        < 8
    )
    assert sum(0.5 * Limits().backoff_seconds * 4 * 2**attempt for attempt in range(1, Limits().attempts)) > 10


@pytest.mark.parametrize("absurd", ["1000000000", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_g1_an_absurd_retry_after_is_capped(absurd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A billion seconds, or the year 9999, is cut to the longest wait."""
    monkeypatch.setattr("ingest.http.session.MAX_WAIT", 0.3)
    monkeypatch.setattr("ingest.http.rate_limit.MAX_WAIT", 0.3)
    assert 0.3 <= measure_wait(send_response(429, b"{}", f"Retry-After: {absurd}"), send_response()) < 8


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1e9", "Mon, 99 Foo 2026", "\u0663".encode().decode("latin-1")])
def test_g1_an_invalid_retry_after_is_ignored(nonsense: str) -> None:
    """An unreadable value neither delays a request nor fails it."""
    assert measure_wait(send_response(503, b"{}", f"Retry-After: {nonsense}"), send_response()) < 4


def test_g1_a_request_waits_for_the_limiters_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no requests remaining, the next one waits for the reset, unless Gate's limiter only learns."""
    reset_at = (f"X-RateLimit-Reset: {format_http_date(2)}", f"Date: {format_http_date(1)}", "X-RateLimit-Remaining: 0")
    for learning, min_seconds, max_seconds in (("false", 1.0, 8.0), ("true", 0.0, 0.95)):
        with serve_replies(
            send_response(200, b"[1]", *reset_at, f"X-RateLimit-Learning: {learning}"), send_response()
        ) as server:
            session, began = open_session(server.url), time.monotonic()
            session.get("/")
            session.get("/")
            assert min_seconds <= time.monotonic() - began < max_seconds


# --- G2, G3: 5xx ----------------------------------------------------------------------------------


@pytest.mark.parametrize("statuses", [(500, 502, 503, 504), (503, 503), (504,)])
def test_g2_a_burst_of_5xx_is_retried(statuses: tuple[int, ...]) -> None:
    """After a few failures the response is the usual one."""
    assert measure_wait(*(send_response(status, b"{}") for status in statuses), send_response()) < 8


def test_g3_a_permanent_5xx_ends_and_leaves_the_budget_to_others() -> None:
    """A failing path costs its attempts; a healthy one is read before and after by the same session."""
    with serve_replies(send_response(), *[send_response(500, b"{}")] * 3, send_response()) as server:
        session = open_session(server.url, attempts=3)
        session.get("/well")
        with pytest.raises(RequestError, match="answered 500 for /ill") as raised:
            session.get("/ill")
        assert session.get("/well").body == b"[1]"
    assert (raised.value.status, session.requests) == (500, 5)


# --- G4: no server, or another server ------------------------------------------------------------


def test_g4_a_closed_port_names_the_address() -> None:
    """A refused connection is an error with a next step."""
    with serve_replies(send_response()) as server:
        pass
    with pytest.raises(RequestError, match="gave no answer") as raised:
        open_session(server.url, attempts=2).get("/")
    assert raised.value.next_step


def test_g4_a_name_that_does_not_exist_is_a_failure() -> None:
    """An unknown host is an error (RFC 2606: .invalid never exists)."""
    with pytest.raises(RequestError, match=r"http://gate.invalid gave no answer"):
        open_session("http://gate.invalid", attempts=1).get("/")


@pytest.mark.parametrize(
    ("name", "why"), [("alone", "self-signed"), ("expired", "has expired"), ("elsewhere", "IP address mismatch")]
)
def test_g4_a_certificate_that_is_not_trusted_says_why_and_sees_no_header(
    certificates: Any, name: str, why: str
) -> None:
    """A self-signed, expired or other host's certificate is named, is not retried, and no header is sent."""
    tls = Tls(ca_file=certificates.ca)
    with serve_replies(send_response(), tls=certificates.context(name)) as server:
        session = open_session(server.url, tls)
        with pytest.raises(RequestError, match=why):
            session.get("/")
    assert (server.requests, session.requests) == ([], 1)


def test_g4_an_own_authority_is_trusted_by_ca_file(certificates: Any) -> None:
    """``ca_file`` takes precedence over the environment; without it the same server is refused."""
    with serve_replies(send_response(), tls=certificates.context("server")) as server:
        assert open_session(server.url, Tls(ca_file=certificates.ca)).get("/").body == b"[1]"
        with pytest.raises(RequestError, match="not trusted"):
            open_session(server.url).get("/")


def test_g4_ignoring_certificates_is_possible(certificates: Any, recwarn: pytest.WarningsRecorder) -> None:
    """With ``verify=False`` any server is read, without a warning for each request."""
    with serve_replies(send_response(), tls=certificates.context("expired")) as server:
        assert open_session(server.url, Tls(verify=False)).get("/").body == b"[1]"
    assert not [warning for warning in recwarn if "Unverified" in str(warning.message)]


def test_g4_a_missing_client_certificate_names_the_settings(certificates: Any) -> None:
    """Without a client certificate it is an AuthError that names the settings; with one the response arrives."""
    context = certificates.context("server", asks=True)
    ours = tuple(Path(path).read_text() for path in certificates.paths("client"))
    with serve_replies(send_response(), tls=context) as server:
        assert open_session(server.url, Tls(ca_file=certificates.ca, certificate=ours)).get("/").body == b"[1]"
        with pytest.raises(AuthError, match="cert_file"):
            open_session(server.url, Tls(ca_file=certificates.ca), attempts=2).get("/")


def test_g4_a_connection_that_ends_in_its_handshake_hints_at_a_certificate() -> None:
    """Some servers close the connection instead of requesting a certificate."""

    def hang_up(listener: socket.socket) -> None:
        for _ in range(2):
            peer, _ = listener.accept()
            peer.recv(65536)
            peer.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=hang_up, args=[listener], daemon=True).start()
        with pytest.raises(RequestError, match="client certificate"):
            open_session(f"https://127.0.0.1:{listener.getsockname()[1]}", attempts=2).get("/")


# --- G5, G6: time ---------------------------------------------------------------------------------


def test_g5_a_silent_server_is_retried() -> None:
    """After a read that times out, the next attempt is answered."""
    assert 0.4 <= measure_wait(send_bytes(b"", pause=2), send_response(), timeout_seconds=0.4) < 1.9


HEAD = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "reply",
    [
        send_bytes(*[bytes([byte]) for byte in HEAD * 9], pause=0.05),
        send_bytes(HEAD, *[b"X-Slow: 1\r\n"] * 90, pause=0.05),
        send_bytes(HEAD + b"Content-Length: 1000\r\n\r\n", *[b" "] * 90, pause=0.05),
        send_bytes(HEAD + b"Content-Length: 1000\r\n\r\n[", b"", pause=6),
        send_bytes(HEAD + b"\r\n", b"[1]", pause=6),
    ],
    ids=["status", "headers", "body", "body stops", "body without length"],
)
@pytest.mark.parametrize("encrypted", [False, True])
def test_g6_the_deadline_is_total(reply: Reply, encrypted: bool, certificates: Any) -> None:
    """However slowly bytes arrive, through TLS or not, a request fails at its deadline."""
    tls = certificates.context("server") if encrypted else None
    with serve_replies(reply, tls=tls) as server:
        session, began = (
            open_session(server.url, Tls(ca_file=certificates.ca), timeout_seconds=0.5, attempts=1),
            time.monotonic(),
        )
        with pytest.raises(RequestError, match=r"did not finish within 0.5 s|gave no answer .ReadTimeout"):
            session.get("/")
        assert time.monotonic() - began < 3


def test_g6_a_handshake_that_drips_ends_too() -> None:
    """A server that accepts the connection and never speaks TLS fails the request at its deadline."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(RequestError):
            open_session(f"https://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.5, attempts=1).get("/")
        assert time.monotonic() - began < 3


def test_g6_a_connection_that_was_cut_is_not_used_again() -> None:
    """After a deadline the session continues with a new connection and leaks no file descriptors."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with serve_replies(*[send_bytes(HEAD, pause=2), send_response()] * 5, send_response()) as server:
        session = open_session(server.url, timeout_seconds=0.2, attempts=2)
        for _ in range(5):
            assert session.get("/").body == b"[1]"
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + 20


# --- G7: half an answer ---------------------------------------------------------------------------

SHORT = send_bytes(HEAD + b"Content-Length: 100\r\n\r\n[1,")
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "reply",
    [
        SHORT,
        send_bytes(CHUNKED + b"5\r\n[1,2,\r\n5\r\n3"),
        send_bytes(CHUNKED + b"2\r\n[1\r\n"),
        send_half_then_reset,
        send_bytes(),
        send_bytes(b"nonsense\r\n\r\n"),
    ],
    ids=["short", "chunk cut", "chunks end", "reset", "nothing", "no http"],
)
def test_g7_an_incomplete_response_is_retried(reply: Reply) -> None:
    """A short, cut or reset response is requested again until it is complete."""
    assert measure_wait(reply, send_response()) < 8


# --- G9, G10: another page, another place ---------------------------------------------------------


def test_g9_a_login_page_with_200_is_a_login_error() -> None:
    """HTML instead of JSON is a login page; the error repeats neither the page nor our token."""
    page = f"<html><form action=/login>{CANARY}</form></html>".encode()
    login_page = send_bytes(
        b"HTTP/1.1 200 X\r\nContent-Type: text/html;charset=UTF-8\r\nConnection: close\r\n\r\n" + page
    )
    with serve_replies(login_page) as server, pytest.raises(LoginError, match="looks like a login page") as raised:
        open_session(server.url).get("/x")
    assert CANARY not in f"{raised.value!r} {raised.value.__cause__} {raised.value.__context__}"
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_g10_no_header_leaves_the_origin(status: int) -> None:
    """A redirect to another host is reported without its query, and that host receives no request."""
    with serve_replies(send_response(), host="127.0.0.2") as other_server:
        redirect = send_response(status, b"", f"Location: {other_server.url}/oauth2/authorize?state={CANARY}")
        with (
            serve_replies(redirect) as server,
            pytest.raises(LoginError, match=r"login page at http://127.0.0.2") as raised,
        ):
            open_session(server.url).get("/x")
    assert (other_server.requests, len(server.requests)) == ([], 1)
    assert CANARY not in str(raised.value)


def test_g10_https_is_not_left_for_http(certificates: Any) -> None:
    """A redirect from HTTPS to HTTP on the same host is another origin."""
    with serve_replies(send_response()) as plain_server:
        redirect = send_response(302, b"", f"Location: {plain_server.url}/login")
        with (
            serve_replies(redirect, tls=certificates.context("server")) as server,
            pytest.raises(LoginError, match="at http:"),
        ):
            open_session(server.url, Tls(ca_file=certificates.ca)).get("/x")
    assert plain_server.requests == []


@pytest.mark.parametrize("location", ["/x", "", "//", "http://[", "javascript:alert(1)"])
def test_g10_a_loop_and_nonsense_end_at_once(location: str) -> None:
    """No redirect is followed, not even to the same address."""
    with (
        serve_replies(send_response(302, b"", f"Location: {location}")) as server,
        pytest.raises(LoginError, match="redirected"),
    ):
        open_session(server.url).get("/x")
    assert len(server.requests) == 1


# --- G12, G13: too much ---------------------------------------------------------------------------

READ = """
import sys
sys.path.insert(0, {root!r})
from ingest.http.session import RequestError, Limits, Session
try:
    body = Session({url!r}, limits=Limits(requests_per_10s=0, attempts=1)).get("/").body
    print("read", len(body), end=" ")
except RequestError as error:
    print(error.happened, end=" ")
status = open("/proc/self/status").read()  # getrusage includes the peak of the parent process
print("rss", int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def read_in_subprocess(url: str) -> tuple[str, int]:
    """Return the output of a process that reads a page, and its peak memory in MB."""
    code = READ.format(root=str(ROOT), url=url)
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    output, _, memory = process.stdout.rpartition("rss")
    return output, int(memory)


def test_g12_a_huge_page_has_bounded_memory() -> None:
    """200 MB are abandoned at the cap and 100 MB are held once, both with less than 256 MB of memory."""
    block = b" " * (1 << 20)
    for megabytes, expected in ((200, "more than 134,217,728 bytes"), (100, "read 104857600")):
        page = send_bytes(HEAD + f"Content-Length: {megabytes << 20}\r\n\r\n".encode(), *[block] * megabytes)
        with serve_replies(page) as server:
            output, memory = read_in_subprocess(server.url)
        assert expected in output
        assert memory < 256


def test_g13_a_bomb_ends_at_the_cap() -> None:
    """10 MB that unpack to 10 GB are abandoned at the cap, with bounded memory, in bounded time."""
    bomb = gzip.compress(b" " * (64 << 20), 9) * 160
    page = send_bytes(HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb)
    with serve_replies(page) as server:
        began = time.monotonic()
        output, memory = read_in_subprocess(server.url)
    assert "more than 134,217,728 bytes" in output
    assert memory < 256
    assert time.monotonic() - began < 20


def test_g13_a_nested_bomb_ends_at_the_cap() -> None:
    """A body compressed twice stops at the same cap."""
    bomb = gzip.compress(gzip.compress(b" " * (64 << 20)))
    page = send_bytes(HEAD + f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with serve_replies(page) as server, pytest.raises(RequestError, match="more than 1,000,000 bytes"):
        open_session(server.url, max_bytes=1_000_000).get("/")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32_000


def test_g13_the_body_of_a_redirect_is_capped() -> None:
    """The cap on bytes holds for the body of a redirect too."""
    bomb = gzip.compress(b" " * (8 << 20))
    head = f"HTTP/1.1 302 X\r\nLocation: /login\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    with (
        serve_replies(send_bytes(head.encode() + bomb)) as server,
        pytest.raises(RequestError, match="more than 1,000,000 bytes"),
    ):
        open_session(server.url, max_bytes=1_000_000).get("/")
