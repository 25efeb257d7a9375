"""The mirror over real HTTP: without file contents if the server supports partial clones, else with them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.git.history.log import Log
from ingest.git.mirror import Mirror, Tips
from ingest.git.settings import Repository
from tests.ingest.git.http_server import serve_git


@pytest.fixture
def http_url(upstream: Any) -> Iterator[str]:
    with serve_git(upstream.path.parent) as place:
        yield f"http://{place}/shop/.git"


def count_blobs(path: Path) -> int:
    process = subprocess.run(
        ["git", "-C", path, "cat-file", "--batch-all-objects", "--batch-check"], capture_output=True, check=True
    )
    return process.stdout.count(b" blob ")


@pytest.mark.parametrize(("allowed", "sizes", "expected"), [("true", False, 0), ("false", False, 2), ("true", True, 2)])
def test_a_partial_clone_has_no_file_contents(
    upstream: Any, http_url: str, tmp_path: Path, allowed: str, *, sizes: bool, expected: int
) -> None:
    """A server without partial clones sends them all; sizes need them."""
    upstream.git("config", "uploadpack.allowFilter", allowed)
    upstream.commit("one", "pay/a")
    tip = upstream.commit("two", "web/b")
    repository = Repository(url=http_url, name="acme/shop", protocol="http", sizes=sizes)
    mirror = Mirror(repository, tmp_path / "data", 60)
    tips = mirror.fetch(Tips({}, []))
    assert count_blobs(mirror.git.path) == expected
    assert tips == Tips({"main": tip}, [tip])
    line = mirror.assign_branches(tips.trunks, Log())
    subjects = {
        sha: subject
        for batch in mirror.read_commits(line)
        for sha, subject in zip(batch.sha, batch.subject, strict=True)
    }
    touched = mirror.read_paths(line)
    assert {subjects[sha]: touched[sha] for sha in line} == {"one": ["pay/a"], "two": ["web/b"]}
    assert count_blobs(mirror.git.path) == expected


def test_a_line_is_the_same_however_much_of_it_is_read(upstream: Any, tmp_path: Path) -> None:
    """Any part of the line may come from the log and the rest from git."""
    upstream.commit("one")
    upstream.git("checkout", "-q", "-b", "release")
    upstream.commit("fix")
    upstream.git("checkout", "-q", "main")
    upstream.commit("two")
    upstream.commit("three")
    repository = Repository(url=str(upstream.path), name="acme/shop", protocol="file", trunks=("main", "release"))
    mirror = Mirror(repository, tmp_path / "data", 60)
    lines = mirror.fetch(Tips({}, [])).trunks
    branches = mirror.assign_branches(lines, Log())
    assert list(branches.values()) == ["main", "main", "main", "release"]
    for count in range(len(branches) + 1):
        assert list(mirror.assign_branches(lines, Log(*mirror.read_commits([*branches][:count]))).items()) == list(
            branches.items()
        )


def test_a_file_of_a_partial_clone_is_fetched_when_it_is_read(upstream: Any, http_url: str, tmp_path: Path) -> None:
    """CODEOWNERS can be read, and no other file is fetched."""
    upstream.git("config", "uploadpack.allowFilter", "true")
    upstream.git("config", "uploadpack.allowAnySHA1InWant", "true")
    upstream.commit("other", "file")
    tip = upstream.commit("owners", "CODEOWNERS")
    mirror = Mirror(Repository(url=http_url, name="acme/shop", protocol="http"), tmp_path / "data", 60)
    mirror.fetch(Tips({}, []))
    blob_ids = mirror.read_blob_ids([tip], "CODEOWNERS")
    assert mirror.read_blob(blob_ids[tip]) == str(upstream.now)
    assert count_blobs(mirror.git.path) == 1


@pytest.mark.parametrize(
    "tips", [Tips({}, []), Tips({"main": "a" * 40}, ["b" * 40]), Tips({"release/1=2": "a" * 40, "main": "b" * 40}, [])]
)
def test_a_watermark_parses_to_the_same_tips(tips: Tips) -> None:
    """Branches of any name, in their order, and all other tips."""
    again = Tips.from_watermark(tips.to_watermark())
    assert again == tips
    assert list(again.trunks) == list(tips.trunks)


def test_a_watermark_of_an_earlier_version_has_no_trunks() -> None:
    """Its commits are not read again; the trunk is."""
    assert Tips.from_watermark(f"{'a' * 40} {'b' * 40}") == Tips({}, ["a" * 40, "b" * 40])
