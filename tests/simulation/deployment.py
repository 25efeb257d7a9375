"""Deployments as the script planned them, before evidence of failure is attributed."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.simulation.model.execution import OUTCOMES, Run
from ingest.simulation.model.repository import Change


@dataclass(slots=True, eq=False)
class PlannedDeployment:
    """One deployment of the script; ``shipped`` are the changes that it is the first to deploy."""

    run: Run
    kind: str = "release"
    shipped: list[Change] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """Its outcome, as ``deployments.outcome``."""
        return "in_progress" if self.run.cut else OUTCOMES[self.run.ending]

    @property
    def succeeded(self) -> bool:
        """Whether it reached full traffic."""
        return self.outcome == "succeeded"

    @property
    def at(self) -> int:
        """Full traffic, else first traffic, in epoch milliseconds; 0 without any."""
        return self.run.full or self.run.first or 0

    @property
    def can_fail(self) -> bool:
        """Whether it counts in the change failure rate."""
        return self.run.first is not None and self.kind in {"release", "hotfix", "config", "promotion"}
