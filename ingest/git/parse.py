"""What is to be told of the changes on a line: what each brought, and whether its time can be believed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ingest.git.commit_message import Claim, labels
from ingest.git.documents import Came
from ingest.git.log import Commits, Log, Size

EARLIEST = 315_532_800  # 1980: the oldest histories that were ever imported into git begin later
Writing = tuple[str, int | None]  # author, and epoch seconds


class Brought(NamedTuple):
    """What came with each change: the earliest author time, how many commits, what one of them reverts.

    ``doubt`` is why the change's own time can not be believed.
    """

    first: list[int | None]
    commits: list[int]
    reverts: list[str | None]
    doubt: list[str | None]

    def part(self, some: slice) -> Brought:
        """Of some of the changes."""
        return Brought(self.first[some], self.commits[some], self.reverts[some], self.doubt[some])


class Scope(NamedTuple):
    """Where a change was made: its files, where they are to land, and whose they are, where owners are known."""

    paths: list[str] | None = None
    applications: list[str] | None = None


class Clock(NamedTuple):
    """Which times are possible: in epoch seconds not after ``now``, and by how many seconds clocks may disagree."""

    now: float
    skew: float

    def believed(self, time: int | None) -> int | None:
        """The time, where it is possible by itself."""
        return self.all_believed([time])[0]

    def all_believed(self, times: list[int | None]) -> list[int | None]:
        """Each time, where it is possible by itself."""
        latest = self.now + self.skew
        return [time if time is not None and EARLIEST <= time <= latest else None for time in times]

    def doubt(self, time: int | None, parent: int | None) -> str | None:
        """Why a time can not be believed, where that of its parent is known; null where it can."""
        if time is None:
            return "unreadable"
        if time < EARLIEST:
            return "too_early"
        if time > self.now + self.skew:
            return "in_future"
        return "before_parent" if parent is not None and time < parent - self.skew else None


def oldest_first(newest_first: Sequence[str], branches: Mapping[str, str]) -> list[str]:
    """The entries of some lines, each from its oldest on, line after line in the order given."""
    lines: dict[str, list[str]] = {}
    for sha in newest_first:
        lines.setdefault(branches[sha], []).append(sha)
    return [sha for line in lines.values() for sha in reversed(line)]


def brought(line: Sequence[str], log: Log, before: Mapping[str, int | None], clock: Clock) -> Brought:
    """What each entry of a line, oldest first, brought: what it reaches and no earlier one did, as far as it is known.

    ``before`` are the committer times of the parents at which what is known ends.
    """
    places = [*map(log.place.__getitem__, line)]
    above = [*map(log.place.get, log.commits.parents)]  # of a commit with one parent, as most have, where that is
    authored, reverts = clock.all_believed(log.commits.authored), log.commits.reverts
    first, undone = [authored[one] for one in places], [reverts[one] for one in places]
    found = Brought(first, [1] * len(line), undone, _doubts(places, above, log, before, clock))
    for row, came in _several(places, above, log):
        found.first[row] = min(filter(None, map(authored.__getitem__, came)), default=None)
        found.commits[row] = len(came)
        found.reverts[row] = next(filter(None, map(reverts.__getitem__, came)), None)
    return found


def _several(line: Iterable[int], above: Sequence[int | None], log: Log) -> Iterator[tuple[int, list[int]]]:
    """The entries of a line, oldest first, that reach more than themselves that no earlier one did, and all of that."""
    seen = bytearray(len(above))
    for row, tip in enumerate(line):
        seen[tip] = True
        only = above[tip]
        if only is not None and seen[only]:
            continue
        came = [tip]
        for one in came:
            only = above[one]
            parents = map(log.place.get, log.commits.parents[one].split()) if only is None else (only,)
            for parent in parents:
                if parent is not None and not seen[parent]:
                    seen[parent] = True
                    came.append(parent)
        if len(came) > 1:
            yield row, came


def _doubts(
    line: Iterable[int], above: Sequence[int | None], log: Log, before: Mapping[str, int | None], clock: Clock
) -> list[str | None]:
    """Why the time of each entry of a line, oldest first, can not be believed, compared with the last one that can."""
    found, believed = [], dict[int, int | None]()
    for one in line:
        parent, time = above[one], log.commits.committed[one]
        if parent in believed:
            last = believed[parent]
        else:
            first = log.commits.parents[one].partition(" ")[0]
            last = _believed(first, log, believed, before, clock)
        doubt = clock.doubt(time, last)
        believed[one] = last if doubt else time
        found.append(doubt)
    return found


def _believed(
    sha: str, log: Log, believed: Mapping[int, int | None], before: Mapping[str, int | None], clock: Clock
) -> int | None:
    """The last time on a line up to a commit that can be believed."""
    place = log.place.get(sha)
    if place is None:
        return clock.believed(before.get(sha))
    return believed[place] if place in believed else clock.believed(log.commits.committed[place])


def undone(claims: Mapping[str, Claim], newest_first: Commits, branches: Mapping[str, str]) -> dict[str, str]:
    """Which entry each revert undoes that names a request or a subject: the latest one before it on its branch."""
    places = {sha: place for place, sha in enumerate(newest_first.sha)}
    said: dict[Claim, list[str]] = {claim: [] for claim in claims.values()}
    for sha, request, subject in zip(newest_first.sha, newest_first.request, newest_first.subject, strict=True):
        for claim in (Claim("request", request or ""), Claim("subject", subject)):
            if claim in said:
                said[claim].append(sha)
    found = {}
    for sha, claim in claims.items():
        place = places.get(sha, -1)
        for other in said[claim]:
            if other != sha and (branches.get(sha) != branches.get(other) or places[other] > place):
                found[sha] = other
                break
    return found


def written(batch: Commits) -> Iterator[tuple[str, Writing]]:
    """Each commit with exactly one parent, and who wrote it when, as a pick keeps both."""
    for sha, parents, author, authored in zip(batch.sha, batch.parents, batch.author, batch.authored, strict=True):
        if parents and " " not in parents:
            yield sha, (author, authored)


def alike(picks: Mapping[str, Writing], originals: Iterable[tuple[str, Writing]]) -> dict[str, str]:
    """For each commit one that the same author wrote at the same instant."""
    wanted = {whose for whose in picks.values() if whose[1] is not None}
    there = {whose: sha for sha, whose in originals if whose in wanted}
    pairs = {sha: there.get(whose) for sha, whose in picks.items()}
    return {sha: other for sha, other in pairs.items() if other and other != sha}


def again(new: Commits, old: Commits) -> dict[str, str]:
    """Which of some entries are those of before a rewrite: the one of that author, instant and subject on each side."""
    was, now = _once(old), _once(new)
    return {sha: was[whose] for whose, sha in now.items() if whose in was}


def _once(batch: Commits) -> dict[tuple[str, int, str], str]:
    """Commits by their author, instant and subject, those apart that share all three."""
    found: dict[tuple[str, int, str], list[str]] = {}
    for sha, author, authored, subject in zip(batch.sha, batch.author, batch.authored, batch.subject, strict=True):
        if authored is not None:
            found.setdefault((author, authored, subject), []).append(sha)
    return {whose: shas[0] for whose, shas in found.items() if len(shas) == 1}


def changes(
    told: Commits, came: Brought, branches: Mapping[str, str], scopes: Mapping[str, Scope], sizes: Mapping[str, Size]
) -> Came:
    """Some entries of lines as they are told."""
    size = [sizes.get(sha) for sha in told.sha] if sizes else []
    reverts = [own or other for own, other in zip(told.reverts, came.reverts, strict=True)]
    names = zip(told.author, told.subject, reverts, told.picked_from, strict=True)
    return Came(
        sha=told.sha,
        merged=told.committed,
        request=told.request,
        paths=[scopes[sha].paths for sha in told.sha] if scopes else None,
        applications=[scopes[sha].applications for sha in told.sha] if scopes else None,
        branch=[branches[sha] for sha in told.sha],
        kind=[_kind(parents, request) for parents, request in zip(told.parents, told.request, strict=True)],
        labels=[labels(who, subject, reverts=bool(undoes), picked=bool(of)) for who, subject, undoes, of in names],
        reverts=reverts,
        first=came.first,
        commits=came.commits,
        files=[one.files if one else None for one in size],
        added=[one.added if one else None for one in size],
        removed=[one.removed if one else None for one in size],
        doubt=came.doubt,
    )


def _kind(parents: str, request: str | None) -> str:
    return "merge" if " " in parents else "squash" if request else "direct"
