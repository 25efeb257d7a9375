"""The stages of one execution as the tree that ``parentStageId`` makes of them, however deep it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ingest.spinnaker.model.coerce import as_text
from ingest.spinnaker.model.payload import Stage


class StageTree:
    """Stages in the order in which the server gave them, with their children and those above them."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = stages
        self._by_id = {stage.id: stage for stage in stages}
        self._children: dict[str, list[Stage]] = {}
        for stage in stages:
            if stage.parent_stage_id:
                self._children.setdefault(stage.parent_stage_id, []).append(stage)
        self._tops: dict[Collection[str], dict[str, Stage | None]] = {}

    def children(self, stage: Stage) -> list[Stage]:
        """The synthetic stages directly below one."""
        return self._children.get(stage.id, [])

    def below(self, stage: Stage) -> Iterator[Stage]:
        """The stages that one contains, level by level, and that no other of its type within it contains; a loop in
        the data ends where it closes.
        """
        seen, level = {stage.id}, [stage]
        while level:
            level = [child for one in level for child in self.children(one) if child.id not in seen]
            seen.update(child.id for child in level)
            yield from level
            level = [child for child in level if child.type != stage.type]

    def top(self, stage: Stage, types: Collection[str]) -> Stage | None:
        """The outermost of the stages that contain one, of those of some types (hashable); a loop in the data ends
        where it closes. Each stage is looked at once, so that thousands in each other take no longer than side by side.
        """
        tops, way = self._tops.setdefault(types, {}), [stage]
        while way[-1].id not in tops:
            tops[way[-1].id] = None
            if above := self._by_id.get(way[-1].parent_stage_id or ""):
                way.append(above)
        for above, one in zip(way[:0:-1], way[-2::-1], strict=True):
            tops[one.id] = tops[above.id] or (above if as_text(above.type) in types else None)
        return tops[stage.id]
