"""Streamlit's own files from memory: the same bytes, all that filters and tables need named at once, nothing beside."""

from __future__ import annotations

import re
import socket

import pytest
import requests

from dashboards.server import static_files

LINK = re.compile(r'fetchpriority="low" crossorigin rel="modulepreload" href="\./static/js/([\w.-]+)"')


def test_the_first_page_names_what_draws_filters_and_tables(server: str) -> None:
    """Streamlit's page and nothing of it lost, with links to the scripts of these and to all that these import."""
    page = requests.get(f"{server}/flow", timeout=10)
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    named = set(LINK.findall(page.text))
    assert {"Multiselect", "DataFrame", "Metric"} <= {name.split(".")[0] for name in named}
    for name in named:
        script = (static_files.SCRIPTS / name).read_text("utf-8")
        assert [one for one in static_files.IMPORTED.findall(script) if f"/{one}" not in page.text] == []
    own = (static_files.STATIC / "index.html").read_text("utf-8")
    ours = r'<link fetchpriority="low"[^>]*>|<style>.*?</style><script>// Enter.*?</script>'
    assert re.sub(ours, "", page.text, flags=re.DOTALL) == own


def test_files_are_what_streamlit_ships(server: str) -> None:
    """Each with its type, to be kept for ever, whole."""
    for name, kind in (("js/*.js", "javascript"), ("css/*.css", "text/css"), ("media/*.woff2", "font/woff2")):
        path = sorted((static_files.STATIC / "static").glob(name))[0]
        got = requests.get(f"{server}/{path.relative_to(static_files.STATIC)}", timeout=10)
        assert got.content == path.read_bytes()
        assert kind in got.headers["content-type"]
        assert "immutable" in got.headers["cache-control"]


def test_nothing_else_is_given_out(server: str) -> None:
    """A path out of the folder is refused, and health stays Streamlit's own."""
    for path in ("/static/../server.py", "/static/%2e%2e/%2e%2e/secrets.toml", "/static/js/../../../__init__.py"):
        request = requests.Request("GET", server).prepare()
        request.url = f"{server}{path}"
        got = requests.Session().send(request, timeout=10)
        assert "import" not in got.text[:200] or got.headers["content-type"].startswith("text/html")
    assert requests.get(f"{server}/_stcore/health", timeout=10).text == "ok"


@pytest.mark.parametrize(
    ("origin", "answer"),
    [("http://127.0.0.1:{port}", 101), ("http://localhost:{port}", 101), ("https://evil.example", 403)],
)
def test_a_socket_is_taken_from_our_own_page_alone(server: str, origin: str, answer: int) -> None:
    """A page of somebody else gets no socket, and nobody is asked whose address it might be."""
    port = int(server.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\nSec-WebSocket-Protocol: streamlit\r\n"
            f"Origin: {origin.format(port=port)}\r\n\r\n".encode()
        )
        assert wire.recv(100).startswith(f"HTTP/1.1 {answer}".encode())
