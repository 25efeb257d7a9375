"""The commits that changes include, and plausible times, against a slow calculation of both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.git.history import parse
from ingest.git.history.log import Commits, Log
from ingest.git.history.parse import Clock

NOW = 1_700_000_000
CLOCK = Clock(NOW, 3600)


def entry(sha: str, *parents: str, at: int | None = NOW, subject: str = "", request: str | None = None,
          author: str = "ada") -> Commits:  # fmt: skip
    return Commits(
        sha=[sha], parents=[" ".join(parents)], tree=["t"], authored_at=[at], committed_at=[at],
        author=[author], author_email=["a@x"], committer_email=["a@x"], subject=[subject],
        request=[request], title=[None], reverts=[None], is_revert=[None], picked_from=[None], trailers=[None],
    )  # fmt: skip


def included(line: Iterable[str], log: Log, before: dict[str, int | None] | None = None) -> dict[str, tuple[Any, ...]]:
    """First author time, number of commits and time issue of each change."""
    shas = list(line)
    return dict(zip(shas, zip(*parse.find_included_commits(shas, log, before or {}, CLOCK), strict=True), strict=True))


def parents(log: Log, sha: str) -> list[str]:
    return log.commits.parents[log.row_of[sha]].split()


def reached(log: Log, tip: str) -> set[str]:
    """All commits that a commit reaches, by recursion."""
    return {tip}.union(*(reached(log, parent) for parent in parents(log, tip)))


@st.composite
def graphs(draw: st.DrawFn) -> Log:
    """Any history of up to fourteen commits, octopus and criss-cross merges and several roots included."""
    entries = []
    for number in range(draw(st.integers(1, 14))):
        those = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        entries.append(entry(str(number), *map(str, those), at=NOW - draw(st.integers(0, 9999))))
    return Log(*entries)


@given(graphs())
def test_a_change_includes_what_its_first_parent_does_not_reach(log: Log) -> None:
    """Each change of a line includes ``M ^M^1``: their number, and the earliest author time."""
    line = [str(len(log.commits.sha) - 1)]
    while before := parents(log, line[-1]):
        line.append(before[0])
    columns = included(reversed(line), log)
    for sha in line:
        commits = reached(log, sha) - (reached(log, parents(log, sha)[0]) if parents(log, sha) else set())
        times = [log.commits.authored_at[log.row_of[sha]] or 0 for sha in commits]
        assert columns[sha][:2] == (min(times), len(commits))


@pytest.mark.parametrize(
    ("time", "parent_time", "issue"),
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
def test_a_time_has_at_most_one_issue(time: int | None, parent_time: int | None, issue: str | None) -> None:
    """1970, unreadable, in the future, or before the parent; up to the skew a time is plausible."""
    assert CLOCK.find_issue(time, parent_time) == issue


def test_an_implausible_parent_leaves_its_children_plausible() -> None:
    """A time is compared with the last plausible one on its line."""
    log = Log(entry("a"), entry("b", "a", at=4_102_444_800), entry("c", "b"), entry("d", "c", at=NOW - 9999))
    columns = included("abcd", log)
    assert [columns[sha][2] for sha in "abcd"] == [None, "in_future", None, "before_parent"]
    assert columns["b"][0] is None


def test_the_first_author_time_is_plausible() -> None:
    """A merge of commits of 1970, unknown and plausible times has the plausible one; without one it has none."""
    log = Log(entry("a"), entry("x", "a", at=0), entry("y", "x", at=None), entry("z", "y", at=NOW - 5))
    log.add(entry("m", "a", "z"))
    log.add(entry("n", "m", "o", at=None))
    log.add(entry("o", "m", at=0))
    columns = included("amn", log)
    assert [columns[sha][:2] for sha in "amn"] == [(NOW, 1), (NOW - 5, 4), (None, 2)]


def test_each_line_continues_from_its_own_parent() -> None:
    """Each of two lines is compared with the last change of an earlier run, not with the other line."""
    log = Log(entry("b", "a", at=NOW - 9999), entry("y", "x", at=NOW - 9999))
    columns = included("by", log, {"a": NOW, "x": NOW - 9999})
    assert [columns[sha][2] for sha in "by"] == ["before_parent", None]


def test_a_parent_of_an_earlier_run_counts() -> None:
    """The first new change is compared with the last one that landed before."""
    log = Log(entry("b", "a", at=NOW - 9999))
    assert included("b", log, {"a": NOW})["b"][2] == "before_parent"
    assert included("b", log, {"a": 4_102_444_800})["b"][2] is None
    assert included("b", log)["b"][2] is None


def test_a_cherry_pick_has_author_and_time_of_its_original() -> None:
    """Only a commit with the same author and author time is its original, never the cherry-pick itself."""
    trunk = Log(
        entry("o", "r", at=5), entry("x", "r", at=6, author="eve"), entry("r", at=7), entry("m", "o", "x", at=8)
    )
    originals = dict(parse.list_authorships(trunk.commits))
    assert originals == {"o": ("ada", 5), "x": ("eve", 6)}
    assert parse.match_by_author_and_time({"p": ("ada", 5)}, originals.items()) == {"p": "o"}
    assert parse.match_by_author_and_time({"p": ("ada", 5), "q": ("ada", 6)}, [("p", ("ada", 5))]) == {}
    assert parse.match_by_author_and_time({"p": ("ada", None)}, [("o", ("ada", None))]) == {}


@given(st.lists(st.sampled_from(["main", "release/1", "release/2"]), max_size=9))
def test_each_line_is_sorted_oldest_first(branches: list[str]) -> None:
    """The lines are not mixed."""
    branch_of = {str(place): branch for place, branch in enumerate(branches)}
    ordered = parse.sort_oldest_first(list(branch_of), branch_of)
    for branch in set(branches):
        own = [sha for sha in branch_of if branch_of[sha] == branch]
        start = ordered.index(own[-1])
        assert ordered[start : start + len(own)] == own[::-1]
