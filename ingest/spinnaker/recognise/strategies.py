"""How a rollout's traffic moves: the strategy that its stage was given, in the contract's words."""

from __future__ import annotations

from ingest.spinnaker.model.coerce import as_dict, as_text
from ingest.spinnaker.model.payload import EMPTY_CONTEXT, Context, Execution, Stage

WORDS = {
    "none": "none",
    "redblack": "redblack",
    "bluegreen": "bluegreen",
    "highlander": "highlander",
    "rollingredblack": "rollingredblack",
    "cfrollingredblack": "rollingredblack",
    "monitored": "monitored",
    "custom": "custom",
    "rollingpush": "rollingpush",
}
GROUPS = frozenset({"createServerGroup", "cloneServerGroup", "deploy"})
_MANIFESTS = frozenset({"deployManifest", "patchManifest", "deployCloudrunManifest"})


def strategy(execution: Execution, stage: Stage, context: Context) -> str | None:
    """How traffic comes to what a stage deploys; None where it deploys nothing or does not say."""
    if stage.type == "enableManifest":
        return "dark"
    if context == EMPTY_CONTEXT or stage.type not in GROUPS | _MANIFESTS:
        return None
    trigger = execution.trigger
    if trigger is not None and True in (trigger.strategy, trigger.is_strategy):
        return "custom"
    if stage.type in GROUPS:
        return WORDS.get((as_text(context.strategy) or "none").lower())
    return "dark" if dark(context) else _managed(context)


def dark(context: Context) -> bool:
    """Whether a Kubernetes rollout is told to leave traffic where it is."""
    management = as_dict(context.traffic_management)
    return management.get("enabled") is True and as_dict(management.get("options")).get("enableTraffic") is not True


def _managed(context: Context) -> str | None:
    management = as_dict(context.traffic_management)
    if management.get("enabled") is not True:
        return "none"
    return WORDS.get((as_text(as_dict(management.get("options")).get("strategy")) or "none").lower())
