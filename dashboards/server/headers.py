"""ASGI middleware: security headers on every response, and of Streamlit's endpoints only those that the pages use.

Closed are ``/_stcore/metrics``, uploads, components of other packages and the API for programs, which starts sessions
without a browser.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import MutableMapping
from typing import Any

from dashboards.server.static_files import App, Message, Send, first_page

USED = ("health", "host-config", "stream")  # of /_stcore/
ENDPOINT = re.compile(r"/(_stcore|component|bidi-components)/(.*)")
INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # Streamlit writes the styles of its elements into the page
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "base-uri": "'self'",
    "form-action": "'self'",
}
EMBED_FROM = "DORA_EMBED_FROM"  # origins, set by ``dora dashboard``


def frame_ancestors() -> str:
    """Return the origins that may show a page in a frame, or ``'none'``."""
    return os.environ.get(EMBED_FROM) or "'none'"


def content_security_policy() -> str:
    """Return the policy: nothing from other hosts, and no inline script but those of the first page, by their hash."""
    digests = (hashlib.sha256(script).digest() for script in INLINE_SCRIPT.findall(first_page()))
    hashes = "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    sources = SOURCES | {"script-src": SOURCES["script-src"] + hashes, "frame-ancestors": frame_ancestors()}
    return "; ".join(f"{name} {value}" for name, value in sources.items())


class SecurityHeaders:
    """Adds the headers to all responses of an app, and answers 404 for endpoints that no page uses."""

    def __init__(self, app: App) -> None:
        self.app = app
        headers = {
            "Content-Security-Policy": content_security_policy(),
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }
        if frame_ancestors() != "'none'":
            del headers["X-Frame-Options"]  # it can not name an origin
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in self.headers}
                others = [pair for pair in message.get("headers", ()) if pair[0].lower() not in names]
                message = {**message, "headers": [*others, *self.headers]}
            await send(message)

        if scope["type"] == "http" and _is_closed(scope["path"]):
            start = {"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]}
            await send_with_headers(start)
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _is_closed(path: str) -> bool:
    endpoint = ENDPOINT.search(path)
    return endpoint is not None and not (endpoint[1] == "_stcore" and endpoint[2] in USED)
