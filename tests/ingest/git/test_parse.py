"""What changes brought and whether their clocks can be believed, against plain statements of both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.git import parse
from ingest.git.commit_message import RevertClaim
from ingest.git.log import Commits, Log
from ingest.git.parse import Clock

NOW = 1_700_000_000
CLOCK = Clock(NOW, 3600)


def entry(sha: str, *parents: str, at: int | None = NOW, subject: str = "", request: str | None = None,
          reverts: str | None = None, author: str = "ada") -> Commits:  # fmt: skip
    told = [sha], [" ".join(parents)], [at], [at], [author], [subject], [request], [reverts], [None]
    return Commits(*told)


def found(line: Iterable[str], log: Log, before: dict[str, int | None] | None = None) -> dict[str, tuple[Any, ...]]:
    """What each entry brought: first, commits, reverts, doubt."""
    shas = list(line)
    return dict(zip(shas, zip(*parse.find_included_commits(shas, log, before or {}, CLOCK), strict=True), strict=True))


def parents(known: Log, sha: str) -> list[str]:
    return known.commits.parents[known.row_of[sha]].split()


def reached(known: Log, tip: str) -> set[str]:
    """All that a commit reaches, the slow way."""
    return {tip}.union(*(reached(known, parent) for parent in parents(known, tip)))


@st.composite
def graphs(draw: st.DrawFn) -> Log:
    """Any history of up to fourteen commits, octopus and criss-cross merges and several roots included."""
    entries = []
    for number in range(draw(st.integers(1, 14))):
        those = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        entries.append(entry(str(number), *map(str, those), at=NOW - draw(st.integers(0, 9999))))
    return Log(*entries)


@given(graphs())
def test_a_change_brought_what_its_first_parent_did_not_have(known: Log) -> None:
    """On a whole line each entry brought ``M ^M^1``: their number and the earliest author time of them."""
    line = [str(len(known.commits.sha) - 1)]
    while before := parents(known, line[-1]):
        line.append(before[0])
    told = found(reversed(line), known)
    for sha in line:
        came = reached(known, sha) - (reached(known, parents(known, sha)[0]) if parents(known, sha) else set())
        times = [known.commits.authored_at[known.row_of[one]] or 0 for one in came]
        assert told[sha][:2] == (min(times), len(came))


def test_a_merge_reverts_what_a_commit_of_it_reverts() -> None:
    """The revert is made on a branch, and it is the merge that undoes the change on trunk."""
    known = Log(entry("a"), entry("b", "a"), entry("r", "b", reverts="b"), entry("m", "b", "r"))
    told = found("abm", known)
    assert [told[sha][2] for sha in "abm"] == [None, None, "b"]


@pytest.mark.parametrize(
    ("time", "parent", "doubt"),
    [
        (NOW, NOW, None),
        (None, NOW, "unreadable"),
        (0, None, "too_early"),
        (4_102_444_800, None, "in_future"),
        (NOW + 3600, None, None),
        (NOW + 3601, None, "in_future"),
        (NOW - 3600, NOW, None),
        (NOW - 3601, NOW, "before_parent"),
    ],
)
def test_a_time_is_doubted_for_one_reason(time: int | None, parent: int | None, doubt: str | None) -> None:
    """1970, what git can not say, the future and what comes before its parent; up to the skew all is well."""
    assert CLOCK.find_issue(time, parent) == doubt


def test_an_impossible_parent_does_not_cast_doubt_on_its_children() -> None:
    """A time is compared with the last one on its line that can be believed."""
    known = Log(entry("a"), entry("b", "a", at=4_102_444_800), entry("c", "b"), entry("d", "c", at=NOW - 9999))
    told = found("abcd", known)
    assert [told[sha][3] for sha in "abcd"] == [None, "in_future", None, "before_parent"]
    assert told["b"][0] is None


def test_of_what_came_only_what_can_be_believed_is_the_first() -> None:
    """A merge of commits whose times are 1970, unknown and sound began with the sound one; of none, nobody knows."""
    known = Log(entry("a"), entry("x", "a", at=0), entry("y", "x", at=None), entry("z", "y", at=NOW - 5))
    known.add(entry("m", "a", "z"))
    known.add(entry("n", "m", "o", at=None))
    known.add(entry("o", "m", at=0))
    told = found("amn", known)
    assert [told[sha][:2] for sha in "amn"] == [(NOW, 1), (NOW - 5, 4), (None, 2)]


def test_each_line_begins_beside_its_own_parent() -> None:
    """Two lines that were read from where they had come to are each compared with that, not with each other."""
    known = Log(entry("b", "a", at=NOW - 9999), entry("y", "x", at=NOW - 9999))
    told = found("by", known, {"a": NOW, "x": NOW - 9999})
    assert [told[sha][3] for sha in "by"] == ["before_parent", None]


def test_the_parent_at_which_a_read_begins_counts_too() -> None:
    """A change that is new today is compared with the one that was landed yesterday."""
    known = Log(entry("b", "a", at=NOW - 9999))
    assert found("b", known, {"a": NOW})["b"][3] == "before_parent"
    assert found("b", known, {"a": 4_102_444_800})["b"][3] is None
    assert found("b", known)["b"][3] is None


def test_a_claim_means_the_latest_before_it() -> None:
    """Of two changes with one subject the later is undone, never one that came after the revert, nor itself."""
    line = Log(entry("e", subject="x"), entry("d", subject='Revert "x"'), entry("c", subject="x"),
               entry("b", subject="x", request="3"), entry("a")).commits  # fmt: skip
    branches = dict.fromkeys("edcba", "main")
    claims = {"d": RevertClaim("subject", "x"), "c": RevertClaim("request", "3"), "b": RevertClaim("request", "3")}
    assert parse.resolve_revert_claims(claims, line, branches) == {"d": "c", "c": "b"}


def test_a_pick_keeps_author_and_instant() -> None:
    """Only a commit of the same author and instant can be its origin, and none is its own."""
    trunk = Log(
        entry("o", "r", at=5), entry("x", "r", at=6, author="eve"), entry("r", at=7), entry("m", "o", "x", at=8)
    )
    originals = dict(parse.list_authorships(trunk.commits))
    assert originals == {"o": ("ada", 5), "x": ("eve", 6)}
    assert parse.match_by_author_and_time({"p": ("ada", 5)}, originals.items()) == {"p": "o"}
    assert parse.match_by_author_and_time({"p": ("ada", 5), "q": ("ada", 6)}, [("p", ("ada", 5))]) == {}
    assert parse.match_by_author_and_time({"p": ("ada", None)}, [("o", ("ada", None))]) == {}


@given(st.lists(st.sampled_from(["main", "release/1", "release/2"]), max_size=9))
def test_lines_are_turned_round_each_for_itself(branches: list[str]) -> None:
    """Each line comes as a whole, oldest first."""
    named = {str(place): branch for place, branch in enumerate(branches)}
    turned = parse.sort_oldest_first(list(named), named)
    for branch in set(branches):
        own = [sha for sha in named if named[sha] == branch]
        start = turned.index(own[-1])
        assert turned[start : start + len(own)] == own[::-1]
