"""Which deployment a rollback, a fix, an incident or a broken rollout is attributed to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.simulation.model.clock import DAY
from ingest.simulation.model.repository import Change
from ingest.simulation.story.script import Incident
from tests.simulation.deployment import PlannedDeployment

Evidence = tuple[str, int | None]
"""Kind of evidence, and when service recovered (null: not yet)."""

Attribution = tuple[PlannedDeployment, Evidence]
_WINDOW = DAY  # the default of failure_window_hours


def evidence_by_deployment(
    deployments: Sequence[PlannedDeployment], incidents: Sequence[Incident]
) -> dict[PlannedDeployment, list[Evidence]]:
    """The evidence of failure against each deployment of one application; all of them took traffic, in time order."""
    by_deployment: dict[PlannedDeployment, list[Evidence]] = {}
    for deployment, evidence in (
        *_rollbacks(deployments),
        *_reverts(deployments),
        *_hotfixes(deployments),
        *_incidents(deployments, incidents),
        *_broken_rollouts(deployments),
    ):
        by_deployment.setdefault(deployment, []).append(evidence)
    return by_deployment


def _rollbacks(deployments: Sequence[PlannedDeployment]) -> Iterator[Attribution]:
    """The first deployment of new content after the restored content last served."""
    for place, rollback in enumerate(deployments):
        if rollback.kind != "rollback":
            continue
        restored = max((n for n in range(place) if deployments[n].run.change is rollback.run.change), default=-1)
        failed = next((deployment for deployment in deployments[restored + 1 : place] if deployment.can_fail), None)
        if failed:
            yield failed, ("rollback", rollback.run.full)


def _reverts(deployments: Sequence[PlannedDeployment]) -> Iterator[Attribution]:
    """The deployment that first shipped a change which another reverts within the window."""
    shipped_by: dict[Change, PlannedDeployment] = {}
    for deployment in deployments:
        shipped_by |= dict.fromkeys(deployment.shipped, deployment)
    for fix in deployments:
        for change in fix.shipped:
            failed = shipped_by.get(change.reverts) if change.reverts else None
            if failed and failed is not fix and failed.can_fail and _in_window(failed, _start(fix)):
                yield failed, ("fix_forward", fix.run.full)


def _hotfixes(deployments: Sequence[PlannedDeployment]) -> Iterator[Attribution]:
    for place, hotfix in enumerate(deployments):
        failed = _latest(deployments[:place], _start(hotfix)) if hotfix.kind == "hotfix" else None
        if failed:
            yield failed, ("fix_forward", hotfix.run.full)


def _incidents(deployments: Sequence[PlannedDeployment], incidents: Sequence[Incident]) -> Iterator[Attribution]:
    for incident in incidents:
        if incident.deployment_change:
            failed = deployment_of(incident.deployment_change, deployments)
        elif incident.commit_change:
            failed = next((item for item in deployments if incident.commit_change in item.shipped), None)
        else:
            failed = _latest(deployments, incident.opened_at)
        if failed and failed.can_fail:
            yield failed, ("incident", incident.resolved_at)


def deployment_of(change: Change, deployments: Sequence[PlannedDeployment]) -> PlannedDeployment | None:
    """The first deployment whose head is this change."""
    return next((deployment for deployment in deployments if deployment.run.change is change), None)


def _broken_rollouts(deployments: Sequence[PlannedDeployment]) -> Iterator[Attribution]:
    for place, failed in enumerate(deployments):
        if failed.can_fail and not failed.succeeded:
            yield failed, ("deploy", next((item.run.full for item in deployments[place:] if item.succeeded), None))


def _latest(deployments: Sequence[PlannedDeployment], instant: int) -> PlannedDeployment | None:
    """The latest that can fail and took traffic before an instant in its window."""
    candidates = [item for item in deployments if item.can_fail and _in_window(item, instant)]
    return max(candidates, key=lambda item: item.run.first or 0, default=None)


def _in_window(failed: PlannedDeployment, instant: int) -> bool:
    """Whether an instant is between first traffic and the end of the window after full traffic."""
    return (failed.run.first or 0) <= instant <= failed.at + _WINDOW


def _start(deployment: PlannedDeployment) -> int:
    """When the execution at the root of the tree began."""
    run = deployment.run
    while run.parent:
        run = run.parent
    return run.start or run.first or 0
