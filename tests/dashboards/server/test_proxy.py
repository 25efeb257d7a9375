"""The dashboard behind a real nginx, under a path, with the configuration from docs/dashboard.md."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.dashboards.browser.page_driver import open_page, wait_until_idle
from tests.dashboards.conftest import free_port, run_server

pytestmark = [pytest.mark.browser, pytest.mark.proxy]
PAGE = Path(__file__).resolve().parents[3] / "docs" / "dashboard.md"
NGINX = """
{user} daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{open}; {location} }}
  server {{ listen 127.0.0.1:{closed}; auth_basic "metrics"; auth_basic_user_file {folder}/people; {location} }}
}}
"""


def nginx_configuration(folder: Path, port: int, opened: int, closed: int) -> str:
    """Return the configuration of nginx, whose workers run as the user of the tests."""
    user = "user root;" if os.geteuid() == 0 else ""
    return NGINX.format(user=user, folder=folder, open=opened, closed=closed, location=location(port))


def location(port: int) -> str:
    """Return the block of the page for a port."""
    block = re.search(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert block, "the page has a block for nginx"
    assert "127.0.0.1:8501" in block[1]
    return block[1].replace("127.0.0.1:8501", f"127.0.0.1:{port}")


@pytest.fixture(scope="module")
def nginx() -> str:
    path = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        if os.environ.get("DORA_REQUIRE_NGINX") == "1":
            pytest.fail("nginx is not installed")
        pytest.skip("nginx is not installed")
    return path


@pytest.fixture(scope="module")
def proxied(nginx: str, organisation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Return two addresses of the dashboard behind nginx: an open one, and one with a password."""
    folder, port, opened, closed = tmp_path_factory.mktemp("proxy"), free_port(), free_port(), free_port()
    (folder / "dora.toml").write_text(f"data = '{organisation.parent}'\n")
    (folder / "people").write_text("ada:{PLAIN}lovelace\n")
    (folder / "nginx.conf").write_text(nginx_configuration(folder, port, opened, closed))
    dashboard = [sys.executable, "-m", "dora", "dashboard", "--port", str(port), "--base-path", "/dora"]
    proxy = [nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]
    health = "/dora/_stcore/health"
    with (
        run_server([*dashboard, "--config", str(folder / "dora.toml")], f"http://127.0.0.1:{port}{health}", folder),
        run_server(proxy, f"http://127.0.0.1:{opened}{health}", folder),
    ):
        yield f"http://localhost:{opened}", f"http://localhost:{closed}"


def test_all_requests_stay_under_the_path(proxied: tuple[str, str], browser: Any) -> None:
    """First page, other pages, a deployment from a table and from its address, and a download work."""
    context = browser.new_context(viewport={"width": 1440, "height": 1300})
    page, urls = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("request", lambda request: urls.append(request.url))
    page.on("websocket", lambda socket: urls.append(socket.url.replace("ws://", "http://")))
    root = f"{proxied[0]}/dora"
    open_page(page, root)
    page.get_by_role("link", name="Stability").first.click()
    page.wait_for_url(f"{root}/stability**")
    wait_until_idle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert Path(download.value.path()).read_text().count("\n") > 20
    table = page.locator("[data-testid=stDataFrame]").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 30, box["y"] + 50)
    page.wait_for_url(f"{root}/stability?**deployment=**")
    page.get_by_role("heading", name="Deployment", exact=True).wait_for()
    other_page = context.new_page()
    other_page.goto(page.url)
    other_page.get_by_role("heading", name="Deployment", exact=True).wait_for()
    assert any(url.endswith("/_stcore/stream") for url in urls)
    assert [url for url in urls if not url.startswith((f"{root}/", "data:", "blob:")) and url != root] == []
    context.close()


def test_health_is_under_the_path(proxied: tuple[str, str]) -> None:
    """Monitoring finds the health check under the path only."""
    assert requests.get(f"{proxied[0]}/dora/_stcore/health", timeout=10).text == "ok"
    assert not requests.get(f"{proxied[0]}/_stcore/health", timeout=10).ok


def test_the_proxy_can_require_a_password(proxied: tuple[str, str], browser: Any) -> None:
    """Page and socket need the password."""
    assert requests.get(f"{proxied[1]}/dora/", timeout=10).status_code == 401
    assert requests.get(f"{proxied[1]}/dora/_stcore/stream", timeout=10).status_code == 401
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{proxied[1].replace('//', '//ada:lovelace@')}/dora/_stcore/health")  # as a user types it, once
    assert "production deployments" in open_page(page, f"{proxied[1]}/dora/").content()
    context.close()


def test_the_block_in_readme_is_valid(nginx: str, tmp_path: Path) -> None:
    """nginx accepts the configuration with the block unchanged."""
    (tmp_path / "nginx.conf").write_text(nginx_configuration(tmp_path, 8501, free_port(), free_port()))
    command = [nginx, "-t", "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert result.returncode == 0, result.stderr
