"""When a rollout began to serve, and when it served everything: from its tasks, not from its stage's end.

A stage's end includes clean-up and after-stages. ``monitorDeploy`` ends when the cluster has accepted the new
content, ``waitForManifestToStabilize`` when it is rolled out; on virtual machines the new group serves from
``waitForUpInstances`` on, and alone once the old one is disabled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ingest.rows import Micros
from ingest.spinnaker.kinds import kind
from ingest.spinnaker.payload import Stage
from ingest.spinnaker.tree import Tree
from ingest.spinnaker.values import mapping, micros, status

_STABLE = "waitForManifestToStabilize"
_UP = "waitForUpInstances"
_NOT_ROLLOUT = "monitorCleanup"


class Traffic(NamedTuple):
    """First and full traffic in epoch microseconds; None where it was not reached."""

    first: Micros = None
    full: Micros = None


def traffic(stage: Stage, tree: Tree) -> Traffic:
    """When the content of a rollout's stage served."""
    done = micros(stage.end_time) if stage.state == "succeeded" else None
    if not stage.tasks or kind(stage.type) in ("restart", "scale"):
        return Traffic() if _dark(stage) else Traffic(done, done)
    if any(task.name == _UP for task in stage.tasks):
        return _virtual_machines(stage, tree, done)
    if stage.type in ("rollbackServerGroup", "rollbackCluster"):
        return Traffic(done, done)
    return Traffic() if _dark(stage) else _manifest(stage, done)


def _manifest(stage: Stage, done: Micros) -> Traffic:
    accepted = _ended(stage, lambda name: name.startswith("monitor") and name != _NOT_ROLLOUT)
    waits = any(task.name == _STABLE for task in stage.tasks or ())
    full = _ended(stage, lambda name: name == _STABLE) if waits else done
    return Traffic(accepted or full, full)


def _virtual_machines(stage: Stage, tree: Tree, done: Micros) -> Traffic:
    up = _ended(stage, lambda name: name == _UP)
    disabling = [child for child in tree.children(stage) if child.type == "disableCluster"]
    if up is None:
        return Traffic(done, done)
    if disabling:
        ends = [micros(child.end_time) for child in disabling if child.state == "succeeded"]
        return Traffic(up, max((end for end in ends if end), default=None) if len(ends) == len(disabling) else None)
    return Traffic(up, up if stage.state == "succeeded" else None)


def _ended(stage: Stage, wanted: Callable[[str], bool]) -> Micros:
    """End of the last run of a task that succeeded; a retried step is listed again."""
    ends = [
        micros(task.end_time)
        for task in stage.tasks or ()
        if isinstance(task.name, str) and wanted(task.name) and status(task.status) == "succeeded"
    ]
    return ends[-1] if ends else None


def _dark(stage: Stage) -> bool:
    """Whether the rollout is told to leave traffic where it is."""
    management = mapping(stage.values.traffic_management)
    return management.get("enabled") is True and mapping(management.get("options")).get("enableTraffic") is not True
