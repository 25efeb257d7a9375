"""Browser windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def window(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens separate browser windows of a size and theme that record their requests and dialogs."""
    contexts = []

    def _window(width: int = 1440, **options: str) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": 1300}, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.requests, page.dialogs = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
        return page

    yield _window
    for context in contexts:
        context.close()


@pytest.fixture
def page(window: Callable[..., Any]) -> Any:
    """One browser window."""
    return window()
