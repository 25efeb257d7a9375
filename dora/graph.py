"""The commit graph in memory: nodes are numbers, edges go from a commit to its parents. Pure."""

from __future__ import annotations

from collections import deque
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32]


class Graph:
    """Commits numbered from 0 to ``size - 1``, and the parents of each.

    ``children`` and ``parents`` are the two ends of every edge. A parent that is missing is simply no
    edge, and a circle, which no repository can hold but a file of commits can, is walked once.
    """

    def __init__(self, size: int, children: Numbers, parents: Numbers) -> None:
        self.size = size
        self.parents = _grouped(size, children, parents)
        self._edges = children, parents

    @cached_property
    def generation(self) -> list[int]:
        """Length of the longest way from each commit to a root; what a circle taints is above all others."""
        children = _grouped(self.size, self._edges[1], self._edges[0])
        missing = [len(parents) for parents in self.parents]
        ready = deque(node for node, count in enumerate(missing) if not count)
        found = [self.size] * self.size
        for node in ready:
            found[node] = 0
        while ready:
            node = ready.popleft()
            for child in children[node]:
                missing[child] -= 1
                if not missing[child]:
                    found[child] = found[node] + 1
                    ready.append(child)
        return found

    def mark(self, tip: int, marked: bytearray) -> list[int]:
        """Mark all that ``tip`` reaches and was not marked, and return it.

        As what is marked is closed under ancestry, the walk stops wherever it meets a mark.
        """
        if marked[tip]:
            return []
        marked[tip] = 1
        found, parents = [tip], self.parents
        for node in found:
            for parent in parents[node]:
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
            for parent in self.parents[node]:
                if generation[parent] >= floor and parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return False


def _grouped(size: int, keys: Numbers, values: Numbers) -> list[list[int]]:
    """For each key from 0 to ``size - 1`` its values, in the order given."""
    flat = values[np.argsort(keys, kind="stable")].tolist()
    bounds = np.concatenate(([0], np.cumsum(np.bincount(keys, minlength=size)))).tolist()
    return [flat[start:end] for start, end in pairwise(bounds)]
