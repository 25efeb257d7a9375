"""What served, one application at a time: each attempt in order → what it carried and where it went. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from dora.lineage.commit_graph import Graph

Content = int | str


class Attempt(NamedTuple):
    """One try at changing what serves; ``node`` is its commit in the graph, ``found`` how that was found.

    ``undone``: before it ended, it brought back what had served before.
    """

    node: int | None
    found: str
    version: str | None
    took_traffic: bool
    succeeded: bool
    alters: bool
    explicit_rollback: bool
    restores: str | None
    server_group: str | None
    steps_back: int | None
    undone: bool = False


class Carried(NamedTuple):
    """What an attempt carried. Other attempts are named by number; a null is a thing that is not there.

    What served before began with ``previous``; ``replaced`` is who deployed it last and got to the end, by itself again
    or otherwise configured. Where nobody ever did, it is who brought it first.
    """

    node: int | None
    attribution: str
    direction: str | None = None
    previous: int | None = None
    replaced: int | None = None
    content: int | None = None
    restored: int | None = None
    blamed_first: int | None = None
    blamed_last: int | None = None


def usual(number: Any, node: Any) -> Carried:
    """What an attempt carried that ``History.advance`` took; of one attempt, or of columns of them."""
    return Carried(node, "commit", "ahead", previous=number - 1, replaced=number - 1, content=number)


@dataclass(slots=True)
class _Spell:
    """One content: who brought it first and who deployed it whole last; of its latest spell who began it, who joined it
    last and who ended it."""

    content: Content
    node: int | None
    origin: int
    since: int
    deployed: int
    last: int
    left_by: int | None = None


class History:
    """The serving history of one application.

    Contents are told apart by commit where it is known, else by version; one of which neither is
    known is a content of its own. ``shipped`` collects (commit, attempt) of what the walk marked first.
    """

    def __init__(self, graph: Graph) -> None:
        self.shipped: list[tuple[int, list[int]]] = []
        self._graph, self._marked = graph, bytearray(graph.size)
        self._versions: dict[str, int] = {}
        self._groups: dict[str, Content] = {}
        self._spells: dict[Content, _Spell] = {}  # in order of last serving: the last one serves
        self._current: _Spell | None = None

    def advance(self, number: int, attempt: Attempt) -> bool:
        """Take the next attempt if it is as nearly all are, which leaves no question: a commit ahead of all that was
        shipped, brought well, right after an attempt that began what serves. It is ``usual``; any other is left."""
        node, _, version, took_traffic, succeeded, alters, _, restores, group, _, undone = attempt
        before = self._current
        if node is None or before is None or before.since != number - 1 or restores is not None or undone:
            return False
        if not (took_traffic and succeeded and alters) or self._marked[node] or node in self._spells:
            return False
        if version is not None:
            self._versions[version] = node
        if group is not None:
            self._groups[group] = node
        before.left_by = number
        self._spells[node] = self._current = _Spell(node, node, number, number, number, number)
        self.shipped.append((number, self._graph.mark(node, self._marked)))
        return True

    def take(self, number: int, attempt: Attempt) -> Carried:
        """Place the next attempt; ``number`` must be above those of all earlier ones."""
        content, node, attribution = self._content(number, attempt)
        if attempt.version is not None and node is not None:
            self._versions[attempt.version] = node
        if not attempt.took_traffic:
            return Carried(node, attribution)
        direction = self._direction(attempt, content, node)
        carried = self._placed(number, content, Carried(node, attribution, direction))
        if not attempt.undone:
            self._serve(number, content, node, whole=attempt.alters and attempt.succeeded)
            if attempt.server_group is not None:
                self._groups[attempt.server_group] = content
        if attempt.succeeded and attempt.alters and node is not None:
            self.shipped.append((number, self._graph.mark(node, self._marked)))
        return carried

    def _content(self, number: int, attempt: Attempt) -> tuple[Content, int | None, str]:
        """What an attempt carries, its commit, and how that is known; the strongest evidence first."""
        current = self._current
        if not attempt.alters and current:
            return current.content, current.node, "missing" if current.node is None else "version"
        if attempt.restores in self._groups:
            return self._restored(self._spells[self._groups[attempt.restores]])
        if attempt.node is not None:
            return attempt.node, attempt.node, attempt.found
        if attempt.found == "missing" and attempt.version in self._versions:
            node = self._versions[attempt.version]
            return node, node, "version"
        if attempt.explicit_rollback and (target := self._target(attempt)):
            return self._restored(target)
        return -number - 1 if attempt.version is None else attempt.version, None, attempt.found

    @staticmethod
    def _restored(spell: _Spell) -> tuple[Content, int | None, str]:
        return spell.content, spell.node, "restored"

    def _target(self, attempt: Attempt) -> _Spell | None:
        """What a rollback without a commit returned to: its version, else so many contents before what serves.

        Each content counts once, by its last serving: Kubernetes renumbers a restored revision to the newest.
        """
        if attempt.version is not None:
            return self._spells.get(attempt.version)
        steps = attempt.steps_back or 0
        return next(islice(reversed(self._spells.values()), steps, None), None) if steps > 0 else None

    def _direction(self, attempt: Attempt, content: Content, node: int | None) -> str:
        current = self._current
        if current is None:
            return "first"
        if not attempt.alters:
            return "same"
        if node is not None and not self._marked[node]:
            return "ahead"
        if content == current.content:
            return "same"
        if node is None or current.node is None:
            return "back" if content in self._spells else "unknown"
        return self._compared(node, current.node)

    def _compared(self, node: int, current: int) -> str:
        generation = self._graph.generation
        if generation[node] <= generation[current] and self._graph.reaches(current, node):
            return "back"
        if generation[node] >= generation[current] and self._graph.reaches(node, current):
            return "ahead"
        return "diverged"

    def _placed(self, number: int, content: Content, carried: Carried) -> Carried:
        """What served before an attempt; of a content that had served earlier, who left it since."""
        before, spell = self._current, self._spells.get(content)
        previous, replaced = (before.since, before.deployed) if before else (None, None)
        placed = carried._replace(previous=previous, replaced=replaced, content=spell.origin if spell else number)
        if spell is None or spell is before:
            return placed
        return placed._replace(restored=spell.last, blamed_first=spell.left_by, blamed_last=previous)

    def _serve(self, number: int, content: Content, node: int | None, *, whole: bool) -> None:
        before, spell = self._current, self._spells.pop(content, None)
        if spell is None:
            spell = _Spell(content, node, origin=number, since=number, deployed=number, last=number)
        elif spell is not before:
            spell.since = number
        if before and before is not spell:
            before.left_by = number
        spell.deployed = number if whole else spell.deployed
        spell.last = number
        self._spells[content] = self._current = spell
