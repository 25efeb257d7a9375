"""The stages of one execution as the tree that ``parentStageId`` makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.spinnaker.payload import Stage

DEEPEST = 32  # synthetic stages nest three or four deep: deeper is a loop, or no tree of Orca's


class Tree:
    """Stages in the order in which the server gave them, with their children and those above them."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = stages
        self._by_id = {stage.id: stage for stage in stages}
        self._children: dict[str, list[Stage]] = {}
        for stage in stages:
            if stage.parent_stage_id:
                self._children.setdefault(stage.parent_stage_id, []).append(stage)

    def children(self, stage: Stage) -> list[Stage]:
        """The synthetic stages directly below one."""
        return self._children.get(stage.id, [])

    def below(self, stage: Stage) -> Iterator[Stage]:
        """The stages that one contains, level by level; a loop in the data ends where it closes."""
        seen, level = {stage.id}, [stage]
        for _ in range(DEEPEST):
            level = [child for one in level for child in self.children(one) if child.id not in seen]
            seen.update(child.id for child in level)
            yield from level

    def above(self, stage: Stage) -> Iterator[Stage]:
        """The stages that contain one, nearest first; a loop in the data ends where it closes."""
        seen = {stage.id}
        for _ in range(DEEPEST):
            above = self._by_id.get(stage.parent_stage_id or "")
            if above is None or above.id in seen:
                return
            seen.add(above.id)
            stage = above
            yield stage
