"""Which pages may show the dashboard in a frame, in a real Chromium."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.dashboards.conftest import free_port, run_server

pytestmark = pytest.mark.browser


@contextmanager
def page_with_frame(address: str) -> Iterator[str]:
    """The origin of a page of this machine that shows an address in a frame."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<iframe src='{address}' width=1200 height=900></iframe>".encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_only_the_origins_of_embed_from_show_the_dashboard_in_a_frame(
    organisation: Path, tmp_path: Path, browser: Any
) -> None:
    """A page of a named origin shows the numbers; a page of another origin shows none."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with page_with_frame(f"{address}/?embed=true") as wiki, page_with_frame(f"{address}/?embed=true") as other:
        (tmp_path / "dora.toml").write_text(
            f"data = '{organisation.parent}'\n[dashboard]\nembed_from = ['https://portal.example.com', '{wiki}']\n"
        )
        command = [sys.executable, "-m", "dora", "dashboard", "--port", str(port)]
        command += ["--config", str(tmp_path / "dora.toml")]
        with run_server(command, f"{address}/_stcore/health", tmp_path):
            headers = requests.get(address, timeout=10).headers
            policy = headers["Content-Security-Policy"].split("; ")
            assert f"frame-ancestors https://portal.example.com {wiki}" in policy
            assert "X-Frame-Options" not in headers
            page = browser.new_page()
            page.goto(wiki)
            page.frame_locator("iframe").get_by_role("heading", name="Overview").wait_for(timeout=60_000)
            refusals: list[str] = []
            page.on("console", lambda message: refusals.append(message.text))
            page.goto(other)
            page.wait_for_load_state("networkidle")
            assert page.frame_locator("iframe").get_by_role("heading").count() == 0
            assert any("frame-ancestors" in refusal for refusal in refusals)
            page.close()
