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
Talk = Callable[[socket.socket], None]


def raw(*parts: bytes, pause: float = 0.0) -> Talk:
    """Exactly these bytes, with a pause after each part, then the end of the connection."""

    def talk(peer: socket.socket) -> None:
        for part in parts:
            peer.sendall(part)
            time.sleep(pause)

    return talk


def answer(status: int = 200, body: bytes = b"[1]", *headers: str) -> Talk:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return raw("\r\n".join(lines).encode() + b"\r\nConnection: close\r\n\r\n" + body)


def reset(peer: socket.socket) -> None:
    """Half an answer, then RST."""
    peer.sendall(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[1,")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


class Server:
    """``heard`` is what each connection asked, in full."""

    def __init__(self, url: str) -> None:
        self.url, self.heard = url, list[bytes]()


@contextmanager
def talking(*talks: Talk, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    """A server that says these things to one connection after the other, the last one for ever."""
    listener, left = socket.create_server((host, 0)), list(talks)
    server = Server(f"{'https' if tls else 'http'}://{host}:{listener.getsockname()[1]}")

    def serve() -> None:
        with suppress(OSError):
            while True:
                peer, _ = listener.accept()
                Thread(target=one, args=[peer, left.pop(0) if len(left) > 1 else left[0]], daemon=True).start()

    def one(peer: socket.socket, talk: Talk) -> None:
        with suppress(OSError), _wrapped(peer, tls) as open_:
            heard = b""
            while b"\r\n\r\n" not in heard:
                if not (more := open_.recv(65536)):
                    return
                heard += more
            server.heard.append(heard)
            talk(open_)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _wrapped(peer: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    """A connection after its handshake; who is refused has the time to hear why."""
    if tls is None:
        return peer
    wrapped = tls.wrap_socket(peer, server_side=True, do_handshake_on_connect=False)
    try:
        wrapped.do_handshake()
    except ssl.SSLError:
        time.sleep(0.3)
        wrapped.close()
    return wrapped


class Known:
    """Lets a session show a secret, over TLS as told."""

    def __init__(self, tls: Tls | None = None) -> None:
        self.tls = tls or Tls()

    def headers(self, transport: Transport) -> dict[str, str]:
        return {"X-Spinnaker-Token": CANARY, "Authorization": f"Bearer {CANARY}"}

    def renew(self, transport: Transport, rejected: object) -> bool:
        return False


def session(url: str, tls: Tls | None = None, **limits: Any) -> Session:
    """A session that does not wait between attempts."""
    quick = {"requests_per_10s": 0, "backoff_seconds": 0.01, "timeout_seconds": 5.0}
    return Session(url, None, Limits(**{**quick, **limits}), Known(tls))


def waited(*talks: Talk, **limits: Any) -> float:
    """Seconds until the answer came."""
    with talking(*talks) as server:
        began = time.monotonic()
        assert session(server.url, **limits).get("/x").body == b"[1]"
        assert len(server.heard) == len(talks)
        return time.monotonic() - began


def later(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


# --- G1: 429 --------------------------------------------------------------------------------------


def test_g1_retry_after_in_seconds_is_waited_for() -> None:
    """One second is one second."""
    assert 1 <= waited(answer(429, b"{}", "Retry-After: 1"), answer()) < 6


def test_g1_retry_after_as_a_date_is_waited_for() -> None:
    """An instant is waited for by the server's own clock, an hour ahead of ours here."""
    told = answer(429, b"{}", f"Retry-After: {later(3602)}", f"Date: {later(3600)}")
    assert 1 <= waited(told, answer()) < 8


def test_g1_a_missing_retry_after_backs_off_further_each_time() -> None:
    """Gate's limiter names no time: five attempts outlast its window of ten seconds at the default backoff."""
    assert (
        0.05 * 4 * 0.5 * (2 + 4) <= waited(answer(429, b"{}"), answer(429, b"{}"), answer(), backoff_seconds=0.05) < 8
    )
    assert sum(0.5 * Limits().backoff_seconds * 4 * 2**attempt for attempt in range(1, Limits().attempts)) > 10


@pytest.mark.parametrize("absurd", ["1000000000", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_g1_an_absurd_retry_after_is_capped(absurd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A billion seconds, and the end of time, are as long as the longest wait."""
    monkeypatch.setattr("ingest.http.session.MAX_WAIT", 0.3)
    monkeypatch.setattr("ingest.http.rate_limit.MAX_WAIT", 0.3)
    assert 0.3 <= waited(answer(429, b"{}", f"Retry-After: {absurd}"), answer()) < 8


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1e9", "Mon, 99 Foo 2026", "\u0663".encode().decode("latin-1")])
def test_g1_a_retry_after_that_says_nothing_is_none(nonsense: str) -> None:
    """What can not be read does not hold us up and does not break the run."""
    assert waited(answer(503, b"{}", f"Retry-After: {nonsense}"), answer()) < 4


def test_g1_the_limiter_is_obeyed_before_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing remaining: the next request waits for the reset; while Gate only learns it does not."""
    reset_at = (f"X-RateLimit-Reset: {later(2)}", f"Date: {later(1)}", "X-RateLimit-Remaining: 0")
    for learning, least, most in (("false", 1.0, 8.0), ("true", 0.0, 0.95)):
        with talking(answer(200, b"[1]", *reset_at, f"X-RateLimit-Learning: {learning}"), answer()) as server:
            one, began = session(server.url), time.monotonic()
            one.get("/")
            one.get("/")
            assert least <= time.monotonic() - began < most


# --- G2, G3: 5xx ----------------------------------------------------------------------------------


@pytest.mark.parametrize("statuses", [(500, 502, 503, 504), (503, 503), (504,)])
def test_g2_a_burst_of_5xx_is_ridden_out(statuses: tuple[int, ...]) -> None:
    """Then the answer is what it always was."""
    assert waited(*(answer(status, b"{}") for status in statuses), answer()) < 8


def test_g3_a_permanent_5xx_ends_and_leaves_the_budget_to_others() -> None:
    """One ill path costs its attempts; a healthy one is read before and after with the same session."""
    with talking(answer(), *[answer(500, b"{}")] * 3, answer()) as server:
        one = session(server.url, attempts=3)
        one.get("/well")
        with pytest.raises(RequestError, match="answered 500 for /ill") as raised:
            one.get("/ill")
        assert one.get("/well").body == b"[1]"
    assert (raised.value.status, one.requests) == (500, 5)


# --- G4: nobody there, or somebody else ------------------------------------------------------------


def test_g4_a_closed_port_names_the_address() -> None:
    """Refused is an error with a next step."""
    with talking(answer()) as server:
        pass
    with pytest.raises(RequestError, match="gave no answer") as raised:
        session(server.url, attempts=2).get("/")
    assert raised.value.next_step


def test_g4_a_name_that_does_not_exist_is_a_failure() -> None:
    """DNS says no (RFC 2606: .invalid never exists)."""
    with pytest.raises(RequestError, match=r"http://gate.invalid gave no answer"):
        session("http://gate.invalid", attempts=1).get("/")


@pytest.mark.parametrize(
    ("name", "why"), [("alone", "self-signed"), ("expired", "has expired"), ("elsewhere", "IP address mismatch")]
)
def test_g4_a_certificate_that_is_not_trusted_says_why_and_sees_no_header(
    certificates: Any, name: str, why: str
) -> None:
    """Self-signed, expired, another host's: named, not repeated, and nothing is sent."""
    tls = Tls(ca_file=certificates.ca)
    with talking(answer(), tls=certificates.context(name)) as server:
        one = session(server.url, tls)
        with pytest.raises(RequestError, match=why):
            one.get("/")
    assert (server.heard, one.requests) == ([], 1)


def test_g4_an_authority_of_ones_own_is_trusted_when_it_is_named(certificates: Any) -> None:
    """``ca_file`` goes before what the environment says; without it the same server is refused."""
    with talking(answer(), tls=certificates.context("server")) as server:
        assert session(server.url, Tls(ca_file=certificates.ca)).get("/").body == b"[1]"
        with pytest.raises(RequestError, match="not trusted"):
            session(server.url).get("/")


def test_g4_ignoring_certificates_is_possible(certificates: Any, recwarn: pytest.WarningsRecorder) -> None:
    """Whoever says so reads from anybody, without a warning for each request."""
    with talking(answer(), tls=certificates.context("expired")) as server:
        assert session(server.url, Tls(verify=False)).get("/").body == b"[1]"
    assert not [one for one in recwarn if "Unverified" in str(one.message)]


def test_g4_a_server_that_wants_a_certificate_says_so(certificates: Any) -> None:
    """Without ours it is an AuthError that names the settings; with it the answer comes."""
    context = certificates.context("server", asks=True)
    ours = tuple(Path(path).read_text() for path in certificates.paths("client"))
    with talking(answer(), tls=context) as server:
        assert session(server.url, Tls(ca_file=certificates.ca, certificate=ours)).get("/").body == b"[1]"
        with pytest.raises(AuthError, match="cert_file"):
            session(server.url, Tls(ca_file=certificates.ca), attempts=2).get("/")


def test_g4_a_connection_that_ends_in_its_handshake_hints_at_a_certificate() -> None:
    """Some servers hang up instead of saying what they want."""

    def hang_up(listener: socket.socket) -> None:
        for _ in range(2):
            peer, _ = listener.accept()
            peer.recv(65536)
            peer.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=hang_up, args=[listener], daemon=True).start()
        with pytest.raises(RequestError, match="client certificate"):
            session(f"https://127.0.0.1:{listener.getsockname()[1]}", attempts=2).get("/")


# --- G5, G6: time ---------------------------------------------------------------------------------


def test_g5_silence_is_asked_again() -> None:
    """A read that times out is no answer; the next attempt has one."""
    assert 0.4 <= waited(raw(b"", pause=2), answer(), timeout_seconds=0.4) < 1.9


HEAD = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "talk",
    [
        raw(*[bytes([byte]) for byte in HEAD * 9], pause=0.05),
        raw(HEAD, *[b"X-Slow: 1\r\n"] * 90, pause=0.05),
        raw(HEAD + b"Content-Length: 1000\r\n\r\n", *[b" "] * 90, pause=0.05),
        raw(HEAD + b"Content-Length: 1000\r\n\r\n[", b"", pause=6),
        raw(HEAD + b"\r\n", b"[1]", pause=6),
    ],
    ids=["status", "headers", "body", "body stops", "body without length"],
)
@pytest.mark.parametrize("encrypted", [False, True])
def test_g6_the_deadline_is_total(talk: Talk, encrypted: bool, certificates: Any) -> None:
    """However the bytes drip, through TLS or not, a request ends at its deadline and is no answer."""
    tls = certificates.context("server") if encrypted else None
    with talking(talk, tls=tls) as server:
        one, began = (
            session(server.url, Tls(ca_file=certificates.ca), timeout_seconds=0.5, attempts=1),
            time.monotonic(),
        )
        with pytest.raises(RequestError, match=r"did not finish within 0.5 s|gave no answer .ReadTimeout"):
            one.get("/")
        assert time.monotonic() - began < 3


def test_g6_a_handshake_that_drips_ends_too() -> None:
    """A server that takes the connection and never speaks TLS."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(RequestError):
            session(f"https://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.5, attempts=1).get("/")
        assert time.monotonic() - began < 3


def test_g6_a_connection_that_was_cut_is_not_used_again() -> None:
    """After a deadline the same session goes on with a new connection, and leaves no descriptors behind."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with talking(*[raw(HEAD, pause=2), answer()] * 5, answer()) as server:
        one = session(server.url, timeout_seconds=0.2, attempts=2)
        for _ in range(5):
            assert one.get("/").body == b"[1]"
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + 20


# --- G7: half an answer ---------------------------------------------------------------------------

SHORT = raw(HEAD + b"Content-Length: 100\r\n\r\n[1,")
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "talk",
    [
        SHORT,
        raw(CHUNKED + b"5\r\n[1,2,\r\n5\r\n3"),
        raw(CHUNKED + b"2\r\n[1\r\n"),
        reset,
        raw(),
        raw(b"nonsense\r\n\r\n"),
    ],
    ids=["short", "chunk cut", "chunks end", "reset", "nothing", "no http"],
)
def test_g7_half_an_answer_is_none(talk: Talk) -> None:
    """Short, cut, reset: asked again, and the whole answer is taken."""
    assert waited(talk, answer()) < 8


# --- G9, G10: another page, another place ---------------------------------------------------------


def test_g9_a_login_page_with_200_is_seen_through() -> None:
    """HTML where JSON was asked for; neither the page nor our token is repeated in the error."""
    page = f"<html><form action=/login>{CANARY}</form></html>".encode()
    whole = raw(b"HTTP/1.1 200 X\r\nContent-Type: text/html;charset=UTF-8\r\nConnection: close\r\n\r\n" + page)
    with talking(whole) as server, pytest.raises(LoginError, match="looks like a login page") as raised:
        session(server.url).get("/x")
    assert CANARY not in f"{raised.value!r} {raised.value.__cause__} {raised.value.__context__}"
    assert len(server.heard) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_g10_no_header_leaves_the_origin(status: int) -> None:
    """A redirect to another host is told, without what its query holds, and nobody there hears of us."""
    with talking(answer(), host="127.0.0.2") as other:
        there = answer(status, b"", f"Location: {other.url}/oauth2/authorize?state={CANARY}")
        with talking(there) as server, pytest.raises(LoginError, match=r"login page at http://127.0.0.2") as raised:
            session(server.url).get("/x")
    assert (other.heard, len(server.heard)) == ([], 1)
    assert CANARY not in str(raised.value)


def test_g10_https_is_not_left_for_http(certificates: Any) -> None:
    """A downgrade on the same host is another origin."""
    with talking(answer()) as plain:
        there = answer(302, b"", f"Location: {plain.url}/login")
        with talking(there, tls=certificates.context("server")) as server, pytest.raises(LoginError, match="at http:"):
            session(server.url, Tls(ca_file=certificates.ca)).get("/x")
    assert plain.heard == []


@pytest.mark.parametrize("location", ["/x", "", "//", "http://[", "javascript:alert(1)"])
def test_g10_a_loop_and_nonsense_end_at_once(location: str) -> None:
    """Nothing is followed, not even to ourselves."""
    with talking(answer(302, b"", f"Location: {location}")) as server, pytest.raises(LoginError, match="redirected"):
        session(server.url).get("/x")
    assert len(server.heard) == 1


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
status = open("/proc/self/status").read()  # getrusage would tell the peak of whoever forked us
print("rss", int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def reading(url: str) -> tuple[str, int]:
    """What a process of its own makes of a page, and its memory at most (MB)."""
    code = READ.format(root=str(ROOT), url=url)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    said, _, memory = done.stdout.rpartition("rss")
    return said, int(memory)


def test_g12_a_huge_page_has_bounded_memory() -> None:
    """200 MB are given up at the cap, and 100 MB are held once: far below 512 MB both."""
    block = b" " * (1 << 20)
    for megabytes, expected in ((200, "more than 134,217,728 bytes"), (100, "read 104857600")):
        page = raw(HEAD + f"Content-Length: {megabytes << 20}\r\n\r\n".encode(), *[block] * megabytes)
        with talking(page) as server:
            said, memory = reading(server.url)
        assert expected in said
        assert memory < 256


def test_g13_a_bomb_ends_at_the_cap() -> None:
    """10 MB that would unfold to 10 GB: given up at the cap with bounded memory, in bounded time."""
    bomb = gzip.compress(b" " * (64 << 20), 9) * 160
    page = raw(HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb)
    with talking(page) as server:
        began = time.monotonic()
        said, memory = reading(server.url)
    assert "more than 134,217,728 bytes" in said
    assert memory < 256
    assert time.monotonic() - began < 20


def test_g13_bombs_in_a_bomb_are_no_way_round() -> None:
    """Compressed twice, it stops at the same cap."""
    bomb = gzip.compress(gzip.compress(b" " * (64 << 20)))
    page = raw(HEAD + f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with talking(page) as server, pytest.raises(RequestError, match="more than 1,000,000 bytes"):
        session(server.url, max_bytes=1_000_000).get("/")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32_000


def test_g13_a_redirect_does_not_carry_a_bomb_past_the_cap() -> None:
    """The body of a redirect is no exception."""
    bomb = gzip.compress(b" " * (8 << 20))
    head = f"HTTP/1.1 302 X\r\nLocation: /login\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    with talking(raw(head.encode() + bomb)) as server, pytest.raises(RequestError, match="more than 1,000,000 bytes"):
        session(server.url, max_bytes=1_000_000).get("/")
