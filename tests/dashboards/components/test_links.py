"""Links out of a page lead to the web, and to a git host only where one is known."""

from __future__ import annotations

import pytest

from dashboards.components import links

SHA = "0123456789abcdef"


@pytest.mark.parametrize(
    ("repository", "pattern", "leads"),
    [
        ("git.example.com/acme/shop", None, f"https://git.example.com/acme/shop/commit/{SHA}"),
        ("git.example.com/acme/shop.git", None, f"https://git.example.com/acme/shop/commit/{SHA}"),
        ("acme/shop", None, None),
        ("acme/shop", "https://git.example.com/{repository}/-/commit/{sha}", f"https://git.example.com/acme/shop/-/commit/{SHA}"),
        ("acme/shop", "javascript:alert('{sha}')", None),
        ('acme/"><script>', "https://git.example.com/{repository}", "https://git.example.com/acme/%22%3E%3Cscript%3E"),
        (None, "https://git.example.com/{repository}", None),
    ],
)  # fmt: skip
def test_a_commit_is_linked_where_its_host_is_known(
    monkeypatch: pytest.MonkeyPatch, repository: str | None, pattern: str | None, leads: str | None
) -> None:
    """By the pattern of the settings, else by a name that begins with its host; never to a script."""
    monkeypatch.delenv(links.GIT, raising=False)
    if pattern:
        monkeypatch.setenv(links.GIT, pattern)
    assert links.commit(repository, SHA) == leads
    assert links.commit(repository, None) is None


def test_a_deployment_has_the_links_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that leads nowhere is none: no dead buttons."""
    monkeypatch.delenv(links.GIT, raising=False)
    bare = {"url": None, "repository": "acme/shop", "commit": SHA}
    assert links.of(bare) == {}
    assert links.of(bare | {"url": "https://deck.example/1"}) == {"Open in Deck": "https://deck.example/1"}
    assert list(links.of(bare | {"repository": "git.example.com/acme/shop"})) == ["Commit"]
