"""Whether each repository can be reached, and whether its mirror is there, whole and up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dora.errors import DoraError, counted
from ingest.finding import Finding
from ingest.git.process import Repo
from ingest.git.settings import Repository

LONGEST = 30.0
NEXT = "run `dora ingest git`."


def examine(repository: Repository, data: Path, timeout: float) -> Iterator[Finding]:
    """What can be told of one repository and its mirror; nothing is fetched."""
    part = f"git {repository.name}"
    path = (data / "mirrors" / repository.folder).absolute()
    git = Repo(path, repository.protocol, min(timeout, LONGEST), {"remote.origin.url": repository.url})
    if not (path / "HEAD").exists():
        yield Finding(part, "warn", "it has no mirror yet", NEXT)
        return
    if (path / "shallow").exists():
        says = "its mirror is shallow: older changes are missing, and ancestry can not be told"
        yield Finding(part, "fail", says, "move the mirror away, and ingest from a whole clone.")
    try:
        behind = _refs(git.run("ls-remote", "--heads", "--", "origin")) - _refs(git.run("show-ref", "--heads"))
    except DoraError as error:
        yield Finding(part, "fail", f"it can not be compared: {error.happened}", "check its address and our access.")
        return
    if behind:
        yield Finding(part, "warn", f"its mirror is behind on {counted(len(behind), 'branch', 'branches')}", NEXT)
    else:
        yield Finding(part, "ok", "its mirror is there and up to date")


def _refs(listed: bytes) -> set[tuple[str, str]]:
    """Commit and name of each branch, of lines that put white space between them."""
    pairs = (line.split(maxsplit=1) for line in listed.decode("utf-8", "replace").splitlines())
    return {(sha, ref) for sha, ref in pairs}
