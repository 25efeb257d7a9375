"""Steps of a VirtualService → when the new destination served something, and everything.

The steps of one execution are one rollout, first step to last. What is new is not said: it is the destination of a
workload that the execution deployed, else one with a telling name, else the one whose share grew first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple

from ingest.spinnaker.model import manifests
from ingest.spinnaker.model.coerce import as_dict, as_text
from ingest.spinnaker.model.payload import Stage, decode_raw
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.deferred_traffic import Link, later, placed, together
from ingest.spinnaker.recognise.traffic import Traffic, ended, traffic
from ingest.spinnaker.recognise.traffic_weights import Split, split

_TELLING = re.compile(r"(.*[-_.])?(canary|new|next|candidate|preview|experiment|green)")

_PARTS = 32  # of a name that are looked at


class Step(NamedTuple):
    """A stage that sets weights, and the weights."""

    stage: Stage
    split: Split


class Workloads:
    """What an execution deploys beside its weights, by place and by the destinations that may select it.

    Of many at one place under one name the first ``LOOKED`` are looked at, which bounds the work.
    """

    LOOKED = 64

    def __init__(self, stages: Iterable[Stage]) -> None:
        self._named: dict[str | None, dict[str | None, list[Stage]]] = {}
        for stage in stages:
            for name in {None, *_destinations(stage)}:
                self._named.setdefault(name, {}).setdefault(placed(stage.values), []).append(stage)

    def beside(self, begun: Stage, destination: str | None = None) -> list[Stage]:
        """Those at the place of a stage that sets weights, or anywhere where one of the two does not say."""
        places, place = self._named.get(destination, {}), placed(begun.values)
        chosen = places if place is None else (place, None)
        found = chain.from_iterable(places.get(key, [])[: self.LOOKED] for key in islice(chosen, self.LOOKED))
        return [one for one in found if together(one.values, begun.values)]


def shifted(tree: StageTree) -> Iterator[Link]:
    """One link for each VirtualService, and one for each workload that it brings traffic to."""
    groups: dict[tuple[str | None, ...], list[Step]] = {}
    others = []
    for stage in tree.stages:
        if stage.type not in ("deployManifest", "patchManifest"):
            continue
        if found := split(stage.values):
            account = as_text(stage.values.account)
            groups.setdefault((account, found.namespace, found.service), []).append(Step(stage, found))
        else:
            others.append(stage)
    workloads = Workloads(others if groups else ())
    for steps in groups.values():
        yield from _links(sorted(steps, key=_order), workloads, tree)


def _order(step: Step) -> tuple[bool, int]:
    begun = step.stage.start_time
    return not isinstance(begun, int), begun if isinstance(begun, int) else 0


def _links(steps: Sequence[Step], workloads: Workloads, tree: StageTree) -> Iterator[Link]:
    begun, later_steps = steps[0].stage, [step.stage for step in steps[1:]]
    new, served = _new(steps, workloads), Traffic()
    done = [(step, at) for step in steps if (at := _set(step.stage, tree))]
    if new:
        some = next((at for step, at in done if step.split.some(new)), None)
        served = Traffic(some, next((at for step, at in done if step.split.whole(new)), None))
    last = done[-1] if done and new else None
    withdrawn = last and served.first and new and not last[0].split.some(new)
    if last and withdrawn and any(later(one, begun) and ended(one) for one in workloads.beside(begun)):
        served = Traffic(served.first, last[1])  # the old destination runs the new content by now
        withdrawn = None
    yield from (Link(one, (), served, "weights") for one in (workloads.beside(begun, new) if new else ()))
    if last and withdrawn:
        yield Link(last[0].stage, (), Traffic(last[1], last[1]), "weights", "rollback")
        later_steps = [stage for stage in later_steps if stage is not last[0].stage]
    yield Link(begun, later_steps, served, "weights")


def _set(stage: Stage, tree: StageTree) -> int | None:
    return traffic(stage, tree).full


def _new(steps: Sequence[Step], workloads: Workloads) -> str | None:
    begun, shares = steps[0].stage, [step.split.shares for step in steps]
    names = list(dict.fromkeys(name for share in shares for name in share))
    deployed = [name for name in names if any(later(begun, one) for one in workloads.beside(begun, name))]
    telling = [name for name in names if _TELLING.fullmatch(name.lower())]
    if len(deployed) == 1 or telling:
        return (deployed if len(deployed) == 1 else telling)[0]
    for before, after in pairwise(shares):
        grown = [name for name in names if sum(after.get(name, [0])) > sum(before.get(name, [0]))]
        if grown:
            return grown[0]
    served = [name for name in names if any(shares[0].get(name, ()))]
    return min(served, key=lambda name: sum(shares[0][name]), default=None)


def _destinations(stage: Stage) -> Iterator[str]:
    """What may select what a stage deploys: a pod's label, the workload's name, or an end of it."""
    found = decode_raw(stage.values.manifests)
    for one in found if isinstance(found, list) else [found]:
        yield from (label for label in _labels(one) if isinstance(label, str))
        parts = str(as_dict(as_dict(one).get("metadata")).get("name") or "").split("-")
        yield from ("-".join(parts[nth:]) for nth in range(min(len(parts), _PARTS)))
    if name := manifests.bare_name(stage.values.manifest_name):
        yield name


def _labels(manifest: Any) -> list[Any]:
    template = as_dict(as_dict(as_dict(manifest).get("spec")).get("template"))
    labels = as_dict(as_dict(template.get("metadata")).get("labels"))
    return list(labels.values())
