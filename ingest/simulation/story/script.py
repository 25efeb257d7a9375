"""What a script is made of: changes that are merged, things that people or pipelines set out to do, incidents."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from ingest.simulation.model.clock import MINUTE, SECOND
from ingest.simulation.model.company import PEOPLE, App
from ingest.simulation.model.execution import Run
from ingest.simulation.model.repository import Change

_VERB_WORDS = "add fix speed-up rename drop split cache log validate retry document tidy extend move guard"
_THING_WORDS = "basket price session retry-policy index header timeout mapper report cursor token batch page alert"
_VERBS, _THINGS = tuple(_VERB_WORDS.split()), tuple(_THING_WORDS.split())


@dataclass(slots=True)
class Intent:
    """Something to be done to one application at ``at``.

    ``action``: ``deploy`` (a merge or a person starts the usual pipeline), ``branch`` (a person starts it on the commit
    of a branch), ``hotfix``, ``undo``, ``rollback``,
    ``older`` (an older execution is run again), ``again`` (the newest one is), ``config``, ``restart``, ``dry``,
    ``staging`` or ``nightly``. ``ending`` says how it ends; see ``runs.OUTCOMES``. ``change`` is null where it is what
    serves that is meant. ``scripted``: part of a story, so never canceled in the queue. ``steps``: versions back.
    ``starts`` is the application whose pipeline its success starts, ``upstream`` the run whose success started it.
    """

    at: int
    action: str
    change: Change | None = None
    ending: str = "ok"
    scripted: bool = False
    steps: int = 1
    starts: str = ""
    upstream: Run | None = None


@dataclass(slots=True)
class Incident:
    """One incident; ``deployed`` and ``named`` are the change whose deployment or commit somebody linked to it."""

    application: str
    opened_at: int
    resolved_at: int | None
    severity: str
    title: str
    deployed: Change | None = None
    named: Change | None = None


@dataclass(slots=True)
class Script:
    """What happens to one repository and to the applications that it feeds."""

    changes: list[Change] = field(default_factory=list)
    intents: dict[str, list[Intent]] = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)


@dataclass(slots=True)
class Pen:
    """Writes one story of one application into a script; minutes count from ``start``."""

    script: Script
    app: App
    start: int
    random: Random

    def merge(self, minute: float, *, hotfix: bool = False) -> Change:
        """A change of this application alone comes to trunk."""
        change = draft(self.app, self.start + int(minute * MINUTE), self.random)
        change.ordinary = False
        if hotfix:
            change.branch, change.style = f"hotfix/{change.branch}", "merge"
        self.script.changes.append(change)
        return change

    def act(self, minute: float, action: str, change: Change | None = None, ending: str = "ok", steps: int = 1) -> None:
        """Somebody or something sets out to do this."""
        at = self.start + int(minute * MINUTE)
        self.script.intents.setdefault(self.app.name, []).append(Intent(at, action, change, ending, True, steps))

    def ship(self, minute: float, ending: str = "ok") -> Change:
        """A change is merged and its pipeline runs."""
        change = self.merge(minute)
        self.act(minute + self.random.uniform(5, 9), "deploy", change, ending)
        return change

    def fix(self, minute: float, action: str) -> None:
        """A hotfix is merged and deployed."""
        change = self.merge(minute, hotfix=True)
        self.act(minute + self.random.uniform(5, 9), action, change)

    def fix_from_branch(self, minute: float, broken: Change) -> None:
        """A fix is deployed from its branch; what is merged an hour later follows."""
        merged = self.merge(minute + 60, hotfix=True)
        at = self.start + int((minute - 10) * MINUTE)
        merged.commits, merged.tip = 1, replace(merged, at=at - at % SECOND, style="direct", base=broken)
        self.act(minute, "branch", merged.tip)
        self.act(minute + 60 + self.random.uniform(5, 9), "deploy", merged)

    def revert(self, minute: float, reverted: Change) -> None:
        """A change is reverted on trunk, and the trunk is deployed."""
        change = self.merge(minute)
        change.style, change.reverts, change.branch = "squash", reverted, f"revert-{reverted.branch}"
        change.paths = reverted.paths
        self.act(minute + self.random.uniform(5, 9), "deploy", change)

    def roll_back(self, minute: float, action: str, steps: int = 1) -> None:
        """Somebody returns to what served before."""
        self.act(minute, "groups" if self.app.vm else action, steps=steps)

    def incident(self, minute: float, deployed: Change | None = None, named: Change | None = None) -> Incident:
        """Somebody is woken."""
        opened = self.start + int(minute * 60) * SECOND
        title = self.random.choice(
            ["error rate above 2 %", "p99 latency above 1 s", "queue not draining", "login fails"]
        )
        severity = self.random.choice(["SEV1", "SEV2", "SEV2", "SEV3"])
        resolved = opened + self.random.randint(18 * 60, 6 * 3600) * SECOND
        incident = Incident(self.app.name, opened, resolved, severity, f"{self.app.name}: {title}", deployed, named)
        self.script.incidents.append(incident)
        return incident


def draft(app: App, at: int, random: Random) -> Change:
    """A change of one application as an engineer would make it."""
    verb, thing = random.choice(_VERBS), random.choice(_THINGS)
    roll = random.random()
    style = "merge" if roll < 0.52 else "squash" if roll < 0.92 else "direct"
    folder = f"services/{app.name}" if app.shared else "src"
    paths = {f"{folder}/{thing}.py", f"{folder}/{random.choice(_THINGS)}.py"}
    return Change(
        at=at,
        author=random.choice(PEOPLE),
        title=f"{verb} {thing} of {app.name}",
        branch=f"{verb}-{thing}-{random.randint(100, 999)}",
        style=style,
        paths=tuple(sorted(paths)),
        applications=(app.name,),
        commits=random.choice((1, 1, 2, 3)) if style == "merge" else 1,
    )
