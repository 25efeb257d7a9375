"""What served each target of an application, one attempt after another: where each went, and whom it takes back. Pure.

Rules C7, D5, D6 and E1 of ``docs/what-serves.md``. The kind of a deployment follows from its ``Change`` in
``dora/sql/models/deployments.sql``.
"""

from __future__ import annotations

from collections.abc import Sequence

from dora.lineage.commit_graph import NONE, Graph
from dora.lineage.comparison import Attempt, Change, Comparison, Contents, Direction, Served
from dora.lineage.content_order import ContentOrder
from dora.lineage.lane import Interval, Lane

_PRIORITY = list(Change).index


class History:
    """The serving history of one application.

    ``shipped`` collects (attempt, commits) that the attempt shipped first. ``reached`` marks them: one application
    after another may use the same one, if it is cleared in between.
    """

    def __init__(self, graph: Graph, contents: Contents, reached: bytearray | None = None) -> None:
        self.shipped: list[tuple[int, list[int]]] = []
        self._graph, self._reached = graph, bytearray(graph.size) if reached is None else reached
        self._parts, self._node, self._slot, self._stand_in = contents
        self._introduced: dict[int, int] = {}  # the first attempt in which each part served a target in full
        self._order = ContentOrder(graph, contents, self._introduced, self._reached)
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
        if len(parts) != 1 or node < 0 or part in self._introduced or self._reached[node] or node in self._stand_in:
            return None
        self._introduced[part] = number
        before = lane.current.started_by
        lane.append(Interval(content, lane.current.template if template == NONE else template, number))
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
        lane = self._lanes.get(served.target)
        if served.content != NONE:
            # A patch of an image leaves the rest of the template.
            return served._replace(template=lane.current.template) if lane and served.template == NONE else served
        is_patch = lane is not None and served.template != NONE
        return served._replace(content=lane.current.content if lane and is_patch else -number - 2)

    def _main_node(self, rows: Sequence[Served]) -> int | None:
        parts = [part for served in rows for part in self._order.parts(served.content)]
        new_first = sorted(parts, key=lambda part: (part in self._introduced, self._slot[part]))
        return next((self._node[part] for part in new_first if self._node[part] >= 0), None)

    def _introduced_by(self, content: int, otherwise: int) -> int:
        """Return the attempt that first served the last part of a content."""
        introduced = [self._introduced.get(part, otherwise) for part in self._order.parts(content)]
        return max(introduced, default=otherwise)

    def _change(self, served: Served) -> Change:
        lane, content = self._lanes.get(served.target), served.content
        if lane is not None and content == lane.current.content:
            return self._change_of_same(lane, served)
        parts = self._order.parts(content)
        if not parts or any(part not in self._introduced for part in parts):
            return Change.BACK if lane and self._order.is_behind(parts, lane.current.content) else Change.NEW
        if lane is not None and self._order.compare(content, lane.current.content) < 0:
            return Change.BACK
        if content not in self._first_lanes:
            return Change.NEW  # its parts have served, but never together
        return Change.FORWARD if lane is not None and content in lane.by_content else Change.PROMOTION

    def _change_of_same(self, lane: Lane, served: Served) -> Change:
        # What took traffic and never all of it was on its way: to deploy what served before takes it back.
        if any(self._is_on_its_way(partial, served.content) for partial in (lane.first_partial, lane.last_partial)):
            return Change.BACK
        same = served.template == lane.current.template or NONE in (served.template, lane.current.template)
        return Change.SAME if same else Change.TEMPLATE

    def _is_on_its_way(self, partial: Interval | None, content: int) -> bool:
        """Tell whether something took a part of the traffic that is ahead of what serves."""
        if partial is None or partial.content == content:
            return False
        return not self._order.parts(partial.content) or self._order.compare(content, partial.content) < 0

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
            return self._order.compare_commits(node, before)
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
        last = self._find_introducer(lane.last_partial or lane.current)
        if restored is None:
            return None, self._first_lacked(lane, served.content), last
        after = restored.next or lane.first_partial
        return restored.confirmed_by, self._find_introducer(after) if after else None, last

    def _find_introducer(self, interval: Interval) -> int:
        """Return who is to blame for an interval: of a promotion, who deployed its content to production first."""
        if interval.is_promotion:
            return self._introduced_by(interval.content, interval.started_by)
        return interval.started_by

    def _first_lacked(self, lane: Lane, content: int) -> int | None:
        """Return the first attempt on a target that deployed what a content that never served there is behind."""
        starts = [lane.first_from(height, lowest) for height, lowest in self._order.lowest_ahead(content)]
        interval = min((each for each in starts if each), key=lambda each: each.started_by, default=None)
        while interval is not None:
            if self._order.compare(content, interval.content) < 0:
                return self._find_introducer(interval)
            interval = interval.next
        return None

    def _joins(self, rows: Sequence[Served]) -> int | None:
        """Return who first deployed what is promoted, if no target is new and its first target serves nothing newer."""
        contents = {served.content for served in rows}
        if len(contents) != 1 or any(served.target not in self._lanes for served in rows):
            return None
        content = contents.pop()
        first = self._first_lanes.get(content)
        return self._introduced_by(content, NONE) if first and first.current.content == content else None

    def _serve(self, number: int, served: Served, change: Change) -> None:
        lane = self._lanes.get(served.target)
        interval = Interval(served.content, served.template, number)
        interval.is_promotion = change == Change.PROMOTION
        if not served.is_full:
            # A broken redeploy of what serves brought nothing that could be rolled back.
            if lane is not None and not served.is_reverted and not interval.is_like(lane.current):
                lane.serve_part(interval)
            return
        for part in self._order.parts(served.content):
            self._introduced.setdefault(part, number)
        if lane is None:
            lane = self._lanes[served.target] = Lane(interval)
        elif change == Change.SAME or (served.content, served.template) == (
            lane.current.content,
            lane.current.template,
        ):
            lane.confirm(number)
        else:
            before = lane.current
            lane.append(interval)
            if served.is_reverted:
                again = Interval(before.content, before.template, number)
                again.confirmed_by = before.confirmed_by
                lane.append(again)
        self._first_lanes.setdefault(served.content, lane)
        self._last_lane = lane

    def _ship(self, number: int, rows: Sequence[Served]) -> None:
        nodes = dict.fromkeys(self._node[part] for served in rows for part in self._order.parts(served.content))
        reached: list[int] = []
        for node in (*nodes, *(self._stand_in[node] for node in nodes if node in self._stand_in)):
            if node >= 0:
                reached += self._graph.mark(node, self._reached)
        self.shipped.append((number, reached))
