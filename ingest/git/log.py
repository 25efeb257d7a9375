"""``git log`` → commits, column by column. Pure: whatever a commit holds, its neighbours are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from sys import intern
from typing import Any, NamedTuple

import msgspec

from dora.errors import DoraError
from ingest.git import commit_message as said
from ingest.git.commit_message import Claim

# Each record begins with an empty field, which no path can be; so paths may follow an id.
PLAIN = (
    "-z", "--encoding=UTF-8", "--ignore-missing", "--stdin",
    "--no-mailmap", "--no-notes", "--no-decorate", "--no-color",
)  # fmt: skip
OPTIONS = (*PLAIN, "--format=%x00%H%x00%P%x00%at%x00%ct%x00%an%x00%B")
_AGAINST = ("--format=%x00%H", "--no-renames", "--diff-merges=first-parent")
TOUCHED = (*PLAIN, *_AGAINST, "--name-only")
SIZED = (*PLAIN, *_AGAINST, "--numstat")
_FIELDS = 7
_YEAR_10000 = 253_402_300_800


class Commits(msgspec.Struct):
    """Some commits; times are epoch seconds, null where git can not say them.

    ``parents`` are full ids with blanks between them, ``subject`` is the first line of the message, ``request`` the
    number of the pull or merge request that it names, ``reverts`` the commit that it says it reverts, ``picked_from``
    the commit that it says it was picked from. ``claims`` are those that say they revert something, but no full id.
    """

    sha: list[str] = []
    parents: list[str] = []
    authored: list[int | None] = []
    committed: list[int | None] = []
    author: list[str] = []
    subject: list[str] = []
    request: list[str | None] = []
    reverts: list[str | None] = []
    picked_from: list[str | None] = []
    claims: dict[str, Claim] = {}


COLUMNS = tuple(name for name in Commits.__struct_fields__ if name != "claims")


class Log:
    """The commits that were read of one repository, and at which place of its columns each of them is."""

    def __init__(self, *batches: Commits) -> None:
        self.commits, self.place = Commits(), dict[str, int]()
        for batch in batches:
            self.add(batch)

    def add(self, batch: Commits) -> None:
        """Append some commits."""
        start = len(self.commits.sha)
        self.place.update(zip(batch.sha, range(start, start + len(batch.sha)), strict=True))
        for name in COLUMNS:
            getattr(self.commits, name).extend(getattr(batch, name))
        self.commits.claims.update(batch.claims)

    def only(self, shas: Iterable[str]) -> Commits:
        """Those of some commits that were read."""
        return self.of(sha for sha in shas if sha in self.place)

    def of(self, shas: Iterable[str]) -> Commits:
        """These commits, in this order."""
        places = [self.place[sha] for sha in shas]
        columns: dict[str, Any] = {name: list(map(getattr(self.commits, name).__getitem__, places)) for name in COLUMNS}
        return Commits(**columns)


class Size(NamedTuple):
    """How much a commit changed against its first parent; lines of binary files are none."""

    files: int
    added: int
    removed: int


def batches(blocks: Iterable[list[str]]) -> Iterator[Commits]:
    """The commits of ``git log`` with ``OPTIONS``, of which no field can hold a NUL, block by block of its fields."""
    rest: list[str] = []
    for block in blocks:
        fields = rest + block
        whole = len(fields) // _FIELDS * _FIELDS
        rest = fields[whole:]
        if any(fields[0:whole:_FIELDS]):
            raise DoraError("git log printed what is no list of commits.")
        if whole:
            yield _commits([fields[column:whole:_FIELDS] for column in range(1, _FIELDS)])


def _commits(columns: list[list[str]]) -> Commits:
    shas, parents, authored, committed, authors, text = columns
    subjects = [message.lstrip("\n").partition("\n")[0].rstrip() for message in text]
    reverts, picked, claims = _told(shas, subjects, text)
    return Commits(
        shas,
        parents,
        _times(authored),
        _times(committed),
        list(map(intern, authors)),
        subjects,
        list(map(said.change_request, subjects, text)),
        reverts,
        picked,
        claims,
    )


def _told(
    shas: list[str], subjects: list[str], text: list[str]
) -> tuple[list[str | None], list[str | None], dict[str, Claim]]:
    """What each commit says it reverts, what it was picked from, and what it claims to revert without a full id."""
    reverts: list[str | None] = [None] * len(text)
    picked, claims = reverts.copy(), {}
    for row, message in enumerate(text):
        if said.tells(message):
            reverts[row], picked[row] = said.reverted(message), said.picked(message)
            if not reverts[row] and (claim := said.claim(subjects[row], message)):
                claims[shas[row]] = claim
    return reverts, picked, claims


def _times(column: list[str]) -> list[int | None]:
    try:
        times = list(map(int, column))
    except ValueError:
        times = [-1]
    if min(times) >= 0 and max(times) < _YEAR_10000:
        return [*times]
    return list(map(_seconds, column))


def _seconds(raw: str) -> int | None:
    """Git prints nothing for a negative time and nonsense for one that overflows."""
    seconds = int(raw) if raw.isdecimal() and len(raw) < 13 else None
    return seconds if seconds is not None and seconds < _YEAR_10000 else None


def sizes(fields: Iterable[str]) -> Iterator[tuple[str, Size]]:
    """The size of each commit of ``git log`` with ``SIZED``."""
    for sha, lines in paths(fields):
        counts = [line.split("\t") for line in lines if line.count("\t") > 1]
        added, removed = (sum(int(row[side]) for row in counts if row[side].isdecimal()) for side in (0, 1))
        yield sha, Size(len(counts), added, removed)


def paths(fields: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Each commit of ``git log`` with ``TOUCHED``, and the files that it touched against its first parent."""
    fields = iter(fields)
    more = next(fields, None) is not None
    while more:
        sha, more = next(fields, None), False
        touched: list[str] = []
        for field in fields:
            if more := not field:
                break
            touched.append(field if touched else field.removeprefix("\n"))
        if sha is not None:
            yield sha, touched
