"""Paths in settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.core.paths import at_home


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` is the home of the current user."""
    monkeypatch.setenv("HOME", "/somewhere")
    assert at_home("~/key") == Path("/somewhere/key")


@pytest.mark.parametrize("path", ["~nobody-of-that-name/key", "~0", "/a/~/b", "plain"])
def test_an_unknown_home_is_a_name(path: str) -> None:
    """The ``~`` of an unknown user is part of the name, not an error."""
    assert at_home(path) == Path(path)
