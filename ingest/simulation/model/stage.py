"""Stages as a run plans them, and when each of their tasks ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

# What a stage type does, in order: each task, and the share of the stage's time at which it ends.
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
    """One task of a stage with its times in epoch milliseconds (null where it has not come to it)."""

    name: str
    start: int | None
    end: int | None
    status: str


@dataclass(slots=True)
class Stage:
    """One stage of a run. Times are epoch milliseconds.

    ``parent`` is the reference of the stage that contains it, ``owner`` Orca's word for why. ``work`` is when its own
    tasks begin and end where stages run before or after them; ``stuck`` the task that broke it. ``detail`` is what the
    renderer of its type wants to know.
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

    @property
    def span(self) -> tuple[int, int]:
        """When it began and ended. Raises ``ValueError`` for one that never began."""
        if self.start is None or self.end is None:
            raise ValueError(f"stage {self.ref} never began")
        return self.start, self.end

    def ends(self, task: str) -> int:
        """When a task of this stage ends, as planned."""
        return next(found.end for found in self.tasks() if found.name == task and found.end is not None)

    def tasks(self, now: float = float("inf")) -> list[Task]:
        """Its tasks as they stand at an instant."""
        if self.start is None:
            return []
        begin, end = self.work or (self.start, self.end or self.start)
        found, start, broken = [], begin, False
        for name, share in _TASKS.get(self.type, ()):
            until = end if name == self.stuck else begin + int((end - begin) * share)
            found.append(_as_of(now, Task(name, start, until, self._status(name)), broken))
            start, broken = until, broken or name == self.stuck
        return found

    def _status(self, name: str) -> str:
        if name != self.stuck:
            return "SUCCEEDED"
        return "CANCELED" if self.status == "CANCELED" else "TERMINAL"


def _as_of(now: float, task: Task, broken: bool) -> Task:
    if broken or task.start is None or task.start > now:
        return Task(task.name, None, None, "NOT_STARTED")
    if task.end is not None and task.end > now:
        return Task(task.name, task.start, None, "RUNNING")
    return task
