"""The script of a repository: changes that are merged, operations that are started, incidents."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from ingest.simulation.model.clock import MINUTE, SECOND
from ingest.simulation.model.company import PEOPLE, App
from ingest.simulation.model.execution import Run
from ingest.simulation.model.repository import Change

_VERBS = "add fix speed-up rename drop split cache log validate retry document tidy extend move guard"
_NOUNS = "basket price session retry-policy index header timeout mapper report cursor token batch page alert"
_ALERTS = ["error rate above 2 %", "p99 latency above 1 s", "queue not draining", "login fails"]


@dataclass(slots=True)
class Intent:
    """An operation to start for one application at ``at``.

    ``action``: ``deploy`` (the usual pipeline), ``branch`` (the same, on the commit of a branch), ``hotfix``, ``undo``,
    ``rollback``, ``older`` (rerun an older execution), ``again`` (rerun the newest), ``config``, ``restart``, ``dry``,
    ``staging`` or ``nightly``. ``ending`` is a key of ``execution.OUTCOMES``. Without a ``change`` the operation is
    on the content in production. ``scripted``: part of a scenario, so never canceled in the queue. ``steps``: versions
    to go back. ``starts``: the application whose pipeline its success starts; ``upstream``: the run that started it.
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
    """One incident; ``deployment_change`` or ``commit_change`` is the change whose deployment or commit it names."""

    application: str
    opened_at: int
    resolved_at: int | None
    severity: str
    title: str
    deployment_change: Change | None = None
    commit_change: Change | None = None


@dataclass(slots=True)
class Script:
    """What happens to one repository and to the applications that it feeds."""

    changes: list[Change] = field(default_factory=list)
    intents: dict[str, list[Intent]] = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)


@dataclass(slots=True)
class ScriptBuilder:
    """Adds one scenario of one application to a script; minutes count from ``start`` (epoch milliseconds)."""

    script: Script
    app: App
    start: int
    random: Random

    def merge(self, minute: float, *, hotfix: bool = False) -> Change:
        """Merge a change of this application to trunk."""
        change = draft_change(self.app, self.start + int(minute * MINUTE), self.random)
        # The scenario deploys it, not the ordinary schedule.
        change.ordinary = False
        if hotfix:
            change.branch, change.style = f"hotfix/{change.branch}", "merge"
        self.script.changes.append(change)
        return change

    def start_operation(
        self, minute: float, action: str, change: Change | None = None, ending: str = "ok", steps: int = 1
    ) -> None:
        """Start an operation."""
        at = self.start + int(minute * MINUTE)
        self.script.intents.setdefault(self.app.name, []).append(Intent(at, action, change, ending, True, steps))

    def deploy(self, minute: float, change: Change, action: str = "deploy", ending: str = "ok") -> None:
        """Deploy a change some minutes after its merge, which is what its build takes."""
        self.start_operation(minute + self.random.uniform(5, 9), action, change, ending)

    def ship(self, minute: float, ending: str = "ok") -> Change:
        """Merge and deploy a change."""
        change = self.merge(minute)
        self.deploy(minute, change, ending=ending)
        return change

    def fix(self, minute: float, action: str) -> None:
        """Merge and deploy a hotfix."""
        self.deploy(minute, self.merge(minute, hotfix=True), action)

    def fix_from_branch(self, minute: float, broken: Change) -> None:
        """Deploy a fix from its branch; merge it an hour later, and deploy the merge."""
        merged = self.merge(minute + 60, hotfix=True)
        at = self.start + int((minute - 10) * MINUTE)
        merged.commits, merged.tip = 1, replace(merged, at=at - at % SECOND, style="direct", base=broken)
        self.start_operation(minute, "branch", merged.tip)
        self.deploy(minute + 60, merged)

    def revert(self, minute: float, reverted: Change) -> Change:
        """Merge the revert of a change."""
        revert = self.merge(minute)
        revert.style, revert.reverts, revert.paths = "squash", reverted, reverted.paths
        return revert

    def revert_and_deploy(self, minute: float, reverted: Change) -> None:
        """Revert a change on trunk, and deploy the trunk."""
        revert = self.revert(minute, reverted)
        revert.branch = f"revert-{reverted.branch}"
        self.deploy(minute, revert)

    def roll_back(self, minute: float, action: str, steps: int = 1) -> None:
        """Return to an earlier version."""
        self.start_operation(minute, "groups" if self.app.vm else action, steps=steps)

    def open_incident(
        self, minute: float, deployment_change: Change | None = None, commit_change: Change | None = None
    ) -> Incident:
        """Open an incident, resolved within six hours."""
        opened = self.start + int(minute * 60) * SECOND
        title = f"{self.app.name}: {self.random.choice(_ALERTS)}"
        severity = self.random.choice(["SEV1", "SEV2", "SEV2", "SEV3"])
        resolved = opened + self.random.randint(18 * 60, 6 * 3600) * SECOND
        incident = Incident(self.app.name, opened, resolved, severity, title, deployment_change, commit_change)
        self.script.incidents.append(incident)
        return incident


def draft_change(app: App, at: int, random: Random) -> Change:
    """A plausible change of one application, merged at ``at``."""
    # The order of the draws is part of a seed's result: a draw moved gives another organisation.
    verbs, nouns = _VERBS.split(), _NOUNS.split()
    verb, noun = random.choice(verbs), random.choice(nouns)
    # Shares of merges, squashes and direct pushes as in a large company with pull requests.
    roll = random.random()
    style = "merge" if roll < 0.52 else "squash" if roll < 0.92 else "direct"
    folder = f"services/{app.name}" if app.shared else "src"
    paths = {f"{folder}/{noun}.py", f"{folder}/{random.choice(nouns)}.py"}
    return Change(
        at=at,
        author=random.choice(PEOPLE),
        title=f"{verb} {noun} of {app.name}",
        branch=f"{verb}-{noun}-{random.randint(100, 999)}",
        style=style,
        paths=tuple(sorted(paths)),
        applications=(app.name,),
        commits=random.choice((1, 1, 2, 3)) if style == "merge" else 1,
    )
