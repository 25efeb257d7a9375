"""ASGI middleware: Streamlit's own files from memory, and a first page that preloads those it will need.

Streamlit loads the scripts of filters and tables one by one when the first of them arrives, from a server that is busy
with the page at that moment. The first page therefore names them in its head, except for those of charts, which are
large. Web sockets are accepted from our own pages only: for other origins Streamlit would ask a service on the
internet for the address of this machine.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit

STATIC = Path(streamlit.__file__).parent / "static"
SCRIPTS = STATIC / "static" / "js"
PRELOADED = ("Multiselect", "ButtonGroup", "Selectbox", "DataFrame", "Metric")  # filters, tables, cards
ICONS = "MaterialSymbols-Rounded"
STREAMLIT_PATHS = ("/media/", "/component/", "/_stcore/")  # HTML below these is not the first page
IMPORTED = re.compile(r'(?:from|import)\s*"\./([\w.-]+\.js)"')
LINK = '<link fetchpriority="low" crossorigin rel="{}">'  # low: Streamlit's own first scripts are more urgent
HEAD = '<link rel="stylesheet"'
IMMUTABLE = b"public, immutable, max-age=31536000"  # the file names contain a hash of their content

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Callable[[], Awaitable[Message]], Send], Awaitable[None]]


def list_preloaded_scripts() -> list[str]:
    """Return the names of the scripts to preload with those that they import, without names that do not exist."""
    scripts: dict[str, None] = {}
    pending = [path.name for name in PRELOADED for path in sorted(SCRIPTS.glob(f"{name}.*.js"))]
    while pending:
        name = pending.pop(0)
        if name not in scripts and (SCRIPTS / name).is_file():
            scripts[name] = None
            pending += IMPORTED.findall((SCRIPTS / name).read_text("utf-8"))
    return list(scripts)


@cache
def first_page() -> bytes:
    """Return Streamlit's first page with preload links, and our scripts for keyboard use, login and places."""
    html = (STATIC / "index.html").read_text("utf-8")
    links = [f'modulepreload" href="./static/js/{name}' for name in list_preloaded_scripts() if name not in html]
    for path in (STATIC / "static" / "css").glob("DataFrame.*.css"):
        links.append(f'preload" as="style" href="./static/css/{path.name}')
    for path in (STATIC / "static" / "media").glob(f"{ICONS}.*.woff2"):
        links.append(f'preload" as="font" type="font/woff2" href="./static/media/{path.name}')
    styles, scripts = (
        "".join(Path(__file__).with_name(name).read_text("utf-8") for name in names)
        for names in (("focus.css", "brief.css"), ("keys.js", "links.js", "login.js", "places.js", "charts.js"))
    )
    ours = f"<style>{styles}</style><script>{scripts}</script>"
    head = "".join(LINK.format(link) for link in links)
    return html.replace(HEAD, f"{head}{HEAD}", 1).replace("</head>", f"{ours}</head>", 1).encode()


@cache
def _read_file(name: str) -> bytes:
    return (STATIC / name).read_bytes()


class StaticFiles:
    """Serves Streamlit's files and first page, rejects sockets of other origins, and passes on all other requests.

    ``base`` is the path under which a proxy serves the dashboard, ``host`` the host name of its public address.
    """

    def __init__(self, app: App, base: str = "", host: str = "") -> None:
        self.app, self.host = app, host
        names = [path.relative_to(STATIC).as_posix() for path in (STATIC / "static").rglob("*") if path.is_file()]
        self.names = {f"{base}/{name}": name for name in names}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket" and not self._is_own_origin(scope):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
        elif name := self.names.get(scope["path"]):
            content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
            await _send(send, _read_file(name), content_type.encode(), IMMUTABLE)
        else:
            passed_on = any(path in scope["path"] for path in STREAMLIT_PATHS)
            await self.app(scope, receive, send if passed_on else _FirstPage(send))

    def _is_own_origin(self, scope: MutableMapping[str, Any]) -> bool:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        origin = urlsplit(headers.get(b"origin", ""))
        return not origin.netloc or origin.netloc == headers.get(b"host") or origin.hostname == self.host


class _FirstPage:
    """Sends our first page in place of Streamlit's."""

    def __init__(self, send: Send) -> None:
        self.send, self.replaced = send, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            content_type = dict(message["headers"]).get(b"content-type", b"")
            self.replaced = message["status"] == 200 and content_type.startswith(b"text/html")
            if self.replaced:
                await _send(self.send, first_page(), content_type, b"no-cache")
        if not self.replaced:
            await self.send(message)


async def _send(send: Send, body: bytes, content_type: bytes, cache_control: bytes) -> None:
    headers = [
        (b"content-type", content_type), (b"content-length", b"%d" % len(body)), (b"cache-control", cache_control),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
