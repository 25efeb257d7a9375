"""Faults of the servers of incidents, by the numbers of the catalogue; a new double in ``DOUBLES`` meets them all."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from dora.errors import AuthError, DoraError
from tests.ingest.http.test_faults import send_response, serve_replies
from tests.ingest.incidents.conftest import Landing
from tests.simulation.api_double import TOKEN, hours_ago
from tests.simulation.fault_injection import Fault

# Each fault begins where the one before it has ended.
PASSING = {
    "g1": [
        Fault("/", 429, times=2, headers={"Retry-After": "1"}),
        Fault("/", 429, after=1, headers={"Retry-After": "Sun, 15 Jun 2025 15:06:40 GMT"}),
        Fault("/", 429, times=2, after=1),
        Fault("/", 429, after=1, headers={"RateLimit-Reset": "1000000000"}),
        Fault("/", 403, headers={"Retry-After": "1"}),
    ],
    "g2": [Fault("/", 502, times=3), Fault("/", 503, times=2, after=1), Fault("/", 504, after=1), Fault("/", 500)],
    "g7": [Fault("/", "cut", times=2, after=1), Fault("/", "reset", times=2, after=1)],
    "g8_empty": [Fault("/", "empty", times=2, after=1), Fault("/", "nothing")],
    "g8_short": [Fault("/", "short", after=1)],
    "g8_short_later": [Fault("/", "short", after=2)],
    "g8_short_last": [Fault("/", "short", after=3)],
}


def add_many(tracker: Any, count: int = 120) -> list[str]:
    ids = [tracker.make_id(number) for number in range(count)]
    for number, id_ in enumerate(ids):
        tracker.add(id_, opened=30 + number, resolved=number + 1 if number % 3 else None)
    return sorted(ids)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.http.session.RATE_LIMITED_BACKOFF", 1.0)
    monkeypatch.setattr("random.uniform", lambda *_: 0.01)


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_waited_out(fault: str, tracker: Any, landing: Landing) -> None:
    """G1, G2, G7, G8: the run lands what a run without the fault lands, and is complete."""
    ids = add_many(tracker)
    tracker.faults.add(*map(replace, PASSING[fault]))
    summary = landing.run(tracker)
    assert tracker.faults.left == 0
    assert (summary.partial_failures, landing.ids()) == ([], ids)
    assert len(landing.watermarks()) == 1


def test_g3_a_server_that_stays_broken_keeps_what_was_landed(tracker: Any, landing: Landing) -> None:
    """The run fails, its watermark stays, and the next run reads what it missed."""
    tracker.add(tracker.make_id(1))
    landing.run(tracker)
    before = landing.watermarks()
    tracker.add(tracker.make_id(2), opened=0)
    tracker.faults.add(Fault("/", 500, times=1000, after=1))
    with pytest.raises(DoraError, match="answered 500"):
        landing.run(tracker)
    assert (landing.ids(), landing.watermarks()) == ([tracker.make_id(1)], before)
    tracker.faults.clear()
    assert landing.run(tracker).partial_failures == []
    assert landing.ids() == [tracker.make_id(1), tracker.make_id(2)]


def test_g4_a_server_that_is_not_there_is_an_error(tracker: Any, landing: Landing) -> None:
    """The address is named, and the token is not."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(DoraError, match="gave no answer") as raised:
        landing.run(tracker, endpoint=endpoint)
    assert TOKEN not in str(raised.value)


def test_g4_a_certificate_that_is_not_trusted_sees_no_token(tracker: Any, landing: Landing, certificates: Any) -> None:
    """Nothing is sent to a server with another certificate; ``ca_file`` names an authority of one's own."""
    with serve_replies(send_response(200, b"{}"), tls=certificates.context("alone")) as server:
        with pytest.raises(DoraError, match="not trusted"):
            landing.run(tracker, endpoint=server.url)
        assert server.requests == []


