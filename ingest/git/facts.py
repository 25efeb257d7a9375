"""What is to be told of the changes on a line: what each brought, and whether its time can be believed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ingest.git.documents import Came
from ingest.git.log import Entry, Size
from ingest.git.message import Claim, labels

EARLIEST = 315_532_800  # 1980: the oldest histories that were ever imported into git begin later


class Brought(NamedTuple):
    """What came with one change: the earliest author time, how many commits, what one of them reverts.

    ``doubt`` is why the change's own time can not be believed.
    """

    first: int | None
    commits: int
    reverts: str | None
    doubt: str | None = None


class Scope(NamedTuple):
    """Where a change was made: its files, where they are to land, and whose they are, where owners are known."""

    paths: list[str] | None = None
    applications: list[str] | None = None


class Clock(NamedTuple):
    """Which times are possible: in epoch seconds not after ``now``, and by how many seconds clocks may disagree."""

    now: float
    skew: float

    @property
    def latest(self) -> float:
        """The last time that is possible."""
        return self.now + self.skew

    def doubt(self, time: int | None, parent: int | None) -> str | None:
        """Why a time can not be believed, where that of its parent is known; null where it can."""
        if time is None:
            return "unreadable"
        if time < EARLIEST:
            return "too_early"
        if time > self.latest:
            return "in_future"
        return "before_parent" if parent is not None and time < parent - self.skew else None


def oldest_first(newest_first: Sequence[str], branches: Mapping[str, str]) -> list[str]:
    """The entries of some lines, each from its oldest on, line after line in the order given."""
    lines: dict[str, list[str]] = {}
    for sha in newest_first:
        lines.setdefault(branches[sha], []).append(sha)
    return [sha for line in lines.values() for sha in reversed(line)]


def brought(
    line: Iterable[str], known: Mapping[str, Entry], before: Mapping[str, Entry], clock: Clock
) -> dict[str, Brought]:
    """What each entry of a line, oldest first, brought: what it reaches and no earlier one did, as far as it is known.

    ``before`` are the parents at which what is known ends.
    """
    seen: set[str] = set()
    found = {}
    doubts = _doubts(line := list(line), {**before, **known}, clock)
    for sha in line:
        came = _newly_reached(sha, known, seen)
        times = [e.authored for e in came if e.authored is not None and EARLIEST <= e.authored <= clock.latest]
        reverts = next((e.reverts for e in came if e.reverts), None)
        found[sha] = Brought(min(times, default=None), len(came), reverts, doubts[sha])
    return found


def _newly_reached(tip: str, known: Mapping[str, Entry], seen: set[str]) -> list[Entry]:
    seen.add(tip)
    came = [known[tip]]
    for entry in came:
        for parent in entry.parents:
            if parent in known and parent not in seen:
                seen.add(parent)
                came.append(known[parent])
    return came


def _doubts(line: Iterable[str], known: Mapping[str, Entry], clock: Clock) -> dict[str, str | None]:
    """Why the time of each entry of a line, oldest first, can not be believed, compared with the last one that can."""
    found: dict[str, str | None] = {}
    believed: dict[str, int | None] = {}
    for sha in line:
        entry = known[sha]
        parent = entry.parents[0] if entry.parents else ""
        if parent not in believed and parent in known:
            time = known[parent].committed
            believed[parent] = None if clock.doubt(time, None) else time
        before = believed.get(parent)
        found[sha] = clock.doubt(entry.committed, before)
        believed[sha] = before if found[sha] else entry.committed
    return found


def undone(claims: Mapping[str, Claim], newest_first: Sequence[Entry], branches: Mapping[str, str]) -> dict[str, str]:
    """Which entry each revert undoes that names a request or a subject: the latest one before it on its branch."""
    places = {entry.sha: place for place, entry in enumerate(newest_first)}
    said: dict[Claim, list[str]] = {claim: [] for claim in claims.values()}
    for entry in newest_first:
        for claim in (Claim("request", entry.request or ""), Claim("subject", entry.subject)):
            if claim in said:
                said[claim].append(entry.sha)
    found = {}
    for sha, claim in claims.items():
        place = places.get(sha, -1)
        for other in said[claim]:
            if other != sha and (branches.get(sha) != branches.get(other) or places[other] > place):
                found[sha] = other
                break
    return found


def alike(picks: Iterable[Entry], originals: Iterable[Entry]) -> dict[str, str]:
    """For each commit one that the same author wrote at the same instant, as a pick keeps both."""
    picks = list(picks)
    wanted = {(entry.author, entry.authored) for entry in picks if entry.authored is not None}
    there = {(e.author, e.authored): e.sha for e in originals if (e.author, e.authored) in wanted}
    pairs = {entry.sha: there.get((entry.author, entry.authored)) for entry in picks}
    return {sha: other for sha, other in pairs.items() if other and other != sha}


def change(entry: Entry, came: Brought, branch: str, scope: Scope, size: Size | None) -> Came:
    """One entry of a line as it is told."""
    merge, reverts = len(entry.parents) > 1, entry.reverts or came.reverts
    return Came(
        sha=entry.sha,
        merged=entry.committed,
        request=entry.request,
        paths=scope.paths,
        applications=scope.applications,
        branch=branch,
        kind="merge" if merge else "squash" if entry.request else "direct",
        labels=labels(entry.author, entry.subject, reverts=bool(reverts), picked=bool(entry.picked_from)),
        reverts=reverts,
        first=came.first,
        commits=came.commits,
        files=size.files if size else None,
        added=size.added if size else None,
        removed=size.removed if size else None,
        doubt=came.doubt,
    )
