"""Parse commit messages: change request numbers, reverts, cherry-picks and labels. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# The merge subjects of hosts, each with the number of the request, its title, or both.
_MERGES = re.compile(
    r"Merge pull request #(?P<github>\d+)\b"  # and Bitbucket Server
    r"|Merge pull request '(?P<gitea_title>.+)' \([#!](?P<gitea>\d+)\) from "  # and Forgejo
    r"|Merged in .*\(pull request #(?P<bitbucket>\d+)\)"
    r"|Pull request #(?P<bitbucket_server>\d+): (?P<bitbucket_server_title>.+)"
    r"|Merged PR (?P<azure>\d+): (?P<azure_title>.+)"
    r"|Merge (?P<bors>#\d+(?: #\d+)*)\Z"
    r"|(?:Auto|Rollup) merge of #(?P<homu>\d+) - "
    r"|Merge \"(?P<gerrit_title>.+)\"(?: into .+)?\Z"
    r"|Merge branch '.+' into .+"  # GitLab has the number in the body
)
_MERGE_WORDS = ("Merge", "Auto merge of #", "Rollup merge of #", "Pull request #")
_SQUASH = re.compile(r"\((?:pull request )?[#!](\d+)\)\Z")
_GITLAB_MERGE = re.compile(r"^See merge request \S*!(\d+)\s*$", re.MULTILINE)
# Gerrit ends its address with the number; Gitea and Forgejo write the same trailer.
_REVIEWED_ON = re.compile(r"^Reviewed-on: \S+/(?:\+|pulls)/(\d+)\s*$", re.MULTILINE)
_BORS_TITLE = re.compile(r"\d+: (.+?)(?: r=\S+)?(?: a=\S+)?")

_REVERTED_COMMITS = re.compile(
    r"\bthis reverts commits? ((?:[0-9a-f]{7,40}\b(?:, | and |,? and )?)+)|^revert ([0-9a-f]{40})$",
    re.IGNORECASE | re.MULTILINE,
)
_SHA = re.compile(r"\b[0-9a-f]{7,40}\b")
_REVERTED_REQUEST = re.compile(
    r"^(?:This r|R)everts (?:pull request |merge request )?"
    r"(?:([\w./-]*)[#!]|https?://[^/\s]+/(\S+?)/(?:-/)?(?:pulls?|merge_requests|pull-requests|pullrequest)/)(\d+)\b",
    re.MULTILINE,
)
# Gerrit counts reverts of reverts: Revert^2 "x".
_REVERT_LINE = re.compile(
    r"""[\W_]*(Revert(?:\^\d+)?|Reapply):? (?:"(.+)"|'(.+)')(?: \((?:pull request )?[#!]\d+\))?"""
)
# The form of https://www.conventionalcommits.org.
_CONVENTIONAL_REVERT = re.compile(r"revert(?:\([^)]*\))?!?: (?!\")(.+?)(?: \([#!]\d+\))?", re.IGNORECASE)
_CHERRY_PICK = re.compile(r"^\(cherry picked from commit ([0-9a-f]{40})\)\s*$", re.MULTILINE)
_BOT = re.compile(r"\[bot\]$|[-_ ]bot$|^(?:dependabot|renovate|greenkeeper|snyk|github-actions|bot)\b", re.IGNORECASE)
_DEPENDENCIES = re.compile(
    r"\w+\(deps(?:-dev)?\)!?: |bump \S+(?: and \S+)? (?:from \S+ )?to |bump the \S+ group|update dependency |pin dep",
    re.IGNORECASE,
)
_BACKPORT = re.compile(r"\bback-?port", re.IGNORECASE)


class Message(NamedTuple):
    """What a commit message says.

    ``subject`` is its first line. ``requests`` are the numbers of its pull or merge requests, joined by blanks,
    ``title`` is the title of the request if the subject is that of a merge, one a line if it merges several.
    ``reverts`` says what it reverts: ``commit ID``, ``request NUMBER`` (with ``owner/name#`` before it if it names a
    repository) or ``subject TEXT``, the most exact first, at last ``number NUMBER``, its own, because the reverted
    number may stand outside of the quotes.
    ``is_revert`` says whether it does nothing else, null if it reverts nothing.
    """

    subject: str
    requests: str | None
    title: str | None
    reverts: list[str] | None
    is_revert: bool | None
    picked_from: str | None


def parse(message: str) -> Message:
    """Return what a message says (GitHub, GitLab, Bitbucket, Azure DevOps, Gitea, Forgejo, Gerrit, bors, homu)."""
    subject = read_subject(message)
    requests, title = parse_request(subject, message)
    # Substring tests are much faster than patterns, and most messages contain none of these words.
    reverts = parse_reverts(title or subject, message, requests) if "evert" in message or "Reapply" in message else []
    is_revert = _is_revert(title or subject, message) if reverts else None
    picked_from = parse_cherry_picked_sha(message) if "cherry picked from" in message else None
    return Message(subject, requests, title, reverts or None, is_revert, picked_from)


def read_subject(message: str) -> str:
    """Return the first line of a message."""
    return message.lstrip("\n").partition("\n")[0].rstrip()


def parse_request(subject: str, message: str) -> tuple[str | None, str | None]:
    """Return the numbers of the requests that a message merges, and the title that the subject does not have."""
    number = title = None
    if subject.startswith(_MERGE_WORDS) and (merge := _MERGES.match(subject)):
        number, title = _read_merge(merge, message)
    elif subject.endswith(")") and (squash := _SQUASH.match(subject, subject.rfind("("))):
        number = squash[1]
    if number is None and "See merge request" in message and (merge := _GITLAB_MERGE.search(message)):
        number = merge[1]
    if number is None and "Reviewed-on: " in message and (trailers := _REVIEWED_ON.findall(message)):
        number = trailers[-1]
    return number, title


def _read_merge(merge: re.Match[str], message: str) -> tuple[str | None, str | None]:
    groups = {name: text for name, text in merge.groupdict().items() if text}
    title = next((text for name, text in groups.items() if name.endswith("_title")), None)
    number = next((text for name, text in groups.items() if not name.endswith("_title")), None)
    lines = (line.strip() for line in message.lstrip("\n").partition("\n")[2].splitlines())
    if "bors" in groups:
        titles = filter(None, map(_BORS_TITLE.fullmatch, lines))
        return number and number.replace("#", ""), "\n".join(match[1] for match in titles) or None
    return number, title or next(filter(None, lines), None)


def parse_reverts(headline: str, message: str, requests: str | None = None) -> list[str]:
    """Return what a message reverts, as ``Message`` has it; ``headline`` is its title, else its subject.

    What the message of a squash reverts and applies again is not reverted.
    """
    commits: dict[str, str] = {}  # the reverted id and the subject above it
    reverted_subject = ""
    for line in message.splitlines():
        if match := _REVERT_LINE.fullmatch(line.strip()):
            reverted_subject = _reverted_subject(match)
            if reapplied := _REVERT_LINE.fullmatch(reverted_subject):
                subject = _reverted_subject(reapplied)
                commits = {sha: other for sha, other in commits.items() if other != subject}
        elif match := _REVERTED_COMMITS.search(line):
            commits |= dict.fromkeys(_SHA.findall((match[1] or match[2]).lower()), reverted_subject)
    reverts = [f"commit {sha}" for sha in commits]
    for owner, path, number in _REVERTED_REQUEST.findall(message):
        reverts.append(f"request {owner or path}#{number}".replace(" #", " "))
    references = [reference for line in headline.splitlines() for reference in _parse_reverted_headline(line)]
    return reverts + references + ([f"number {number}" for number in (requests or "").split()] if references else [])


def _is_revert(headline: str, message: str) -> bool:
    """Return whether the headline or the line below it says that this is a revert, unlike the body of a squash."""
    if headline and all(map(_parse_reverted_headline, headline.splitlines())):
        return True
    body = message.partition(headline)[2].lstrip()
    return bool(_REVERTED_COMMITS.match(body) or _REVERTED_REQUEST.match(body))


def _parse_reverted_headline(headline: str) -> list[str]:
    """Return the request that a reverted subject names, if it does, and the subject."""
    if match := _REVERT_LINE.fullmatch(headline):
        subject = _reverted_subject(match)
    elif match := _CONVENTIONAL_REVERT.fullmatch(headline):
        subject = match[1]
    else:
        return []
    requests, _title = parse_request(subject, subject)
    return [*(f"request {number}" for number in (requests or "").split()), f"subject {subject}"]


def _reverted_subject(match: re.Match[str]) -> str:
    """Return the subject that a line reverts.

    `Reapply "x"` is what git writes for the revert of `Revert "x"`, `Revert^2 "x"` what Gerrit writes.
    """
    subject, times = match[2] or match[3], int(match[1].partition("^")[2] or 1)
    if times > 2:
        return f'Revert^{times - 1} "{subject}"'
    return f'Revert "{subject}"' if match[1] == "Reapply" or times == 2 else subject


def parse_cherry_picked_sha(message: str) -> str | None:
    """Return the commit that ``git cherry-pick -x`` recorded as the original."""
    # A cherry-pick of a cherry-pick has two trailers; git appends the nearest original last.
    originals = _CHERRY_PICK.findall(message)
    return originals[-1] if originals else None


def label_change(author: str, subject: str, *, is_cherry_pick: bool) -> tuple[str, ...]:
    """Return the labels of a change: bot, dependencies, backport."""
    lowered = subject.lower()  # substring tests first: most subjects match no pattern
    labels = ["bot"] if _is_bot(author) else []
    if ("dep" in lowered or "bump " in lowered) and _DEPENDENCIES.match(subject):
        labels.append("dependencies")
    if is_cherry_pick or ("port" in lowered and _BACKPORT.search(subject)):
        labels.append("backport")
    return tuple(labels)


@lru_cache(1 << 14)
def _is_bot(author: str) -> bool:
    return _BOT.search(author) is not None
