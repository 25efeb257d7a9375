"""``git log`` → entries. Pure: whatever a commit holds, its neighbours are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

# Each record begins with an empty field, which no path can be; so paths may follow the message.
FORMAT = "--format=%x00%H%x00%P%x00%at%x00%ct%x00%an%x00%B"
OPTIONS = ("-z", FORMAT, "--no-mailmap", "--no-notes", "--no-decorate", "--no-color", "--ignore-missing", "--stdin")
TOUCHED = ("--name-only", "--no-renames", "--diff-merges=first-parent")
_FIELDS = 6
_YEAR_10000 = 253_402_300_800
_REVERTS = re.compile(r"This reverts commit ([0-9a-f]{40})\b")
_SUBJECTS = (
    re.compile(r"Merge pull request #(\d+)\b"),
    re.compile(r"Merged in .*\(pull request #(\d+)\)"),
    re.compile(r".*\(#(\d+)\)$"),
)
_GITLAB = re.compile(r"^See merge request \S*!(\d+)\s*$", re.MULTILINE)


class Entry(NamedTuple):
    """One commit; times are epoch seconds, null where git can not say them.

    ``subject`` is the first line of the message, ``reverts`` the commit that the message says it reverts.
    """

    sha: str
    parents: list[str]
    authored: int | None
    committed: int | None
    author: str
    subject: str
    reverts: str | None
    message: str
    paths: list[str]

    @property
    def change_request(self) -> str | None:
        """Number of the pull or merge request that the message names (GitHub, Bitbucket, GitLab)."""
        found = next((match for pattern in _SUBJECTS if (match := pattern.match(self.subject))), None)
        found = found or _GITLAB.search(self.message)
        return found[1] if found else None


def entries(fields: Iterable[str]) -> Iterator[Entry]:
    """The commits of ``git log`` with ``OPTIONS``, and the paths of each where ``TOUCHED`` was asked too."""
    fields = iter(fields)
    more = next(fields, None) is not None
    while more:
        record = list(islice(fields, _FIELDS))
        more = False
        paths: list[str] = []
        for field in fields:
            if more := not field:
                break
            paths.append(field if paths else field.removeprefix("\n"))
        if len(record) == _FIELDS:
            yield _entry(record, paths)


def _entry(record: list[str], paths: list[str]) -> Entry:
    sha, parents, authored, committed, author, message = record
    subject = message.lstrip("\n").partition("\n")[0].rstrip()
    reverted = _REVERTS.search(message) if "This reverts" in message else None
    reverts = reverted[1] if reverted else None
    return Entry(
        sha, parents.split(), _seconds(authored), _seconds(committed), author, subject, reverts, message, paths
    )  # fmt: skip


def _seconds(raw: str) -> int | None:
    """Git prints nothing for a negative time and nonsense for one that overflows."""
    seconds = int(raw) if raw.isdecimal() and len(raw) < 13 else None
    return seconds if seconds is not None and seconds < _YEAR_10000 else None
