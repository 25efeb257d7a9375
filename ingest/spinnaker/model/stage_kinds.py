"""What a stage does, by its type (the ``PIPELINE_CONFIG_TYPE`` constants of Orca)."""

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
KIND_BY_TYPE = {type_: stage_kind for stage_kind, types in TYPES_BY_KIND.items() for type_ in types.split()}
OPERATIONS = frozenset({"deploy", "rollback", "restart", "scale"})


def stage_kind(type_: object) -> str:
    """The contract's word for a stage type."""
    return KIND_BY_TYPE.get(type_, "other") if isinstance(type_, str) else "other"


def has_operation(types: Iterable[object]) -> bool:
    """Whether a task started by hand changes what runs."""
    return any(stage_kind(type_) in OPERATIONS for type_ in types)
