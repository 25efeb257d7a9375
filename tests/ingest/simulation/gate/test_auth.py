"""The doors of the simulated Gate turn strangers away as real ones do, and open to the right key alone."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ingest.simulation.gate.auth import BasicDoor, BearerDoor, Door, FormDoor, IdentityProvider, provide
from ingest.simulation.gate.server import serve
from ingest.simulation.gate.state import Gate
from ingest.simulation.model.world import World

WORLD = World(now=1_750_000_000_000, applications=[{"name": "shop"}])


def ask(gate: Gate, path: str = "/applications", **more: Any) -> requests.Response:
    return requests.get(gate.url + path, allow_redirects=False, timeout=5, **more)


@pytest.fixture(params=[BasicDoor(password="pw"), FormDoor(password="pw"), BearerDoor(tokens={"t"})], ids=repr)
def closed(request: pytest.FixtureRequest) -> Iterator[Gate]:
    """A Gate with one of the doors."""
    with serve(WORLD, token=request.param) as gate:
        yield gate


def test_a_stranger_is_sent_to_the_login_page(closed: Gate) -> None:
    """302 to a page of HTML; nobody is named, with 200 and nothing; health is open."""
    sent = ask(closed)
    assert (sent.status_code, sent.headers["Location"]) == (302, f"{closed.url}/login")
    page = ask(closed, "/login")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    named = ask(closed, "/auth/user")
    assert (named.status_code, named.content) == (200, b"")
    assert ask(closed, "/health").json() == {"status": "UP"}


def test_no_door_is_open() -> None:
    """A Gate that asks nobody."""
    with serve(WORLD, token=Door()) as gate:
        assert [one["name"] for one in ask(gate).json()] == ["shop"]
        assert ask(gate, "/auth/user").json()["username"]


@pytest.mark.parametrize(("password", "status"), [("pw", 200), ("no", 302)])
def test_basic(password: str, status: int) -> None:
    """User and password in each request; a wrong one meets the login page."""
    shown = "Basic " + b64encode(f"reader:{password}".encode()).decode()
    with serve(WORLD, token=BasicDoor(password="pw")) as gate:
        assert ask(gate, headers={"Authorization": shown}).status_code == status


def test_the_form_gives_a_session_as_long_as_it_is_known() -> None:
    """Right: a cookie, and a redirect to the front; wrong: back to the form, without one."""
    door = FormDoor(password="pw")
    with serve(WORLD, token=door) as gate:
        login = {"url": f"{gate.url}/login", "allow_redirects": False, "timeout": 5}
        wrong = requests.post(data={"username": "reader", "password": "no"}, **login)
        assert (wrong.status_code, wrong.headers["Location"], "Set-Cookie" in wrong.headers) == (
            302,
            "/login?error",
            False,
        )
        right = requests.post(data={"username": "reader", "password": "pw"}, **login)
        assert (right.status_code, right.headers["Location"]) == (302, "/")
        assert ask(gate, cookies=right.cookies).status_code == 200
        door.sessions.clear()
        assert ask(gate, cookies=right.cookies).status_code == 302


def test_a_bearer_token_that_is_wrong_is_401() -> None:
    """Unlike none at all; some Gates want a session beside the token, which the login path gives for it."""
    with serve(WORLD, token=BearerDoor(tokens={"t"}, wants_session=True)) as gate:
        good, bad = {"Authorization": "Bearer t"}, {"Authorization": "Bearer x"}
        assert ask(gate, headers=bad).status_code == 401
        assert ask(gate, headers=good).status_code == 302
        session = ask(gate, "/login", headers=good).cookies
        assert ask(gate, headers=good, cookies=session).status_code == 200
        assert not ask(gate, "/login", headers=bad).cookies


def test_the_provider_rotates_its_refresh_token() -> None:
    """A refresh token is good once; the token given is good at the door, those before are not."""
    door = BearerDoor(tokens={"old"})
    with provide(IdentityProvider(door, "first", "pw")) as provider:
        form = {"grant_type": "refresh_token", "refresh_token": "first"}
        told = requests.post(provider.url, data=form, auth=("dora", "pw"), timeout=5).json()
        again = requests.post(provider.url, data=form, auth=("dora", "pw"), timeout=5)
        stranger = requests.post(provider.url, data=form, auth=("dora", "no"), timeout=5)
    assert door.tokens == {told["access_token"]}
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (stranger.status_code, stranger.json()["error"]) == (401, "invalid_client")
