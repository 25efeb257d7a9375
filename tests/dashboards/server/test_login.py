"""Logging in with a provider of identities, a real one on loopback: nobody sees data before, and only who is meant."""

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
from tests.dashboards.conftest import free_port, running
from tests.dashboards.server.provider import Provider

SECRET = "a secret that stands in no file of settings"
ADA = {"sub": "1", "email": "Ada@Example.org", "email_verified": True, "name": "Ada ![](http://beacon.example/a.png)"}
SETTINGS = """data = '{data}'
[dashboard]
url = 'http://localhost:{port}/metrics'
[dashboard.login]
metadata_url = '{provider}/.well-known/openid-configuration'
client_id = 'dora'
client_secret_file = '{secret}'
allowed = ['example.org', 'grace@elsewhere.example']
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider("dora", SECRET) as running_provider:
        yield running_provider


@pytest.fixture(scope="module")
def guarded(organisation: Path, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard as ``dora dashboard`` serves it, with a login, under a path."""
    folder, port = tmp_path_factory.mktemp("guarded"), free_port()
    (folder / "secret").write_text(f"{SECRET}\n")
    (folder / "dora.toml").write_text(
        SETTINGS.format(data=organisation.parent, port=port, provider=provider.address, secret=folder / "secret")
    )
    command = [sys.executable, "-m", "dora", "dashboard", "--port", str(port), "--config", str(folder / "dora.toml")]
    with running(command, f"http://127.0.0.1:{port}/metrics/_stcore/health", folder):
        yield f"http://localhost:{port}/metrics"


@pytest.fixture
def someone(browser: Any) -> Iterator[Callable[[], Any]]:
    """Opens browsers that have never been here."""
    contexts = []

    def _someone() -> Any:
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 1200}))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.heard = b""
        page.on("websocket", lambda socket: socket.on("framereceived", lambda told: hear(page, told)))
        return page

    yield _someone
    for context in contexts:
        context.close()


def hear(page: Any, told: bytes | str) -> None:
    page.heard += told if isinstance(told, bytes) else told.encode()


@pytest.mark.browser
def test_before_logging_in_nothing_is_told(guarded: str, someone: Callable[[], Any]) -> None:
    """Every page is a button and nothing else: no team, no application and no number comes through the socket."""
    for path in ("", "flow", "audit", "?deployment=money-ledger-1"):
        page = someone()
        page.goto(f"{guarded}/{path}")
        page.get_by_role("button", name="Log in").wait_for()
        wait_until_idle(page)
        assert len(page.heard) > 200
        assert [word for word in (b"money", b"ledger", b"deployments", b"days") if word in page.heard] == []
        assert page.locator("[data-testid=stDataFrame], [data-testid=stVegaLiteChart]").count() == 0


@pytest.mark.browser
def test_who_logs_in_sees_the_dashboard_and_logs_out(
    guarded: str, provider: Provider, someone: Callable[[], Any]
) -> None:
    """Through the provider and back to the pages with one's name; after logging out there is the button again."""
    provider.claims = ADA
    page = someone()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(guarded)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_selector("[data-testid=stDataFrame] canvas")
    wait_until_idle(page)
    assert "of 5 applications" in header(page)
    assert page.get_by_text("Ada ![](http://beacon.example/a.png)").count() == 1
    assert {"/authorize", "/token", "/keys"} <= set(provider.asked)
    assert [url for url in asked if "beacon" in url] == []
    open_page(page, f"{guarded}/flow?window=30d")
    assert "last 30 days" in page.content()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in").wait_for()
    page.goto(f"{guarded}/flow")
    page.get_by_role("button", name="Log in").wait_for()


@pytest.mark.browser
def test_a_link_that_was_sent_opens_after_logging_in(
    guarded: str, provider: Provider, someone: Callable[[], Any]
) -> None:
    """Who follows a link without being logged in sees what it is of once they are, and no second time by itself."""
    provider.claims = ADA
    page = someone()
    page.goto(f"{guarded}/flow?window=30d&team=money")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Flow", exact=True).wait_for()
    wait_until_idle(page)
    assert page.url == f"{guarded}/flow?window=30d&team=money"
    assert "of 2 applications in the last 30 days" in header(page)
    open_page(page, f"{guarded}/")
    assert page.get_by_role("heading", name="Overview", exact=True).count() == 1


@pytest.mark.browser
def test_who_is_not_meant_is_told_so(guarded: str, provider: Provider, someone: Callable[[], Any]) -> None:
    """Somebody whom the provider knows and the settings do not allow reads that, and no data."""
    provider.claims = {"sub": "2", "email": "eve@elsewhere.example", "name": "Eve"}
    page = someone()
    page.goto(guarded)
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("Eve is known, and not among those whom it is for").wait_for()
    wait_until_idle(page)
    assert page.locator("[data-testid=stDataFrame], [data-testid=stVegaLiteChart]").count() == 0
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in").wait_for()


def test_a_cookie_of_one_s_own_making_is_none(guarded: str) -> None:
    """Who signs with another secret is nobody; the page's own files tell nothing either."""
    forged = "2|1:0|10:1700000000|15:_streamlit_user|20:eyJlbWFpbCI6ImFkYSJ9|0000"
    page = requests.get(guarded, cookies={"_streamlit_user": forged}, timeout=10)
    assert page.ok
    assert "ledger" not in page.text
    assert SECRET not in page.text


@pytest.mark.parametrize(
    ("claims", "allowed", "may"),
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
def test_addresses_and_domains(claims: dict[str, Any], allowed: list[str], may: bool) -> None:
    """An address is allowed by itself or by what follows its @, whatever the case; an unverified one is none,
    nor is a domain alone."""
    assert login.may(claims, allowed) is may


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("[dashboard]\nurl = 'metrics.example.com'\n", "not a web address"),
        ("[dashboard]\nsecret = 'x'\n", "unknown field `secret`"),
        ("[dashboard.login]\nmetadata_url = 'x'\nclient_id = 'y'\n", "set url under"),
        (
            "[dashboard]\nurl = 'https://m.example'\n[dashboard.login]\nclient_id = 'y'\n",
            "required field `metadata_url`",
        ),
        (
            "[dashboard]\nurl = 'https://m.example'\n[dashboard.login]\nclient_id = 'y'\nclient_secret = 's'\n",
            "unknown field `client_secret`",
        ),
        (
            "[dashboard]\nurl = 'https://m.example'\n[dashboard.login]\nclient_id = 'y'\nmetadata_url = 'x'\n",
            "DORA_LOGIN_SECRET is empty",
        ),
    ],
)
def test_what_is_missing_is_one_sentence(table: str, says: str, tmp_path: Path) -> None:
    """Nothing is served with half a login, or with a secret in the settings; the exit code is 2."""
    (tmp_path / "dora.toml").write_text(table)
    done = subprocess.run(
        [sys.executable, "-m", "dora", "dashboard", "--config", str(tmp_path / "dora.toml")],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert re.search(says, done.stderr)
    assert "Traceback" not in done.stderr
