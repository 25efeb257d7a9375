"""The commit graph in memory: nodes are numbers, edges go from a commit to its parents. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32]
NONE = -1


class Graph:
    """Commits numbered from 0 to ``size - 1``, and the parents of each.

    ``children`` and ``parents`` are the two ends of every edge. A parent that is missing is simply no
    edge, and a circle, which no repository can hold but a file of commits can, is walked once. Nearly all
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
        """Length of the longest way from each commit to a root; what a circle taints is above all others.

        It is read off the parent where that has a lower number, as nearly all have; else found by ``_climb``.
        """
        found, merges = [NONE] * self.size, self.merges
        for node, parent in enumerate(self._first):
            if parent == NONE:
                found[node] = 0
            elif (above := found[parent]) != NONE and node not in merges:
                found[node] = above + (above < self.size)
            else:
                self._climb(node, found)
        return found

    def _climb(self, tip: int, found: list[int]) -> None:
        """Find the generation of a commit and of all above it that have none yet, without recursion."""
        waiting, entered = [tip], set[int]()
        while waiting:
            node = waiting[-1]
            if found[node] == NONE and node not in entered:
                entered.add(node)
                waiting += [up for up in self.parents(node) if found[up] == NONE and up not in entered]
            else:
                waiting.pop()
                if found[node] == NONE:
                    above = max(
                        (self.size if found[up] == NONE else found[up] for up in self.parents(node)), default=-1
                    )
                    found[node] = above + (above < self.size)

    def mark(self, tip: int, marked: bytearray) -> list[int]:
        """Mark all that ``tip`` reaches and was not marked, and return it.

        As what is marked is closed under ancestry, the walk stops wherever it meets a mark.
        """
        if marked[tip]:
            return []
        marked[tip] = 1
        found, first, merges = [tip], self._first, self.merges
        for node in found:
            parent = first[node]
            if parent != NONE and not marked[parent]:
                marked[parent] = 1
                found.append(parent)
            if node in merges:
                for parent in merges[node]:
                    if not marked[parent]:
                        marked[parent] = 1
                        found.append(parent)
        return found

    def reaches(self, later: int, earlier: int) -> bool:
        """Whether ``earlier`` is ``later`` or an ancestor of it; walks only generations above ``earlier``."""
        generation, floor = self.generation, self.generation[earlier]
        seen, waiting = {later}, [later]
        while waiting:
            node = waiting.pop()
            if node == earlier:
                return True
            for parent in self.parents(node):
                if generation[parent] >= floor and parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return False
