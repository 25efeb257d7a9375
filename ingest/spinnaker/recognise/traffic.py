"""When a rollout began to serve, and when it served everything: from its tasks, not from its stage's end.

A stage's end includes clean-up and after-stages. ``monitorDeploy`` ends when the cluster has accepted the new
content, ``waitForManifestToStabilize`` when it is rolled out; on virtual machines the new group serves from
``waitForUpInstances`` on, and alone once the old one is gone, unless its strategy moves traffic step by step.
Sources: Orca's ``strategies`` package and ``DeployManifestStage``; facts 3b.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ingest.core.rows import Micros
from ingest.spinnaker.model.coerce import as_micros, as_number, as_status, as_text
from ingest.spinnaker.model.payload import Stage
from ingest.spinnaker.model.stage_kinds import stage_kind
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.strategies import GROUPS, dark
from ingest.spinnaker.recognise.traffic_weights import share_of_new_revision

_STABLE = "waitForManifestToStabilize"
_UP = "waitForUpInstances"
_NOT_ROLLOUT = "monitorCleanup"
_STEPWISE = frozenset({"rollingredblack", "cfrollingredblack", "monitored"})
_RETIRES = {"highlander": "shrinkCluster"}


class Traffic(NamedTuple):
    """First and full traffic in epoch microseconds; None where it was not reached."""

    first: Micros = None
    full: Micros = None


def traffic(stage: Stage, tree: StageTree) -> Traffic:
    """When the content of a rollout's stage served."""
    done = ended(stage)
    if stage.type == "rollbackCluster":
        return Traffic()  # it acts by the rollbacks below it: without any, nothing was rolled back
    if stage.type == "deployCloudrunManifest":
        return _shared(stage, done)
    if stage.type in GROUPS:
        return _group(stage, tree, done)
    if dark(stage.values):
        return Traffic()
    if not stage.tasks or stage_kind(stage.type) in ("restart", "scale") or stage.type == "rollbackServerGroup":
        return Traffic(done, done)
    return _manifest(stage, done)


def ended(stage: Stage) -> Micros:
    """When a stage ended, if it succeeded."""
    return as_micros(stage.end_time) if stage.state == "succeeded" else None


def _manifest(stage: Stage, done: Micros) -> Traffic:
    accepted = _last(stage, lambda name: name.startswith("monitor") and name != _NOT_ROLLOUT)
    waits = any(task.name == _STABLE for task in stage.tasks or ())
    full = _last(stage, lambda name: name == _STABLE) if waits else done
    return Traffic(accepted or full, full)


def _shared(stage: Stage, done: Micros) -> Traffic:
    """Cloud Run: a manifest may give its new revision only a share of the traffic, or none."""
    share = share_of_new_revision(stage.values)
    return Traffic(done if share > 0 else None, done if share >= 100 else None)


def _moved(stage: Stage, tree: StageTree) -> Traffic | None:
    """Traffic of a group whose strategy moves it in steps of its own; None where it does not."""
    strategy = (as_text(stage.values.strategy) or "").lower()
    pushes = [child for child in tree.children(stage) if child.type == "rollingPush"]
    if strategy == "rollingpush" and pushes:
        return _pushed(pushes)
    if strategy not in _STEPWISE:
        return None
    steps = [child for child in tree.children(stage) if child.type == "resizeServerGroup"]
    return _grown(steps) if steps or stage.state != "succeeded" or stage.tasks else None


def _grown(steps: Sequence[Stage]) -> Traffic:
    """From the end of the first "Grow to p% of Desired Size" to the end of the one to 100 %."""
    ends = [end for step in steps if (end := ended(step))]
    whole = [step for step in steps if _percent(step) == 100] or [step for step in steps[-1:] if _percent(step) is None]
    return Traffic(min(ends, default=None), next((end for step in whole if (end := ended(step))), None))


def _percent(step: Stage) -> float | None:
    named = (as_text(step.name) or "").removeprefix("Grow to ").partition("%")
    return (
        as_number(step.values.scale_pct, 0, 100) if step.values.scale_pct is not None else as_number(named[0], 0, 100)
    )


def _pushed(pushes: Sequence[Stage]) -> Traffic:
    """Instances are replaced in rounds: the first that is up serves, the last completes."""
    up = [_last(push, lambda name: "UpInstances" in name) for push in pushes]
    ends = [ended(push) for push in pushes]
    full = max((end for end in ends if end), default=None) if all(ends) else None
    return Traffic(min((end for end in up if end), default=full), full)


def _group(stage: Stage, tree: StageTree, done: Micros) -> Traffic:
    """A server group serves once it is up, and alone once the old one is gone."""
    if moved := _moved(stage, tree):
        return moved
    up = _last(stage, lambda name: name == _UP)
    if up is None:
        waits = any(task.name == _UP for task in stage.tasks or ())
        return Traffic(done, done) if waits or not stage.tasks else _manifest(stage, done)
    retires = _RETIRES.get((as_text(stage.values.strategy) or "").lower(), "disableCluster")
    retiring = [child for child in tree.children(stage) if child.type == retires]
    if retiring:
        ends = [end for child in retiring if (end := ended(child))]
        return Traffic(up, max(ends, default=None) if len(ends) == len(retiring) else None)
    return Traffic(up, up if stage.state == "succeeded" else None)


def _last(stage: Stage, wanted: Callable[[str], bool]) -> Micros:
    """End of the last run of a task that succeeded; a retried step is listed again."""
    for task in reversed(stage.tasks or ()):
        if isinstance(task.name, str) and wanted(task.name) and as_status(task.status) == "succeeded":
            return as_micros(task.end_time)
    return None
