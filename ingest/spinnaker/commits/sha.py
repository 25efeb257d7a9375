"""Texts that name a commit, its repository or its branch, and the keys under which a commit is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from ingest.spinnaker.model.coerce import as_text

# Applied to keys as `normalise_key` writes them: GIT_COMMIT, git-sha, vcs.revision, CI_COMMIT_SHA, ...
COMMIT_KEY = re.compile(r"(CI|GIT|GITHUB|SCM|SOURCE|VCS|BUILD)?(COMMIT|SHA|REVISION)(SHA|ID|HASH)?|GITHASH|VCSREF")
_STAMPED_KEYS = ("deployment.kubernetes.io/", "artifact.spinnaker.io/", "moniker.spinnaker.io/")
_OWN_KEY, _COMMIT_NAME, _VERSION = 1, 2, 3
_SHA = re.compile(r"[0-9a-fA-F]{7,40}")
_DATE = re.compile(r"(19|20)\d\d[01]\d[0-3]\d\d*")
_TAG_PART = re.compile(r"g?([0-9a-f]{7,40})")  # the g is what `git describe` writes before a sha
_REMOTE = re.compile(r"(refs/heads/|refs/remotes/)?(origin/)?")


def parse_sha(value: object) -> str | None:
    """Return a full or abbreviated commit id; git's zeros for a deleted branch are none."""
    text = as_text(value)
    return text.lower() if text and _SHA.fullmatch(text) and text.strip("0") else None


def sha_in_tag(value: object) -> str | None:
    """Return the commit that is a tag or version, or a part of one such as ``main-abc1234``; a date is none."""
    if sha := parse_sha(value):
        return None if _DATE.fullmatch(sha) else sha
    for part in reversed(re.split(r"[-_.+:/]", (as_text(value) or "").lower())):
        match = _TAG_PART.fullmatch(part)
        # Only a mix counts: a part of digits alone numbers builds, one of letters alone is a word.
        if match and re.search(r"[a-f]", match[1]) and re.search(r"\d", match[1]):
            return match[1]
    return None


def repository_name(url: object) -> str | None:
    """Return ``owner/name`` of a clone or browse address; None if it has no two parts."""
    path = re.sub(r"/projects/([^/]+)/repos/", r"/\1/", as_text(url) or "")  # Bitbucket Server
    parts = [part for part in re.split(r"[/:]", path.removesuffix("/").removesuffix(".git")) if part]
    return "/".join(parts[-2:]) if len(parts) >= 2 else None


def branch_name(ref: object) -> str | None:
    """Return a branch without ``refs/heads/`` or the name of its remote."""
    text = as_text(ref)
    return (_REMOTE.sub("", text, count=1) or None) if text else None


def first_sha(
    entries: Iterable[tuple[str, object]],
    matches_key: Callable[[str], bool],
    parse: Callable[[object], str | None] = parse_sha,
) -> str | None:
    """Return the first commit among the values of the keys that match."""
    return next((sha for key, value in entries if matches_key(key) and (sha := parse(value))), None)


def normalise_keys(entries: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Yield entries under their normalised keys."""
    return ((normalise_key(key), value) for key, value in entries.items())


@lru_cache(maxsize=4096)
def normalise_key(key: str) -> str:
    """Return the last part of a key as capitals and digits only: ``acme.io/git-sha`` is ``GITSHA``."""
    return re.sub(r"[^A-Z0-9]", "", key.rpartition("/")[2].upper())


def is_commit_key(key: str, keys: frozenset[str]) -> bool:
    """Tell whether a normalised key is named like a commit, or is one of a team's own."""
    return key in keys or bool(COMMIT_KEY.fullmatch(key))


def find_sha(entries: Iterable[tuple[str, object]], keys: frozenset[str]) -> str | None:
    """Return the commit under a key that is named like one, else that in ``app.kubernetes.io/version``.

    ``keys`` are the normalised keys of a team. What the cluster stamped names none.
    """
    ranked = [(rank, value) for key, value in entries if (rank := _rank_key(key, keys))]
    return (
        ranked
        and (
            next((sha for rank, value in ranked if rank != _VERSION and (sha := parse_sha(value))), None)
            or next((sha for rank, value in ranked if rank == _OWN_KEY and (sha := sha_in_tag(value))), None)
            or next((sha for rank, value in ranked if rank == _VERSION and (sha := sha_in_tag(value))), None)
        )
    ) or None


@lru_cache(maxsize=4096)
def _rank_key(key: str, keys: frozenset[str]) -> int:
    """Return what a key says of its value; 0 if nothing."""
    name = "" if key.startswith(_STAMPED_KEYS) else normalise_key(key)
    if name in keys:
        return _OWN_KEY
    return _COMMIT_NAME if COMMIT_KEY.fullmatch(name) else _VERSION if name == "VERSION" else 0
