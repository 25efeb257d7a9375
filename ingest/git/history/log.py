"""Parse the output of ``git log`` into columns of commits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from sys import intern
from typing import Any, NamedTuple

import msgspec

from dora.errors import DoraError
from ingest.commits import message as commit_message
from ingest.commits.trailers import parse_trailers

_COMMON_OPTIONS = (
    "-z", "--encoding=UTF-8", "--ignore-missing", "--stdin",
    "--no-mailmap", "--no-notes", "--no-decorate", "--no-color",
)  # fmt: skip
# Each record starts with an empty field. No path is empty, so that paths may follow a commit id.
LOG_OPTIONS = (*_COMMON_OPTIONS, "--format=%x00%H%x00%P%x00%T%x00%at%x00%ct%x00%an%x00%ae%x00%ce%x00%B")
_DIFF_OPTIONS = ("--format=%x00%H", "--no-renames", "--diff-merges=first-parent")
PATHS_OPTIONS = (*_COMMON_OPTIONS, *_DIFF_OPTIONS, "--name-only")
SIZES_OPTIONS = (*_COMMON_OPTIONS, *_DIFF_OPTIONS, "--numstat")
FIELDS = 10  # the empty one and nine of LOG_OPTIONS
TREE_DIGITS = 16  # of an id; 64 bits tell the trees of one repository apart
_YEAR_10000 = 253_402_300_800  # in epoch seconds; Python's datetime ends with the year 9999


class Commits(msgspec.Struct):
    """Commits, column by column; times are epoch seconds, null where git has none.

    ``parents`` are full ids separated by blanks, ``tree`` is shortened, ``subject`` is the first line of the message.
    ``request``, ``title``, ``reverts``, ``is_revert`` and ``picked_from`` are what ``commit_message.Message`` has,
    ``trailers`` what ``parse_trailers`` returns.
    """

    sha: list[str] = []
    parents: list[str] = []
    tree: list[str] = []
    authored_at: list[int | None] = []
    committed_at: list[int | None] = []
    author: list[str] = []
    author_email: list[str] = []
    committer_email: list[str] = []
    subject: list[str] = []
    request: list[str | None] = []
    title: list[str | None] = []
    reverts: list[list[str] | None] = []
    is_revert: list[bool | None] = []
    picked_from: list[str | None] = []
    trailers: list[list[str] | None] = []


COLUMNS = Commits.__struct_fields__


class Log:
    """The commits read from one repository; ``row_of`` is the row of each commit id in the columns."""

    def __init__(self, *batches: Commits) -> None:
        self.commits, self.row_of = Commits(), dict[str, int]()
        for batch in batches:
            self.add(batch)

    def add(self, batch: Commits) -> None:
        """Append a batch of commits."""
        start = len(self.commits.sha)
        self.row_of.update(zip(batch.sha, range(start, start + len(batch.sha)), strict=True))
        for name in COLUMNS:
            getattr(self.commits, name).extend(getattr(batch, name))

    def select(self, shas: Iterable[str]) -> Commits:
        """Return these commits in this order; each must be in the log."""
        rows = [self.row_of[sha] for sha in shas]
        columns: dict[str, Any] = {name: list(map(getattr(self.commits, name).__getitem__, rows)) for name in COLUMNS}
        return Commits(**columns)


class ChangeSize(NamedTuple):
    """The size of a commit against its first parent; binary files count as files without lines."""

    files: int
    added: int
    removed: int


def parse_commits(field_blocks: Iterable[list[str]]) -> Iterator[Commits]:
    """Yield the commits of ``git log`` with ``LOG_OPTIONS``, one batch for each block of NUL-separated fields.

    Raises ``DoraError`` if a record does not start with its empty field. No field contains a NUL.
    """
    rest: list[str] = []
    for block in field_blocks:
        fields = rest + block
        end = len(fields) // FIELDS * FIELDS
        rest = fields[end:]
        if any(fields[0:end:FIELDS]):
            raise DoraError("The output of git log is not a list of commits.")
        if end:
            yield _parse_batch([fields[column:end:FIELDS] for column in range(1, FIELDS)])


def _parse_batch(columns: list[list[str]]) -> Commits:
    shas, parents, trees, authored_at, committed_at, authors, author_emails, committer_emails, messages = columns
    parsed = map(commit_message.parse, messages)
    subjects, requests, titles, reverts, are_reverts, originals = zip(*parsed, strict=True)
    return Commits(
        sha=shas,
        parents=parents,
        tree=[tree[:TREE_DIGITS] for tree in trees],
        authored_at=_parse_times(authored_at),
        committed_at=_parse_times(committed_at),
        author=list(map(intern, authors)),  # a few hundred names repeat over all commits
        author_email=list(map(intern, author_emails)),
        committer_email=list(map(intern, committer_emails)),
        subject=list(subjects),
        request=list(requests),
        title=list(titles),
        reverts=list(reverts),
        is_revert=list(are_reverts),
        picked_from=list(originals),
        trailers=list(map(parse_trailers, messages)),
    )


def _parse_times(column: list[str]) -> list[int | None]:
    """Parse a whole column at once, and value by value only if one of them is invalid."""
    try:
        times = list(map(int, column))
    except ValueError:
        times = [-1]
    if min(times) >= 0 and max(times) < _YEAR_10000:
        return [*times]
    return list(map(parse_time, column))


def parse_time(raw: str) -> int | None:
    """Return epoch seconds; git prints nothing for a negative time and a wrong number for one that overflows."""
    seconds = int(raw) if raw.isdecimal() and len(raw) < 13 else _YEAR_10000
    return seconds if seconds < _YEAR_10000 else None


def parse_sizes(fields: Iterable[str]) -> Iterator[tuple[str, ChangeSize]]:
    """Yield the size of each commit of ``git log`` with ``SIZES_OPTIONS``."""
    for sha, lines in parse_paths(fields):
        counts = [line.split("\t") for line in lines if line.count("\t") > 1]
        added, removed = (sum(int(row[side]) for row in counts if row[side].isdecimal()) for side in (0, 1))
        yield sha, ChangeSize(len(counts), added, removed)


def parse_paths(fields: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each commit of ``git log`` with ``PATHS_OPTIONS`` and the paths that it touched."""
    fields = iter(fields)
    more = next(fields, None) is not None
    while more:
        sha, more = next(fields, None), False
        paths: list[str] = []
        for field in fields:
            if more := not field:
                break
            paths.append(field if paths else field.removeprefix("\n"))  # git puts a line break before the first
        if sha is not None:
            yield sha, paths
