"""When a rollout first served traffic and when it served all of it: from its tasks, not from the end of its stage.

The end of a stage includes clean-up and after-stages (CompleteStageHandler). ``monitorDeploy`` ends when the cluster
has accepted the new content, ``waitForManifestToStabilize`` when it is rolled out. A server group of virtual machines
serves from ``waitForUpInstances`` on, and alone once the old one is gone, unless its strategy moves traffic in steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ingest.core.rows import Micros
from ingest.spinnaker.model.coerce import as_micros, as_number, as_text
from ingest.spinnaker.model.payload import Stage
from ingest.spinnaker.model.stage_kinds import stage_kind
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.strategies import SERVER_GROUP_STAGES, is_dark
from ingest.spinnaker.recognise.traffic_weights import share_of_new_revision

_STABILIZE = "waitForManifestToStabilize"
_UP_INSTANCES = "waitForUpInstances"
_STEPWISE_STRATEGIES = frozenset({"rollingredblack", "cfrollingredblack", "monitored"})


class Traffic(NamedTuple):
    """First and full traffic in epoch microseconds; None if it was not reached."""

    first: Micros = None
    full: Micros = None


def measure_traffic(stage: Stage, tree: StageTree) -> Traffic:
    """Return when the content that a stage rolls out began to serve."""
    succeeded_at = success_time(stage)
    if stage.type == "rollbackCluster":
        return Traffic()  # the rollbacks in it act: without any, nothing was rolled back
    if stage.type == "deployCloudrunManifest":
        share = share_of_new_revision(stage.context)
        return Traffic(succeeded_at if share > 0 else None, succeeded_at if share >= 100 else None)
    if stage.type in SERVER_GROUP_STAGES:
        return _server_group_traffic(stage, tree)
    if is_dark(stage.context):
        return Traffic()
    if not stage.tasks or stage_kind(stage.type) in ("restart", "scale") or stage.type == "rollbackServerGroup":
        return Traffic(succeeded_at, succeeded_at)
    return _manifest_traffic(stage)


def success_time(stage: Stage) -> Micros:
    """Return when a stage ended, if it succeeded."""
    return as_micros(stage.end_time) if stage.status == "succeeded" else None


def _manifest_traffic(stage: Stage) -> Traffic:
    # `monitorCleanup` watches the deletion of old manifests, not the rollout.
    accepted = _task_end(stage, lambda name: name.startswith("monitor") and name != "monitorCleanup")
    full = _task_end(stage, lambda name: name == _STABILIZE) if _has_task(stage, _STABILIZE) else success_time(stage)
    return Traffic(accepted or full, full)


def _server_group_traffic(stage: Stage, tree: StageTree) -> Traffic:
    strategy = (as_text(stage.context.strategy) or "").lower()
    if stepwise := _stepwise_traffic(stage, tree, strategy):
        return stepwise
    up = _task_end(stage, lambda name: name == _UP_INSTANCES)
    if up is None:
        if stage.tasks and not _has_task(stage, _UP_INSTANCES):
            return _manifest_traffic(stage)
        return Traffic(success_time(stage), success_time(stage))
    # RedBlackStrategy disables the old group after the new one is up; HighlanderStrategy shrinks the cluster to it.
    retiring_type = "shrinkCluster" if strategy == "highlander" else "disableCluster"
    retiring = [child for child in tree.children(stage) if child.type == retiring_type]
    if retiring:
        ends = [end for child in retiring if (end := success_time(child))]
        return Traffic(up, max(ends, default=None) if len(ends) == len(retiring) else None)
    return Traffic(up, up if stage.status == "succeeded" else None)


def _stepwise_traffic(stage: Stage, tree: StageTree, strategy: str) -> Traffic | None:
    """Return the traffic of a group whose strategy moves it in steps; None for every other strategy."""
    pushes = [child for child in tree.children(stage) if child.type == "rollingPush"]
    if strategy == "rollingpush" and pushes:
        return _pushed_traffic(pushes)
    if strategy not in _STEPWISE_STRATEGIES:
        return None
    # RollingRedBlackStrategy creates the group at capacity 0 and adds one resizeServerGroup for each percentage.
    resizes = [child for child in tree.children(stage) if child.type == "resizeServerGroup"]
    return _resized_traffic(resizes) if resizes or stage.status != "succeeded" or stage.tasks else None


def _resized_traffic(resizes: Sequence[Stage]) -> Traffic:
    """Measure from the end of the first "Grow to p% of Desired Size" to the end of the one to 100 %."""
    ends = [end for resize in resizes if (end := success_time(resize))]
    to_full = [resize for resize in resizes if _percent(resize) == 100]
    to_full = to_full or [resize for resize in resizes[-1:] if _percent(resize) is None]
    return Traffic(min(ends, default=None), next((end for resize in to_full if (end := success_time(resize))), None))


def _percent(resize: Stage) -> float | None:
    """Return the percentage of a resize; a listing without contexts has it only in the name of the stage."""
    scale_pct = resize.context.scale_pct
    if scale_pct is None:
        scale_pct = (as_text(resize.name) or "").removeprefix("Grow to ").partition("%")[0]
    return as_number(scale_pct, 0, 100)


def _pushed_traffic(pushes: Sequence[Stage]) -> Traffic:
    """Measure from the first instance that is up to the end of the last round of replacements."""
    up = [_task_end(push, lambda name: "UpInstances" in name) for push in pushes]
    ends = [success_time(push) for push in pushes]
    full = max((end for end in ends if end), default=None) if all(ends) else None
    return Traffic(min((end for end in up if end), default=full), full)


def _has_task(stage: Stage, name: str) -> bool:
    return any(task.name == name for task in stage.tasks or ())


def _task_end(stage: Stage, matches: Callable[[str], bool]) -> Micros:
    """Return the end of the last matching task that succeeded: Orca lists a task again for each retry."""
    for task in reversed(stage.tasks or ()):
        if isinstance(task.name, str) and matches(task.name) and task.status == "succeeded":
            return as_micros(task.end_time)
    return None
