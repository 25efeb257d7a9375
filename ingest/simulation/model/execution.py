"""One run of a pipeline (or one operation by hand), as compact as 15,000 of them have to be."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.simulation.model.clock import HOUR, ulid
from ingest.simulation.model.company import App
from ingest.simulation.model.repository import Change

OUTCOMES = {
    "ok": "succeeded",
    "restarted": "succeeded",
    "canary_overridden": "succeeded",
    "unstable": "failed",
    "rejected": "rejected",
    "canary_fail": "stopped_by_canary",
    "canary_marginal": "stopped_by_canary",
    "canceled": "canceled",
    "canary_canceled": "canceled",
    "queued_canceled": "canceled",
    "bake_fails": "not_deployed",
    "tests_fail": "not_deployed",
    "deploy_fails": "not_deployed",
    "judgment_timeout": "not_deployed",
    "canary_error": "not_deployed",
}
"""What becomes of a run by how it ends: each ending that a script may ask for, and the outcome that it means."""

BEFORE_TARGETS = frozenset({"bake_fails", "tests_fail", "canceled"})
"""Endings in the part of a run that comes before anything is done to production."""

PIPELINES = {
    "hotfix": "deploy-hotfix",
    "rollback": "rollback",
    "groups": "rollback",
    "config": "apply-config",
    "restart": "restart",
    "staging": "deploy-staging",
    "nightly": "nightly-tests",
}
"""Names of the pipelines beside the one that a merge starts."""

UNDO = "Undo rollout of manifest"


@dataclass(slots=True, eq=False)
class Run:
    """One execution. Times are epoch milliseconds.

    ``change`` is what it deploys or restores, ``manifest`` the number of the configuration around it, ``revision``
    the number that Kubernetes gives to the result (or the sequence of a server group), ``restored`` the run whose
    content a rollback returns to, ``to_revision`` whether it names its revision, ``replaced`` the group that served
    before. ``parent`` waits in a stage for this one, ``upstream`` had ended and its success started this one.
    ``cut`` is the end of the simulation where the run goes on beyond it.
    """

    app: App
    action: str
    ending: str
    build: int
    start: int | None
    change: Change
    manifest: int
    revision: int
    user: str
    seed: str
    trigger: str
    canary: bool = False
    adopted: bool = False
    scripted: bool = False
    steps: int = 1
    carries: bool = True
    restored: Run | None = None
    replaced: str = ""
    to_revision: bool = False
    parent: Run | None = None
    child: Run | None = None
    upstream: Run | None = None
    cut: int | None = None
    status: str = "SUCCEEDED"
    end: int | None = None
    restarted: int | None = None
    first: int | None = None
    full: int | None = None
    analysis: tuple[str, str] | None = None

    @property
    def id(self) -> str:
        """Id of the execution."""
        return ulid(self.build, self.seed)

    @property
    def root(self) -> str:
        """Id of the execution that everything began with."""
        above = self.parent or self.upstream
        return above.root if above else self.id

    @property
    def name(self) -> str:
        """Name of the pipeline, or description of the operation."""
        if self.action == "undo":
            return UNDO
        return "deploy-production" if self.parent else PIPELINES.get(self.action, self.app.pipeline)

    @property
    def image(self) -> str:
        """The image that it deploys."""
        return f"registry.acme.example/{self.app.name}:{self.change.sha[: self.app.tag]}"

    @property
    def group(self) -> str:
        """Name of the server group that it makes or returns to."""
        return f"{self.app.name}-prod-v{self.revision:03d}"

    @property
    def changes_production(self) -> bool:
        """Whether its tree has a production rollout, reached or not, that was no dry run."""
        if self.action in {"staging", "nightly", "dry"}:
            return False
        return not self.hands_over or self.child is not None

    @property
    def hands_over(self) -> bool:
        """Whether a child is to do the production part."""
        usual = self.action in {"deploy", "older", "again", "dry"}
        return self.app.shape == "release" and usual and self.parent is None

    @property
    def handover(self) -> str:
        """Reference of the stage in which a parent waits for its child."""
        return "4" if self.app.staging == "inline" else "3"

    @property
    def judged(self) -> bool:
        """Whether somebody has to agree before production."""
        return self.app.slow and self.action in {"deploy", "older", "again"}

    @property
    def horizon(self) -> int:
        """When the run is over, or long after the end of the simulation where it is not."""
        return self.end if self.end is not None else self.build + 1000 * HOUR

    def stage_id(self, ref: str) -> str:
        """Id of its stage with this reference."""
        return ulid(self.start or self.build, self.seed, "stage", ref)
