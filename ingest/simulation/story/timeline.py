"""How a run goes: its stages with their times, from its plan alone, so that it can be told again when it is served."""

from __future__ import annotations

from typing import Any

from ingest.simulation.model.clock import HOUR, MINUTE, SECOND, dice
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage


class Timeline:
    """The stages of one run so far. ``at`` is its clock; ``status`` is null until something ended the run.

    ``traffic`` and ``served`` are when each production rollout first took traffic and when it had all of it.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.random = run, dice(run.seed, "timeline")
        self.at = run.start or run.build
        self.stages: list[Stage] = []
        self.latest: tuple[str, ...] = ()
        self.status: str | None = None if run.start else ("NOT_STARTED" if run.cut else "CANCELED")
        self.restarted: int | None = None
        self.traffic: list[int] = []
        self.served: list[int | None] = []

    @property
    def alive(self) -> bool:
        """Whether the run goes on."""
        return self.status is None

    def lasts(self, low: float, high: float) -> int:
        """A duration in milliseconds between two in minutes."""
        return int(self.random.uniform(low, high) * MINUTE)

    def add(
        self, kind: str, name: str, lasts: int, *, fate: str = "SUCCEEDED", stuck: str = "", **detail: Any
    ) -> Stage:
        """The next stage of the main line; a fate other than success ends the run."""
        stage = self.put(kind, name, lasts, fate=fate, stuck=stuck, **detail)
        self.join([stage])
        return stage

    def put(
        self, kind: str, name: str, lasts: int, *, fate: str = "SUCCEEDED", stuck: str = "", **detail: Any
    ) -> Stage:
        """A stage that begins now, beside others; ``join`` waits for them."""
        begin = self.at + 80 if self.alive else None
        end = begin + lasts if begin else None
        status = fate if self.alive else "NOT_STARTED"
        ref = str(sum(not s.parent for s in self.stages) + 1)
        stage = Stage(ref, kind, name, status, begin, end, self.latest, stuck=stuck, detail=detail)
        self.stages.append(stage)
        return stage

    def inside(self, parent: Stage, ref: str, owner: str, stage: Stage) -> Stage:
        """Make a stage one that Orca put into another."""
        stage.ref, stage.parent, stage.owner = ref, parent.ref, owner
        stage.after = ()
        return stage

    def join(self, stages: list[Stage]) -> None:
        """Go on when all of these are done; one that failed ends the run."""
        self.latest = tuple(stage.ref for stage in stages)
        if self.alive:
            self.at = max(stage.end or self.at for stage in stages)
            fatal = [stage.status for stage in stages if stage.status in {"TERMINAL", "CANCELED"}]
            self.status = fatal[0] if fatal else None

    def up_to(self, now: int) -> list[Stage]:
        """The stages as they stand at an instant."""
        for stage in self.stages:
            if stage.start is not None and stage.start > now:
                stage.status, stage.start, stage.end, stage.work = "NOT_STARTED", None, None, None
            elif stage.end is not None and stage.end > now:
                stage.status = "RUNNING"
        return self.stages


def prepare(line: Timeline) -> None:
    """Everything that comes before production: bake, staging, tests."""
    run, ending = line.run, line.run.ending
    bake = "bake" if run.app.vm else "bakeManifest"
    failed = ending == "bake_fails"
    stuck = "monitorBake" if run.app.vm else "createBake"
    lasts = line.lasts(4, 7) if run.app.vm else line.lasts(0.6, 1.6)
    line.add(bake, "Bake", lasts, fate="TERMINAL" if failed else "SUCCEEDED", stuck=stuck if failed else "")
    if run.app.staging == "inline" and not run.app.vm and run.action != "hotfix":
        line.add("deployManifest", "Deploy to staging", line.lasts(1.2, 3), account="staging", location="shop")
    if ending == "restarted" and line.alive:
        line.at = line.restarted = line.at + line.lasts(14, 32)
    fate, stuck = {
        "tests_fail": ("TERMINAL", "waitOnJobCompletion"),
        "canceled": ("CANCELED", "waitOnJobCompletion"),
    }.get(ending, ("SUCCEEDED", ""))
    fast = 0.7 if run.adopted or run.action == "hotfix" else 1.0
    minutes = line.lasts(3 * fast, 8 * fast)
    line.add("runJobManifest", "Integration tests", minutes, fate=fate, stuck=stuck, restarted=line.restarted)


def judge(line: Timeline) -> None:
    """Ask a person, who takes as long as people take."""
    ending = line.run.ending
    hours = 0.1 + line.random.lognormvariate(0.9, 0.9)
    waited = line.lasts(5, 20) if line.run.scripted else int(min(hours, 26) * HOUR)
    if ending == "judgment_timeout":
        line.add("manualJudgment", "Approve", 4 * HOUR, fate="TERMINAL", stuck="waitForJudgment", decision="")
        return
    stop = ending == "rejected"
    fate = {"fate": "TERMINAL", "stuck": "waitForJudgment"} if stop else {}
    decided = waited - line.random.randint(1, 14) * SECOND
    line.add("manualJudgment", "Approve", waited, decision="stop" if stop else "continue", decided=decided, **fate)


def hand_over(line: Timeline) -> None:
    """Start the child that does production, and wait for it."""
    child = line.run.child
    lasts = child.horizon - line.at + 4 * SECOND if child and line.alive else HOUR
    fate = child.status if child and line.alive else "SUCCEEDED"
    stuck = "" if fate in {"SUCCEEDED", "RUNNING"} else "monitorPipeline"
    line.add("pipeline", "Deploy production", lasts, fate=fate, stuck=stuck)
