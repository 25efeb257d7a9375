"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.core.paths import at_home


def test_home_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` is the home of whoever runs this."""
    monkeypatch.setenv("HOME", "/somewhere")
    assert at_home("~/key") == Path("/somewhere/key")


@pytest.mark.parametrize("path", ["~nobody-of-that-name/key", "~0", "/a/~/b", "plain"])
def test_what_is_no_home_is_a_name(path: str) -> None:
    """A ``~`` that is nobody's home is a part of the name, not an error."""
    assert at_home(path) == Path(path)
