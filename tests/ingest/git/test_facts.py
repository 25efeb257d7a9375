"""What changes brought and whether their clocks can be believed, against plain statements of both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.git import facts
from ingest.git.facts import Clock
from ingest.git.log import Entry
from ingest.git.message import Claim

NOW = 1_700_000_000
CLOCK = Clock(NOW, 3600)


def entry(sha: str, *parents: str, at: int | None = NOW, subject: str = "", request: str | None = None,
          reverts: str | None = None, author: str = "ada") -> Entry:  # fmt: skip
    return Entry(sha, list(parents), at, at, author, subject, request, reverts, None, None, [])


def graph(*entries: Entry) -> dict[str, Entry]:
    return {one.sha: one for one in entries}


def reached(known: dict[str, Entry], tip: str) -> set[str]:
    """All that a commit reaches, the slow way."""
    parents = [reached(known, parent) for parent in known[tip].parents if parent in known]
    return {tip}.union(*parents)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Entry]:
    """Any history of up to fourteen commits, octopus and criss-cross merges and several roots included."""
    entries = []
    for number in range(draw(st.integers(1, 14))):
        parents = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        entries.append(entry(str(number), *map(str, parents), at=NOW - draw(st.integers(0, 9999))))
    return graph(*entries)


@given(graphs())
def test_a_change_brought_what_its_first_parent_did_not_have(known: dict[str, Entry]) -> None:
    """On a whole line each entry brought ``M ^M^1``: their number and the earliest author time of them."""
    line, tip = [], str(len(known) - 1)
    while True:
        line.append(tip)
        if not known[tip].parents:
            break
        tip = known[tip].parents[0]
    found = facts.brought(reversed(line), known, {}, CLOCK)
    for sha in line:
        before = reached(known, known[sha].parents[0]) if known[sha].parents else set()
        came = reached(known, sha) - before
        assert found[sha].commits == len(came)
        assert found[sha].first == min(known[one].authored or 0 for one in came)


def test_a_merge_reverts_what_a_commit_of_it_reverts() -> None:
    """The revert is made on a branch, and it is the merge that undoes the change on trunk."""
    known = graph(entry("a"), entry("b", "a"), entry("r", "b", reverts="b"), entry("m", "b", "r"))
    found = facts.brought(["a", "b", "m"], known, {}, CLOCK)
    assert [found[sha].reverts for sha in ("a", "b", "m")] == [None, None, "b"]


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
    assert CLOCK.doubt(time, parent) == doubt


def test_an_impossible_parent_does_not_cast_doubt_on_its_children() -> None:
    """A time is compared with the last one on its line that can be believed."""
    known = graph(entry("a"), entry("b", "a", at=4_102_444_800), entry("c", "b"), entry("d", "c", at=NOW - 9999))
    found = facts.brought(["a", "b", "c", "d"], known, {}, CLOCK)
    assert [found[sha].doubt for sha in "abcd"] == [None, "in_future", None, "before_parent"]
    assert found["b"].first is None


def test_the_parent_at_which_a_read_begins_counts_too() -> None:
    """A change that is new today is compared with the one that was landed yesterday."""
    known, before = graph(entry("b", "a", at=NOW - 9999)), graph(entry("a"))
    assert facts.brought(["b"], known, before, CLOCK)["b"].doubt == "before_parent"
    assert facts.brought(["b"], known, {}, CLOCK)["b"].doubt is None


def test_a_claim_means_the_latest_before_it() -> None:
    """Of two changes with one subject the later is undone, never one that came after the revert, nor itself."""
    line = [entry("e", subject="x"), entry("d", subject='Revert "x"'), entry("c", subject="x"),
            entry("b", subject="x", request="3"), entry("a")]  # fmt: skip
    branches = dict.fromkeys("edcba", "main")
    claims = {"d": Claim("subject", "x"), "c": Claim("request", "3"), "b": Claim("request", "3")}
    assert facts.undone(claims, line, branches) == {"d": "c", "c": "b"}


def test_a_pick_keeps_author_and_instant() -> None:
    """Only a commit of the same author and instant can be its origin, and none is its own."""
    pick, other = entry("p", at=5), entry("q", at=6)
    originals = [entry("o", at=5), entry("x", at=6, author="eve"), pick]
    assert facts.alike([pick], originals[:2]) == {"p": "o"}
    assert facts.alike([pick, other], [pick]) == {}


@given(st.lists(st.sampled_from(["main", "release/1", "release/2"]), max_size=9))
def test_lines_are_turned_round_each_for_itself(branches: list[str]) -> None:
    """Each line comes as a whole, oldest first."""
    named = {str(place): branch for place, branch in enumerate(branches)}
    turned = facts.oldest_first(list(named), named)
    for branch in set(branches):
        own = [sha for sha in named if named[sha] == branch]
        start = turned.index(own[-1])
        assert turned[start : start + len(own)] == own[::-1]
