"""Steps of a VirtualService → when the new destination served something, and everything.

The steps of one execution are one rollout, first step to last. What is new is not said: it is the destination of a
workload that the execution deployed, else one with a telling name, else the one whose share grew first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ingest.spinnaker import manifests
from ingest.spinnaker.handovers import Link, later, together
from ingest.spinnaker.payload import Stage, loose
from ingest.spinnaker.traffic import Traffic, ended, traffic
from ingest.spinnaker.tree import Tree
from ingest.spinnaker.values import items, mapping, text
from ingest.spinnaker.weights import Split, split

_TELLING = re.compile(r"(.*[-_.])?(canary|new|next|candidate|preview|experiment|green)")


class Step(NamedTuple):
    """A stage that sets weights, and the weights."""

    stage: Stage
    split: Split


def shifted(tree: Tree) -> Iterator[Link]:
    """One link for each VirtualService, and one for each workload that it brings traffic to."""
    groups: dict[tuple[str | None, ...], list[Step]] = {}
    for stage in tree.stages:
        if stage.type in ("deployManifest", "patchManifest") and (found := split(stage.values)):
            account = text(stage.values.account)
            groups.setdefault((account, found.namespace, found.service), []).append(Step(stage, found))
    for steps in groups.values():
        yield from _links(sorted(steps, key=_order), tree)


def _order(step: Step) -> tuple[bool, int]:
    begun = step.stage.start_time
    return not isinstance(begun, int), begun if isinstance(begun, int) else 0


def _links(steps: Sequence[Step], tree: Tree) -> Iterator[Link]:
    begun, stages = steps[0].stage, [step.stage for step in steps]
    workloads = [one for one in tree.stages if _workload(one, stages) and together(one.values, begun.values)]
    new, served = _new(steps, workloads), Traffic()
    done = [(step, at) for step in steps if (at := _set(step.stage, tree))]
    if new:
        some = next((at for step, at in done if step.split.some(new)), None)
        served = Traffic(some, next((at for step, at in done if step.split.whole(new)), None))
    last = done[-1] if done and new else None
    withdrawn = last and served.first and new and not last[0].split.some(new)
    if last and withdrawn and any(later(one, begun) and ended(one) for one in workloads):
        served = Traffic(served.first, last[1])  # the old destination runs the new content by now
        withdrawn = None
    yield from (Link(one, (), served, "weights") for one in workloads if new and _named(one, new))
    if last and withdrawn:
        yield Link(last[0].stage, (), Traffic(last[1], last[1]), "weights", "rollback")
        stages.remove(last[0].stage)
    yield Link(begun, stages[1:], served, "weights")


def _set(stage: Stage, tree: Tree) -> int | None:
    return traffic(stage, tree).full


def _workload(one: Stage, steps: Sequence[Stage]) -> bool:
    return one.type in ("deployManifest", "patchManifest") and one not in steps and split(one.values) is None


def _new(steps: Sequence[Step], workloads: Sequence[Stage]) -> str | None:
    shares = [step.split.shares for step in steps]
    names = list(dict.fromkeys(name for share in shares for name in share))
    deployed = [name for name in names if any(_named(one, name) and later(steps[0].stage, one) for one in workloads)]
    telling = [name for name in names if _TELLING.fullmatch(name.lower())]
    if len(deployed) == 1 or telling:
        return (deployed if len(deployed) == 1 else telling)[0]
    for before, after in pairwise(shares):
        grown = [name for name in names if sum(after.get(name, [0])) > sum(before.get(name, [0]))]
        if grown:
            return grown[0]
    served = [name for name in names if any(shares[0].get(name, ()))]
    return min(served, key=lambda name: sum(shares[0][name]), default=None)


def _named(stage: Stage, destination: str) -> bool:
    """Whether a stage deploys what a destination selects: a pod's label, the workload's name, or its last part."""
    found = loose(stage.values.manifests)
    for one in found if isinstance(found, list) else [found]:
        name = str(mapping(mapping(one).get("metadata")).get("name") or "")
        if destination in _labels(one) or name == destination or name.endswith(f"-{destination}"):
            return True
    return manifests.bare(stage.values.manifest_name) == destination


def _labels(manifest: Any) -> list[Any]:
    template = mapping(mapping(mapping(manifest).get("spec")).get("template"))
    labels = mapping(mapping(template.get("metadata")).get("labels"))
    return [value for value in labels.values() if not items(value)]
