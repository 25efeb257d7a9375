"""Runs the intents of one application in order, and keeps track of its production content."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.simulation.model.canary import VERDICTS
from ingest.simulation.model.clock import SECOND, dice
from ingest.simulation.model.company import PEOPLE, App
from ingest.simulation.model.execution import BEFORE_TARGETS, USUAL, Run
from ingest.simulation.model.repository import Change
from ingest.simulation.story.rollout_plan import plan_stages
from ingest.simulation.story.schedule import Year
from ingest.simulation.story.script import Intent
from ingest.simulation.story.timeline import Timeline, add_pre_production

_ROLLBACKS = frozenset({"undo", "rollback", "older", "groups"})


@dataclass(slots=True)
class Simulator:
    """The state of one application. ``production``: its runs that took traffic, in order.

    ``downstream``: applications whose pipelines its successes start, with the run. ``busy`` is when the current
    production run ends, ``newest`` the trunk index of the newest change that a run was started for.
    One production run at a time, as ``limitConcurrent`` has it: a later merge waits in the queue, and the run that
    waited before it is canceled there.
    """

    app: App
    year: Year
    runs: list[Run] = field(default_factory=list)
    production: list[Run] = field(default_factory=list)
    queued: Intent | None = None
    busy: int = 0
    newest: int = -1
    manifest: int = 1
    revision: int = 40
    downstream: list[tuple[str, Run]] = field(default_factory=list)

    def simulate(self, intents: Iterable[Intent]) -> list[Run]:
        """All executions that follow from the intents, which come by time."""
        for intent in intents:
            # What waits starts before anything that comes later.
            self._start_queued(intent.at)
            if intent.at > self.year.end:
                break
            if intent.action in {"staging", "nightly"}:
                self._start_outside_production(intent)
            elif intent.at < self.busy and not intent.scripted:
                self._never_start("CANCELED")
                self.queued = intent
            else:
                self._start(intent, max(intent.at, self.busy + 15 * SECOND))
        self._start_queued(self.year.end)
        self._never_start("NOT_STARTED")
        return self.runs

    def _start_queued(self, now: int) -> None:
        if self.queued and self.busy + 2 * SECOND <= now:
            intent, self.queued = self.queued, None
            self._start(intent, self.busy + 2 * SECOND)

    def _never_start(self, status: str) -> None:
        """Record the run in the queue with a status, and without a start."""
        intent = self.queued
        if intent and intent.change and intent.change.index > self.newest:
            run = self._plan(intent, intent.change, None)
            run.status = status
            if status == "CANCELED":
                run.ending = "queued_canceled"
            else:
                run.cut = self.year.end
            self.runs.append(run)

    def _start_outside_production(self, intent: Intent) -> None:
        change = intent.change or (self.production[-1].change if self.production else None)
        if change:
            run = self._plan(intent, change, intent.at + 120)
            if self._finish(run, plan_stages(run)):
                self.runs.append(run)

    def _start(self, intent: Intent, start: int) -> None:
        restored = self._restored(intent)
        change = restored.change if restored else self._content(intent)
        if change is None:
            return
        run = self._plan(intent, change, start + 90)
        if restored:
            run.restored, run.replaced = restored, self.production[-1].group
            can_name = restored.action in USUAL and intent.steps == 1
            run.to_revision = can_name and dice(run.seed, "revision").random() < 0.5
        if not (self._delegate(run) and self._finish(run, plan_stages(run))):
            return
        self.runs += [run, run.child] if run.child else [run]
        # What runs on at the end of the simulation blocks production for good.
        self.busy = self.year.end * 2 if run.cut else run.horizon
        if run.changes_production:
            # Whatever is older than this change is contained in it.
            self.newest = max(self.newest, change.index)
            self._update_production(run)
        if intent.starts and run.status == "SUCCEEDED":
            self.downstream.append((intent.starts, run))

    def _restored(self, intent: Intent) -> Run | None:
        """The latest run with the content that a rollback returns to."""
        if intent.action not in _ROLLBACKS:
            return None
        contents = list(dict.fromkeys(run.change for run in reversed(self.production)))
        if len(contents) <= intent.steps:
            return None
        return next(run for run in reversed(self.production) if run.change is contents[intent.steps])

    def _content(self, intent: Intent) -> Change | None:
        """The change to deploy; null if the operation makes no sense by now."""
        current = self.production[-1] if self.production else None
        if intent.action in {"deploy", "hotfix"}:
            is_newer = intent.change and intent.change.index > self.newest
            return intent.change if is_newer else None
        if current is None or intent.action in _ROLLBACKS:
            return None
        if intent.action == "branch":
            return intent.change if intent.change and current.change is intent.change.base else None
        if intent.action == "again":
            return current.change if current.change is intent.change else None
        return current.change if current.ending != "unstable" else None

    def _plan(self, intent: Intent, change: Change, start: int | None) -> Run:
        app, action = self.app, intent.action
        seed = f"{self.year.seed}/{app.name}/{action}/{intent.at}/{len(self.runs)}"
        random = dice(seed)
        manual = action not in {"deploy", "staging", "nightly"} or (app.slow and action == "deploy")
        canary = action in USUAL and intent.at >= self.year.canaries(app)
        trigger = "cron" if action == "nightly" else "manual" if manual else app.trigger
        return Run(
            app=app,
            action=action,
            ending=intent.ending if canary or not intent.ending.startswith("canary") else "ok",
            build=intent.at,
            start=start,
            change=change,
            manifest=self.manifest,
            revision=self.revision,
            user=f"{random.choice(PEOPLE)}@acme.example" if manual else "spinnaker@acme.example",
            seed=seed,
            trigger="pipeline" if intent.upstream else trigger,
            canary=canary,
            adopted=intent.at >= self.year.adopted(app),
            scripted=intent.scripted,
            steps=intent.steps,
            upstream=intent.upstream,
            names_commit=random.random() < 0.5 if action == "config" else action not in {"undo", "groups", "restart"},
        )

    def _delegate(self, run: Run) -> bool:
        """Start a child for the production part of a run that gets so far; false if the run is left out."""
        if not run.hands_over:
            return True
        # The canary is in the child, where production is.
        canary, run.canary = run.canary, False
        line = Timeline(run)
        add_pre_production(line)
        if run.ending in BEFORE_TARGETS or line.at + 1000 >= self.year.end:
            return True
        build = line.at + 400
        child = Run(
            **{name: getattr(run, name) for name in ("app", "action", "ending", "change", "manifest", "revision")},
            build=build,
            start=build + 110,
            user=run.user,
            seed=f"{run.seed}/child",
            trigger="pipeline",
            canary=canary,
            adopted=run.adopted,
            scripted=run.scripted,
            parent=run,
        )
        run.child = child
        return self._finish(child, plan_stages(child))

    def _finish(self, run: Run, line: Timeline) -> bool:
        """Record how the run ends; false if the end of the simulation would cut its rollout, so that it is left out."""
        now = self.year.end
        run.status, run.end, run.restarted = line.status or "SUCCEEDED", line.at + 150, line.restarted
        run.first = min(line.first_traffic, default=None)
        run.full = None if None in line.full_traffic else max((at for at in line.full_traffic if at), default=None)
        if run.child:
            run.first, run.full = run.child.first, run.child.full
        if run.end > now:
            # A rollout in progress has taken traffic without an outcome: the expected results have no such case.
            if run.first is not None and run.first <= now:
                return False
            run.cut, run.status, run.first, run.full = now, "RUNNING", None, None
        for stage in line.stages:
            if stage.type == "kayentaCanary" and stage.start and (stage.end or 0) <= now:
                run.analysis = (run.stage_id(stage.ref), VERDICTS.get(run.ending, "pass"))
        return True

    def _update_production(self, run: Run) -> None:
        """Count revisions, server groups and configurations, and record the run as the content in production."""
        current = self.production[-1] if self.production else None
        if run.action == "config":
            self.manifest += 1
        older = run.restored if run.action in {"undo", "groups"} else None
        manifest = older.manifest if older else self.manifest
        same = current is not None and current.change is run.change and current.manifest == manifest
        if run.action == "groups" and run.restored:
            revision = run.restored.revision
        else:
            # Kubernetes counts a revision only if the pod template differs; a restart annotates it.
            is_new = run.first is not None and (run.action == "restart" or not same)
            self.revision = revision = self.revision + (run.app.vm or is_new)
        for part in (run, run.child):
            if part:
                part.manifest, part.revision = manifest, revision
        if run.first is not None:
            self.production.append(run)
