"""Where a commit is looked for, and what is found: the types that all places of a commit share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ingest.spinnaker.commits.sha import branch_name, is_commit_key, parse_sha, repository_name
from ingest.spinnaker.model.coerce import as_dict, as_list, first_text
from ingest.spinnaker.model.payload import ParentStage, Stage, Trigger

_TRUNKS = frozenset({"main", "master", "trunk"})


class CommitMatch(NamedTuple):
    """A commit with what is known of it; ``origin`` is the kind of place that names it."""

    sha: str
    origin: str
    repository: str | None = None
    branch: str | None = None


class CommitPath(NamedTuple):
    """Where a document writes a commit: dotted paths from its root, or from each item of the list at ``each``.

    A step ``0`` is the first item of a list. The path counts only if the flag at ``when`` is true.
    """

    sha: str
    ref: str = ""
    fallback_ref: str = ""
    repository: str = ""
    each: str = ""
    when: str = ""

    def read(self, document: dict[str, Any], origin: str) -> Iterator[CommitMatch]:
        """Yield the commits that a document has under this path."""
        for item in as_list(_value_at(document, self.each)) if self.each else (document,):
            sha = parse_sha(_value_at(item, self.sha))
            if sha and (not self.when or _value_at(item, self.when) is True):
                ref = first_text(_value_at(item, self.ref), _value_at(item, self.fallback_ref))
                yield CommitMatch(sha, origin, repository_name(_value_at(item, self.repository)), branch_name(ref))


class Level(NamedTuple):
    """An execution, or one that started it.

    ``names`` are what its repository may be called, ``keys`` the normalised keys under which a team writes its commit.
    """

    trigger: Trigger
    stages: Sequence[Stage | ParentStage]
    names: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()

    def is_commit_key(self, key: str) -> bool:
        """Tell whether a normalised key is named like a commit."""
        return is_commit_key(key, self.keys)


def prefer_own(matches: Iterable[CommitMatch], names: frozenset[str]) -> CommitMatch | None:
    """Return, of several checkouts of one build, that of the application, else one on a trunk, else the first."""

    def rank(match: CommitMatch) -> tuple[bool, bool]:
        name = (match.repository or "").rpartition("/")[2].lower()
        return name not in names, match.branch not in _TRUNKS

    return min(matches, key=rank, default=None)


def _value_at(value: object, path: str) -> object:
    for step in path.split("."):
        value = next(iter(as_list(value)), None) if step == "0" else as_dict(value).get(step)
    return value
