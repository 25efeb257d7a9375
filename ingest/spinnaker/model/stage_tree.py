"""The stages of one execution as the tree that ``parentStageId`` makes of them, at any depth."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ingest.spinnaker.model.coerce import as_text
from ingest.spinnaker.model.payload import Stage


class StageTree:
    """The stages in the server's order, with their children and the stages that contain them."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = stages
        self._by_id = {stage.id: stage for stage in stages}
        self._children: dict[str, list[Stage]] = {}
        for stage in stages:
            if stage.parent_stage_id:
                self._children.setdefault(stage.parent_stage_id, []).append(stage)
        self._outermost: dict[Collection[str], dict[str, Stage | None]] = {}

    def children(self, stage: Stage) -> list[Stage]:
        """Return the synthetic stages directly in a stage."""
        return self._children.get(stage.id, [])

    def descendants(self, stage: Stage) -> Iterator[Stage]:
        """Yield the stages in a stage, level by level, but not those in a nested stage of its own type.

        A cycle in the data ends where it closes.
        """
        visited, level = {stage.id}, [stage]
        while level:
            level = [child for parent in level for child in self.children(parent) if child.id not in visited]
            visited.update(child.id for child in level)
            yield from level
            level = [child for child in level if child.type != stage.type]

    def outermost(self, stage: Stage, types: Collection[str]) -> Stage | None:
        """Return the outermost stage of some types (hashable) that contains a stage; None if none does."""
        # Each stage is visited once: thousands in each other, as a hostile payload has them, cost no more than a row.
        outermost, path = self._outermost.setdefault(types, {}), [stage]
        while path[-1].id not in outermost:
            outermost[path[-1].id] = None
            if parent := self._by_id.get(path[-1].parent_stage_id or ""):
                path.append(parent)
        for parent, child in zip(path[:0:-1], path[-2::-1], strict=True):
            outermost[child.id] = outermost[parent.id] or (parent if as_text(parent.type) in types else None)
        return outermost[stage.id]
