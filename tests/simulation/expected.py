"""The expected results of a simulated organisation, by the definitions, from its script instead of its payloads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ingest.simulation.model.clock import millis
from ingest.simulation.model.execution import Run
from ingest.simulation.model.repository import Change
from ingest.simulation.organisation import Organisation
from ingest.simulation.story.script import Incident, Script
from tests.simulation.deployment import PlannedDeployment
from tests.simulation.failure_evidence import evidence_by_deployment


@dataclass(frozen=True, slots=True)
class ExpectedDeployment:
    """One attempt to change production: one application, one execution tree. Times are epoch milliseconds.

    ``commit`` and ``repository`` are null where no payload names a commit; ``content`` is the commit of its content in
    any case. ``started_from_ui`` marks an operation from the UI, which Gate forgets after 14 days.
    """

    application: str
    root_id: str
    kind: str
    outcome: str
    first_traffic_at: int | None
    full_traffic_at: int | None
    repository: str | None
    commit: str | None
    content: str
    started_from_ui: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """The evidence that a deployment failed, and when service recovered (epoch milliseconds; null: not yet)."""

    evidence: frozenset[str]
    recovered_at: int | None


@dataclass(slots=True)
class Truth:
    """What ingest and build must compute.

    ``shipped``: (application, repository, sha, root id) of each change and the deployment that first shipped it, by
    ancestry. ``open_changes``: (application, repository, sha) of changes that await deployment. ``reverted``: the same
    of changes that were reverted before, or in the same deployment in which, they shipped. ``failures`` by
    (application, root id). ``canaries``: verdict by stage id, of analyses that ended.
    """

    deployments: list[ExpectedDeployment] = field(default_factory=list)
    shipped: set[tuple[str, str, str, str]] = field(default_factory=set)
    open_changes: set[tuple[str, str, str]] = field(default_factory=set)
    reverted: set[tuple[str, str, str]] = field(default_factory=set)
    failures: dict[tuple[str, str], Failure] = field(default_factory=dict)
    canaries: dict[str, str] = field(default_factory=dict)


def expected_results(organisation: Organisation, *, ui_operations_since: datetime | None = None) -> Truth:
    """The truth about an organisation; operations from the UI that began before an instant are left out."""
    truth = Truth()
    since = millis(ui_operations_since) if ui_operations_since else 0
    for repository, script in organisation.scripts.items():
        add_repository(truth, script, organisation.runs[repository], since)
    return truth


def add_repository(truth: Truth, script: Script, runs: Iterable[Run], ui_operations_since: int = 0) -> None:
    """Add the expected results of the applications that one repository feeds."""
    by_application: dict[str, list[Run]] = {name: [] for name in script.intents}
    for run in runs:
        if run.analysis and run.action != "dry":
            truth.canaries[run.analysis[0]] = run.analysis[1]
        forgotten = run.action == "undo" and run.build < ui_operations_since
        if run.changes_production and not run.parent and not forgotten:
            by_application[run.app.name].append(run)
    for name, attempts in by_application.items():
        deployments = sorted((PlannedDeployment(run) for run in attempts), key=lambda item: item.at or item.run.build)
        serving = [deployment for deployment in deployments if deployment.run.first is not None]
        changes = [change for change in script.changes if name in change.applications]
        repository = deployments[0].run.app.repo if deployments else ""
        _add_changes(truth, (name, repository), serving, changes)
        _set_kinds(serving)
        truth.deployments += [_expected(deployment) for deployment in deployments]
        _add_failures(truth, serving, [incident for incident in script.incidents if incident.application == name])


def _add_changes(
    truth: Truth, key: tuple[str, str], serving: Sequence[PlannedDeployment], changes: Sequence[Change]
) -> None:
    shipped_by = _ship(serving, changes)
    for deployment in serving:
        truth.shipped |= {(*key, change.sha, deployment.run.root) for change in deployment.shipped}
    baseline = next((deployment.run.change.index for deployment in serving if deployment.succeeded), None)
    reverts = {change.reverts: change for change in changes if change.reverts}
    for change in changes:
        revert = reverts.get(change)
        if revert and shipped_by.get(change) is shipped_by.get(revert):
            truth.reverted.add((*key, change.sha))
        elif baseline is not None and change.index > baseline and change not in shipped_by:
            truth.open_changes.add((*key, change.sha))


def _ship(serving: Sequence[PlannedDeployment], changes: Sequence[Change]) -> dict[Change, PlannedDeployment]:
    """Attribute each change to the first success that contains it; the first deployment ships only its own change.

    The last commit of a branch ships the change that merges it later (G3).
    """
    shipped_by: dict[Change, PlannedDeployment] = {}
    reached = None
    for deployment in serving:
        if not deployment.succeeded:
            continue
        head = deployment.run.change.index
        low = head - 1 if reached is None else reached
        deployment.shipped = [
            change
            for change in changes
            if change not in shipped_by and (low < change.index <= head or change.tip is deployment.run.change)
        ]
        shipped_by |= dict.fromkeys(deployment.shipped, deployment)
        reached = max(head, low)
    return shipped_by


def _set_kinds(serving: Sequence[PlannedDeployment]) -> None:
    previous: PlannedDeployment | None = None
    for deployment in serving:
        deployment.kind = _kind(deployment, previous)
        # A restart serves the same content, so the one before it stays the one to compare with.
        if deployment.run.action != "restart" or previous is None:
            previous = deployment


def _kind(  # noqa: PLR0911 - one line a rule
    deployment: PlannedDeployment, previous: PlannedDeployment | None
) -> str:
    run = deployment.run
    if run.action in {"undo", "groups"}:
        return "rollback"
    if run.action == "restart":
        return "redeploy"
    if previous and run.change.index < previous.run.change.index:
        return "rollback"
    if previous and run.change is previous.run.change and previous.succeeded:
        return "redeploy" if run.manifest == previous.run.manifest else "config"
    if previous and run.change is previous.run.change and _served_elsewhere(previous.run):
        return "promotion"
    if run.action in {"hotfix", "branch"} or any(change.hotfix for change in deployment.shipped):
        return "hotfix"
    return "release"


def _served_elsewhere(run: Run) -> bool:
    """Tell whether a failed run served all traffic of a target: the first one alone was unstable."""
    return run.ending == "unstable" and len(run.app.targets) > 1


def _expected(deployment: PlannedDeployment) -> ExpectedDeployment:
    run = deployment.run
    return ExpectedDeployment(
        application=run.app.name,
        root_id=run.root,
        kind=deployment.kind,
        outcome=deployment.outcome,
        first_traffic_at=run.first,
        full_traffic_at=run.full if deployment.succeeded else None,
        repository=run.app.repo if run.names_commit else None,
        commit=run.change.sha if run.names_commit else None,
        content=run.change.sha,
        started_from_ui=run.action == "undo",
    )


def _add_failures(truth: Truth, serving: Sequence[PlannedDeployment], incidents: Sequence[Incident]) -> None:
    for deployment, evidence in evidence_by_deployment(serving, incidents).items():
        restored = [instant for kind, instant in evidence if kind != "incident" and instant is not None]
        resolved = [instant for kind, instant in evidence if kind == "incident"]
        resolutions = [instant for instant in resolved if instant is not None]
        last_resolution = max(resolutions, default=None) if len(resolutions) == len(resolved) else None
        failure = Failure(frozenset(kind for kind, _ in evidence), min(restored, default=last_resolution))
        truth.failures[deployment.run.app.name, deployment.run.root] = failure
