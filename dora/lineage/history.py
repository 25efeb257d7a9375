"""What served each target of an application, one attempt after another: where each went, and whom it takes back. Pure.

Rules C7, D5, D6 and E1 of ``docs/what-serves.md``. The kind of a deployment follows from its ``Change`` in
``dora/sql/models/deployments.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from dora.lineage.commit_graph import NONE, Graph


class Change(StrEnum):
    """What an attempt changed, by what its targets had served in full before; the first that is true of a target."""

    NEW = "new"  # content that has served no target
    BACK = "back"  # content that is behind what serves
    PROMOTION = "promotion"  # content that has served another target and never this one
    FORWARD = "forward"  # content that has served here, ahead of what serves
    TEMPLATE = "template"  # the same content with another pod template
    SAME = "same"


_PRIORITY = list(Change).index


class Direction(StrEnum):
    """Where an attempt went by the commit graph, compared with the content that served before it."""

    FIRST = "first"
    AHEAD = "ahead"
    SAME = "same"
    BACK = "back"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"


class Contents(NamedTuple):
    """What can serve: a content is a set of parts; a part is a commit or a version, and what it replaces.

    ``parts`` has the parts of each content, ``node`` of each part its commit in the graph or ``NONE``, ``slot`` the
    number of what it replaces: another part with the same slot is another version of the same image or repository.
    """

    parts: Sequence[Sequence[int]]
    node: Sequence[int]
    slot: Sequence[int]


class Served(NamedTuple):
    """What began to serve one target; ``content`` and ``template`` are null (``NONE``) if they are unknown.

    ``is_full``: it took all traffic. ``is_undone``: the same execution tree took it back.
    """

    target: int
    content: int
    template: int
    is_full: bool = True
    is_undone: bool = False


class Attempt(NamedTuple):
    """One attempt to change what serves; ``is_undo``: it says that it goes back."""

    served: Sequence[Served]
    took_traffic: bool
    succeeded: bool
    is_undo: bool = False


class Comparison(NamedTuple):
    """How an attempt compares with what served before; other attempts are given by number, null if there is none.

    ``previous`` started the interval that served before, ``content`` introduced this content. ``restored`` last
    confirmed the content that it went back to, ``blamed_first`` and ``blamed_last`` are the first and the last that it
    takes back. ``joins`` is the deployment of which a promotion may be a later rollout (D6).
    """

    node: int | None = None
    change: str | None = None
    direction: str | None = None
    previous: int | None = None
    content: int | None = None
    restored: int | None = None
    blamed_first: int | None = None
    blamed_last: int | None = None
    joins: int | None = None


def ordinary_release(number: Any, node: Any, previous: Any) -> Comparison:
    """Return the comparison of an attempt that ``History.append_release`` took; of one, or of columns of them."""
    return Comparison(node, Change.NEW, Direction.AHEAD, previous, content=number)


class Interval:
    """A stretch of time in which one content with one template served a target; attempts are given by number."""

    __slots__ = ("confirmed_by", "content", "is_promotion", "next", "started_by", "template")

    def __init__(self, content: int, template: int, number: int) -> None:
        self.content, self.template = content, template
        self.started_by = self.confirmed_by = number
        self.is_promotion = False
        self.next: Interval | None = None


class Lane:
    """What has served one target: its intervals, the last one of each content, and the last of all."""

    __slots__ = ("by_content", "by_revision", "current", "first", "partial")

    def __init__(self, first: Interval) -> None:
        self.first = self.current = first
        self.by_content = {first.content: first}
        self.by_revision = {(first.content, first.template): first}
        self.partial: int | None = None  # the first attempt that took a part of the traffic since

    def append(self, interval: Interval) -> None:
        """Let an interval follow the current one."""
        self.current.next = self.current = interval
        self.by_content[interval.content] = interval
        self.by_revision[interval.content, interval.template] = interval
        self.partial = None


class History:
    """The serving history of one application.

    ``shipped`` collects (attempt, commits) that the attempt shipped first.
    """

    def __init__(self, graph: Graph, contents: Contents) -> None:
        self.shipped: list[tuple[int, list[int]]] = []
        self._graph, self._reached = graph, bytearray(graph.size)
        self._parts, self._node, self._slot = contents
        self._introduced: dict[int, int] = {}  # the first attempt in which each part served a target in full
        self._lanes: dict[int, Lane] = {}
        self._first_lanes: dict[int, Lane] = {}  # where each content served first
        self._last_lane: Lane | None = None

    def append_release(self, number: int, served: Served) -> int | None:
        """Append a succeeded attempt of one target if it is an ordinary release; return the attempt before, else null.

        Nearly all are: one new commit, ahead of all that was shipped. Any other attempt is left to ``append``.
        """
        # This runs for each of millions of attempts: it does what `append` would, in as few steps as possible.
        target, content, template, _, _ = served
        lane = self._lanes.get(target)
        if lane is None or content < 0:
            return None
        parts = self._parts[content]
        part = parts[0]
        node = self._node[part]
        if len(parts) != 1 or node < 0 or part in self._introduced or self._reached[node]:
            return None
        self._introduced[part] = number
        before = lane.current.started_by
        lane.append(Interval(content, template, number))
        self._first_lanes[content] = self._last_lane = lane
        self.shipped.append((number, self._graph.mark(node, self._reached)))
        return before

    def append(self, number: int, attempt: Attempt) -> Comparison:
        """Append the next attempt; ``number`` must be above those of all earlier ones."""
        if not attempt.served:
            return self._carry_over(attempt)
        rows = [self._known(number, served) for served in attempt.served]
        node = self._main_node(rows)
        if not attempt.took_traffic:
            return Comparison(node)
        changes = [self._change(served) for served in rows]
        main = min(range(len(rows)), key=lambda place: _PRIORITY(changes[place]))
        comparison = self._compare(rows, changes, main, is_undo=attempt.is_undo)
        comparison = comparison._replace(node=node, content=self._introduced_by(rows[main].content, number))
        if changes[main] == Change.PROMOTION:
            comparison = comparison._replace(joins=self._joins(rows))
        for served, change in zip(rows, changes, strict=True):
            self._serve(number, served, change)
        if attempt.succeeded:
            self._ship(number, rows)
        return comparison

    def _carry_over(self, attempt: Attempt) -> Comparison:
        """Return the comparison of a restart, which keeps what serves."""
        if self._last_lane is None or not attempt.took_traffic:
            return Comparison()
        serving = self._last_lane.current
        node = self._main_node([Served(0, serving.content, serving.template)])
        introduced = self._introduced_by(serving.content, serving.started_by)
        return Comparison(node, Change.SAME, Direction.SAME, serving.started_by, introduced)

    def _known(self, number: int, served: Served) -> Served:
        """Return it with a content: that of before if only the template changed, else one that no other attempt has."""
        if served.content != NONE:
            return served
        lane = self._lanes.get(served.target)
        is_patch = lane is not None and served.template != NONE
        return served._replace(content=lane.current.content if lane and is_patch else -number - 2)

    def _main_node(self, rows: Sequence[Served]) -> int | None:
        parts = [part for served in rows for part in self._parts_of(served.content)]
        new_first = sorted(parts, key=lambda part: (part in self._introduced, self._slot[part]))
        return next((self._node[part] for part in new_first if self._node[part] >= 0), None)

    def _parts_of(self, content: int) -> Sequence[int]:
        return self._parts[content] if content >= 0 else ()

    def _introduced_by(self, content: int, otherwise: int) -> int:
        """Return the attempt that first served the last part of a content."""
        introduced = [self._introduced.get(part, otherwise) for part in self._parts_of(content)]
        return max(introduced, default=otherwise)

    def _change(self, served: Served) -> Change:
        lane, content = self._lanes.get(served.target), served.content
        if lane is not None and content == lane.current.content:
            same = served.template == lane.current.template or NONE in (served.template, lane.current.template)
            return Change.SAME if same else Change.TEMPLATE
        parts = self._parts_of(content)
        if not parts or any(part not in self._introduced for part in parts):
            return Change.BACK if lane and self._is_behind(parts, lane.current.content) else Change.NEW
        if lane is None:
            return Change.PROMOTION
        if self._order(content, lane.current.content) < 0:
            return Change.BACK
        return Change.FORWARD if content in lane.by_content else Change.PROMOTION

    def _is_behind(self, parts: Sequence[int], other: int) -> bool:
        """Tell whether all commits of a content that never served are known to be ancestors of what serves."""
        nodes = [self._node[part] for part in parts]
        before = [self._node[part] for part in self._parts_of(other) if self._node[part] >= 0]
        return bool(nodes and before) and all(
            node >= 0
            and self._reached[node]
            and any(self._compare_commits(node, other) == Direction.BACK for other in before)
            for node in nodes
        )

    def _order(self, content: int, other: int) -> int:
        """Return -1 if a content that has served is back of another, else 1: it is back if no part is ahead (C7)."""
        parts, others = self._parts_of(content), self._parts_of(other)
        orders = set()
        for part in parts:
            if part in others:
                continue
            rivals = [rival for rival in others if rival not in parts]
            same_slot = [rival for rival in rivals if self._slot[rival] == self._slot[part]]
            orders |= {self._order_parts(part, rival) for rival in same_slot or rivals[:1]}
        return -1 if orders == {-1} else 1

    def _order_parts(self, part: int, other: int) -> int:
        """Compare two parts by ancestry where both commits are known, else by when each first served anywhere."""
        node, before = self._node[part], self._node[other]
        if node >= 0 and before >= 0:
            by_ancestry = self._compare_commits(node, before)
            if by_ancestry != Direction.DIVERGED:
                return -1 if by_ancestry == Direction.BACK else 1
        introduced, other_introduced = self._introduced.get(part), self._introduced.get(other)
        if introduced is None or other_introduced is None:
            return 1 if introduced is None else -1
        return -1 if introduced < other_introduced else 1

    def _compare_commits(self, node: int, before: int) -> Direction:
        # An ancestor has a lower generation, so at most one of the two walks through the graph is needed.
        generation = self._graph.generation
        if generation[node] <= generation[before] and self._graph.reaches(before, node):
            return Direction.BACK
        if generation[node] >= generation[before] and self._graph.reaches(node, before):
            return Direction.AHEAD
        return Direction.DIVERGED

    def _direction(self, served: Served, change: Change) -> Direction:
        lane = self._lanes.get(served.target)
        if lane is None:
            return Direction.FIRST
        if change in (Change.SAME, Change.TEMPLATE):
            return Direction.SAME
        node, before = (
            self._main_node([Served(0, content, NONE)]) for content in (served.content, lane.current.content)
        )
        if node is not None and not self._reached[node]:
            return Direction.AHEAD
        if node is not None and before is not None:
            return self._compare_commits(node, before)
        return Direction.BACK if change == Change.BACK else Direction.UNKNOWN

    def _compare(self, rows: Sequence[Served], changes: Sequence[Change], main: int, *, is_undo: bool) -> Comparison:
        """Compare an attempt with what its targets served before, and find whom it takes back (E1)."""
        lane = self._lanes.get(rows[main].target)
        comparison = Comparison(
            change=changes[main],
            direction=self._direction(rows[main], changes[main]),
            previous=lane.current.started_by if lane else None,
        )
        taken_back = [
            self._blame(lane, served)
            for served, change in zip(rows, changes, strict=True)
            if (is_undo or change == Change.BACK) and (lane := self._lanes.get(served.target))
        ]
        firsts = [first for _, first, _ in taken_back if first is not None]
        restored = next((restored for restored, _, _ in taken_back if restored is not None), None)
        lasts = [last for _, first, last in taken_back if first is not None]
        return comparison._replace(
            restored=restored, blamed_first=min(firsts, default=None), blamed_last=max(lasts, default=None)
        )

    def _blame(self, lane: Lane, served: Served) -> tuple[int | None, int | None, int]:
        """Return who last confirmed what is restored on a target, and the first and the last that it takes back."""
        restored = lane.by_revision.get((served.content, served.template))
        restored = restored or lane.by_content.get(served.content)
        last = lane.current.started_by if lane.partial is None else lane.partial
        if restored is None:
            return None, self._first_lacked(lane, served.content), last
        after = restored.next
        if after is None:
            return restored.confirmed_by, lane.partial, last
        # What a promotion brought here was brought to production by another deployment: that one is to blame.
        first = self._introduced_by(after.content, after.started_by) if after.is_promotion else after.started_by
        return restored.confirmed_by, first, last

    def _first_lacked(self, lane: Lane, content: int) -> int | None:
        """Return the first attempt on a target that brought what a content that never served there is behind."""
        interval: Interval | None = lane.first
        while interval is not None:
            if self._parts_of(content) and self._order(content, interval.content) < 0:
                return interval.started_by
            interval = interval.next
        return None

    def _joins(self, rows: Sequence[Served]) -> int | None:
        """Return who brought what is promoted, if no target is new and nothing newer serves where it served first."""
        contents = {served.content for served in rows}
        if len(contents) != 1 or any(served.target not in self._lanes for served in rows):
            return None
        content = contents.pop()
        first = self._first_lanes.get(content)
        return self._introduced_by(content, NONE) if first and first.current.content == content else None

    def _serve(self, number: int, served: Served, change: Change) -> None:
        lane = self._lanes.get(served.target)
        if not served.is_full:
            if lane is not None and not served.is_undone and lane.partial is None:
                lane.partial = number
            return
        for part in self._parts_of(served.content):
            self._introduced.setdefault(part, number)
        interval = Interval(served.content, served.template, number)
        interval.is_promotion = change == Change.PROMOTION
        if lane is None:
            lane = self._lanes[served.target] = Lane(interval)
        elif change == Change.SAME:
            lane.current.confirmed_by, lane.partial = number, None
        else:
            before = lane.current
            lane.append(interval)
            if served.is_undone:
                again = Interval(before.content, before.template, number)
                again.confirmed_by = before.confirmed_by
                lane.append(again)
        self._first_lanes.setdefault(served.content, lane)
        self._last_lane = lane

    def _ship(self, number: int, rows: Sequence[Served]) -> None:
        nodes = dict.fromkeys(self._node[part] for served in rows for part in self._parts_of(served.content))
        reached: list[int] = []
        for node in nodes:
            if node >= 0:
                reached += self._graph.mark(node, self._reached)
        self.shipped.append((number, reached))
