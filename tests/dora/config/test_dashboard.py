"""[dashboard] of dora.toml."""

from __future__ import annotations

import pytest

from dora.config.dashboard import read_dashboard
from dora.errors import UsageError

ORIGINS = ["https://wiki.example.com", "http://localhost:8080", "https://10.0.0.7"]
OTHERS = ["https://wiki.example.com/", "https://wiki.example.com/page", "wiki.example.com", "*", "https://*.example.com",
          "https://a.example; script-src *", "https://a.example https://b.example", "https://a.example\n", "'self'",
          "https://user@a.example", "javascript://a", ""]  # fmt: skip


def test_embed_from_has_origins_and_is_empty_by_default() -> None:
    """Schemes with a host and a port."""
    assert read_dashboard({}).embed_from == []
    assert read_dashboard({"embed_from": ORIGINS}).embed_from == ORIGINS


@pytest.mark.parametrize("origin", OTHERS)
def test_embed_from_refuses_what_is_not_an_origin(origin: str) -> None:
    """Paths, patterns, and text that would add to the header; the message names the value and an example."""
    with pytest.raises(UsageError, match=r"embed_from has .*https://host:port"):
        read_dashboard({"embed_from": [*ORIGINS, origin]})
