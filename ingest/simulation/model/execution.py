"""One execution of a pipeline, or one operation from the UI; slots, because a full year has 15,000 of them."""

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
"""The outcome of a deployment by the ending that its script plans."""

BEFORE_TARGETS = frozenset({"bake_fails", "tests_fail", "canceled"})
"""Endings in the part of a run before production."""

PIPELINES = {
    "hotfix": "deploy-hotfix",
    "rollback": "rollback",
    "groups": "rollback",
    "config": "apply-config",
    "restart": "restart",
    "staging": "deploy-staging",
    "nightly": "nightly-tests",
}
"""Pipeline by action; the other actions use the pipeline that a merge starts."""

USUAL = frozenset({"deploy", "older", "again", "dry"})
"""Actions that run the usual pipeline as a whole, canary and approval included."""


@dataclass(slots=True, eq=False)
class Run:
    """One execution; times in epoch milliseconds.

    ``change`` is what it deploys or restores, ``manifest`` the number of its configuration, ``revision`` the number
    that Kubernetes gives to the result (or the sequence of a server group). ``restored`` is the run whose content a
    rollback returns to, by its revision if ``to_revision``, else by ``steps``; ``replaced`` the server group before it.
    ``names_commit``: the trigger names the commit. ``parent`` waits in a stage for this run; ``upstream`` had ended,
    and its success started this run. ``cut`` is the end of the simulation if the run continues beyond it.
    ``first`` and ``full`` are first and full production traffic, ``analysis`` stage id and verdict of a canary.
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
    names_commit: bool = True
    restored: Run | None = None
    replaced: str = ""
    to_revision: bool = False
    parent: Run | None = None
    child: Run | None = None
    upstream: Run | None = None
    cut: int | None = None
    # Set when the run has been planned to its end.
    status: str = "SUCCEEDED"
    end: int | None = None
    restarted: int | None = None
    first: int | None = None
    full: int | None = None
    analysis: tuple[str, str] | None = None

    @property
    def id(self) -> str:
        """The execution id."""
        return ulid(self.build, self.seed)

    @property
    def root(self) -> str:
        """Id of the execution at the root of its tree; what a completed one triggers has its own."""
        return self.parent.root if self.parent else self.id

    @property
    def name(self) -> str:
        """Name of the pipeline, or description of the operation."""
        if self.action == "undo":
            return "Undo rollout of manifest"
        return "deploy-production" if self.parent else PIPELINES.get(self.action, self.app.pipeline)

    @property
    def image(self) -> str:
        """The container image that it deploys."""
        return f"registry.acme.example/{self.app.name}:{self.change.sha[: self.app.tag]}"

    @property
    def group(self) -> str:
        """Name of the server group that it creates or returns to."""
        return f"{self.app.name}-prod-v{self.revision:03d}"

    @property
    def changes_production(self) -> bool:
        """Whether it plans a production rollout and is not a dry run."""
        if self.action in {"staging", "nightly", "dry"}:
            return False
        return not self.hands_over or self.child is not None

    @property
    def hands_over(self) -> bool:
        """Whether a child pipeline does the production part."""
        return self.app.shape == "release" and self.action in USUAL and self.parent is None

    @property
    def needs_approval(self) -> bool:
        """Whether production waits for a manual judgment."""
        return self.app.slow and self.action in USUAL - {"dry"}

    @property
    def horizon(self) -> int:
        """When the run ends, or an instant long after the simulation if it does not."""
        # Longer than any run, approval included.
        return self.end if self.end is not None else self.build + 1000 * HOUR

    def stage_id(self, ref: str) -> str:
        """Id of the stage with a reference."""
        return ulid(self.start or self.build, self.seed, "stage", ref)