def test_g5_g6_a_dripping_page_ends_at_the_deadline(tracker: Any, landing: Landing) -> None:
    """Not at the time-out of each read; the page is requested again."""
    ids = add_many(tracker, 20)
    tracker.faults.add(Fault("/", "drip", after=1))
    assert landing.run(tracker, timeout_seconds=0.5).partial_failures == []
    assert landing.ids() == ids


def test_g5_a_silent_server_is_an_error(tracker: Any, landing: Landing) -> None:
    """A server that accepts and never answers ends the run at its deadline."""
    with socket.create_server(("127.0.0.1", 0)) as silent, suppress(OSError):
        Thread(target=lambda: [silent.accept() for _ in range(9)], daemon=True).start()
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(DoraError, match=r"did not finish|gave no answer"):
            landing.run(tracker, endpoint=endpoint, timeout_seconds=0.1)


def test_g9_a_login_page_with_200_is_no_data(tracker: Any, landing: Landing) -> None:
    """It ends the run, and the watermark stays."""
    add_many(tracker, 3)
    tracker.faults.add(Fault("/", "html", after=1))
    with pytest.raises(AuthError, match="login page") as raised:
        landing.run(tracker)
    assert TOKEN not in str(raised.value)
    assert landing.watermarks() == []
    landing.run(tracker)
    assert len(landing.ids()) == 3


def test_g10_a_redirect_takes_no_header_along(tracker: Any, landing: Landing) -> None:
    """The other host gets no request."""
    with serve_replies(send_response(200, b"{}"), host="127.0.0.2") as other:
        redirect = send_response(302, b"", f"Location: {other.url}/login")
        with serve_replies(redirect) as server, pytest.raises(AuthError, match=r"login page at http://127.0.0.2"):
            landing.run(tracker, endpoint=server.url)
    assert other.requests == []


@pytest.mark.parametrize("status", [401, 403])
def test_g11_a_token_that_is_refused_amid_a_run_moves_no_watermark(tracker: Any, landing: Landing, status: int) -> None:
    """The error says which variable to renew; the next run reads everything."""
    ids = add_many(tracker)
    tracker.faults.add(Fault("/", status, times=1000, after=2))
    with pytest.raises(AuthError):
        landing.run(tracker)
    assert landing.watermarks() == []
    tracker.faults.clear()
    landing.run(tracker)
    assert landing.ids() == ids


def test_g12_g13_a_bomb_ends_at_the_cap(tracker: Any, landing: Landing) -> None:
    """200 MB in 200 kB are abandoned at 64 MB, with an error, and nothing is landed of it."""
    add_many(tracker, 3)
    tracker.faults.add(Fault("/", "bomb", times=1000, after=1))
    with pytest.raises(DoraError, match="sent more than 67,108,864 bytes"):
        landing.run(tracker)
    assert landing.watermarks() == []


def test_g14_the_newest_of_two_versions_counts(tracker: Any, landing: Landing) -> None:
    """An incident that changes between two pages is on both: its last state is landed, once."""
    add_many(tracker, 150)
    changing = tracker.make_id(149)
    done = []

    def change(path: str) -> None:
        if len(tracker.requests) == 4 and not done:
            done.append(path)
            tracker.change(changing, resolved=hours_ago(0.5))

    tracker.before = change
    landing.run(tracker)
    tracker.before = lambda _: None
    landing.run(tracker)
    assert landing.sql(f"SELECT count(*), count(resolved_at) FROM incident WHERE id = '{changing}'") == [(1, 1)]


def test_g28_a_name_that_is_no_utf8_costs_one_incident(tracker: Any, landing: Landing) -> None:
    """The others are landed, and the run does not fail silently."""
    ids = add_many(tracker, 5)
    tracker.faults.add(Fault("/", "latin", after=1))
    with suppress(DoraError):
        landing.run(tracker)
    landing.run(tracker)
    assert landing.ids() == ids
