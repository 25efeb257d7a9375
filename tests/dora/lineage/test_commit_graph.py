"""The commit graph against sets computed by hand: octopus and criss-cross merges, islands, circles, gaps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dora.lineage.commit_graph import Graph

Parents = list[list[int]]


@st.composite
def histories(draw: st.DrawFn, most: int = 14) -> Parents:
    """Parents of each commit, all of them earlier: none (a root), one, two or many."""
    size = draw(st.integers(1, most))
    return [draw(st.lists(st.integers(0, node - 1), max_size=4, unique=True)) if node else [] for node in range(size)]


def graph(parents: Parents) -> Graph:
    edges = [(child, parent) for child, those in enumerate(parents) for parent in those]
    children, ups = np.array(edges, dtype=np.int32).reshape(-1, 2).T
    return Graph(len(parents), children, ups)


def reach(parents: Parents, tip: int) -> set[int]:
    """All that ``tip`` reaches, itself included, by repetition until nothing is added."""
    found = {tip}
    while more := {up for node in found for up in parents[node]} - found:
        found |= more
    return found


@given(histories())
def test_a_commit_reaches_its_ancestors_and_nothing_else(parents: Parents) -> None:
    """reaches is ancestry, for every pair of every history."""
    own = graph(parents)
    for later in range(len(parents)):
        reached = reach(parents, later)
        for earlier in range(len(parents)):
            assert own.reaches(later, earlier) == (earlier in reached)


@given(histories(), st.data())
def test_marking_gives_each_commit_to_the_first_that_reaches_it(parents: Parents, data: st.DataObject) -> None:
    """Whatever the order of tips, each walk returns what it reaches less what any earlier one reached, once."""
    tips = data.draw(st.lists(st.integers(0, len(parents) - 1), max_size=8))
    own, marked, before = graph(parents), bytearray(len(parents)), set[int]()
    for tip in tips:
        found = own.mark(tip, marked)
        assert len(found) == len(set(found))
        assert set(found) == reach(parents, tip) - before
        before |= reach(parents, tip)
    assert {node for node, mark in enumerate(marked) if mark} == before


@given(histories())
def test_generations_rise_from_parent_to_child(parents: Parents) -> None:
    """A root is generation 0, any other commit one more than its highest parent."""
    found = graph(parents).generation
    assert found == [1 + max((found[up] for up in those), default=-1) for those in parents]


@given(st.data(), st.integers(1, 8))
def test_circles_are_walked_once(data: st.DataObject, size: int) -> None:
    """Parents that no repository could hold, circles and self-parents, neither hang nor lie about ancestry."""
    node = st.integers(0, size - 1)
    parents = data.draw(st.lists(st.lists(node, max_size=3, unique=True), min_size=size, max_size=size))
    own = graph(parents)
    for later in range(size):
        assert set(own.mark(later, bytearray(size))) == reach(parents, later)
        assert {earlier for earlier in range(size) if own.reaches(later, earlier)} == reach(parents, later)


@given(histories(12), st.integers(0, 120))
def test_far_ancestry_is_ancestry_too(parents: Parents, length: int) -> None:
    """A long line on top of any history changes no answer, on its first parents or beside them."""
    size = len(parents)
    long = [*parents, *([up] for up in range(size - 1, size + length - 1))]
    own, reached = graph(long), reach(parents, size - 1)
    assert {earlier for earlier in range(size) if own.reaches(len(long) - 1, earlier)} == reached
    assert all(own.reaches(len(long) - 1, earlier) for earlier in range(size, len(long)))


def test_no_commits_are_a_graph_too() -> None:
    """An empty landing is walked without a special case."""
    assert graph([]).generation == []


def test_a_long_line_needs_no_deep_stack() -> None:
    """Depth is bounded by memory, not by Python's recursion limit."""
    parents = [[node - 1] if node else [] for node in range(50_000)]
    own = graph(parents)
    assert own.reaches(49_999, 0)
    assert len(own.mark(49_999, bytearray(50_000))) == 50_000
