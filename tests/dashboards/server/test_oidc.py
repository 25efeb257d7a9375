"""Fifteen ways to get in without a right to: a provider, a network or a person that does what it should not."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.dashboards.server.conftest import ADA, COOKIE_SECRET
from tests.dashboards.server.provider import Provider, new_key
from tests.dashboards.server.viewer import Viewer

DATA = (b"ledger", b"money", b"payout")


@pytest.fixture
def viewer(login_dashboard: str, provider: Provider) -> Iterator[Viewer]:
    """A person who has not logged in; the provider is put back as it was."""
    before = {name: getattr(provider, name) for name in ("key", "key_id", "published_key", "algorithm")}
    provider.claims = dict(ADA)
    yield Viewer(login_dashboard)
    vars(provider).update(before)


def log_in(viewer: Viewer) -> None:
    viewer.follow(viewer.start_login(COOKIE_SECRET))


def sees_data(viewer: Viewer) -> bool:
    page = viewer.read_page()
    assert len(page) > 200
    return any(word in page for word in DATA)


def test_s10_an_allowed_user_sees_data(viewer: Viewer) -> None:
    """Without this, the refusals below would prove nothing."""
    assert not sees_data(viewer)
    log_in(viewer)
    assert viewer.is_logged_in()
    assert sees_data(viewer)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": -600}, id="expired"),
        pytest.param({"exp": -301}, id="expired by a clock five minutes off"),
        pytest.param({"iat": 900}, id="issued by a clock fifteen minutes ahead"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"nonce": "another"}, id="another nonce"),
        pytest.param({"nonce": None}, id="no nonce"),
        pytest.param({"aud": "another"}, id="for another application"),
        pytest.param({"aud": "another", "azp": "dora"}, id="for another application by us"),
        pytest.param({"aud": ["another"], "azp": "another"}, id="for and by another application"),
        pytest.param({"iss": "https://evil.example"}, id="of another provider"),
        pytest.param({"iat": -13 * 3600}, id="of yesterday"),
        pytest.param({"email": "eve@evil.example"}, id="not allowed"),
        pytest.param({"email_verified": False}, id="not verified"),
    ],
)
def test_s10_a_token_with_a_wrong_claim_shows_no_data(
    viewer: Viewer, provider: Provider, claims: dict[str, Any]
) -> None:
    """Whatever is wrong with it, the page has no word of the data; times are in seconds from now."""
    now = int(time.time())
    times = {name: now + value for name, value in claims.items() if name in ("exp", "iat") and value is not None}
    provider.claims = {**ADA, **claims, **times}
    log_in(viewer)
    assert not sees_data(viewer)


def test_s10_a_clock_that_is_a_minute_off_is_no_reason(viewer: Viewer, provider: Provider) -> None:
    """Providers and servers differ by seconds."""
    now = int(time.time())
    provider.claims = {**ADA, "exp": now - 60, "iat": now + 60}
    log_in(viewer)
    assert sees_data(viewer)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_s10_a_token_without_the_provider_s_signature_is_refused(
    viewer: Viewer, provider: Provider, algorithm: str
) -> None:
    """Neither no signature nor one with the public key as a password."""
    provider.algorithm = algorithm
    log_in(viewer)
    assert not viewer.is_logged_in()
    assert not sees_data(viewer)


def test_s10_a_key_that_is_not_published_is_refused_and_a_rotated_one_accepted(
    viewer: Viewer, provider: Provider
) -> None:
    """Keys are read again, without a restart; the old key no longer counts."""
    old = provider.key
    provider.key = new_key()
    log_in(viewer)
    assert not viewer.is_logged_in()
    provider.published_key, provider.key_id = provider.key, "rotated"
    log_in(viewer)
    assert viewer.is_logged_in()
    other = Viewer(viewer.address)
    provider.key = old
    log_in(other)
    assert not other.is_logged_in()


def test_s10_another_state_or_none_is_refused(viewer: Viewer) -> None:
    """A callback that this browser did not start, as by a link that logs in the victim as the attacker."""
    back = viewer.start_login(COOKIE_SECRET)
    victim = Viewer(viewer.address)
    victim.follow(back)
    assert not victim.is_logged_in()
    state = dict(parse_qsl(urlsplit(back).query))["state"]
    for other in (back.replace(state, secrets.token_urlsafe(20)), back.partition("&state")[0]):
        viewer.follow(other)
        assert not viewer.is_logged_in()


def test_s10_a_code_counts_once(viewer: Viewer) -> None:
    """The address of the way back is of no use to who finds it in a history."""
    back = viewer.start_login(COOKIE_SECRET)
    viewer.follow(back)
    assert viewer.is_logged_in()
    viewer.http.cookies.clear()
    viewer.follow(back)
    assert not viewer.is_logged_in()


EVIL = "https://evil.example/"


@pytest.mark.parametrize("name", ["next", "redirect_uri", "redirect", "return_to", "url", "target", "origin"])
def test_s10_no_parameter_redirects_elsewhere(viewer: Viewer, name: str) -> None:
    """Login, way back and logout go to the provider or to our own pages, whatever the address says."""
    for path in (
        "/auth/login",
        "/oauth2callback",
        "/auth/logout",
        "/oauth2callback//evil.example",
        "//evil.example/..",
    ):
        for value in (EVIL, "//evil.example", "/\\evil.example", "javascript:alert(1)"):
            reply = viewer.get(path, **{name: value})
            target = urlsplit(reply.headers.get("Location", ""))
            assert target.netloc in ("", urlsplit(viewer.address).netloc), (path, value)
            assert target.scheme in ("", "http")
            assert not target.path.startswith("//")
    assert "evil" not in urlsplit(viewer.start_login(COOKIE_SECRET, **{name: EVIL})).netloc


def test_s10_an_error_of_the_provider_is_not_shown(viewer: Viewer) -> None:
    """What stands in the address does not come back as a page."""
    reply = viewer.get("/oauth2callback", error="<script>alert(1)</script>", error_description="<img src=x>\r\nX: y")
    assert "script" not in reply.text
    assert "X" not in reply.headers
    assert not viewer.is_logged_in()


def test_s10_after_the_logout_the_browser_has_nothing(viewer: Viewer, provider: Provider) -> None:
    """The cookies end, the provider hears of it and redirects to us; the next page needs a login."""
    log_in(viewer)
    reply = viewer.get("/auth/logout")
    target = urlsplit(reply.headers["Location"])
    assert f"{target.scheme}://{target.netloc}" == provider.address
    assert dict(parse_qsl(target.query))["post_logout_redirect_uri"].startswith(viewer.address)
    assert not viewer.is_logged_in()
    assert not sees_data(viewer)


def test_s10_cookies_are_out_of_reach_of_scripts_and_of_other_sites(viewer: Viewer) -> None:
    """HttpOnly and SameSite, under our path only."""
    reply = viewer.follow(viewer.start_login(COOKIE_SECRET))
    cookies: SimpleCookie = SimpleCookie()
    for header in reply.raw.headers.getlist("Set-Cookie"):
        if "=;" not in header and '=""' not in header:
            cookies.load(header)
    user = cookies["_streamlit_user"]
    assert (user["httponly"], user["samesite"].lower(), user["path"]) == (True, "lax", "/metrics")


def test_s10_a_changed_cookie_is_refused(viewer: Viewer) -> None:
    """A cookie of one user does not become that of another, nor does the token of one cookie fit another."""
    log_in(viewer)
    cookie = next(cookie for cookie in viewer.http.cookies if cookie.name == "_streamlit_user")
    value = str(cookie.value)
    for forged in (value[:-4] + "AAAA", value.replace(value[5], "A" if value[5] != "A" else "B", 1), value[1:], ""):
        cookie.value = forged
        viewer.http.cookies.set_cookie(cookie)
        assert not sees_data(viewer)


def test_s11_viewers_with_different_rights_share_no_data(viewer: Viewer, provider: Provider) -> None:
    """When the cache is warm, and by the session of the other, a user without rights gets none of it."""
    log_in(viewer)
    assert sees_data(viewer)
    provider.claims = {**ADA, "email": "eve@evil.example", "name": "Eve"}
    eve, stranger = Viewer(viewer.address), Viewer(viewer.address)
    log_in(eve)
    for page in ("", "flow", "stability", "canary", "audit", "data"):
        for query in ("", "window=all", "deployment=money-ledger-1@organisation"):
            assert [word for word in DATA if word in eve.read_page(page, query)] == []
    for other in (eve, stranger):
        page = other.read_page(existing_session=viewer.session_id)
        assert [word for word in DATA if word in page] == []
    assert b"Eve is logged in but not allowed" in eve.read_page()
    assert sees_data(viewer)
