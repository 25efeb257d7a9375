"""Streamlit's own files are served unchanged from memory; the first page preloads those of filters and tables."""

from __future__ import annotations

import re
import socket

import pytest
import requests

from dashboards.server import static_files

LINK = re.compile(r'fetchpriority="low" crossorigin rel="modulepreload" href="\./static/js/([\w.-]+)"')


def test_the_first_page_preloads_the_scripts_of_filters_and_tables(server: str) -> None:
    """It is Streamlit's page plus links to these scripts and to all that they import."""
    page = requests.get(f"{server}/flow", timeout=10)
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    preloaded = set(LINK.findall(page.text))
    assert {"Multiselect", "DataFrame", "Metric"} <= {name.split(".")[0] for name in preloaded}
    for name in preloaded:
        script = (static_files.SCRIPTS / name).read_text("utf-8")
        assert [name for name in static_files.IMPORTED.findall(script) if f"/{name}" not in page.text] == []
    original = (static_files.STATIC / "index.html").read_text("utf-8")
    added = r'<link fetchpriority="low"[^>]*>|<style>.*?</style><script>// Enter.*?</script>'
    assert re.sub(added, "", page.text, flags=re.DOTALL) == original


def test_files_are_what_streamlit_ships(server: str) -> None:
    """Each is complete, with its type, and never expires."""
    for name, kind in (("js/*.js", "javascript"), ("css/*.css", "text/css"), ("media/*.woff2", "font/woff2")):
        path = sorted((static_files.STATIC / "static").glob(name))[0]
        response = requests.get(f"{server}/{path.relative_to(static_files.STATIC)}", timeout=10)
        assert response.content == path.read_bytes()
        assert kind in response.headers["content-type"]
        assert "immutable" in response.headers["cache-control"]


def test_s5_no_other_file_is_served(server: str) -> None:
    """A path out of the folder is refused, and the health check remains Streamlit's."""
    for path in ("/static/../server.py", "/static/%2e%2e/%2e%2e/secrets.toml", "/static/js/../../../__init__.py"):
        request = requests.Request("GET", server).prepare()
        request.url = f"{server}{path}"
        response = requests.Session().send(request, timeout=10)
        assert "import" not in response.text[:200] or response.headers["content-type"].startswith("text/html")
    assert requests.get(f"{server}/_stcore/health", timeout=10).text == "ok"


@pytest.mark.parametrize(
    ("origin", "answer"),
    [("http://127.0.0.1:{port}", 101), ("http://localhost:{port}", 101), ("https://evil.example", 403)],
)
def test_sockets_of_other_origins_are_rejected(server: str, origin: str, answer: int) -> None:
    """A page of another site gets no socket, and the server looks up no address for it."""
    port = int(server.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\nSec-WebSocket-Protocol: streamlit\r\n"
            f"Origin: {origin.format(port=port)}\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(f"HTTP/1.1 {answer}".encode())
