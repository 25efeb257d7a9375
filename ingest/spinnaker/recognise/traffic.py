"""How a rollout moves traffic, when it first served some and when all: from its tasks, not from the end of its stage.

The end of a stage includes clean-up and after-stages (CompleteStageHandler). ``monitorDeploy`` ends when the cluster
has accepted the new content, ``waitForManifestToStabilize`` when it is rolled out. A server group of virtual machines
serves from ``waitForUpInstances`` on, and alone once the old one is gone, unless its strategy moves traffic in steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dora.storage.rows.base import Micros
from ingest.spinnaker.model.coerce import as_dict, as_list, as_micros, as_number, as_text, first_text, get_nested
from ingest.spinnaker.model.manifests import manifest_list
from ingest.spinnaker.model.payload import EMPTY_CONTEXT, Context, Execution, Stage
from ingest.spinnaker.model.stage_kinds import stage_action
from ingest.spinnaker.model.stage_tree import StageTree

# The keys of Orca's Strategy.java and of `trafficManagement.options.strategy`, to the words of the contract.
_NAMES = ["none", "redblack", "bluegreen", "highlander", "rollingredblack", "monitored", "custom", "rollingpush"]
STRATEGIES = {**{name: name for name in _NAMES}, "cfrollingredblack": "rollingredblack"}
SERVER_GROUP_STAGES = frozenset({"createServerGroup", "cloneServerGroup", "deploy"})
_MANIFEST_STAGES = frozenset({"deployManifest", "patchManifest", "deployCloudrunManifest"})
_STAGES_WITH_STRATEGY = SERVER_GROUP_STAGES | _MANIFEST_STAGES
# Actions that take effect with the end of their stage.
_AT_THE_END = frozenset({"restart", "scale", "enable", "disable", "delete", "route"})
_STABILIZE = "waitForManifestToStabilize"
_UP_INSTANCES = "waitForUpInstances"
_STEPWISE_STRATEGIES = frozenset({"rollingredblack", "cfrollingredblack", "monitored"})


class Traffic(NamedTuple):
    """When content first served, when it alone served, and when the cluster accepted it; None if it never did.

    In epoch microseconds.
    """

    first: Micros = None
    full: Micros = None
    accepted: Micros = None

    @property
    def applied(self) -> Micros:
        """When a manifest that serves nothing was in force."""
        return self.full or self.accepted


def measure_traffic(stage: Stage, tree: StageTree, is_dry: bool = False) -> Traffic:
    """Return when the content that a stage rolls out was accepted and began to serve, as if it served on its own.

    A dry run says of no stage that it acted: there only the tasks count.
    """
    accepted_at = _accepted_by_tasks(stage)
    if is_dry and not accepted_at:
        return Traffic()
    if stage.type == "rollbackCluster":
        return Traffic()  # the rollbacks in it act: without any, nothing was rolled back
    traffic = _served(stage, tree, accepted_at)
    return traffic._replace(accepted=accepted_at or traffic.first or success_time(stage))


def _accepted_by_tasks(stage: Stage) -> Micros:
    if stage.type in SERVER_GROUP_STAGES and _has_task(stage, _UP_INSTANCES):
        return _task_end(stage, lambda name: name == _UP_INSTANCES)
    # `monitorCleanup` watches the deletion of old manifests, not the rollout.
    for task in reversed(stage.tasks or ()):
        name = task.name if isinstance(task.name, str) else ""
        if name.startswith("monitor") and name != "monitorCleanup" and task.status == "succeeded":
            return as_micros(task.end_time)
    return None


def _served(stage: Stage, tree: StageTree, accepted_at: Micros) -> Traffic:
    succeeded_at = success_time(stage)
    if stage.type == "deployCloudrunManifest":
        share = _share_of_new_revision(stage.context)
        return Traffic(succeeded_at if share > 0 else None, succeeded_at if share >= 100 else None)
    if stage.type in SERVER_GROUP_STAGES:
        return _server_group_traffic(stage, tree, accepted_at)
    if is_dark(stage.context):
        return Traffic()
    if not stage.tasks or stage_action(stage.type) in _AT_THE_END or stage.type == "rollbackServerGroup":
        return Traffic(succeeded_at, succeeded_at)
    return _manifest_traffic(stage, accepted_at)


def read_strategy(execution: Execution, stage: Stage, context: Context) -> str | None:
    """Return how traffic comes to what a stage deploys; None if it deploys nothing or names no strategy."""
    if stage.type == "enableManifest":
        return "dark"
    if stage.type not in _STAGES_WITH_STRATEGY or context == EMPTY_CONTEXT:
        return None
    # A custom strategy is a pipeline of its own: the stages of that child execution do the deploying.
    trigger = execution.trigger
    if trigger is not None and True in (trigger.strategy, trigger.is_strategy):
        return "custom"
    if stage.type in SERVER_GROUP_STAGES:
        return STRATEGIES.get((as_text(context.strategy) or "none").lower())
    if is_dark(context):
        return "dark"
    management = as_dict(context.traffic_management)
    strategy = get_nested(management, "options", "strategy") if management.get("enabled") is True else None
    return STRATEGIES.get((as_text(strategy) or "none").lower())


def is_dark(context: Context) -> bool:
    """Tell whether a Kubernetes rollout leaves traffic where it is, as ``enableTraffic`` defaults to false."""
    management = as_dict(context.traffic_management)
    return management.get("enabled") is True and get_nested(management, "options", "enableTraffic") is not True


def success_time(stage: Stage) -> Micros:
    """Return when a stage ended, if it succeeded."""
    return as_micros(stage.end_time) if stage.status == "succeeded" else None


def _share_of_new_revision(context: Context) -> float:
    """Return the percentage of the traffic that a Cloud Run manifest gives to the revision that it creates."""
    specs = (as_dict(manifest.get("spec")) for manifest in manifest_list(context.manifests))
    spec = next((spec for spec in specs if "template" in spec), {})
    revision = first_text(get_nested(spec, "template", "metadata", "name"))
    targets = [target for target in as_list(spec.get("traffic")) if isinstance(target, dict)]
    if not targets:
        return 100  # Knative's default: all traffic to the latest revision
    return sum(
        as_number(target.get("percent"), 0, 100) or 0
        for target in targets
        if target.get("latestRevision") is True or (revision and target.get("revisionName") == revision)
    )


def _manifest_traffic(stage: Stage, accepted_at: Micros) -> Traffic:
    full = _task_end(stage, lambda name: name == _STABILIZE) if _has_task(stage, _STABILIZE) else success_time(stage)
    return Traffic(accepted_at or full, full)


def _server_group_traffic(stage: Stage, tree: StageTree, accepted_at: Micros) -> Traffic:
    strategy = (as_text(stage.context.strategy) or "").lower()
    if stepwise := _stepwise_traffic(stage, tree, strategy):
        return stepwise
    up = _task_end(stage, lambda name: name == _UP_INSTANCES)
    if up is None:
        if stage.tasks and not _has_task(stage, _UP_INSTANCES):
            return _manifest_traffic(stage, accepted_at)
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
        # From the first instance that is up to the end of the last round of replacements.
        up = [end for push in pushes if (end := _task_end(push, lambda name: "UpInstances" in name))]
        pushed = [end for push in pushes if (end := success_time(push))]
        full = max(pushed) if len(pushed) == len(pushes) else None
        return Traffic(min(up, default=full), full)
    if strategy not in _STEPWISE_STRATEGIES:
        return None
    # RollingRedBlackStrategy creates the group at capacity 0 and adds one resizeServerGroup for each percentage.
    resizes = [child for child in tree.children(stage) if child.type == "resizeServerGroup"]
    if not resizes and stage.status == "succeeded" and not stage.tasks:
        return None
    # From the end of the first "Grow to p% of Desired Size" to the end of the one to 100 %.
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


def _has_task(stage: Stage, name: str) -> bool:
    return any(task.name == name for task in stage.tasks or ())


def _task_end(stage: Stage, matches: Callable[[str], bool]) -> Micros:
    """Return the end of the last matching task that succeeded: Orca lists a task again for each retry."""
    for task in reversed(stage.tasks or ()):
        if isinstance(task.name, str) and matches(task.name) and task.status == "succeeded":
            return as_micros(task.end_time)
    return None
