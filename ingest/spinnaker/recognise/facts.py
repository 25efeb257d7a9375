"""What the stages of one execution did to what runs, to configuration and to traffic: each stage for itself.

Which content serves, which facts belong together, and what is a rollback that no stage type states, the build decides
over all executions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from dora.storage.rows.executions import ConfigManifest, Rollout, TrafficRoute
from ingest.spinnaker.model.argo_rollouts import read_referenced_workload
from ingest.spinnaker.model.kinds import ManifestReference
from ingest.spinnaker.model.manifests import read_manifests
from ingest.spinnaker.model.patches import read_patch
from ingest.spinnaker.model.payload import NULL
from ingest.spinnaker.model.stage_kinds import stage_action
from ingest.spinnaker.recognise.argo_commands import make_commanded_rollouts, make_corrections
from ingest.spinnaker.recognise.config_manifests import make_config_manifest, make_referenced_config
from ingest.spinnaker.recognise.rollouts import (
    acts_itself,
    make_referenced_rollout,
    make_stage_rollouts,
    make_workload_rollout,
)
from ingest.spinnaker.recognise.routes import function_routes, manifest_routes
from ingest.spinnaker.recognise.run import Run, Step, make_step, manifest_references
from ingest.spinnaker.recognise.switches import recognise_switches

Fact = Rollout | ConfigManifest | TrafficRoute
_MANIFEST_STAGES = frozenset({"deployManifest", "patchManifest", "deployCloudrunManifest", "runJob", "runJobManifest"})


def recognise_facts(run: Run) -> Iterator[Fact]:
    """Yield the facts of an execution, those that were planned and never begun included; their ids are unique."""
    occurrences: Counter[tuple[str, str]] = Counter()
    for stage in run.tree.stages:
        if stage_action(stage.type) is None or not acts_itself(stage, run.tree):
            continue
        for row in _facts_of_stage(make_step(run, stage)):
            occurrences[row.table, row.id] += 1
            nth = occurrences[row.table, row.id]
            yield row if nth == 1 else msgspec.structs.replace(row, id=f"{row.id}#{nth}")


def _facts_of_stage(step: Step) -> Iterable[Fact]:
    if step.stage.type in _MANIFEST_STAGES:
        return _identify(step, _facts_of_manifests(step))
    if stage_action(step.stage.type) == "route":
        return function_routes(step)
    if stage_action(step.stage.type) in ("enable", "disable", "delete"):
        return _identify(step, recognise_switches(step))
    return make_stage_rollouts(step)


def _identify(step: Step, facts: Iterable[Fact]) -> Iterator[Fact]:
    """Yield facts with the first rollout under the id of its stage, the others with their workload in theirs."""
    is_first = True
    for row in facts:
        if isinstance(row, Rollout):
            yield row if is_first else msgspec.structs.replace(row, id=f"{step.stage.id}/{row.cluster or '-'}")
            is_first = False
        else:
            yield row


def _facts_of_manifests(step: Step) -> Iterator[Fact]:
    context = step.context
    if step.stage.type == "patchManifest" and context.patch_body is not NULL:
        manifests = [read_patch(context, next(iter(manifest_references(context)), None))]
    else:
        manifests = read_manifests(context)
    # A Rollout without pods of its own says how traffic comes to the pods of a Deployment.
    referring = {name: manifest for manifest in manifests if (name := read_referenced_workload(manifest))}
    for manifest in manifests:
        if commanded := list(make_commanded_rollouts(step, manifest)):
            yield from commanded
        elif manifest.templates is None:
            yield make_config_manifest(step, manifest)
            yield from manifest_routes(step, manifest)
        else:
            referrer = referring.get(manifest.name or "")
            rollout = make_workload_rollout(step, manifest, referrer)
            yield rollout
            yield from make_corrections(step, referrer or manifest, rollout)
    if not manifests:
        unknown: list[ManifestReference | None] = [None]
        for reference in manifest_references(context) or unknown:
            if reference is not None and reference.is_config:
                yield make_referenced_config(step, reference)
            else:
                yield make_referenced_rollout(step, reference)
