"""Acts the intents of one application out, one after the other, and remembers what serves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.simulation.model.clock import SECOND, dice
from ingest.simulation.model.company import PEOPLE, App
from ingest.simulation.model.execution import BEFORE_TARGETS, Run
from ingest.simulation.model.repository import Change
from ingest.simulation.story.rollout_plan import unfold
from ingest.simulation.story.schedule import Year
from ingest.simulation.story.script import Intent
from ingest.simulation.story.timeline import Timeline, prepare

_BACK = frozenset({"undo", "rollback", "older", "groups"})
_USUAL = frozenset({"deploy", "older", "again", "dry"})
_VERDICTS = {
    "canary_fail": "fail",
    "canary_overridden": "fail",
    "canary_marginal": "marginal",
    "canary_error": "error",
    "canary_canceled": "canceled",
}


@dataclass(slots=True)
class Player:
    """The state of one application: its runs so far, those that took traffic in order, who waits, and what it starts
    (the pipelines of other applications, by its successes).

    One production run at a time: a later merge waits, and the one that waited before it is canceled in the queue.
    """

    app: App
    year: Year
    runs: list[Run] = field(default_factory=list)
    served: list[Run] = field(default_factory=list)
    waiting: Intent | None = None
    busy: int = 0
    newest: int = -1
    manifest: int = 1
    revision: int = 40
    starts: list[tuple[str, Run]] = field(default_factory=list)

    def play(self, intents: Iterable[Intent]) -> list[Run]:
        """All executions that follow from the intents, which come by time."""
        for intent in intents:
            self._catch_up(intent.at)
            if intent.at > self.year.end:
                break
            if intent.action in {"staging", "nightly"}:
                self._beside(intent)
            elif intent.at < self.busy and not intent.scripted:
                self._queue(intent)
            else:
                self._start(intent, max(intent.at, self.busy + 15 * SECOND))
        self._catch_up(self.year.end)
        if self.waiting:
            self._never(self.waiting, "NOT_STARTED")
        return self.runs

    def _catch_up(self, now: int) -> None:
        if self.waiting and self.busy + 2 * SECOND <= now:
            intent, self.waiting = self.waiting, None
            self._start(intent, self.busy + 2 * SECOND)

    def _queue(self, intent: Intent) -> None:
        if self.waiting:
            self._never(self.waiting, "CANCELED")
        self.waiting = intent

    def _never(self, intent: Intent, status: str) -> None:
        if intent.change and intent.change.index > self.newest:
            run = self._plan(intent, intent.change, None)
            run.status = status
            if status == "CANCELED":
                run.ending = "queued_canceled"
            else:
                run.cut = self.year.end
            self.runs.append(run)

    def _beside(self, intent: Intent) -> None:
        change = intent.change or (self.served[-1].change if self.served else None)
        if change:
            run = self._plan(intent, change, intent.at + 120)
            if self._finish(run, unfold(run)):
                self.runs.append(run)

    def _start(self, intent: Intent, start: int) -> None:
        restored = self._restored(intent)
        change = restored.change if restored else self._content(intent)
        if change is None:
            return
        run = self._plan(intent, change, start + 90)
        if restored:
            run.restored, run.replaced = restored, self.served[-1].group
            run.to_revision = (
                restored.action in _USUAL and intent.steps == 1 and dice(run.seed, "revision").random() < 0.5
            )
        if not (self._delegate(run) and self._finish(run, unfold(run))):
            return
        self.runs += [run, run.child] if run.child else [run]
        self.busy = self.year.end * 2 if run.cut else run.horizon
        if run.changes_production:
            self.newest = max(self.newest, change.index)
            self._serve(run)
        if intent.starts and run.status == "SUCCEEDED":
            self.starts.append((intent.starts, run))

    def _restored(self, intent: Intent) -> Run | None:
        """The latest run that served what a rollback returns to."""
        if intent.action not in _BACK:
            return None
        contents = list(dict.fromkeys(run.change for run in reversed(self.served)))
        if len(contents) <= intent.steps:
            return None
        change = contents[intent.steps]
        return next(run for run in reversed(self.served) if run.change is change)

    def _content(self, intent: Intent) -> Change | None:
        """What to deploy; null where by now it makes no sense to."""
        serving = self.served[-1] if self.served else None
        if intent.action in {"deploy", "hotfix"}:
            fresh = intent.change and intent.change.index > self.newest
            return intent.change if fresh else None
        if serving is None or intent.action in _BACK:
            return None
        if intent.action == "branch":
            return intent.change if intent.change and serving.change is intent.change.base else None
        if intent.action == "again":
            return serving.change if serving.change is intent.change else None
        return serving.change if serving.ending != "unstable" else None

    def _plan(self, intent: Intent, change: Change, start: int | None) -> Run:
        app, action = self.app, intent.action
        seed = f"{self.year.seed}/{app.name}/{action}/{intent.at}/{len(self.runs)}"
        random = dice(seed)
        manual = action not in {"deploy", "staging", "nightly"} or (app.slow and action == "deploy")
        canary = action in _USUAL and intent.at >= self.year.canaries(app)
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
            trigger=_trigger(intent, app, manual),
            canary=canary,
            adopted=intent.at >= self.year.adopted(app),
            scripted=intent.scripted,
            steps=intent.steps,
            upstream=intent.upstream,
            carries=random.random() < 0.5 if action == "config" else action not in {"undo", "groups", "restart"},
        )

    def _delegate(self, run: Run) -> bool:
        """Give the production part of a run to a child, where it gets so far; false where that is left out."""
        if not run.hands_over:
            return True
        canary, run.canary = run.canary, False
        line = Timeline(run)
        prepare(line)
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
        return self._finish(child, unfold(child))

    def _finish(self, run: Run, line: Timeline) -> bool:
        """Write down how the run went; false where it would be amid production at the end and so is left out."""
        now = self.year.end
        run.status, run.end, run.restarted = line.status or "SUCCEEDED", line.at + 150, line.restarted
        run.first = min(line.traffic, default=None)
        run.full = None if None in line.served else max((at for at in line.served if at), default=None)
        if run.child:
            run.first, run.full = run.child.first, run.child.full
        if run.end > now:
            if run.first is not None and run.first <= now:
                return False
            run.cut, run.status, run.first, run.full = now, "RUNNING", None, None
        for stage in line.stages:
            if stage.type == "kayentaCanary" and stage.start and (stage.end or 0) <= now:
                run.analysis = (run.stage_id(stage.ref), _VERDICTS.get(run.ending, "pass"))
        return True

    def _serve(self, run: Run) -> None:
        """Keep count of revisions, server groups and configurations, and of what serves."""
        serving = self.served[-1] if self.served else None
        if run.action == "config":
            self.manifest += 1
        older = run.restored if run.action in {"undo", "groups"} else None
        manifest = older.manifest if older else self.manifest
        same = serving is not None and serving.change is run.change and serving.manifest == manifest
        if run.action == "groups" and run.restored:
            revision = run.restored.revision
        else:
            moved = run.first is not None and (run.action == "restart" or not same)
            self.revision = revision = self.revision + (run.app.vm or moved)
        for part in (run, run.child):
            if part:
                part.manifest, part.revision = manifest, revision
        if run.first is not None:
            self.served.append(run)


def _trigger(intent: Intent, app: App, manual: bool) -> str:
    if intent.upstream:
        return "pipeline"
    return "cron" if intent.action == "nightly" else "manual" if manual else app.trigger
