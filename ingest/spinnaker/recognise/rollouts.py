"""Stages that change what runs → rollouts, one per target.

Ids hold through restarts: a restart keeps a top-level stage and makes its synthetic children anew, so what a
child did is known by the top-level stage and its target (account, region, cluster), not by the child's id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import msgspec

from ingest.core.rows import Rollout
from ingest.spinnaker.model import manifests
from ingest.spinnaker.model.coerce import as_dict, as_list, as_micros, as_number, as_text, first_text
from ingest.spinnaker.model.failure_reason import failure_reason
from ingest.spinnaker.model.payload import Context, Execution, Stage
from ingest.spinnaker.model.stage_kinds import OPERATIONS, TYPES_BY_KIND, stage_kind
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.deferred_traffic import Link, routed, switched
from ingest.spinnaker.recognise.enabling import enabled
from ingest.spinnaker.recognise.istio import shifted
from ingest.spinnaker.recognise.strategies import GROUPS, strategy
from ingest.spinnaker.recognise.traffic import traffic

_CANARY_ONLY = frozenset({"kayentaCanary", "deployCanaryServerGroups"})
_ROLLBACKS = frozenset(TYPES_BY_KIND["rollback"].split())
_PARENT_OF_OPERATIONS = frozenset({"deploy", "rollbackCluster"})
_CLUSTERS = msgspec.json.Decoder(list[Context])


class Target(NamedTuple):
    """Where a rollout happens; None for what its stage does not say."""

    account: str | None
    location: str | None
    cluster: str | None


def recognise_rollouts(execution: Execution, application: str, tree: StageTree) -> Iterator[Rollout]:
    """The rollouts of an execution, those that were planned and never reached included."""
    named: Counter[str] = Counter()
    links = {link.stage.id: link for link in chain(switched(tree), routed(tree), shifted(tree), enabled(tree))}
    steps = {stage.id for link in links.values() for stage in link.by}
    for stage in tree.stages:
        if stage_kind(stage.type) not in OPERATIONS or stage.id in steps or not _own(stage, tree):
            continue
        for context in _targets(stage):
            row = _rollout(execution, application, tree, stage, context)
            row = _linked(row, links[stage.id]) if stage.id in links else row
            named[row.id] += 1
            yield row if named[row.id] == 1 else msgspec.structs.replace(row, id=f"{row.id}#{named[row.id]}")


def _linked(row: Rollout, link: Link) -> Rollout:
    """A rollout with what later stages made of it."""
    reached, end = link.reached, as_micros(link.reached.end_time)
    return msgspec.structs.replace(
        row,
        action=link.action,
        strategy=link.strategy,
        status=reached.state,
        first_traffic_at=link.traffic.first,
        full_traffic_at=link.traffic.full,
        finished_at=end and max(end, link.traffic.full or end),
        restores=link.restores,
        steps_back=1 if link.action == "rollback" and not link.restores else None,
        reason=failure_reason(reached) or row.reason,
    )


def _own(stage: Stage, tree: StageTree) -> bool:
    """Whether a stage acts by itself, rather than by its children or as a step of a larger operation."""
    if as_text(stage.values.strategy) == "custom" and any(
        child.type == "pipeline" and child.state != "not_started" for child in tree.children(stage)
    ):
        return False  # the strategy's own execution tells
    if stage.type == "rollingPush" and tree.top(stage, GROUPS):
        return False
    if stage.type in _PARENT_OF_OPERATIONS:
        return not any(stage_kind(child.type) in ("deploy", "rollback") for child in tree.children(stage))
    if stage_kind(stage.type) in ("scale", "restart"):
        return stage.parent_stage_id is None
    return stage_kind(stage.type) == "rollback" or not tree.top(stage, _ROLLBACKS)


def _targets(stage: Stage) -> list[Context]:
    """The stage's own context; for a ``deploy`` that has not begun, one per cluster and region it plans."""
    planned = [
        msgspec.structs.replace(cluster, region=region)
        for cluster in _clusters(stage)
        for region in (_regions(cluster) or [""])
    ]
    return planned or [stage.values]


