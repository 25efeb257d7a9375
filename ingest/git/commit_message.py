"""What a commit's message says of it, in the words of git and of the hosts. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

# GitHub and Bitbucket Server, Bitbucket Cloud, Azure DevOps.
_MERGED = re.compile(r"Merge pull request #(\d+)\b|Merged in .*\(pull request #(\d+)\)|Merged PR (\d+):")
_SQUASHED = re.compile(r"\((?:pull request )?[#!](\d+)\)\Z")
_GITLAB = re.compile(r"^See merge request \S*!(\d+)\s*$", re.MULTILINE)
_WHOLE = re.compile(r"This reverts commit ([0-9a-f]{40})\b")
_SHORT = re.compile(r"This reverts commit ([0-9a-f]{7,39})\b")
_NUMBER = re.compile(r"^(?:This r|R)everts (?:pull request |merge request )?[\w./-]*[#!](\d+)\b", re.MULTILINE)
_QUOTED = re.compile(r'(Revert|Reapply) "(.+)"(?: \([#!]\d+\))?')
_TYPED = re.compile(r"revert(?:\([^)]*\))?: (?!\")(.+?)(?: \([#!]\d+\))?", re.IGNORECASE)
_PICKED = re.compile(r"^\(cherry picked from commit ([0-9a-f]{40})\)\s*$", re.MULTILINE)
_BOT = re.compile(r"\[bot\]$|[-_ ]bot$|^(?:dependabot|renovate|greenkeeper|snyk|github-actions|bot)\b", re.IGNORECASE)
_BUMP = re.compile(
    r"\w+\(deps(?:-dev)?\)!?: |bump \S+(?: and \S+)? (?:from \S+ )?to |bump the \S+ group|update dependency |pin dep",
    re.IGNORECASE,
)
_BACKPORT = re.compile(r"\bback-?port", re.IGNORECASE)


class Claim(NamedTuple):
    """What a revert says it undoes, where that is no full id: the start of one, a request's number, or a subject."""

    by: Literal["commit", "request", "subject"]
    value: str


def change_request(subject: str, message: str) -> str | None:
    """Number of the pull or merge request that the message names (GitHub, GitLab, Bitbucket, Azure)."""
    if subject.startswith("Merge") and (merged := _MERGED.match(subject)):
        return merged[merged.lastindex or 0]
    if subject.endswith(")") and (squashed := _SQUASHED.match(subject, subject.rfind("("))):
        return squashed[1]
    found = _GITLAB.search(message) if "See merge request" in message else None
    return found[1] if found else None


def tells(message: str) -> bool:
    """Whether it may say that something was reverted or picked, which is told much faster than what."""
    return "evert" in message or "Reapply" in message or "cherry picked from" in message


def reverted(message: str) -> str | None:
    """The full id that the message says it reverts."""
    found = _WHOLE.search(message)
    return found[1] if found else None


def claim(subject: str, message: str) -> Claim | None:
    """What a revert without a full id says it undoes; the surest of what it says."""
    if short := _SHORT.search(message):
        return Claim("commit", short[1])
    if number := _NUMBER.search(message):
        return Claim("request", number[1])
    if quoted := _QUOTED.fullmatch(subject):
        return Claim("subject", f'Revert "{quoted[2]}"' if quoted[1] == "Reapply" else quoted[2])
    typed = _TYPED.fullmatch(subject)
    return Claim("subject", typed[1]) if typed else None


def picked(message: str) -> str | None:
    """The commit that ``git cherry-pick -x`` says it was picked from; of several the last, which is the nearest."""
    found = _PICKED.findall(message)
    return found[-1] if found else None


def labels(author: str, subject: str, *, reverts: bool, picked: bool) -> tuple[str, ...]:
    """What is to be known of a change at a glance: bot, dependencies, revert, backport."""
    low = subject.lower()  # most subjects hold none of the words, which is told much faster than a pattern can
    told = ["bot"] if _is_bot(author) else []
    if ("dep" in low or "bump " in low) and _BUMP.match(subject):
        told.append("dependencies")
    if reverts:
        told.append("revert")
    if picked or ("port" in low and _BACKPORT.search(subject)):
        told.append("backport")
    return tuple(told)


@lru_cache(1 << 14)
def _is_bot(author: str) -> bool:
    return _BOT.search(author) is not None
