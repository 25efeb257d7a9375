"""Steps of an Istio VirtualService: when the new destination served something, and when everything.

Spinnaker has no stage for a mesh: its weights are ordinary manifests of a ``VirtualService``.

The steps of one execution are one rollout, from the first to the last. No manifest says which destination is new: it
is that of a workload which the execution deployed, else one called like ``canary``, else the one that grew first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple

from ingest.spinnaker.model import manifests
from ingest.spinnaker.model.coerce import as_dict, as_list, as_number, as_text, first_text, get_nested
from ingest.spinnaker.model.payload import Context, Stage, decode_raw
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.deferred_traffic import RolloutLink, begins_after, same_place, stage_place
from ingest.spinnaker.recognise.traffic import Traffic, measure_traffic, success_time

_MESH_KINDS = frozenset({"virtualservice", "destinationrule"})
_SERVICE_PREFIX = "virtualservice "
_NAME_OF_NEW = re.compile(r"(.*[-_.])?(canary|new|next|candidate|preview|experiment|green)")
_MAX_NAME_PARTS = 32


class Split(NamedTuple):
    """The shares of one VirtualService in percent: for each destination a list with one share a route."""

    service: str | None
    namespace: str | None
    shares: dict[str, list[float]]

    def serves_some(self, destination: str) -> bool:
        """Tell whether any route leads to a destination."""
        return any(share > 0 for share in self.shares.get(destination, ()))

    def serves_all(self, destination: str) -> bool:
        """Tell whether every route leads to a destination alone."""
        return all(share >= 100 for share in self.shares.get(destination, (0,)))


class Step(NamedTuple):
    """A stage that sets weights, and the weights."""

    stage: Stage
    split: Split


class Workloads:
    """What an execution deploys beside its weights, by the destinations that may select it and by place."""

    # Bounds the work on an execution in which thousands of stages deploy the same workload.
    MAX_CANDIDATES = 64

    def __init__(self, stages: Iterable[Stage]) -> None:
        self._by_destination: dict[str | None, dict[str | None, list[Stage]]] = {}
        for stage in stages:
            for destination in {None, *_destinations(stage)}:
                by_place = self._by_destination.setdefault(destination, {})
                by_place.setdefault(stage_place(stage.context), []).append(stage)

    def beside(self, weight_stage: Stage, destination: str | None = None) -> list[Stage]:
        """Return the stages at the place of a stage that sets weights, or anywhere if one of the two names no place."""
        by_place, place = self._by_destination.get(destination, {}), stage_place(weight_stage.context)
        places = islice(by_place if place is None else (place, None), self.MAX_CANDIDATES)
        candidates = chain.from_iterable(by_place.get(key, [])[: self.MAX_CANDIDATES] for key in places)
        return [stage for stage in candidates if same_place(stage.context, weight_stage.context)]


def link_istio_weights(tree: StageTree) -> Iterator[RolloutLink]:
    """Return one link for each VirtualService, and one for each workload that it brings traffic to."""
    services: dict[tuple[str | None, ...], list[Step]] = {}
    others = []
    for stage in tree.stages:
        if stage.type not in ("deployManifest", "patchManifest"):
            continue
        if split := _read_split(stage.context):
            service = (as_text(stage.context.account), split.namespace, split.service)
            services.setdefault(service, []).append(Step(stage, split))
        else:
            others.append(stage)
    workloads = Workloads(others if services else ())
    for steps in services.values():
        steps.sort(key=lambda step: start if isinstance(start := step.stage.start_time, int) else math.inf)
        yield from _link_steps(steps, workloads, tree)


def _link_steps(steps: Sequence[Step], workloads: Workloads, tree: StageTree) -> Iterator[RolloutLink]:
    first_stage, later_stages = steps[0].stage, [step.stage for step in steps[1:]]
    new = _new_destination(steps, workloads)
    if not new:
        yield RolloutLink(first_stage, later_stages, Traffic(), "weights")
        return
    applied = [(step, applied_at) for step in steps if (applied_at := measure_traffic(step.stage, tree).full)]
    traffic = Traffic(
        next((applied_at for step, applied_at in applied if step.split.serves_some(new)), None),
        next((applied_at for step, applied_at in applied if step.split.serves_all(new)), None),
    )
    last_step, last_applied_at = applied[-1] if applied else (steps[-1], None)
    withdrawn = traffic.first is not None and not last_step.split.serves_some(new)
    # Where a workload is deployed after the weights began to move, the old destination runs the new content by the
    # end: the canary is withdrawn because it succeeded.
    if withdrawn and any(begins_after(w, first_stage) and success_time(w) for w in workloads.beside(first_stage)):
        traffic, withdrawn = Traffic(traffic.first, last_applied_at), False
    for workload in workloads.beside(first_stage, new):
        yield RolloutLink(workload, (), traffic, "weights")
    if withdrawn:
        yield RolloutLink(last_step.stage, (), Traffic(last_applied_at, last_applied_at), "weights", "rollback")
        later_stages = [stage for stage in later_stages if stage is not last_step.stage]
    yield RolloutLink(first_stage, later_stages, traffic, "weights")


def _new_destination(steps: Sequence[Step], workloads: Workloads) -> str | None:
    first_stage, shares = steps[0].stage, [step.split.shares for step in steps]
    names = list(dict.fromkeys(name for share in shares for name in share))
    deployed = [
        name for name in names if any(begins_after(first_stage, w) for w in workloads.beside(first_stage, name))
    ]
    if len(deployed) == 1:
        return deployed[0]
    for name in names:
        if _NAME_OF_NEW.fullmatch(name.lower()):
            return name
    for before, after in pairwise(shares):
        for name in names:
            if sum(after.get(name, [0])) > sum(before.get(name, [0])):
                return name
    # A single step tells no direction: a canary begins with the smallest share.
    serving = [name for name in names if any(shares[0].get(name, ()))]
    return min(serving, key=lambda name: sum(shares[0][name]), default=None)


def _destinations(stage: Stage) -> Iterator[str]:
    """Yield what a destination may be called that selects what a stage deploys.

    That is a label of its pods, the name of the workload, or an end of that name (``canary`` of ``shop-canary``).
    """
    decoded = decode_raw(stage.context.manifests)
    for manifest in decoded if isinstance(decoded, list) else [decoded]:
        labels = as_dict(get_nested(manifest, "spec", "template", "metadata", "labels"))
        yield from (label for label in labels.values() if isinstance(label, str))
        parts = str(get_nested(manifest, "metadata", "name") or "").split("-")
        yield from ("-".join(parts[start:]) for start in range(min(len(parts), _MAX_NAME_PARTS)))
    if name := manifests.bare_name(stage.context.manifest_name):
        yield name


def _read_split(context: Context) -> Split | None:
    """Return the weights that a stage sets; None if it sets none or deploys anything beside the mesh."""
    name = as_text(context.manifest_name) or ""
    # Looked for in the undecoded manifests first: nearly all stages deploy no VirtualService.
    if not name.lower().startswith(_SERVICE_PREFIX) and b"VirtualService" not in bytes(context.manifests):
        return None
    raw_manifests = (context.manifests, context.patch_body, context.deployed)
    requested = next(filter(None, map(manifests.manifest_list, raw_manifests)), [])
    kinds = [str(manifest.get("kind", "virtualservice")).lower() for manifest in requested]
    if not _MESH_KINDS.issuperset(kinds):
        return None
    service = requested[kinds.index("virtualservice")] if "virtualservice" in kinds else {}
    spec = as_dict(service.get("spec"))
    rules = [rule for key in ("http", "tcp", "tls") for rule in as_list(spec.get(key)) if isinstance(rule, dict)]
    # Rules for a matching header count only if there are no general ones.
    general = [rule for rule in rules if not rule.get("match")] or rules
    routes = [[target for target in as_list(rule.get("route")) if isinstance(target, dict)] for rule in general]
    if not any("weight" in destination for route in routes for destination in route):
        return None
    metadata = as_dict(service.get("metadata"))
    namespace = first_text(context.namespace_override, context.location, metadata.get("namespace"))
    return Split(first_text(metadata.get("name"), name[len(_SERVICE_PREFIX) :]), namespace, _shares(routes))


def _shares(routes: list[list[dict[str, Any]]]) -> dict[str, list[float]]:
    shares: dict[str, list[float]] = {}
    for position, route in enumerate(routes):
        for target in route:
            destination = as_dict(target.get("destination"))
            name = first_text(destination.get("subset"), destination.get("host")) or "?"
            # Istio sends everything to the only destination of a route, whatever its weight.
            weight = as_number(target.get("weight"), 0, 100) or (100 if len(route) == 1 else 0)
            shares.setdefault(name, [0.0] * len(routes))[position] += weight
    return shares
