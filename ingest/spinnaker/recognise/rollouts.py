"""Stages that change what runs, as rollouts: one for each workload of a stage, or for each server group.

A rollout says what its stage did. Which content serves, which rollout belongs to which, and what is a rollback that no
stage type states, the build decides over all executions.

A restart keeps a top-level stage and makes its synthetic children anew with other ids (RestartStageHandler). So the
rollout of a child is identified by its top-level stage and its target (account, region, cluster).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from dora.storage.rows.executions import Rollout
from ingest.spinnaker.model.argo_rollouts import KIND, read_progress
from ingest.spinnaker.model.coerce import as_dict, as_list, as_micros, as_number, as_text, first_text
from ingest.spinnaker.model.kinds import ManifestReference, parse_reference
from ingest.spinnaker.model.manifests import Manifest
from ingest.spinnaker.model.patches import patch_content
from ingest.spinnaker.model.payload import Context, Stage
from ingest.spinnaker.model.pod_templates import NO_CONTENT, PodContent
from ingest.spinnaker.model.stage_kinds import TYPES_BY_KIND, stage_action
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.run import Step, Target, account_of, list_applications, manifest_references, regions_of
from ingest.spinnaker.recognise.traffic import read_strategy

FAN_OUT_STAGES = frozenset({"deploy", "rollbackCluster"})
_ROLLBACK_STAGES = frozenset(TYPES_BY_KIND["rollback"].split())
_PUSHED_STAGES = frozenset({"createServerGroup", "cloneServerGroup", "deploy"})
_CANARY_STAGES = frozenset({"kayentaCanary", "deployCanaryServerGroups", "cleanupCanaryClusters"})
_JOB_STAGES = frozenset({"runJob", "runJobManifest"})
_FUNCTION_STAGES = frozenset({"Aws.LambdaDeploymentStage"})
_GROUP_STAGES = _PUSHED_STAGES | {
    "rollingPush", "copyLastAsg", "quickPatch", "resizeServerGroup", "enableServerGroup", "disableServerGroup",
    "disableCluster", "destroyServerGroup", "rollbackServerGroup", "rollbackCluster",
}  # fmt: skip
_CLUSTERS = msgspec.json.Decoder(list[Context])


def make_workload_rollout(step: Step, manifest: Manifest, referring: Manifest | None = None) -> Rollout:
    """Return the rollout of one workload that a stage applies or patches; ``referring`` is a Rollout that runs it."""
    is_patch = step.stage.type == "patchManifest"
    progress = read_progress(referring or manifest, step.reason) if manifest.templates else {}
    traffic = step.traffic._replace(full=None) if "aborted_by_analysis" in progress else step.traffic
    metadata = [as_dict(manifest.body.get("metadata")), *(each.metadata for each in manifest.templates or ())]
    return make_rollout(
        step,
        step.context,
        Target(step.account, step.namespace(manifest.namespace), (referring or manifest).name),
        patch_content(manifest) if is_patch else manifest.read_content(),
        action="scale" if is_patch and not manifest.templates else "deploy",
        annotated=manifest.application,
        workload_kind=KIND if referring else manifest.kind or workload_kind(step.stage),
        traffic=traffic,
        commit=step.run.find_commit(metadata),
        server_group=manifest.revision,
        **progress,
    )


def make_referenced_rollout(step: Step, reference: ManifestReference | None) -> Rollout:
    """Return the rollout of a workload of which a stage tells no more than the name, or not even that."""
    if reference is None:
        target = Target(step.account, step.namespace(), None)
        return make_rollout(step, step.context, target, workload_kind=workload_kind(step.stage))
    target = Target(step.account, step.namespace(reference.namespace), reference.workload)
    kind = reference.kind or workload_kind(step.stage)
    return make_rollout(step, step.context, target, workload_kind=kind, server_group=reference.version)


def make_stage_rollouts(step: Step) -> Iterator[Rollout]:
    """Yield the rollouts of a stage without manifests of its own: groups, functions, undone, restarted or scaled."""
    stage = step.stage
    if (as_text(stage.type) or "").endswith("Manifest"):
        yield make_referenced_rollout(step, next(iter(manifest_references(step.context)), None))
        return
    for context in _planned_contexts(stage) or [stage.context]:
        # A rollback of type PREVIOUS_IMAGE clones the group with the image of its rollbackContext.
        restored_image = as_dict(context.rollback_context).get("imageName")
        images = (context.image_name, context.ami_name, context.image, context.image_id, restored_image)
        server_groups = (name for names in as_dict(context.server_groups).values() for name in as_list(names))
        yield make_rollout(
            step,
            context,
            group_target(stage, context),
            workload_kind=workload_kind(stage),
            version=first_text(*images),
            server_group=first_text(*server_groups),
        )


def make_rollout(
    step: Step, context: Context, target: Target, content: PodContent = NO_CONTENT, **more: Any
) -> Rollout:
    """Return a rollout with what every stage tells; ``more`` are other fields, and those that a stage tells wrong."""
    run, stage = step.run, step.stage
    action: str = more.pop("action", None) or stage_action(stage.type) or "deploy"
    first, full, accepted = more.pop("traffic", step.traffic)
    if action == "rollback":
        more = _restored(context) | more
    strategy = more.pop("strategy", None) or read_strategy(run.execution, stage, context)
    group = (more.get("server_group") or target.cluster) if stage.type in _GROUP_STAGES else None
    application, *others = list_applications(context, more.pop("annotated", None), group) or [run.application]
    return Rollout(
        id=rollout_id(stage, run.tree, target),
        execution_id=run.execution.id,
        application=application,
        other_application=next((name for name in others if name.lower() != application.lower()), None),
        action=action,
        role="canary" if run.tree.outermost(stage, _CANARY_STAGES) else None,
        strategy=strategy,
        account=target.account,
        location=target.location,
        cluster=target.cluster,
        status=stage.status,
        started_at=as_micros(stage.start_time),
        accepted_at=accepted,
        first_traffic_at=first,
        full_traffic_at=full,
        finished_at=as_micros(stage.end_time),
        images=content.images,
        template=content.template,
        template_keys=content.template_keys,
        labels=content.labels,
        reason=step.reason,
        **more,
    )


def acts_itself(stage: Stage, tree: StageTree) -> bool:
    """Tell whether a stage acts itself, rather than through its children or as a step of a larger operation."""
    children, action = tree.children(stage), stage_action(stage.type)
    if as_text(stage.context.strategy) == "custom" and any(
        child.type == "pipeline" and child.status != "not_started" for child in children
    ):
        return False  # the child execution of the custom strategy has the rollout
    if stage.type == "rollingPush" and tree.outermost(stage, _PUSHED_STAGES):
        return False
    if stage.type in FAN_OUT_STAGES:
        return not any(stage_action(child.type) in ("deploy", "rollback") for child in children)
    if action in ("scale", "restart"):
        return stage.parent_stage_id is None
    return action == "rollback" or not tree.outermost(stage, _ROLLBACK_STAGES)


def workload_kind(stage: Stage) -> str | None:
    """Return what a stage without a manifest changes."""
    if stage.type in _GROUP_STAGES:
        return "servergroup"
    return "function" if stage.type in _FUNCTION_STAGES else "job" if stage.type in _JOB_STAGES else None


def group_target(stage: Stage, context: Context) -> Target:
    """Return the target of a server group, or of anything else that is no Kubernetes manifest."""
    location = next(iter(regions_of(context)), None) or first_text(context.namespace_override, context.location)
    if not location:
        # "Deploy in us-east-1": a listing without contexts has the region only in the name of the stage.
        before, _, region = (as_text(stage.name) or "").partition(" in ")
        location = region if region and before == "Deploy" else None
    return Target(account_of(context), location, _cluster(context))


def rollout_id(stage: Stage, tree: StageTree, target: Target) -> str:
    """Return an id that a restart does not change."""
    top = tree.outermost(stage, FAN_OUT_STAGES) or stage
    if top is stage and stage.type != "deploy":
        return stage.id
    # What is rolled back, disabled or destroyed within a deploy (rollback.onFailure) may be the target that it deploys.
    action = stage_action(stage.type)
    step = [action] if action and action != "deploy" and top.type == "deploy" else []
    return "/".join([top.id, *step, *(part or "-" for part in target)])


def _restored(context: Context) -> dict[str, Any]:
    """Return what a rollback goes back to: a revision or group, else numRevisionsBack, by default one."""
    restores = first_text(as_dict(context.rollback_context).get("restoreServerGroupName"), context.revision)
    steps_back = None if restores else int(as_number(context.num_revisions_back, 0, 1000) or 1)
    return {"restores": restores, "steps_back": steps_back}


def _planned_contexts(stage: Stage) -> list[Context]:
    """Return a context for each cluster and region that a ``deploy`` plans; empty for every other stage."""
    try:
        clusters = _CLUSTERS.decode(stage.context.clusters) if stage.type == "deploy" else []
    except msgspec.ValidationError:
        return []  # a SpEL expression that Orca has not evaluated yet
    regions = ((cluster, region) for cluster in clusters for region in regions_of(cluster) or [""])
    return [msgspec.structs.replace(cluster, region=region) for cluster, region in regions]


def _cluster(context: Context) -> str | None:
    """Return the cluster, else what Frigga makes of its parts: ``application-stack-detail``."""
    reference = parse_reference(context.cluster)
    name = first_text(as_dict(context.moniker).get("cluster"), reference and reference.name, context.function_name)
    application = as_text(context.application)
    if name or not application:
        return name
    stack, detail = as_text(context.stack), as_text(context.free_form_details)
    # A detail without a stack leaves the place of the stack empty: shop--canary.
    parts = [application, stack or ("" if detail else None), detail]
    return "-".join(part for part in parts if part is not None)
