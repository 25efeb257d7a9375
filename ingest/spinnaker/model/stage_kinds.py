"""What a stage does, by its type: the ``PIPELINE_CONFIG_TYPE`` constants of Orca."""

from __future__ import annotations

from collections.abc import Iterable

TYPES_BY_KIND = {
    "deploy": (
        "deploy deployManifest patchManifest deployCloudrunManifest createServerGroup cloneServerGroup rollingPush"
        " copyLastAsg quickPatch deployCloudFormation deployService enableManifest enableServerGroup"
        " Aws.LambdaDeploymentStage Aws.LambdaTrafficRoutingStage"
    ),
    "rollback": "undoRolloutManifest rollbackServerGroup rollbackCluster",
    "restart": "rollingRestartManifest",
    "scale": "scaleManifest resizeServerGroup",
    # The last three are the analysis of orca-mine, which Kayenta replaced.
    "canary": (
        "kayentaCanary runCanaryIntervals runCanary deployCanaryServerGroups cleanupCanaryClusters"
        " canary deployCanary monitorCanary"
    ),
    "approval": "manualJudgment",
    "build": "jenkins travis wercker googleCloudBuild gcb concourse script awsCodeBuild codebuild",
    "bake": "bake bakeManifest",
    "test": "runJob runJobManifest gremlin",
    "wait": "wait",
    "window": "restrictExecutionDuringTimeWindow",
    "child": "pipeline",
}
KIND_BY_TYPE = {stage_type: kind for kind, types in TYPES_BY_KIND.items() for stage_type in types.split()}
# What a stage does to what runs; a routing stage moves traffic and changes no workload.
_TYPES_BY_ACTION = {
    "deploy": (
        "deploy deployManifest patchManifest deployCloudrunManifest createServerGroup cloneServerGroup rollingPush"
        " copyLastAsg quickPatch deployCloudFormation deployService Aws.LambdaDeploymentStage runJob runJobManifest"
    ),
    "rollback": TYPES_BY_KIND["rollback"],
    "restart": TYPES_BY_KIND["restart"],
    "scale": TYPES_BY_KIND["scale"],
    "enable": "enableManifest enableServerGroup",
    "disable": "disableManifest disableServerGroup disableCluster",
    "delete": "deleteManifest destroyServerGroup",
    "route": "Aws.LambdaTrafficRoutingStage",
}
_ACTION_BY_TYPE = {stage_type: action for action, types in _TYPES_BY_ACTION.items() for stage_type in types.split()}


def stage_kind(stage_type: object) -> str:
    """Return what a type of stage does; ``other`` if it is unknown here."""
    return KIND_BY_TYPE.get(stage_type, "other") if isinstance(stage_type, str) else "other"


def stage_action(stage_type: object) -> str | None:
    """Return what a type of stage does to what runs; None if it changes nothing."""
    return _ACTION_BY_TYPE.get(stage_type) if isinstance(stage_type, str) else None


def has_operation(stage_types: Iterable[object]) -> bool:
    """Tell whether a task started by hand changes what runs."""
    return any(map(stage_action, stage_types))
