"""Stages that enable, disable or delete what another stage deployed.

Each names its target, or says which of the versions of a workload it means: the build knows the versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dora.storage.rows.executions import ConfigManifest, Rollout
from ingest.spinnaker.model.coerce import as_number, as_text, first_text
from ingest.spinnaker.model.kinds import ManifestReference
from ingest.spinnaker.model.stage_kinds import stage_action
from ingest.spinnaker.recognise.config_manifests import make_referenced_config
from ingest.spinnaker.recognise.rollouts import group_target, make_rollout, workload_kind
from ingest.spinnaker.recognise.run import Step, Target, applied_references, regions_of, target_reference
from ingest.spinnaker.recognise.traffic import Traffic

# `criteria` of a manifest stage and `target` of a server group stage: how far from the newest version, or the oldest.
_STEPS_BACK = {
    "newest": 0,
    "current_asg_dynamic": 0,
    "current_asg": 0,
    "second_newest": 1,
    "ancestor_asg_dynamic": 1,
    "ancestor_asg": 1,
}
_OLDEST = frozenset({"oldest", "oldest_asg_dynamic"})


def recognise_switches(step: Step) -> Iterator[Rollout | ConfigManifest]:
    """Yield what a stage enables, disables or deletes; nothing for a step of a change that goes on."""
    if (as_text(step.stage.type) or "").endswith("Manifest"):
        yield from _manifest_switches(step)
    else:
        yield from _group_switches(step)


def _manifest_switches(step: Step) -> Iterator[Rollout | ConfigManifest]:
    target_of_stage = target_reference(step.context)
    # A deletion by labels names only what it deleted.
    references: list[ManifestReference | None] = [
        *([target_of_stage] if target_of_stage else applied_references(step.context))
    ]
    for reference in references or [None]:
        if reference and reference.is_config:
            if step.stage.type == "deleteManifest":
                yield make_referenced_config(step, reference)
            continue
        place = step.namespace(reference.namespace if reference else None)
        target = Target(step.account, place, reference.workload if reference else None)
        version = reference.version if reference else None
        kind = reference.kind if reference else None
        yield from _switch(step, target, version, workload_kind=kind, **_choice(step, version))


def _group_switches(step: Step) -> Iterator[Rollout]:
    context = step.context
    # RollingRedBlackStrategy disables the old group by percentages: it serves until the last.
    if (as_number(context.desired_percentage) or 100) < 100:
        return
    # Older versions of Deck call the field `asgName`.
    group = first_text(context.server_group_name, context.asg_name)
    target = group_target(step.stage, context)
    if group:
        target = target._replace(cluster=ManifestReference(None, group).workload)
    choice = _choice(step, group)
    # `disableCluster` leaves so many of the newest groups enabled, by default one.
    if step.stage.type == "disableCluster" and as_number(context.remaining_enabled_server_groups) != 0:
        choice = {"steps_back": 1}
    regions: list[str | None] = [*regions_of(context)]
    for region in regions or [target.location]:
        place = target._replace(location=region)
        yield from _switch(step, place, group, workload_kind=workload_kind(step.stage), **choice)


def _switch(step: Step, target: Target, server_group: str | None, **more: Any) -> Iterator[Rollout]:
    # The end of the stage tells, whatever its tasks do: a group leaves its load balancer before it is disabled.
    succeeded_at = step.traffic.full
    is_enable = stage_action(step.stage.type) == "enable"
    if target.cluster or is_enable:
        served_at = succeeded_at if is_enable else None
        more |= {"traffic": Traffic(served_at, served_at, succeeded_at), "server_group": server_group}
        yield make_rollout(step, step.context, target, **more)


def _choice(step: Step, version: str | None) -> dict[str, Any]:
    """Return which version a stage means that names none."""
    choice = (as_text(step.context.criteria) or as_text(step.context.target) or "").lower()
    if version or choice not in _OLDEST:
        return {"steps_back": None if version else _STEPS_BACK.get(choice)}
    return {"restores": "oldest"}
