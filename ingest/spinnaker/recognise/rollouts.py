"""Stages that change what runs, as rollouts: one for each target.

``model/stage_kinds.py`` lists the stage types that deploy, roll back or restart. Rollbacks that no stage type states
are found by ``deferred_traffic.py`` (an older version is enabled) and ``istio.py`` (weights go back).

A restart keeps a top-level stage and makes its synthetic children anew with other ids (RestartStageHandler). So the
rollout of a child is identified by its top-level stage and its target (account, region, cluster).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import msgspec

from dora.storage.rows.executions import Rollout
from ingest.spinnaker.model import manifests
from ingest.spinnaker.model.coerce import as_dict, as_list, as_micros, as_number, as_text, first_text
from ingest.spinnaker.model.failure_reason import failure_reason
from ingest.spinnaker.model.payload import Context, Execution, Stage
from ingest.spinnaker.model.stage_kinds import OPERATIONS, TYPES_BY_KIND, stage_kind
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.deferred_traffic import (
    RolloutLink,
    link_enabled_manifests,
    link_enabled_server_groups,
    link_lambda_routing,
)
from ingest.spinnaker.recognise.istio import link_istio_weights
from ingest.spinnaker.recognise.traffic import SERVER_GROUP_STAGES, measure_traffic, read_strategy

_CANARY_STAGES = frozenset({"kayentaCanary", "deployCanaryServerGroups"})
_ROLLBACK_STAGES = frozenset(TYPES_BY_KIND["rollback"].split())
_FAN_OUT_STAGES = frozenset({"deploy", "rollbackCluster"})
_CLUSTERS = msgspec.json.Decoder(list[Context])


class Target(NamedTuple):
    """Where a rollout happens; a part that its stage does not name is None."""

    account: str | None
    location: str | None
    cluster: str | None


def recognise_rollouts(execution: Execution, application: str, tree: StageTree) -> Iterator[Rollout]:
    """Yield the rollouts of an execution, those that were planned and never begun included."""
    linkers = (link_enabled_manifests, link_lambda_routing, link_istio_weights, link_enabled_server_groups)
    links = {link.stage.id: link for link in chain.from_iterable(linker(tree) for linker in linkers)}
    linked_ids = {stage.id for link in links.values() for stage in link.later_stages}
    occurrences: Counter[str] = Counter()
    for stage in tree.stages:
        if stage_kind(stage.type) not in OPERATIONS or stage.id in linked_ids or not _acts_itself(stage, tree):
            continue
        for context in _planned_contexts(stage) or [stage.context]:
            row = _rollout(execution, application, tree, stage, context)
            if link := links.get(stage.id):
                row = _apply_link(row, link)
            occurrences[row.id] += 1
            nth = occurrences[row.id]
            yield row if nth == 1 else msgspec.structs.replace(row, id=f"{row.id}#{nth}")


def _planned_contexts(stage: Stage) -> list[Context]:
    """Return a context for each cluster and region that a ``deploy`` plans; empty for every other stage."""
    try:
        clusters = _CLUSTERS.decode(stage.context.clusters) if stage.type == "deploy" else []
    except msgspec.ValidationError:
        return []  # a SpEL expression that Orca has not evaluated yet
    regions = ((cluster, region) for cluster in clusters for region in _regions(cluster) or [""])
    return [msgspec.structs.replace(cluster, region=region) for cluster, region in regions]


def _apply_link(row: Rollout, link: RolloutLink) -> Rollout:
    """Complete a rollout by what the later stages that belong to it did."""
    last_begun, finished_at = link.last_begun, as_micros(link.last_begun.end_time)
    return msgspec.structs.replace(
        row,
        action=link.action,
        strategy=link.strategy,
        status=last_begun.status,
        first_traffic_at=link.traffic.first,
        full_traffic_at=link.traffic.full,
        finished_at=finished_at and max(finished_at, link.traffic.full or finished_at),
        restores=link.restores,
        steps_back=1 if link.action == "rollback" and not link.restores else None,
        reason=failure_reason(last_begun) or row.reason,
    )


def _acts_itself(stage: Stage, tree: StageTree) -> bool:
    """Tell whether a stage acts itself, rather than through its children or as a step of a larger operation."""
    children = tree.children(stage)
    if as_text(stage.context.strategy) == "custom" and any(
        child.type == "pipeline" and child.status != "not_started" for child in children
    ):
        return False  # the child execution of the custom strategy has the rollout
    if stage.type == "rollingPush" and tree.outermost(stage, SERVER_GROUP_STAGES):
        return False
    if stage.type in _FAN_OUT_STAGES:
        return not any(stage_kind(child.type) in ("deploy", "rollback") for child in children)
    if stage_kind(stage.type) in ("scale", "restart"):
        return stage.parent_stage_id is None
    return stage_kind(stage.type) == "rollback" or not tree.outermost(stage, _ROLLBACK_STAGES)


def _regions(context: Context) -> list[str]:
    region = as_text(context.region)
    regions = [region] if region else list(as_dict(context.availability_zones)) or as_list(context.regions)
    return [region for region in regions if isinstance(region, str)]


def _rollout(execution: Execution, application: str, tree: StageTree, stage: Stage, context: Context) -> Rollout:
    content, kind = manifests.read_content(context), stage_kind(stage.type)
    target, traffic = _target(stage, context, content), measure_traffic(stage, tree)
    rollback = as_dict(context.rollback_context)
    restores = first_text(rollback.get("restoreServerGroupName"), context.revision) if kind == "rollback" else None
    # A rollback of type PREVIOUS_IMAGE clones the group with the image of its rollbackContext.
    images = (context.image_name, context.ami_name, context.image, context.image_id, rollback.get("imageName"))
    server_groups = (name for names in as_dict(context.server_groups).values() for name in as_list(names))
    # An undoRolloutManifest without a revision goes back numRevisionsBack, by default one.
    steps_back = (
        int(as_number(context.num_revisions_back, 0, 1000) or 1) if kind == "rollback" and not restores else None
    )
    return Rollout(
        id=_rollout_id(stage, tree, target),
        execution_id=execution.id,
        application=first_text(as_dict(context.moniker).get("app"), context.application) or application,
        action=kind,
        strategy=read_strategy(execution, stage, context),
        role="canary" if tree.outermost(stage, _CANARY_STAGES) else None,
        account=target.account,
        location=target.location,
        cluster=target.cluster,
        status=stage.status,
        started_at=as_micros(stage.start_time),
        first_traffic_at=traffic.first,
        full_traffic_at=traffic.full,
        finished_at=as_micros(stage.end_time),
        version=content.version or first_text(*images),
        manifest=content.fingerprint,
        server_group=first_text(*server_groups) or content.revision,
        restores=restores,
        steps_back=steps_back,
        reason=failure_reason(stage) or as_text(context.reason),
    )


def _rollout_id(stage: Stage, tree: StageTree, target: Target) -> str:
    top = tree.outermost(stage, _FAN_OUT_STAGES) or stage
    if top is stage and stage.type != "deploy":
        return stage.id
    # The automatic rollback of a createServerGroup (rollback.onFailure) has the same target as what failed.
    is_rollback = stage_kind(stage.type) == "rollback" and top.type == "deploy"
    return "/".join([top.id, *(["rollback"] if is_rollback else []), *(part or "-" for part in target)])


def _target(stage: Stage, context: Context, content: manifests.DeployedContent) -> Target:
    account = first_text(context.account, context.credentials, context.deploy_account)
    names_by_namespace = as_dict(context.manifest_names)
    if content.fingerprint or names_by_namespace or as_text(context.manifest_name):
        region = context.region if stage.type == "deployCloudrunManifest" else None
        location = first_text(
            region, context.namespace_override, context.location, content.namespace, *names_by_namespace
        )
        deployed = next((name for names in names_by_namespace.values() for name in as_list(names)), None)
        name = manifests.bare_name(first_text(context.manifest_name, deployed))
        return Target(account, location, content.workload or (name and manifests.strip_version(name)))
    location = next(iter(_regions(context)), None) or first_text(context.namespace_override, context.location)
    if not location:
        # "Deploy in us-east-1": a listing without contexts has the region only in the name of the stage.
        before, _, region = (as_text(stage.name) or "").partition(" in ")
        location = region if region and before == "Deploy" else None
    return Target(account, location, _cluster(context))


def _cluster(context: Context) -> str | None:
    """Return the cluster, else what Frigga makes of its parts: ``application-stack-detail``."""
    cluster = manifests.bare_name(context.cluster)
    name = first_text(as_dict(context.moniker).get("cluster"), cluster, context.function_name)
    application = as_text(context.application)
    if name or not application:
        return name
    stack, detail = as_text(context.stack), as_text(context.free_form_details)
    # A detail without a stack leaves the place of the stack empty: shop--canary.
    parts = [application, stack or ("" if detail else None), detail]
    return "-".join(part for part in parts if part is not None)
