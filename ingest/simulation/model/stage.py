"""The stages of a run, and when each of their tasks starts and ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

# The tasks of each stage type as Orca runs them, in order, with the share of the stage's time at which each ends.
_TASKS: dict[str, tuple[tuple[str, float], ...]] = {
    "bakeManifest": (("createBake", 0.94), ("bindProducedArtifacts", 1)),
    "bake": (("createBake", 0.03), ("monitorBake", 0.97), ("completedBake", 1)),
    "deployManifest": (
        ("resolveDeploySourceManifest", 0.01),
        ("deployManifest", 0.02),
        ("monitorDeploy", 0.17),
        ("promoteOutputs", 0.18),
        ("waitForManifestToStabilize", 0.93),
        ("cleanupArtifacts", 0.95),
        ("monitorCleanup", 0.98),
        ("promoteOutputs", 0.99),
        ("bindProducedArtifacts", 1),
    ),
    "deleteManifest": (
        ("resolveTargetManifest", 0.1),
        ("deleteManifest", 0.3),
        ("monitorDelete", 0.9),
        ("promoteOutputs", 1),
    ),
    "undoRolloutManifest": (
        ("undoRolloutManifest", 0.03),
        ("monitorUndoRollout", 0.2),
        ("waitForManifestToStabilize", 1),
    ),
    "rollingRestartManifest": (
        ("rollingRestartManifest", 0.1),
        ("monitorRollingRestart", 0.9),
        ("promoteManifestKatoOutputs", 1),
    ),
    "runJobManifest": (
        ("runJob", 0.02),
        ("monitorDeploy", 0.05),
        ("promoteOutputs", 0.06),
        ("waitOnJobCompletion", 1),
    ),
    "jenkins": (
        ("startJenkinsJob", 0.02),
        ("waitForJenkinsJobStart", 0.1),
        ("monitorJenkinsJob", 0.98),
        ("getBuildProperties", 1),
    ),
    "manualJudgment": (("waitForJudgment", 1),),
    "pipeline": (("startPipeline", 0.01), ("monitorPipeline", 1)),
    "kayentaCanary": (("aggregateCanaryResults", 1),),
    "runCanary": (("runCanary", 0.1), ("monitorCanary", 1)),
    "wait": (("wait", 1),),
    "deploy": (("completeParallelDeploy", 1),),
    "createServerGroup": (
        ("determineSourceServerGroup", 0.02),
        ("determineHealthProviders", 0.03),
        ("createServerGroup", 0.05),
        ("monitorDeploy", 0.35),
        ("forceCacheRefresh", 0.37),
        ("waitForUpInstances", 0.96),
        ("forceCacheRefresh", 0.98),
        ("getCommits", 1),
    ),
    "disableCluster": (
        ("determineHealthProviders", 0.05),
        ("disableCluster", 0.1),
        ("monitorDisableCluster", 0.5),
        ("waitForClusterDisable", 0.98),
        ("forceCacheRefresh", 1),
    ),
    "rollbackCluster": (("determineRollbackCandidates", 1),),
    "enableServerGroup": (("enableServerGroup", 0.1), ("monitorServerGroup", 0.4), ("waitForUpInstances", 1)),
    "disableServerGroup": (("disableServerGroup", 0.1), ("monitorServerGroup", 0.6), ("waitForDownInstances", 1)),
}


class Task(NamedTuple):
    """One task of a stage; times in epoch milliseconds, null if it has not got that far."""

    name: str
    start: int | None
    end: int | None
    status: str


@dataclass(slots=True)
class Stage:
    """One stage of a run; times in epoch milliseconds.

    ``parent`` is the reference of the stage that contains it, ``owner`` Orca's ``syntheticStageOwner``. ``work`` is
    the span of its own tasks if other stages run before or after them; ``stuck`` the task that failed. ``detail`` holds
    what the payload of its type needs.
    """

    ref: str
    type: str
    name: str
    status: str
    start: int | None
    end: int | None
    after: tuple[str, ...] = ()
    parent: str = ""
    owner: str = ""
    work: tuple[int, int] | None = None
    stuck: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    def nest(self, parent: Stage, place: str) -> None:
        """Make this a synthetic stage of another: ``<1`` is the first one before its tasks, ``>1`` the first after."""
        self.ref, self.parent, self.after = parent.ref + place, parent.ref, ()
        self.owner = "STAGE_BEFORE" if place.startswith("<") else "STAGE_AFTER"

    @property
    def span(self) -> tuple[int, int]:
        """Start and end. Raises ``ValueError`` if it never started."""
        if self.start is None or self.end is None:
            raise ValueError(f"stage {self.ref} never started")
        return self.start, self.end

    def task_end(self, name: str) -> int:
        """When a task of this stage ends, as planned."""
        return next(task.end for task in self.tasks() if task.name == name and task.end is not None)

    def tasks(self, now: float = float("inf")) -> list[Task]:
        """The tasks as they are at an instant."""
        if self.start is None:
            return []
        begin, end = self.work or (self.start, self.end or self.start)
        tasks, start, failed = [], begin, False
        for name, share in _TASKS.get(self.type, ()):
            # The task that failed took the rest of the stage: what follows it has not started.
            until = end if name == self.stuck else begin + int((end - begin) * share)
            status = "SUCCEEDED"
            if name == self.stuck:
                status = "CANCELED" if self.status == "CANCELED" else "TERMINAL"
            if failed or start > now:
                tasks.append(Task(name, None, None, "NOT_STARTED"))
            else:
                tasks.append(Task(name, start, None, "RUNNING") if until > now else Task(name, start, until, status))
            start, failed = until, failed or name == self.stuck
        return tasks
