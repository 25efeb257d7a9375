"""Login with a real OpenID Connect provider on loopback: only allowed users see data, and only after the login."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from dashboards.server import login
from tests.dashboards.browser.page_driver import header, open_page, wait_until_idle
from tests.dashboards.server.conftest import ADA, SECRET
from tests.dashboards.server.provider import Provider


@pytest.fixture
def new_page(browser: Any) -> Iterator[Callable[[], Any]]:
    """Return a function that opens the page of a new browser, which records what its sockets receive."""
    contexts = []

    def _new_page() -> Any:
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 1200}))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.received = b""
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: record(page, frame)))
        return page

    yield _new_page
    for context in contexts:
        context.close()


def record(page: Any, frame: bytes | str) -> None:
    page.received += frame if isinstance(frame, bytes) else frame.encode()


@pytest.mark.browser
def test_before_the_login_no_data_is_sent(login_dashboard: str, new_page: Callable[[], Any]) -> None:
    """Every page is a button only: no team, application or number comes through the socket."""
    for path in ("", "flow", "audit", "?deployment=money-ledger-1"):
        page = new_page()
        page.goto(f"{login_dashboard}/{path}")
        page.get_by_role("button", name="Log in").wait_for()
        wait_until_idle(page)
        assert len(page.received) > 200
        assert [word for word in (b"money", b"ledger", b"deployments", b"days") if word in page.received] == []
        assert page.locator("[data-testid=stDataFrame], [data-testid=stVegaLiteChart]").count() == 0


@pytest.mark.browser
def test_an_allowed_user_logs_in_and_out(login_dashboard: str, provider: Provider, new_page: Callable[[], Any]) -> None:
    """The provider redirects to the pages, which show the user's name as text; after the logout the button is back."""
    provider.claims = ADA
    page = new_page()
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.goto(login_dashboard)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_selector("[data-testid=stDataFrame] canvas")
    wait_until_idle(page)
    assert "of 5 applications" in header(page)
    assert page.get_by_text("Ada ![](http://beacon.example/a.png)").count() == 1
    assert {"/authorize", "/token", "/keys"} <= set(provider.requested_paths)
    assert [url for url in urls if "beacon" in url] == []
    open_page(page, f"{login_dashboard}/flow?window=30d")
    assert "last 30 days" in page.content()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in").wait_for()
    page.goto(f"{login_dashboard}/flow")
    page.get_by_role("button", name="Log in").wait_for()


@pytest.mark.browser
def test_a_link_opens_after_the_login(login_dashboard: str, provider: Provider, new_page: Callable[[], Any]) -> None:
    """A user who follows a link logs in and sees its page; the first page then opens as usual."""
    provider.claims = ADA
    page = new_page()
    page.goto(f"{login_dashboard}/flow?window=30d&team=money")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Flow", exact=True).wait_for()
    wait_until_idle(page)
    assert page.url == f"{login_dashboard}/flow?window=30d&team=money"
    assert "of 2 applications in the last 30 days" in header(page)
    open_page(page, f"{login_dashboard}/")
    assert page.get_by_role("heading", name="Overview", exact=True).count() == 1


@pytest.mark.browser
def test_a_user_who_is_not_allowed_sees_no_data(
    login_dashboard: str, provider: Provider, new_page: Callable[[], Any]
) -> None:
    """A user of the provider whom the settings do not allow sees a message."""
    provider.claims = {"sub": "2", "email": "eve@elsewhere.example", "name": "Eve"}
    page = new_page()
    page.goto(login_dashboard)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("Eve is logged in but not allowed").wait_for()
    wait_until_idle(page)
    assert page.locator("[data-testid=stDataFrame], [data-testid=stVegaLiteChart]").count() == 0
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in").wait_for()


def test_a_forged_cookie_gives_no_access(login_dashboard: str) -> None:
    """A cookie signed with another secret is ignored, and the page contains no data."""
    forged = "2|1:0|10:1700000000|15:_streamlit_user|20:eyJlbWFpbCI6ImFkYSJ9|0000"
    page = requests.get(login_dashboard, cookies={"_streamlit_user": forged}, timeout=10)
    assert page.ok
    assert "ledger" not in page.text
    assert SECRET not in page.text


@pytest.mark.parametrize(
    ("claims", "allowed", "expected"),
    [
        ({"email": "ada@example.org"}, ["example.org"], True),
        ({"email": "ADA@EXAMPLE.ORG"}, ["@Example.org"], True),
        ({"email": "ada@example.org"}, ["ada@example.org"], True),
        ({"email": "ada@sub.example.org"}, ["example.org"], False),
        ({"email": "example.org"}, ["example.org"], False),
        ({"email": "ada@example.org.evil.example"}, ["example.org"], False),
        ({"email": "example.org@evil.example"}, ["example.org"], False),
        ({"email": "ada@example.org", "email_verified": False}, ["example.org"], False),
        ({"name": "Ada"}, ["example.org"], False),
        ({"name": "Ada"}, [], True),
    ],
)
def test_addresses_and_domains(claims: dict[str, Any], allowed: list[str], expected: bool) -> None:
    """An address or its domain is allowed, in upper or lower case; an unverified address and a domain alone are not."""
    assert login.is_allowed(claims, allowed) is expected


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[dashboard]\nurl = 'metrics.example.com'\n", "not a web address"),
        ("[dashboard]\nsecret = 'x'\n", "has no key secret"),
        ("[dashboard.login]\nmetadata_url = 'x'\nclient_id = 'y'\n", "set url under"),
        (
            "[dashboard]\nurl = 'https://m.example'\n[dashboard.login]\nclient_id = 'y'\n",
            "required field `metadata_url`",
        ),
        (
            "[dashboard]\nurl = 'https://m.example'\n[dashboard.login]\nclient_id = 'y'\nclient_secret = 's'\n",
            "no key client_secret; nothing was read. Next: did you mean client_secret_env",
        ),
        (
            "[dashboard]\nurl = 'https://m.example'\n[dashboard.login]\nclient_id = 'y'\nmetadata_url = 'x'\n",
            "DORA_LOGIN_SECRET is empty",
        ),
    ],
)
def test_an_incomplete_login_is_an_error(table: str, message: str, tmp_path: Path) -> None:
    """With an incomplete login, or a secret in the settings, nothing is served and the exit code is 2."""
    (tmp_path / "dora.toml").write_text(table)
    result = subprocess.run(
        [sys.executable, "-m", "dora", "dashboard", "--config", str(tmp_path / "dora.toml")],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert result.returncode == 2
    assert re.search(message, result.stderr)
    assert "Traceback" not in result.stderr
