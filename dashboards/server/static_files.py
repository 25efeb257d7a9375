"""Streamlit's own files from memory, and a first page that asks for all of them at once. Plain ASGI.

Streamlit loads what draws filters and tables when the first of them arrives, file by file, from a server that is busy
with the page just then. Here the page names those files at its head, and none is read from disk twice. Charts may wait.
A socket is taken from our own page alone: of another one Streamlit would ask the internet for this machine's address.
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
DRAWN = ("Multiselect", "ButtonGroup", "Selectbox", "DataFrame", "Metric")  # filters, tables, cards
ICONS = "MaterialSymbols-Rounded"
FILES = ("/media/", "/component/", "/_stcore/")  # what is there may be HTML, and is no page of ours
IMPORTED = re.compile(r'(?:from|import)\s*"\./([\w.-]+\.js)"')
LINK = '<link fetchpriority="low" crossorigin rel="{}">'  # low: what Streamlit itself begins with goes first
HEAD = '<link rel="stylesheet"'
FOREVER = b"public, immutable, max-age=31536000"  # names carry a hash of what is in them

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Callable[[], Awaitable[Message]], Send], Awaitable[None]]


def needed() -> list[str]:
    """Names of the scripts that draw what a page begins with and of all that they import; none that is not there."""
    found: dict[str, None] = {}
    ahead = [path.name for name in DRAWN for path in sorted(SCRIPTS.glob(f"{name}.*.js"))]
    while ahead:
        name = ahead.pop(0)
        if name not in found and (SCRIPTS / name).is_file():
            found[name] = None
            ahead += IMPORTED.findall((SCRIPTS / name).read_text("utf-8"))
    return list(found)


@cache
def page() -> bytes:
    """Streamlit's first page with links to what it begins with, what lets people go by keys, and back from a login."""
    text = (STATIC / "index.html").read_text("utf-8")
    links = [LINK.format(f'modulepreload" href="./static/js/{name}') for name in needed() if name not in text]
    for style in (STATIC / "static" / "css").glob("DataFrame.*.css"):
        links.append(LINK.format(f'preload" as="style" href="./static/css/{style.name}'))
    for font in (STATIC / "static" / "media").glob(f"{ICONS}.*.woff2"):
        links.append(LINK.format(f'preload" as="font" type="font/woff2" href="./static/media/{font.name}'))
    keys = f"<style>{_ours('focus.css')}</style><script>{_ours('keys.js')}{_ours('login.js')}</script>"
    return text.replace(HEAD, f"{''.join(links)}{HEAD}", 1).replace("</head>", f"{keys}</head>", 1).encode()


def _ours(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


@cache
def _file(name: str) -> bytes:
    return (STATIC / name).read_bytes()


class Shell:
    """Answers for Streamlit's own files and its first page; hands on everything else but strangers' sockets.

    ``base`` is the path under which a proxy serves it, ``host`` where people open it, if not at the address asked.
    """

    def __init__(self, app: App, base: str = "", host: str = "") -> None:
        self.app, self.host = app, host
        self.names = {
            f"{base}/{path.relative_to(STATIC).as_posix()}": path.relative_to(STATIC).as_posix()
            for path in (STATIC / "static").rglob("*")
            if path.is_file()
        }

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket" and not self._ours(scope):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
        elif name := self.names.get(scope["path"]):
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            await _answer(send, _file(name), kind.encode(), FOREVER)
        else:
            theirs = any(part in scope["path"] for part in FILES)
            await self.app(scope, receive, send if theirs else _Page(send))

    def _ours(self, scope: MutableMapping[str, Any]) -> bool:
        """Whether a socket's page came from the address that it asks, or from where people are said to open it."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        origin = urlsplit(headers.get(b"origin", ""))
        return not origin.netloc or origin.netloc == headers.get(b"host") or origin.hostname == self.host


class _Page:
    """Sends our first page where Streamlit sends its own."""

    def __init__(self, send: Send) -> None:
        self.send, self.ours = send, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = dict(message["headers"]).get(b"content-type", b"")
            self.ours = message["status"] == 200 and kind.startswith(b"text/html")
            if self.ours:
                await _answer(self.send, page(), kind, b"no-cache")
        if not self.ours:
            await self.send(message)


async def _answer(send: Send, body: bytes, kind: bytes, kept: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"cache-control", kept)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
