"""Every response has the security headers, and endpoints that no page uses are closed."""

from __future__ import annotations

import re

import pytest
import requests

PATHS = ("", "/flow", "/nowhere", "/_stcore/health", "/_stcore/host-config", "/media/none.csv", "/auth/login",
         "/static/js/none.js", "/_stcore/metrics", "/favicon.png")  # fmt: skip
CLOSED = ("/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/agent/interact", "/_stcore/agent/mcp",
          "/_stcore/upload_file/session/file", "/_stcore/script-health-check", "/flow/_stcore/metrics",
          "/component/x/y", "/_stcore/bidi-components/x/y", "/_stcore//metrics", "/_stcore/metrics/")  # fmt: skip


def test_every_response_has_the_security_headers(server: str) -> None:
    """The first page, files, errors and endpoints: no frame, no guessed type, nothing from elsewhere."""
    for path in PATHS:
        headers = requests.get(f"{server}{path}", timeout=10, allow_redirects=False).headers
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        assert re.fullmatch(r"'self'( 'sha256-[\w+/=]+')+", policy["script-src"])
        assert [name for name, sources in policy.items() if "http" in sources or "*" in sources] == []


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_endpoints_that_no_page_uses_are_closed(server: str, path: str, method: str) -> None:
    """Metrics of the server, uploads, components and the API for programs, which would answer without a login."""
    response = requests.request(method, f"{server}{path}", timeout=10, json={})
    assert (response.status_code, response.content) == (404, b"")
