"""What really happened, by the rules of the definitions, from what the script intended and not from what is served."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.simulation.model.execution import Run
from ingest.simulation.model.repository import Change
from ingest.simulation.story.script import Incident, Script
from tests.simulation import failure_evidence as blame
from tests.simulation.deployment import Fact


@dataclass(frozen=True, slots=True)
class Deployment:
    """One attempt to change production: one application, one execution tree. Times are epoch milliseconds.

    ``commit`` and ``repository`` are null where nothing that is served names a commit; ``serves`` is the commit of its
    content all the same. ``by_hand`` marks an operation from the UI, which Gate forgets after 14 days.
    """

    application: str
    root_id: str
    kind: str
    outcome: str
    first_traffic_at: int | None
    full_traffic_at: int | None
    repository: str | None
    commit: str | None
    serves: str
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a deployment counts as failed, and when service was whole again (epoch milliseconds; null: not yet)."""

    evidence: frozenset[str]
    recovered_at: int | None


@dataclass(slots=True)
class Truth:
    """Everything that a tool should find out.

    ``shipped``: (application, repository, sha, root id) of each change and the deployment that first shipped it, by
    ancestry. ``open_changes``: (application, repository, sha) of changes that wait. ``withdrawn``: the same of changes
    that were reverted before, or in the very deployment in which, they shipped. ``failures`` by (application, root
    id). ``canaries``: verdict by stage id, of analyses that ended.
    """

    deployments: list[Deployment] = field(default_factory=list)
    shipped: set[tuple[str, str, str, str]] = field(default_factory=set)
    open_changes: set[tuple[str, str, str]] = field(default_factory=set)
    withdrawn: set[tuple[str, str, str]] = field(default_factory=set)
    failures: dict[tuple[str, str], Failure] = field(default_factory=dict)
    canaries: dict[str, str] = field(default_factory=dict)


def find(script: Script, runs: Iterable[Run], since: int = 0) -> Truth:
    """The truth about one repository's applications; operations by hand begun before ``since`` are left out."""
    truth = Truth()
    by_app: dict[str, list[Run]] = {name: [] for name in script.intents}
    for run in runs:
        if run.analysis and run.action != "dry":
            truth.canaries[run.analysis[0]] = run.analysis[1]
        if run.changes_production and not run.parent and not (run.action == "undo" and run.build < since):
            by_app[run.app.name].append(run)
    for name, attempts in by_app.items():
        facts = sorted((Fact(run) for run in attempts), key=lambda fact: fact.at or fact.run.build)
        _tell(truth, name, facts, [change for change in script.changes if name in change.applications])
        incidents = [incident for incident in script.incidents if incident.application == name]
        _accuse(truth, facts, incidents)
    return truth


def _tell(truth: Truth, name: str, facts: Sequence[Fact], mine: Sequence[Change]) -> None:
    traffic = [fact for fact in facts if fact.run.first is not None]
    shipped = _ship(traffic, mine)
    _name_kinds(traffic)
    truth.deployments += [_public(fact) for fact in facts]
    for fact in traffic:
        truth.shipped |= {(name, fact.run.app.repo, change.sha, fact.run.root) for change in fact.shipped}
    baseline = next((fact.run.change.index for fact in traffic if fact.succeeded), None)
    reverts = {change.reverts: change for change in mine if change.reverts}
    for change in mine:
        key = (name, facts[0].run.app.repo if facts else "", change.sha)
        revert = reverts.get(change)
        if revert and shipped.get(change) is shipped.get(revert):
            truth.withdrawn.add(key)
        elif baseline is not None and change.index > baseline and change not in shipped:
            truth.open_changes.add(key)


def _ship(traffic: Sequence[Fact], mine: Sequence[Change]) -> dict[Change, Fact]:
    """Give every change to the first success that could reach it; the very first one brings only its own."""
    shipped: dict[Change, Fact] = {}
    reached = None
    for fact in traffic:
        if not fact.succeeded:
            continue
        own = fact.run.change.index
        low = own - 1 if reached is None else reached
        fact.shipped = [change for change in mine if low < change.index <= own]
        shipped |= dict.fromkeys(fact.shipped, fact)
        reached = max(own, low)
    return shipped


def _name_kinds(traffic: Sequence[Fact]) -> None:
    serving: Fact | None = None
    for fact in traffic:
        fact.kind = _kind(fact, serving)
        serving = fact if fact.run.action != "restart" or serving is None else serving


def _kind(fact: Fact, serving: Fact | None) -> str:
    run = fact.run
    if run.action in {"undo", "groups"}:
        return "rollback"
    if run.action == "restart":
        return "redeploy"
    if serving and run.change.index < serving.run.change.index:
        return "rollback"
    if serving and run.change is serving.run.change and serving.succeeded:
        return "redeploy" if run.manifest == serving.run.manifest else "config"
    if run.action in {"hotfix", "branch"} or any(change.hotfix for change in fact.shipped):
        return "hotfix"
    return "release"


def _public(fact: Fact) -> Deployment:
    run = fact.run
    return Deployment(
        application=run.app.name,
        root_id=run.root,
        kind=fact.kind,
        outcome=fact.outcome,
        first_traffic_at=run.first,
        full_traffic_at=run.full if fact.succeeded else None,
        repository=run.app.repo if run.carries else None,
        commit=run.change.sha if run.carries else None,
        serves=run.change.sha,
        by_hand=run.action == "undo",
    )


def _accuse(truth: Truth, facts: Sequence[Fact], incidents: Sequence[Incident]) -> None:
    traffic = [fact for fact in facts if fact.run.first is not None]
    for fact, pieces in blame.evidence(traffic, incidents).items():
        known = [recovered for _, recovered in pieces if recovered is not None]
        failure = Failure(frozenset(name for name, _ in pieces), min(known, default=None))
        truth.failures[fact.run.app.name, fact.run.root] = failure
