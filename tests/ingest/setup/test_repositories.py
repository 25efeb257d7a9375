"""Repositories by their names: in folders, at a host, and their tags."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dora.errors import DoraError, UsageError
from ingest.setup.repositories import address_at, find_repositories, is_host, list_tags, match_repository


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, capture_output=True)


def test_repositories_of_a_folder(tmp_path: Path) -> None:
    """Bare ones and clones, at any of a few depths; a clone is found at its origin."""
    git("init", "--bare", str(tmp_path / "acme" / "shop.git"))
    git("init", str(tmp_path / "work" / "cart"))
    git("-C", str(tmp_path / "work" / "cart"), "remote", "add", "origin", "git@git.example.com:acme/cart.git")
    found = find_repositories([str(tmp_path), "https://git.example.com/acme/pay.git"])
    assert found == {
        "acme/shop": str(tmp_path / "acme" / "shop.git"),
        "acme/cart": "git@git.example.com:acme/cart.git",
        "acme/pay": "https://git.example.com/acme/pay.git",
    }
    assert match_repository("ACME/Shop", found) == found["acme/shop"]
    assert match_repository("other/cart", found) == found["acme/cart"]
    assert match_repository("acme/none", found) is None
    with pytest.raises(UsageError, match="There is no folder"):
        find_repositories([str(tmp_path / "gone")])


@pytest.mark.parametrize("place", ["https://github.com", "https://git.example.com/acme/", "git@host:", "git@host:acme"])
def test_an_address_of_a_host(place: str) -> None:
    """A host, or an owner on it, is no repository; the address of one there ends with its name."""
    assert is_host(place)
    assert address_at(place, "acme/shop").endswith("acme/shop.git")
    assert address_at(place, "acme/shop").count("acme") == 1
    assert "//acme" not in address_at(place, "acme/shop")


def test_tags_are_listed_without_a_fetch(tmp_path: Path) -> None:
    """Of a repository that does not answer it is an error that names git's words."""
    folder = str(tmp_path / "shop")
    git("init", folder)
    git("-C", folder, "commit", "--allow-empty", "-m", "a")
    git("-C", folder, "tag", "rel-1.0.0")
    git("-C", folder, "tag", "-a", "-m", "b", "rel-1.1.0")
    assert list_tags(folder) == ["rel-1.0.0", "rel-1.1.0"]
    with pytest.raises(DoraError):
        list_tags(str(tmp_path / "gone"))
