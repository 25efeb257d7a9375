"""What looks like a commit, and what is known of one: the words that all places of a commit share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ingest.spinnaker.model.coerce import as_text
from ingest.spinnaker.model.payload import ParentStage, Stage, Trigger

SHA_KEY = re.compile(r"(CI|GIT|GITHUB|SCM|SOURCE|VCS|BUILD)?(COMMIT|SHA|REVISION)(SHA|ID|HASH)?|GITHASH|VCSREF")
_SHA = re.compile(r"[0-9a-fA-F]{7,40}")
_DATE = re.compile(r"(19|20)\d\d[01]\d[0-3]\d\d*")
_PART = re.compile(r"g?([0-9a-f]{7,40})")
_REMOTE = re.compile(r"(refs/heads/|refs/remotes/)?(origin/)?")
_TRUNKS = frozenset({"main", "master", "trunk"})


class Found(NamedTuple):
    """A commit with what is known of it; ``origin`` says where it was found."""

    commit: str
    repository: str | None
    branch: str | None
    origin: str


class Level(NamedTuple):
    """An execution, or one that started it; ``names`` are what its repository may be called.

    ``keys`` are a team's own words for a commit, as ``plain`` makes them.
    """

    trigger: Trigger
    stages: Sequence[Stage | ParentStage]
    names: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()

    def means(self, key: str) -> bool:
        """Whether a key is named like a commit."""
        return key in self.keys or bool(SHA_KEY.fullmatch(key))


def sha(value: object) -> str | None:
    """A whole or abbreviated commit id; the zeros that stand for a deleted branch are none."""
    found = as_text(value)
    return found.lower() if found and _SHA.fullmatch(found) and found.strip("0") else None


def tagged(value: object) -> str | None:
    """The commit in a tag or version: the whole of it, or a part such as in ``main-abc1234``; a date is none."""
    whole = sha(value)
    if whole:
        return None if _DATE.fullmatch(whole) else whole
    parts = re.split(r"[-_.+:/]", (as_text(value) or "").lower())
    return next((found for part in reversed(parts) if (found := _part(part))), None)


def _part(part: str) -> str | None:
    """A part counts only where letters and digits mix: numbers count builds, letters are words."""
    found = _PART.fullmatch(part)
    mixed = found and re.search(r"[a-f]", found[1]) and re.search(r"\d", found[1])
    return found[1] if found and mixed else None


def repository(url: object) -> str | None:
    """``owner/name`` of a clone or browse address; None where it has no two parts."""
    plain = re.sub(r"/projects/([^/]+)/repos/", r"/\1/", as_text(url) or "")
    parts = [part for part in re.split(r"[/:]", plain.removesuffix("/").removesuffix(".git")) if part]
    return "/".join(parts[-2:]) if len(parts) >= 2 else None


def branch(value: object) -> str | None:
    """A branch without what its remote puts before it."""
    found = as_text(value)
    return (_REMOTE.sub("", found, count=1) or None) if found else None


def best(found: Iterable[Found], names: frozenset[str]) -> Found | None:
    """Of several sources of one build: the one called like the application, else one on a trunk, else the first."""

    def rank(one: Found) -> tuple[bool, bool]:
        name = (one.repository or "").rpartition("/")[2].lower()
        return name not in names, one.branch not in _TRUNKS

    return min(found, key=rank, default=None)


def normal(keys: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys as a comparison needs them: the last part of a path, capitals and digits only."""
    for key, value in keys.items():
        yield plain(key), value


def plain(key: str) -> str:
    """A key without the path before it, its capitals and digits only."""
    return re.sub(r"[^A-Z0-9]", "", key.rpartition("/")[2].upper())
