"""``git log`` → entries. Pure: whatever a commit holds, its neighbours are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from sys import intern
from typing import NamedTuple

import msgspec

from ingest.git import message as said
from ingest.git.message import Claim

# Each record begins with an empty field, which no path can be; so paths may follow the message.
FORMAT = "--format=%x00%H%x00%P%x00%at%x00%ct%x00%an%x00%B"
PLAIN = ("-z", "--no-mailmap", "--no-notes", "--no-decorate", "--no-color", "--ignore-missing", "--stdin")
OPTIONS = (*PLAIN, FORMAT)
TOUCHED = ("--name-only", "--no-renames", "--diff-merges=first-parent")
SIZED = (*PLAIN, "--format=%x00%H", "--numstat", "--no-renames", "--diff-merges=first-parent")
_FIELDS = 6
_YEAR_10000 = 253_402_300_800


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One commit; times are epoch seconds, null where git can not say them.

    ``subject`` is the first line of the message, ``request`` the number of the pull or merge request that it
    names, ``reverts`` the commit that it says it reverts, ``claim`` what it says instead of a full id,
    ``picked_from`` the commit that it says it was picked from.
    """

    sha: str
    parents: list[str]
    authored: int | None
    committed: int | None
    author: str
    subject: str
    request: str | None
    reverts: str | None
    claim: Claim | None
    picked_from: str | None
    paths: list[str]


class Size(NamedTuple):
    """How much a commit changed against its first parent; lines of binary files are none."""

    files: int
    added: int
    removed: int


def entries(fields: Iterable[str]) -> Iterator[Entry]:
    """The commits of ``git log`` with ``OPTIONS``, and the paths of each where ``TOUCHED`` was asked too."""
    for record, paths in _records(fields, _FIELDS):
        yield _entry(record, paths)


def sizes(fields: Iterable[str]) -> Iterator[tuple[str, Size]]:
    """The size of each commit of ``git log`` with ``SIZED``."""
    for (sha,), lines in _records(fields, 1):
        counts = [line.split("\t") for line in lines if line.count("\t") > 1]
        added, removed = (sum(int(row[side]) for row in counts if row[side].isdecimal()) for side in (0, 1))
        yield sha, Size(len(counts), added, removed)


def _records(fields: Iterable[str], width: int) -> Iterator[tuple[list[str], list[str]]]:
    """The first ``width`` fields of each record, and what follows them."""
    fields = iter(fields)
    more = next(fields, None) is not None
    while more:
        record = list(islice(fields, width))
        more = False
        rest: list[str] = []
        for field in fields:
            if more := not field:
                break
            rest.append(field if rest else field.removeprefix("\n"))
        if len(record) == width:
            yield record, rest


def _entry(record: list[str], paths: list[str]) -> Entry:
    sha, parents, authored, committed, author, message = record
    subject = message.lstrip("\n").partition("\n")[0].rstrip()
    reverts = said.reverted(message)
    return Entry(
        sha,
        parents.split(),
        _seconds(authored),
        _seconds(committed),
        intern(author),
        subject,
        said.change_request(subject, message),
        reverts,
        None if reverts else said.claim(subject, message),
        said.picked(message),
        paths,
    )


def _seconds(raw: str) -> int | None:
    """Git prints nothing for a negative time and nonsense for one that overflows."""
    seconds = int(raw) if raw.isdecimal() and len(raw) < 13 else None
    return seconds if seconds is not None and seconds < _YEAR_10000 else None
