"""Where deployments went and whom they take back, by brute force: lists that are searched again for each attempt.

Written from the rules (C7, D5, D6, E1, L2), as naive as possible, to be compared with ``dora.lineage.history``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dora.lineage.comparison import Attempt, Comparison, Contents, Served

CHANGES = ["new", "back", "promotion", "forward", "template", "same"]
Parents = list[list[int]]


@dataclass
class Stretch:
    """One content with one template that served a target in full; attempts are given by number."""

    target: int
    content: int
    template: int
    started_by: int
    confirmed_by: int
    is_promotion: bool = False


class SimulatedHistory:
    """One application: all that served, and all that took a part of the traffic."""

    def __init__(self, parents: Parents, contents: Contents) -> None:
        self.parents, self.contents = parents, contents
        self.past: list[Stretch] = []  # of all targets, in order
        self.partial: dict[int, list[Stretch]] = {}  # what took a part of a target since it was last served in full
        self.introduced: dict[int, int] = {}  # by part, the attempt that first served it
        self.last_target: int | None = None
        self.reached: set[int] = set()
        self.shipped: list[tuple[int, set[int]]] = []

    def append(self, number: int, attempt: Attempt) -> Comparison:
        """Return how an attempt compares with all before it."""
        if not attempt.served:
            return self.restart(attempt)
        rows = [self.known(number, served) for served in attempt.served]
        node = self.node(part for row in rows for part in self.parts(row.content))
        if not attempt.took_traffic:
            return Comparison(node)
        changes = [self.change(row) for row in rows]
        change = min(changes, key=CHANGES.index)
        main = rows[changes.index(change)]
        blames = [
            self.blame(row)
            for row, own_change in zip(rows, changes, strict=True)
            if self.line(row.target) and (attempt.is_undo or own_change == "back")
        ]
        comparison = Comparison(
            node=node,
            change=change,
            direction=self.direction(main, change),
            previous=self.line(main.target)[-1].started_by if self.line(main.target) else None,
            content=self.introducer(main.content, number),
            restored=next((restored for restored, _, _ in blames if restored is not None), None),
            blamed_first=min((first for _, first, _ in blames if first is not None), default=None),
            blamed_last=max((last for _, first, last in blames if first is not None), default=None),
            joins=self.joins(rows) if change == "promotion" else None,
        )
        for row, own_change in zip(rows, changes, strict=True):
            self.serve(number, row, own_change)
        if attempt.succeeded:
            nodes = {
                node for row in rows for part in self.parts(row.content) if (node := self.contents.node[part]) >= 0
            }
            ships = {each for node in nodes for each in self.reach(node)} - self.reached
            self.reached |= ships
            self.shipped.append((number, ships))
        return comparison

    def restart(self, attempt: Attempt) -> Comparison:
        if self.last_target is None or not attempt.took_traffic:
            return Comparison()
        serving = self.line(self.last_target)[-1]
        introducer = self.introducer(serving.content, serving.started_by)
        return Comparison(self.node(self.parts(serving.content)), "same", "same", serving.started_by, introducer)

    # Contents and commits (C7)

    def known(self, number: int, served: Served) -> Served:
        """A patch of the template keeps the content, one of the image the template; else it is like no other."""
        line = self.line(served.target)
        if served.content >= 0:
            return served._replace(template=line[-1].template) if line and served.template < 0 else served
        return served._replace(content=line[-1].content if line and served.template >= 0 else -number - 2)

    def parts(self, content: int) -> Sequence[int]:
        return self.contents.parts[content] if content >= 0 else []

    def node(self, parts: object) -> int | None:
        """The first commit, of new parts before others."""
        listed = sorted(parts, key=lambda part: (part in self.introduced, self.contents.slot[part]))  # type: ignore[call-overload]
        nodes = [self.contents.node[part] for part in listed if self.contents.node[part] >= 0]
        return nodes[0] if nodes else None

    def reach(self, tip: int) -> set[int]:
        reached = {tip}
        while more := {up for node in reached for up in self.parents[node]} - reached:
            reached |= more
        return reached

    def order(self, part: int, other: int) -> int:
        node, before = self.contents.node[part], self.contents.node[other]
        if node >= 0 and before >= 0:
            if node in self.reach(before):
                return -1
            if before in self.reach(node):
                return 1
        if part not in self.introduced:
            return 1
        if other not in self.introduced:
            return -1
        return -1 if self.introduced[part] < self.introduced[other] else 1

    def is_back(self, content: int, other: int) -> bool:
        """Back if any part is back and none ahead: a part is compared with what it replaces."""
        orders = []
        for part in self.parts(content):
            if part in self.parts(other):
                continue
            others = [each for each in self.parts(other) if each not in self.parts(content)]
            replaced = [each for each in others if self.contents.slot[each] == self.contents.slot[part]]
            orders += [self.order(part, each) for each in replaced or others[:1]]
        return bool(orders) and all(order < 0 for order in orders)

    # What a target served (D5)

    def line(self, target: int) -> list[Stretch]:
        return [stretch for stretch in self.past if stretch.target == target]

    def introducer(self, content: int, otherwise: int) -> int:
        return max([self.introduced.get(part, otherwise) for part in self.parts(content)], default=otherwise)

    def change(self, row: Served) -> str:
        line, parts = self.line(row.target), self.parts(row.content)
        if line and line[-1].content == row.content:
            partial = self.partial.get(row.target, [])
            if any(self.is_ahead(each.content, row.content) for each in [*partial[:1], *partial[-1:]]):
                return "back"  # what broke half-way is taken back
            templates = {line[-1].template, row.template}
            return "same" if len(templates) == 1 or -1 in templates else "template"
        if not parts or any(part not in self.introduced for part in parts):
            return "back" if line and self.is_contained(row.content, line[-1].content) else "new"
        if line and self.is_back(row.content, line[-1].content):
            return "back"
        if all(stretch.content != row.content for stretch in self.past):
            return "new"  # its parts served, but never together
        return "forward" if any(stretch.content == row.content for stretch in line) else "promotion"

    def is_ahead(self, content: int, serving: int) -> bool:
        """Unknown content counts as new (C6)."""
        return content != serving and (not self.parts(content) or self.is_back(serving, content))

    def is_contained(self, content: int, serving: int) -> bool:
        """Content that never served goes back if all its commits are in what serves, and were shipped."""
        nodes = [self.contents.node[part] for part in self.parts(content)]
        serving_nodes = [self.contents.node[part] for part in self.parts(serving) if self.contents.node[part] >= 0]
        below = {each for node in serving_nodes for each in self.reach(node)} & self.reached
        return bool(nodes) and all(node in below for node in nodes)

    def direction(self, row: Served, change: str) -> str:
        line = self.line(row.target)
        if not line:
            return "first"
        if change in ("same", "template"):
            return "same"
        node, before = self.node(self.parts(row.content)), self.node(self.parts(line[-1].content))
        if node is not None and node not in self.reached:
            return "ahead"
        if node is None or before is None:
            return "back" if change == "back" else "unknown"
        return "back" if node in self.reach(before) else "ahead" if before in self.reach(node) else "diverged"

    # Who is taken back (E1)

    def blame(self, row: Served) -> tuple[int | None, int | None, int]:
        """Return who confirmed what is restored, the first and the last that are taken back on this target."""
        line, partial = self.line(row.target), self.partial.get(row.target, [])
        last = self.bringer(partial[-1] if partial else line[-1])
        served_here = [stretch for stretch in line if stretch.content == row.content]
        same_template = [stretch for stretch in served_here if stretch.template == row.template]
        if not served_here:
            lacked = [stretch for stretch in line if self.is_back(row.content, stretch.content)]
            return None, self.bringer(lacked[0]) if lacked else None, last
        restored = (same_template or served_here)[-1]
        later = [*line[line.index(restored) + 1 :], *partial]
        return restored.confirmed_by, self.bringer(later[0]) if later else None, last

    def bringer(self, stretch: Stretch) -> int:
        """To undo a promotion blames the deployment that brought the content."""
        return self.introducer(stretch.content, stretch.started_by) if stretch.is_promotion else stretch.started_by

    def joins(self, rows: Sequence[Served]) -> int | None:
        """A promotion joins who brought the content, while that serves its first target, never with a new target."""
        if len({row.content for row in rows}) > 1 or not all(self.line(row.target) for row in rows):
            return None
        first = next((stretch for stretch in self.past if stretch.content == rows[0].content), None)
        if first is None or self.line(first.target)[-1].content != rows[0].content:
            return None
        return self.introducer(rows[0].content, first.started_by)

    def serve(self, number: int, row: Served, change: str) -> None:
        line, partial = self.line(row.target), self.partial.setdefault(row.target, [])
        if not row.is_full:
            if line and not row.is_reverted and (row.content, row.template) != (line[-1].content, line[-1].template):
                partial.append(Stretch(row.target, row.content, row.template, number, number, change == "promotion"))
            return
        partial.clear()
        self.last_target = row.target
        for part in self.parts(row.content):
            self.introduced.setdefault(part, number)
        is_same = line and (line[-1].content, line[-1].template) == (row.content, row.template)
        if line and (is_same or change == "same"):
            line[-1].confirmed_by = number
            return
        self.past.append(Stretch(row.target, row.content, row.template, number, number, change == "promotion"))
        if line and row.is_reverted:  # its own execution gave the target back to what served before
            before = line[-1]
            self.past.append(Stretch(row.target, before.content, before.template, number, before.confirmed_by))
