"""How a rollout moves traffic: the strategy of its stage, in the words of the contract."""

from __future__ import annotations

from ingest.spinnaker.model.coerce import as_dict, as_text, get_nested
from ingest.spinnaker.model.payload import EMPTY_CONTEXT, Context, Execution, Stage

# The keys of Orca's Strategy.java and of `trafficManagement.options.strategy`, to the words of the contract.
_NAMES = ["none", "redblack", "bluegreen", "highlander", "rollingredblack", "monitored", "custom", "rollingpush"]
STRATEGIES = {**{name: name for name in _NAMES}, "cfrollingredblack": "rollingredblack"}
SERVER_GROUP_STAGES = frozenset({"createServerGroup", "cloneServerGroup", "deploy"})
_MANIFEST_STAGES = frozenset({"deployManifest", "patchManifest", "deployCloudrunManifest"})


def read_strategy(execution: Execution, stage: Stage, context: Context) -> str | None:
    """Return how traffic comes to what a stage deploys; None if it deploys nothing or names no strategy."""
    if stage.type == "enableManifest":
        return "dark"
    if context == EMPTY_CONTEXT or stage.type not in SERVER_GROUP_STAGES | _MANIFEST_STAGES:
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
