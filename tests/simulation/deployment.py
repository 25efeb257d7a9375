"""Deployments as the script meant them, before anybody judges them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.simulation.model.execution import OUTCOMES, Run
from ingest.simulation.model.repository import Change


@dataclass(slots=True, eq=False)
class Fact:
    """One deployment as the script meant it; ``shipped`` is what it was the first to bring."""

    run: Run
    kind: str = "release"
    shipped: list[Change] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """How it ended."""
        return "in_progress" if self.run.cut else OUTCOMES[self.run.ending]

    @property
    def succeeded(self) -> bool:
        """Whether it reached full traffic."""
        return self.outcome == "succeeded"

    @property
    def at(self) -> int:
        """Full traffic, else first traffic."""
        return self.run.full or self.run.first or 0

    @property
    def counts(self) -> bool:
        """Whether it can be a failed deployment at all."""
        return self.run.first is not None and self.kind in {"release", "hotfix", "config"}
