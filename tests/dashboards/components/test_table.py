"""Links out of a page lead to the web, and to a git host only if it is known."""

from __future__ import annotations

import pytest

from dashboards.components import table

SHA = "0123456789abcdef"


@pytest.mark.parametrize(
    ("repository", "pattern", "link"),
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
def test_a_commit_is_linked_if_its_host_is_supported(
    monkeypatch: pytest.MonkeyPatch, repository: str | None, pattern: str | None, link: str | None
) -> None:
    """By the pattern of the environment, else by a name that starts with its host; never to a script."""
    monkeypatch.delenv(table.GIT_URL, raising=False)
    if pattern:
        monkeypatch.setenv(table.GIT_URL, pattern)
    assert table.commit_link(repository, SHA) == link
    assert table.commit_link(repository, None) is None


def test_a_deployment_has_only_links_that_lead_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No dead buttons: a deployment without a pipeline link and without a git host has none."""
    monkeypatch.delenv(table.GIT_URL, raising=False)
    deployment = {"url": None, "repository": "acme/shop", "commit": SHA}
    assert table.deployment_links(deployment) == {}
    assert table.deployment_links(deployment | {"url": "https://deck.example/1"}) == {
        "Open in Deck": "https://deck.example/1"
    }
    assert list(table.deployment_links(deployment | {"repository": "git.example.com/acme/shop"})) == ["Commit"]
