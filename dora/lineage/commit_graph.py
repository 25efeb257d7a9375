"""The commit graph in memory: nodes are numbers, edges go from a commit to its parents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32]
NONE = -1
# A walk that visits more commits looks first whether a line of first parents answers, as it does for most far ones.
_FAR = 64


class Graph:
    """Commits numbered from 0 to ``size - 1``, and the parents of each.

    ``children`` and ``parents`` are the two ends of every edge. A missing parent is no edge, and a
    cycle, which a file of commits can have and a repository cannot, is walked once. Nearly all
    commits have one parent: ``first`` holds it (``NONE`` of a root), ``merges`` the further ones of a merge.
    """

    def __init__(self, size: int, children: Numbers, parents: Numbers) -> None:
        order = np.argsort(children, kind="stable")
        children, parents = children[order], parents[order]
        further = np.diff(children, prepend=NONE) == 0
        self.size, self.first = size, np.full(size, NONE, np.int32)
        self.first[children[~further]] = parents[~further]
        self.merges: dict[int, list[int]] = {}
        for child, parent in zip(children[further].tolist(), parents[further].tolist(), strict=True):
            self.merges.setdefault(child, []).append(parent)
        self._first: list[int] = self.first.tolist()

    def parents(self, node: int) -> Sequence[int]:
        """The parents of a commit."""
        first = self._first[node]
        return () if first == NONE else (first, *self.merges.get(node, ()))

    @cached_property
    def generation(self) -> list[int]:
        """Length of the longest path from each commit to a root; a commit that reaches a cycle is above all others.

        It follows from the parent if that has a lower number, as nearly all have; otherwise ``_climb`` computes it.
        """
        generations, merges = [NONE] * self.size, self.merges
        for node, parent in enumerate(self._first):
            if parent == NONE:
                generations[node] = 0
            elif (parent_generation := generations[parent]) != NONE and node not in merges:
                generations[node] = parent_generation + (parent_generation < self.size)
            else:
                self._climb(node, generations)
        return generations

    def _climb(self, tip: int, generations: list[int]) -> None:
        """Compute the generation of a commit and of its ancestors that have none yet."""
        # Without recursion: a branch can be longer than Python's stack is deep.
        stack, entered = [tip], set[int]()
        while stack:
            node = stack[-1]
            if generations[node] == NONE and node not in entered:
                entered.add(node)
                stack += [up for up in self.parents(node) if generations[up] == NONE and up not in entered]
            else:
                stack.pop()
                if generations[node] == NONE:
                    above = (self.size if generations[up] == NONE else generations[up] for up in self.parents(node))
                    highest = max(above, default=-1)
                    generations[node] = highest + (highest < self.size)

    @cached_property
    def _lines(self) -> tuple[list[int], list[int]]:
        """Start and end of an interval for each commit, which holds those of all that reach it by first parents."""
        first, generation, size = self._first, self.generation, [1] * self.size
        order = np.argsort(np.array(generation), kind="stable").tolist()  # parents before children, but for cycles
        up = [NONE if up == NONE or generation[up] >= generation[node] else up for node, up in enumerate(first)]
        for node in reversed(order):
            if up[node] != NONE:
                size[up[node]] += size[node]
        start, free, total = [0] * self.size, [0] * self.size, 0
        for node in order:
            if up[node] == NONE:
                start[node], total = total, total + size[node]
            else:
                start[node] = free[up[node]]
                free[up[node]] += size[node]
            free[node] = start[node] + 1
        return start, [begin + length for begin, length in zip(start, size, strict=True)]

    def mark(self, tip: int, marked: bytearray) -> list[int]:
        """Mark all commits that ``tip`` reaches and that were not marked, and return them.

        Marked commits are closed under ancestry, so the walk stops at the first mark.
        """
        if marked[tip]:
            return []
        marked[tip] = 1
        reached, first, merges = [tip], self._first, self.merges
        for node in reached:
            parent = first[node]
            if parent != NONE and not marked[parent]:
                marked[parent] = 1
                reached.append(parent)
            for parent in merges.get(node, ()):
                if not marked[parent]:
                    marked[parent] = 1
                    reached.append(parent)
        return reached

    def stand_in(self, node: int, candidates: Iterable[tuple[int, bool]]) -> int | None:
        """Return the earliest of some trunk commits of one tree that ``node`` does not reach, null if there is none.

        Each comes with whether it was there before ``node`` was deployed; a later one stands for it only as the next
        after what it reaches, as its own merge is.
        """
        for candidate, is_earlier in sorted(candidates, key=lambda pair: self.generation[pair[0]]):
            first = self._first[candidate]
            if not self.reaches(node, candidate) and (is_earlier or (first != NONE and self.reaches(node, first))):
                return candidate
        return None

    def reaches(self, later: int, earlier: int) -> bool:
        """Whether ``earlier`` is ``later`` or an ancestor of it; walks only generations above ``earlier``."""
        generation, floor = self.generation, self.generation[earlier]
        visited, stack, is_far = {later}, [later], False
        while stack:
            node = stack.pop()
            if node == earlier:
                return True
            if len(visited) > _FAR and not is_far:
                is_far = True
                start, end = self._lines
                if start[earlier] <= start[later] < end[earlier]:
                    return True
            for parent in self.parents(node):
                if generation[parent] >= floor and parent not in visited:
                    visited.add(parent)
                    stack.append(parent)
        return False
