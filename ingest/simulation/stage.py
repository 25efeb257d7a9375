"""Stages as a run plans them, and when each of their tasks ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

_ORCA = "com.netflix.spinnaker.orca"
_CLOUD = f"{_ORCA}.clouddriver.tasks"
_KATO = f"{_CLOUD}.MonitorKatoTask"
_PROMOTE = ("promoteOutputs", f"{_CLOUD}.manifest.PromoteManifestKatoOutputsTask")
_STABLE = ("waitForManifestToStabilize", f"{_CLOUD}.manifest.WaitForManifestStableTask")
_REFRESH = ("forceCacheRefresh", f"{_CLOUD}.servergroup.ServerGroupCacheForceRefreshTask")

# What a stage type does, in order: task, class, and the share of the stage's time at which it ends.
_TASKS: dict[str, tuple[tuple[str, str, float], ...]] = {
    "bakeManifest": (
        ("createBake", f"{_ORCA}.bakery.tasks.manifests.CreateBakeManifestTask", 0.94),
        ("bindProducedArtifacts", f"{_ORCA}.pipeline.tasks.artifacts.BindProducedArtifactsTask", 1),
    ),
    "bake": (
        ("createBake", f"{_ORCA}.bakery.tasks.CreateBakeTask", 0.03),
        ("monitorBake", f"{_ORCA}.bakery.tasks.MonitorBakeTask", 0.97),
        ("completedBake", f"{_ORCA}.bakery.tasks.CompletedBakeTask", 1),
    ),
    "deployManifest": (
        ("resolveDeploySourceManifest", f"{_CLOUD}.manifest.ResolveDeploySourceManifestTask", 0.01),
        ("deployManifest", f"{_CLOUD}.manifest.DeployManifestTask", 0.02),
        ("monitorDeploy", f"{_CLOUD}.manifest.MonitorDeployManifestTask", 0.17),
        (*_PROMOTE, 0.18),
        (*_STABLE, 0.93),
        ("cleanupArtifacts", f"{_CLOUD}.artifacts.CleanupArtifactsTask", 0.95),
        ("monitorCleanup", _KATO, 0.98),
        (*_PROMOTE, 0.99),
        ("bindProducedArtifacts", f"{_ORCA}.pipeline.tasks.artifacts.BindProducedArtifactsTask", 1),
    ),
    "deleteManifest": (
        ("resolveTargetManifest", f"{_CLOUD}.manifest.ResolveTargetManifestTask", 0.1),
        ("deleteManifest", f"{_CLOUD}.manifest.DeleteManifestTask", 0.3),
        ("monitorDelete", _KATO, 0.9),
        (*_PROMOTE, 1),
    ),
    "undoRolloutManifest": (
        ("undoRolloutManifest", f"{_CLOUD}.manifest.UndoRolloutManifestTask", 0.03),
        ("monitorUndoRollout", _KATO, 0.2),
        (*_STABLE, 1),
    ),
    "rollingRestartManifest": (
        ("rollingRestartManifest", f"{_CLOUD}.manifest.RollingRestartManifestTask", 0.1),
        ("monitorRollingRestart", _KATO, 0.9),
        ("promoteManifestKatoOutputs", f"{_CLOUD}.manifest.PromoteManifestKatoOutputsTask", 1),
    ),
    "runJobManifest": (
        ("runJob", f"{_CLOUD}.job.RunJobTask", 0.02),
        ("monitorDeploy", f"{_CLOUD}.job.MonitorJobTask", 0.05),
        (*_PROMOTE, 0.06),
        ("waitOnJobCompletion", f"{_CLOUD}.job.WaitOnJobCompletion", 1),
    ),
    "jenkins": (
        ("startJenkinsJob", f"{_ORCA}.igor.tasks.StartJenkinsJobTask", 0.02),
        ("waitForJenkinsJobStart", f"{_ORCA}.igor.tasks.MonitorQueuedJenkinsJobTask", 0.1),
        ("monitorJenkinsJob", f"{_ORCA}.igor.tasks.MonitorJenkinsJobTask", 0.98),
        ("getBuildProperties", f"{_ORCA}.igor.tasks.GetBuildPropertiesTask", 1),
    ),
    "manualJudgment": (("waitForJudgment", f"{_ORCA}.echo.pipeline.ManualJudgmentStage.WaitForManualJudgmentTask", 1),),
    "pipeline": (
        ("startPipeline", f"{_ORCA}.front50.tasks.StartPipelineTask", 0.01),
        ("monitorPipeline", f"{_ORCA}.front50.tasks.MonitorPipelineTask", 1),
    ),
    "kayentaCanary": (("aggregateCanaryResults", f"{_ORCA}.kayenta.tasks.AggregateCanaryResultsTask", 1),),
    "runCanary": (
        ("runCanary", f"{_ORCA}.kayenta.tasks.RunCanaryTask", 0.1),
        ("monitorCanary", f"{_ORCA}.kayenta.tasks.MonitorCanaryTask", 1),
    ),
    "wait": (("wait", f"{_ORCA}.pipeline.tasks.WaitTask", 1),),
    "deploy": (("completeParallelDeploy", f"{_ORCA}.kato.pipeline.ParallelDeployStage.CompleteParallelDeployTask", 1),),
    "createServerGroup": (
        (
            "determineSourceServerGroup",
            f"{_ORCA}.kato.pipeline.strategy.DetermineSourceServerGroupTask",
            0.02,
        ),
        ("determineHealthProviders", f"{_CLOUD}.DetermineHealthProvidersTask", 0.03),
        ("createServerGroup", f"{_CLOUD}.servergroup.CreateServerGroupTask", 0.05),
        ("monitorDeploy", _KATO, 0.35),
        (*_REFRESH, 0.37),
        ("waitForUpInstances", f"{_CLOUD}.instance.WaitForUpInstancesTask", 0.96),
        (*_REFRESH, 0.98),
        ("getCommits", f"{_ORCA}.igor.tasks.GetCommitsTask", 1),
    ),
    "disableCluster": (
        ("determineHealthProviders", f"{_CLOUD}.DetermineHealthProvidersTask", 0.05),
        ("disableCluster", f"{_CLOUD}.cluster.DisableClusterTask", 0.1),
        ("monitorDisableCluster", _KATO, 0.5),
        ("waitForClusterDisable", f"{_CLOUD}.cluster.WaitForClusterDisableTask", 0.98),
        (*_REFRESH, 1),
    ),
    "rollbackCluster": (("determineRollbackCandidates", f"{_CLOUD}.cluster.DetermineRollbackCandidatesTask", 1),),
    "enableServerGroup": (
        ("enableServerGroup", f"{_CLOUD}.servergroup.EnableServerGroupTask", 0.1),
        ("monitorServerGroup", _KATO, 0.4),
        ("waitForUpInstances", f"{_CLOUD}.instance.WaitForUpInstancesTask", 1),
    ),
    "disableServerGroup": (
        ("disableServerGroup", f"{_CLOUD}.servergroup.DisableServerGroupTask", 0.1),
        ("monitorServerGroup", _KATO, 0.6),
        ("waitForDownInstances", f"{_CLOUD}.instance.WaitForAllInstancesNotUpTask", 1),
    ),
}


class Task(NamedTuple):
    """One task of a stage with its times in epoch milliseconds (null where it has not come to it)."""

    name: str
    implementing: str
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
        planned = _TASKS.get(self.type, ())
        if self.start is None:
            return [Task(name, cls, None, None, "NOT_STARTED") for name, cls, _ in planned]
        begin, end = self.work or (self.start, self.end or self.start)
        found, start, broken = [], begin, False
        for name, implementing, share in planned:
            until = end if name == self.stuck else begin + int((end - begin) * share)
            found.append(_as_of(now, Task(name, implementing, start, until, self._status(name)), broken))
            start, broken = until, broken or name == self.stuck
        return found

    def _status(self, name: str) -> str:
        if name != self.stuck:
            return "SUCCEEDED"
        return "CANCELED" if self.status == "CANCELED" else "TERMINAL"


def _as_of(now: float, task: Task, broken: bool) -> Task:
    if broken or task.start is None or task.start > now:
        return Task(task.name, task.implementing, None, None, "NOT_STARTED")
    if task.end is not None and task.end > now:
        return Task(task.name, task.implementing, task.start, None, "RUNNING")
    return task