def _clusters(stage: Stage) -> list[Context]:
    """What a ``deploy`` plans; nothing where an expression that is not evaluated yet stands for it."""
    if stage.type != "deploy":
        return []
    try:
        return _CLUSTERS.decode(stage.values.clusters)
    except msgspec.ValidationError:
        return []


def _regions(context: Context) -> list[str]:
    named = [as_text(context.region)] if as_text(context.region) else list(as_dict(context.availability_zones))
    return [region for region in named or as_list(context.regions) if isinstance(region, str)]


def _rollout(execution: Execution, application: str, tree: StageTree, stage: Stage, context: Context) -> Rollout:
    content = manifests.read_content(context)
    target = _target(stage, context, content)
    undoing = as_dict(context.rollback_context)
    restores = (
        first_text(undoing.get("restoreServerGroupName"), context.revision)
        if stage_kind(stage.type) == "rollback"
        else None
    )
    served = traffic(stage, tree)
    return Rollout(
        id=_identity(stage, tree, target),
        execution_id=execution.id,
        application=first_text(as_dict(context.moniker).get("app"), context.application) or application,
        action=stage_kind(stage.type),
        strategy=strategy(execution, stage, context),
        role="canary" if tree.top(stage, _CANARY_ONLY) else None,
        account=target.account,
        location=target.location,
        cluster=target.cluster,
        status=stage.state,
        started_at=as_micros(stage.start_time),
        first_traffic_at=served.first,
        full_traffic_at=served.full,
        finished_at=as_micros(stage.end_time),
        version=content.version or _image(context, undoing),
        manifest=content.fingerprint,
        server_group=_server_group(context) or content.revision,
        restores=restores,
        steps_back=_steps_back(stage, context, restores),
        reason=failure_reason(stage) or as_text(context.reason),
    )


def _identity(stage: Stage, tree: StageTree, target: Target) -> str:
    top = tree.top(stage, _PARENT_OF_OPERATIONS) or stage
    if top is stage and stage.type != "deploy":
        return stage.id
    undoing = stage_kind(stage.type) == "rollback" and top.type == "deploy"
    place = [part or "-" for part in target]
    return "/".join([top.id, *(["rollback"] if undoing else []), *place])


def _target(stage: Stage, context: Context, content: manifests.DeployedContent) -> Target:
    account = first_text(context.account, context.credentials, context.deploy_account)
    names = as_dict(context.manifest_names)
    if content.fingerprint or names or as_text(context.manifest_name):
        region = context.region if stage.type == "deployCloudrunManifest" else None
        location = first_text(region, context.namespace_override, context.location, content.namespace, *names)
        managed = next((name for group in names.values() for name in as_list(group)), None)
        named = manifests.bare_name(first_text(context.manifest_name, managed))
        return Target(account, location, content.workload or (named and manifests.strip_version(named)))
    location = next(iter(_regions(context)), None) or first_text(context.namespace_override, context.location)
    return Target(account, location or _named_region(stage), _cluster(context))


def _named_region(stage: Stage) -> str | None:
    """The region in "Deploy in us-east-1": all that a listing without contexts tells."""
    before, found, region = (as_text(stage.name) or "").partition(" in ")
    return region if found and before == "Deploy" else None


def _cluster(context: Context) -> str | None:
    """Frigga's ``application-stack-detail``, where the cluster is not named."""
    named = first_text(
        as_dict(context.moniker).get("cluster"), manifests.bare_name(context.cluster), context.function_name
    )
    if named or not as_text(context.application):
        return named
    stack, detail = as_text(context.stack), as_text(context.free_form_details)
    parts = [as_text(context.application), stack or ("" if detail else None), detail]
    return "-".join(part for part in parts if part is not None)


def _image(context: Context, undoing: dict[str, object]) -> str | None:
    return first_text(context.image_name, context.ami_name, context.image, context.image_id, undoing.get("imageName"))


def _server_group(context: Context) -> str | None:
    groups = as_dict(context.server_groups)
    return first_text(*(name for region in groups.values() for name in as_list(region)))


def _steps_back(stage: Stage, context: Context, restores: str | None) -> int | None:
    if stage_kind(stage.type) != "rollback" or restores:
        return None
    return int(as_number(context.num_revisions_back, 0, 1000) or 1)
