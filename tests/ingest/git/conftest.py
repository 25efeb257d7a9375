"""Real repositories to read: an upstream that a test scripts, and a mirror of it that is ingested."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ingest.core.pipeline import Summary, pull
from ingest.core.source import Request
from ingest.git import SOURCE
from tests.conftest import fresh, landed

NOON = 1_700_000_000


class Upstream:
    """A repository with a work tree; each commit is a minute after the last."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, NOON
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, stdin: bytes = b"", **env: str) -> str:
        clean = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        person = {f"GIT_{role}_{what}": "ada" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {f"GIT_{role}_DATE": f"{self.now} +0000" for role in ("AUTHOR", "COMMITTER")}
        process = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=stdin,
            env=clean | person | dates | env,
            check=True,
            capture_output=True,
        )
        return process.stdout.decode("utf-8", "replace").strip()

    def commit(self, message: str, path: str = "file", **env: str) -> str:
        self.now += 60
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"{self.now}")
        self.git("add", "--", path)
        self.git("commit", "--quiet", "-m", message, **env)
        return self.head()

    def merge(self, branch: str, message: str) -> str:
        self.now += 60
        self.git("merge", "--quiet", "--no-ff", "-m", message, branch)
        return self.head()

    def raw(self, text: bytes, ref: str = "refs/heads/main") -> str:
        """Write a commit of exactly these bytes."""
        sha = self.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=text)
        self.git("update-ref", ref, sha)
        return sha

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def revs(self, *arguments: str) -> list[str]:
        return self.git("rev-list", *arguments).split()


class GitLanding:
    """A data folder into which a test ingests upstreams, and queries of its landing database."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def run(self, *repositories: Mapping[str, Any], replaying: bool = False, **settings: Any) -> Summary:
        source = SOURCE.from_settings({"repositories": list(repositories), **settings}, self.data)
        return pull(source, fresh(self.data), Request(), replaying=replaying)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        return landed(self.data, query)

    def column(self, query: str) -> list[Any]:
        return [value for (value,) in self.sql(query)]

    def changes(self) -> set[str]:
        return set(self.column("SELECT sha FROM change WHERE on_trunk"))


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path / "acme" / "shop")


@pytest.fixture
def git_landing(tmp_path: Path) -> GitLanding:
    return GitLanding(tmp_path / "data")
