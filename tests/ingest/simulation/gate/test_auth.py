"""A test's Gate rejects and authenticates requests as a real one does."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ingest.simulation.model.world import World
from tests.simulation.gate import Gate, serve
from tests.simulation.gate_auth import Auth, BasicAuth, BearerAuth, FormAuth, IdentityProvider, provide

WORLD = World(now=1_750_000_000_000, applications=[{"name": "shop"}])


def get(gate: Gate, path: str = "/applications", **more: Any) -> requests.Response:
    return requests.get(gate.url + path, allow_redirects=False, timeout=5, **more)


@pytest.fixture(params=[BasicAuth(password="pw"), FormAuth(password="pw"), BearerAuth(tokens={"t"})], ids=repr)
def guarded(request: pytest.FixtureRequest) -> Iterator[Gate]:
    """A Gate with one kind of authentication."""
    with serve(WORLD, auth=request.param) as gate:
        yield gate


def test_a_request_without_credentials_gets_the_login_page(guarded: Gate) -> None:
    """302 to a page of HTML; 200 and an empty body for the user; health needs no credentials."""
    sent = get(guarded)
    assert (sent.status_code, sent.headers["Location"]) == (302, f"{guarded.url}/login")
    page = get(guarded, "/login")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    user = get(guarded, "/auth/user")
    assert (user.status_code, user.content) == (200, b"")
    assert get(guarded, "/health").json() == {"status": "UP"}


def test_no_authentication() -> None:
    """Each request is served, and the user has a name."""
    with serve(WORLD, auth=Auth()) as gate:
        assert [application["name"] for application in get(gate).json()] == ["shop"]
        assert get(gate, "/auth/user").json()["username"]


@pytest.mark.parametrize(("password", "status"), [("pw", 200), ("no", 302)])
def test_basic(password: str, status: int) -> None:
    """User and password in each request; a wrong password gets the login page."""
    header = "Basic " + b64encode(f"reader:{password}".encode()).decode()
    with serve(WORLD, auth=BasicAuth(password="pw")) as gate:
        assert get(gate, headers={"Authorization": header}).status_code == status


def test_the_login_form_opens_a_session() -> None:
    """Right: a cookie, and a redirect to the front page; wrong: back to the form, without a cookie."""
    auth = FormAuth(password="pw")
    with serve(WORLD, auth=auth) as gate:
        login = {"url": f"{gate.url}/login", "allow_redirects": False, "timeout": 5}
        wrong = requests.post(data={"username": "reader", "password": "no"}, **login)
        assert (wrong.status_code, wrong.headers["Location"], "Set-Cookie" in wrong.headers) == (
            302,
            "/login?error",
            False,
        )
        right = requests.post(data={"username": "reader", "password": "pw"}, **login)
        assert (right.status_code, right.headers["Location"]) == (302, "/")
        assert get(gate, cookies=right.cookies).status_code == 200
        auth.sessions.clear()
        assert get(gate, cookies=right.cookies).status_code == 302


def test_an_invalid_bearer_token_is_401() -> None:
    """Some Gates want a session as well, which the login path opens for a valid token."""
    with serve(WORLD, auth=BearerAuth(tokens={"t"}, wants_session=True)) as gate:
        good, bad = {"Authorization": "Bearer t"}, {"Authorization": "Bearer x"}
        assert get(gate, headers=bad).status_code == 401
        assert get(gate, headers=good).status_code == 302
        session = get(gate, "/login", headers=good).cookies
        assert get(gate, headers=good, cookies=session).status_code == 200
        assert not get(gate, "/login", headers=bad).cookies


def test_the_provider_rotates_its_refresh_token() -> None:
    """A refresh token is valid once; Gate accepts the newest access token only."""
    auth = BearerAuth(tokens={"old"})
    with provide(IdentityProvider(auth, "first", "pw")) as provider:
        form = {"grant_type": "refresh_token", "refresh_token": "first"}
        tokens = requests.post(provider.url, data=form, auth=("dora", "pw"), timeout=5).json()
        again = requests.post(provider.url, data=form, auth=("dora", "pw"), timeout=5)
        rejected = requests.post(provider.url, data=form, auth=("dora", "no"), timeout=5)
    assert auth.tokens == {tokens["access_token"]}
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (rejected.status_code, rejected.json()["error"]) == (401, "invalid_client")
