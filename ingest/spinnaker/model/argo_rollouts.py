"""What a Rollout of Argo tells: where it waits for a promotion, and whether an analysis stopped it.

A step ``pause`` without a duration waits for ``promote`` (docs/features/canary.md of argo-rollouts). The status is that
of an earlier specification as long as ``observedGeneration`` is behind ``generation``: kubectl apply prints it so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ingest.spinnaker.model.coerce import as_dict, as_instant, as_list, as_number, as_text, first_text, get_nested
from ingest.spinnaker.model.manifests import Manifest

KIND = "rollout"
_ABORTED = re.compile(r"RolloutAborted|Rollout (is )?aborted|aborted update", re.IGNORECASE)
# As in: Metric "success-rate" assessed Failed due to failed (2) > failureLimit (1).
_BY_ANALYSIS = re.compile(r"assessed (Failed|Error|Inconclusive)", re.IGNORECASE)
_SERVICES = ("canaryService", "stableService", "activeService", "previewService")


def read_progress(manifest: Manifest, reason: str | None = None) -> dict[str, Any]:
    """Return how traffic comes to a Rollout: the strategy, the percentages at which it waits, and its services.

    ``reason`` is why its stage failed. Empty for other kinds; without percentages if the manifest has no strategy.
    """
    if manifest.kind != KIND:
        return {}
    strategy = as_dict(
        get_nested(manifest.body, "spec", "strategy") or get_nested(manifest.applied, "spec", "strategy")
    )
    status = _read_status(manifest.applied)
    progress: dict[str, Any] = {}
    if strategy:
        pauses = [] if status.get("phase") == "Healthy" else list(_pauses(manifest, strategy, status))
        progress["pause_weights"] = pauses
        if pauses:
            progress["strategy"] = "bluegreen" if "blueGreen" in strategy else "weights"
    names = (first_text(as_dict(parts).get(name)) for parts in strategy.values() for name in _SERVICES)
    if services := sorted(name for name in names if name):
        progress["services"] = services
    message = first_text(status.get("message")) or ""
    if status.get("abort") is True or _ABORTED.search(message) or _ABORTED.search(reason or ""):
        progress["aborted_by_analysis"] = bool(_BY_ANALYSIS.search(f"{message} {reason}"))
    return progress


class Correction(NamedTuple):
    """How a Rollout got on with its earlier specification: completed or aborted, and when if the status says so."""

    action: str
    at: int | None
    by_analysis: bool | None = None


def read_correction(manifest: Manifest) -> Correction | None:
    """Return what the status of an earlier specification says; null while it went on, or without such a status."""
    status = as_dict(manifest.applied.get("status")) if manifest.kind == KIND else {}
    if "observedGeneration" not in status or _read_status(manifest.applied):
        return None
    if status.get("abort") is True:
        by_analysis = bool(_BY_ANALYSIS.search(first_text(status.get("message")) or ""))
        return Correction("aborted", as_instant(status.get("abortedAt")), by_analysis)
    if status.get("phase") != "Healthy":
        return None
    times = [
        as_instant(condition.get("lastTransitionTime"))
        for condition in map(as_dict, as_list(status.get("conditions")))
        if condition.get("type") in ("Completed", "Healthy") and condition.get("status") == "True"
    ]
    return Correction("completed", max((at for at in times if at is not None), default=None))


def read_referenced_workload(manifest: Manifest) -> str | None:
    """Return the Deployment whose pods a Rollout runs."""
    return as_text(get_nested(manifest.body, "spec", "workloadRef", "name")) if manifest.kind == KIND else None


def _read_status(applied: dict[str, Any]) -> dict[str, Any]:
    """Return the status that the cluster gave; empty if it is that of an earlier specification."""
    status = as_dict(applied.get("status"))
    generation = as_text(get_nested(applied, "metadata", "generation"))
    return status if as_text(status.get("observedGeneration")) == generation else {}


def _pauses(manifest: Manifest, strategy: dict[str, Any], status: dict[str, Any]) -> Iterator[float]:
    """Yield the percentages below 100 at which a Rollout waits, from the step that it has reached."""
    if get_nested(manifest.body, "spec", "paused") is True:
        yield 0.0
    if get_nested(strategy, "blueGreen", "autoPromotionEnabled") is False:
        yield 0.0
    canary = as_dict(strategy.get("canary"))
    total = as_number(get_nested(canary, "trafficRouting", "maxTrafficWeight"), 1) or 100.0
    reached = as_number(status.get("currentStepIndex"), 0) or 0
    weight: float | None = 0.0
    for number, step in enumerate(map(as_dict, as_list(canary.get("steps")))):
        weight = as_number(step.get("setWeight"), 0, total) if "setWeight" in step else weight
        is_pause = "pause" in step and as_dict(step["pause"]).get("duration") is None
        if is_pause and number >= reached and weight is not None and weight < total:
            yield 100 * weight / total
