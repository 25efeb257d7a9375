"""The security headers of the dashboard in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboards.browser.page_driver import CHART, open_page, show_all

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["", "/flow", "/stability", "/canary", "/audit", "/data"])
def test_the_policy_lets_every_page_work(window: Callable[..., Any], server: str, path: str) -> None:
    """Charts are drawn, the socket is open, and the browser reports no violation; an injected script does not run."""
    page, messages = window(), []
    page.on("console", lambda message: messages.append(message.text))
    open_page(page, f"{server}{path}")
    show_all(page)
    assert page.locator(f"{CHART} svg").count() or path in ("/audit", "/data")
    assert [text for text in messages if "Content Security Policy" in text or "Content-Security-Policy" in text] == []
    page.evaluate("""() => { const tag = document.createElement('script')
        tag.textContent = 'window.pwned = 1'; document.body.append(tag) }""")
    assert page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in text for text in messages)
