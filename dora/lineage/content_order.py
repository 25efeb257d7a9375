"""Which of two contents is ahead: by commits where they are known, else by when each first served (C7). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dora.lineage.commit_graph import NONE, Graph
from dora.lineage.comparison import Contents, Direction


class ContentOrder:
    """The order of the contents of one application.

    ``introduced`` has the first attempt in which each part served a target in full, ``reached`` marks the commits that
    were shipped; the history keeps both current.
    """

    def __init__(self, graph: Graph, contents: Contents, introduced: dict[int, int], reached: bytearray) -> None:
        self._graph, self._introduced, self._reached = graph, introduced, reached
        self._parts, self._node, self._slot, _ = contents

    def parts(self, content: int) -> Sequence[int]:
        """Return the parts of a content; none of one that is unknown."""
        return self._parts[content] if content >= 0 else ()

    def is_behind(self, parts: Sequence[int], other: int) -> bool:
        """Tell whether all commits of a content that never served are known to be ancestors of what serves."""
        nodes = [self._node[part] for part in parts]
        before = [self._node[part] for part in self.parts(other) if self._node[part] >= 0]
        return bool(nodes and before) and all(
            node >= 0
            and self._reached[node]
            and any(self.compare_commits(node, other) == Direction.BACK for other in before)
            for node in nodes
        )

    def compare(self, content: int, other: int) -> int:
        """Return -1 if a content that has served is back of another, else 1: it is back if no part is ahead (C7)."""
        parts, others = self.parts(content), self.parts(other)
        orders = set()
        for part in parts:
            if part in others:
                continue
            rivals = [rival for rival in others if rival not in parts]
            same_slot = [rival for rival in rivals if self._slot[rival] == self._slot[part]]
            orders |= {self._compare_parts(part, rival) for rival in same_slot or rivals[:1]}
        return -1 if orders == {-1} else 1

    def lowest_ahead(self, content: int) -> Iterator[tuple[Callable[[int], int], int]]:
        """Yield measures of contents, each with the least of it that a content ahead of this one can have.

        What is ahead of it reaches the least in one of them.
        """
        parts = self.parts(content)
        nodes = [self._node[part] for part in parts if self._node[part] >= 0]
        if nodes:
            yield self.generation, min(self._graph.generation[node] for node in nodes)
        introduced = [self._introduced[part] for part in parts if part in self._introduced]
        if introduced:
            yield self.last_introduced, min(introduced)

    def generation(self, content: int) -> int:
        """Return the highest generation of the commits of a content, ``NONE`` if none is known."""
        nodes = [self._node[part] for part in self.parts(content)]
        return max((self._graph.generation[node] for node in nodes if node >= 0), default=NONE)

    def last_introduced(self, content: int) -> int:
        """Return when the last of its parts first served."""
        return max((self._introduced[part] for part in self.parts(content)), default=NONE)

    def _compare_parts(self, part: int, other: int) -> int:
        """Compare two parts by ancestry where both commits are known, else by when each first served anywhere."""
        node, before = self._node[part], self._node[other]
        if node >= 0 and before >= 0:
            by_ancestry = self.compare_commits(node, before)
            if by_ancestry != Direction.DIVERGED:
                return -1 if by_ancestry == Direction.BACK else 1
        introduced, other_introduced = self._introduced.get(part), self._introduced.get(other)
        if introduced is None or other_introduced is None:
            return 1 if introduced is None else -1
        return -1 if introduced < other_introduced else 1

    def compare_commits(self, node: int, before: int) -> Direction:
        """Return where a commit is from another one: back, ahead or diverged."""
        # An ancestor has a lower generation, so at most one of the two walks through the graph is needed.
        generation = self._graph.generation
        if generation[node] <= generation[before] and self._graph.reaches(before, node):
            return Direction.BACK
        if generation[node] >= generation[before] and self._graph.reaches(node, before):
            return Direction.AHEAD
        return Direction.DIVERGED
