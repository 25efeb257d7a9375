"""The course of one run: its stages with their times, computed from its plan alone, again whenever it is served."""

from __future__ import annotations

from typing import Any

from ingest.simulation.model.clock import HOUR, MINUTE, SECOND, dice
from ingest.simulation.model.execution import Run
from ingest.simulation.model.stage import Stage


class Timeline:
    """The stages of one run so far. ``at`` is its clock; ``status`` is null until something ends the run.

    ``first_traffic`` and ``full_traffic`` have one entry per production rollout.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.random = run, dice(run.seed, "timeline")
        self.at = run.start or run.build
        self.stages: list[Stage] = []
        self.latest: tuple[str, ...] = ()
        self.status: str | None = None if run.start else ("NOT_STARTED" if run.cut else "CANCELED")
        self.restarted: int | None = None
        self.first_traffic: list[int] = []
        self.full_traffic: list[int | None] = []

    @property
    def alive(self) -> bool:
        """Whether the run continues."""
        return self.status is None

    def duration(self, low: float, high: float) -> int:
        """A random duration in milliseconds between two in minutes."""
        return int(self.random.uniform(low, high) * MINUTE)

    def add(self, kind: str, name: str, duration: int, **more: Any) -> Stage:
        """Add the next stage of the main line (arguments as for ``put``); a failed one ends the run."""
        stage = self.put(kind, name, duration, **more)
        self.join([stage])
        return stage

    def put(
        self, kind: str, name: str, duration: int, *, status: str = "SUCCEEDED", stuck: str = "", **detail: Any
    ) -> Stage:
        """Add a stage that begins now, beside others; ``join`` waits for them."""
        # Orca's queue takes some 80 ms from one stage to the next.
        begin = self.at + 80 if self.alive else None
        end = begin + duration if begin else None
        ref = str(sum(not stage.parent for stage in self.stages) + 1)
        status = status if self.alive else "NOT_STARTED"
        stage = Stage(ref, kind, name, status, begin, end, self.latest, stuck=stuck, detail=detail)
        self.stages.append(stage)
        return stage

    def join(self, stages: list[Stage]) -> None:
        """Continue when all of these have ended; one that failed ends the run."""
        self.latest = tuple(stage.ref for stage in stages)
        if self.alive:
            self.at = max(stage.end or self.at for stage in stages)
            self.status = next((stage.status for stage in stages if stage.status in {"TERMINAL", "CANCELED"}), None)

    def up_to(self, now: int) -> list[Stage]:
        """The stages as they are at an instant."""
        for stage in self.stages:
            if stage.start is not None and stage.start > now:
                stage.status, stage.start, stage.end, stage.work = "NOT_STARTED", None, None, None
            elif stage.end is not None and stage.end > now:
                stage.status = "RUNNING"
        return self.stages


def add_pre_production(line: Timeline) -> None:
    """Add the stages before production: bake, staging, tests."""
    run, ending = line.run, line.run.ending
    duration = line.duration(4, 7) if run.app.vm else line.duration(0.6, 1.6)
    failure = {"status": "TERMINAL", "stuck": "monitorBake" if run.app.vm else "createBake"}
    line.add("bake" if run.app.vm else "bakeManifest", "Bake", duration, **failure if ending == "bake_fails" else {})
    if run.app.staging == "inline" and not run.app.vm and run.action != "hotfix":
        line.add("deployManifest", "Deploy to staging", line.duration(1.2, 3), account="staging", location="shop")
    if ending == "restarted" and line.alive:
        # A person restarts the failed test after 14 to 32 minutes.
        line.at = line.restarted = line.at + line.duration(14, 32)
    failed = {"tests_fail": "TERMINAL", "canceled": "CANCELED"}.get(ending)
    failure = {"status": failed, "stuck": "waitOnJobCompletion"} if failed else {}
    # The template's second version and hotfixes run fewer tests.
    factor = 0.7 if run.adopted or run.action == "hotfix" else 1.0
    duration = line.duration(3 * factor, 8 * factor)
    line.add("runJobManifest", "Integration tests", duration, restarted=line.restarted, **failure)


def add_approval(line: Timeline) -> None:
    """Add a manual judgment, which takes hours except in scenarios."""
    hours = 0.1 + line.random.lognormvariate(0.9, 0.9)
    waited = line.duration(5, 20) if line.run.scripted else int(min(hours, 26) * HOUR)
    failure = {"status": "TERMINAL", "stuck": "waitForJudgment"}
    if line.run.ending == "judgment_timeout":
        line.add("manualJudgment", "Approve", 4 * HOUR, decision="", **failure)
        return
    rejected = line.run.ending == "rejected"
    more = {
        "decision": "stop" if rejected else "continue",
        "decided": waited - line.random.randint(1, 14) * SECOND,
        **(failure if rejected else {}),
    }
    line.add("manualJudgment", "Approve", waited, **more)


def add_child_pipeline(line: Timeline) -> None:
    """Add the stage that starts the child for production, and waits for it."""
    child = line.run.child if line.alive else None
    duration = child.horizon - line.at + 4 * SECOND if child else HOUR
    status = child.status if child else "SUCCEEDED"
    stuck = "" if status in {"SUCCEEDED", "RUNNING"} else "monitorPipeline"
    line.add("pipeline", "Deploy production", duration, status=status, stuck=stuck)
