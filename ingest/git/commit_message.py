"""Parse commit messages: change request numbers, reverts, cherry-picks and labels. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

# GitHub and Bitbucket Server, Bitbucket Cloud, Azure DevOps.
_MERGE = re.compile(r"Merge pull request #(\d+)\b|Merged in .*\(pull request #(\d+)\)|Merged PR (\d+):")
_SQUASH = re.compile(r"\((?:pull request )?[#!](\d+)\)\Z")
_GITLAB_MERGE = re.compile(r"^See merge request \S*!(\d+)\s*$", re.MULTILINE)
_REVERTED_FULL_SHA = re.compile(r"This reverts commit ([0-9a-f]{40})\b")
_REVERTED_SHORT_SHA = re.compile(r"This reverts commit ([0-9a-f]{7,39})\b")
_REVERTED_REQUEST = re.compile(
    r"^(?:This r|R)everts (?:pull request |merge request )?[\w./-]*[#!](\d+)\b", re.MULTILINE
)
_REVERT_SUBJECT = re.compile(r'(Revert|Reapply) "(.+)"(?: \([#!]\d+\))?')
# The form of https://www.conventionalcommits.org.
_CONVENTIONAL_REVERT = re.compile(r"revert(?:\([^)]*\))?: (?!\")(.+?)(?: \([#!]\d+\))?", re.IGNORECASE)
_CHERRY_PICK = re.compile(r"^\(cherry picked from commit ([0-9a-f]{40})\)\s*$", re.MULTILINE)
_BOT = re.compile(r"\[bot\]$|[-_ ]bot$|^(?:dependabot|renovate|greenkeeper|snyk|github-actions|bot)\b", re.IGNORECASE)
_DEPENDENCIES = re.compile(
    r"\w+\(deps(?:-dev)?\)!?: |bump \S+(?: and \S+)? (?:from \S+ )?to |bump the \S+ group|update dependency |pin dep",
    re.IGNORECASE,
)
_BACKPORT = re.compile(r"\bback-?port", re.IGNORECASE)


class RevertClaim(NamedTuple):
    """The target of a revert without a full commit id: an abbreviated id, a request number or a subject."""

    by: Literal["commit", "request", "subject"]
    value: str


def parse_change_request(subject: str, message: str) -> str | None:
    """Return the number of the pull or merge request in the message (GitHub, GitLab, Bitbucket, Azure)."""
    if subject.startswith("Merge") and (merge := _MERGE.match(subject)):
        return merge[merge.lastindex or 0]
    if subject.endswith(")") and (squash := _SQUASH.match(subject, subject.rfind("("))):
        return squash[1]
    gitlab_merge = _GITLAB_MERGE.search(message) if "See merge request" in message else None
    return gitlab_merge[1] if gitlab_merge else None


def may_reference_commit(message: str) -> bool:
    """Return whether the message may name a reverted or cherry-picked commit."""
    # Substring tests are much faster than patterns, and most messages contain none of these words.
    return "evert" in message or "Reapply" in message or "cherry picked from" in message


def parse_reverted_sha(message: str) -> str | None:
    """Return the full commit id that the message reverts."""
    match = _REVERTED_FULL_SHA.search(message)
    return match[1] if match else None


def parse_revert_claim(subject: str, message: str) -> RevertClaim | None:
    """Return the target of a revert without a full commit id, by its most reliable reference."""
    if short_sha := _REVERTED_SHORT_SHA.search(message):
        return RevertClaim("commit", short_sha[1])
    if request := _REVERTED_REQUEST.search(message):
        return RevertClaim("request", request[1])
    if revert := _REVERT_SUBJECT.fullmatch(subject):
        # `Reapply "x"` is what git writes since 2.43 for the revert of `Revert "x"`.
        return RevertClaim("subject", f'Revert "{revert[2]}"' if revert[1] == "Reapply" else revert[2])
    conventional = _CONVENTIONAL_REVERT.fullmatch(subject)
    return RevertClaim("subject", conventional[1]) if conventional else None


def parse_cherry_picked_sha(message: str) -> str | None:
    """Return the commit that ``git cherry-pick -x`` recorded as the original."""
    # A cherry-pick of a cherry-pick has two trailers; git appends the nearest original last.
    originals = _CHERRY_PICK.findall(message)
    return originals[-1] if originals else None


def label_change(author: str, subject: str, *, is_revert: bool, is_cherry_pick: bool) -> tuple[str, ...]:
    """Return the labels of a change: bot, dependencies, revert, backport."""
    lowered = subject.lower()  # substring tests first: most subjects match no pattern
    labels = ["bot"] if _is_bot(author) else []
    if ("dep" in lowered or "bump " in lowered) and _DEPENDENCIES.match(subject):
        labels.append("dependencies")
    if is_revert:
        labels.append("revert")
    if is_cherry_pick or ("port" in lowered and _BACKPORT.search(subject)):
        labels.append("backport")
    return tuple(labels)


@lru_cache(1 << 14)
def _is_bot(author: str) -> bool:
    return _BOT.search(author) is not None
