"""Stages whose content serves only by what a later stage of the same execution does, and what that was.

A dark Kubernetes rollout waits for ``enableManifest``, a Lambda for the routing of its alias. Each function links a
stage to the later ones; what stands alone (an old version enabled again) is a change of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ingest.spinnaker import manifests
from ingest.spinnaker.payload import Context, Stage
from ingest.spinnaker.strategies import dark
from ingest.spinnaker.traffic import Traffic, ended
from ingest.spinnaker.tree import Tree
from ingest.spinnaker.values import first, items, mapping, micros, number, text

_OLDER = frozenset({"second_newest", "oldest"})
_EARLIER = frozenset({"$PREVIOUS", "$OLDEST"})
_ROUTE = "Aws.LambdaTrafficRoutingStage"


class Link(NamedTuple):
    """What became of a stage's content: when it served, and the later stages that are part of its rollout."""

    stage: Stage
    by: Sequence[Stage]
    traffic: Traffic
    strategy: str
    action: str = "deploy"
    restores: str | None = None

    @property
    def reached(self) -> Stage:
        """The last of its stages that has begun."""
        return next((stage for stage in reversed(self.by) if micros(stage.start_time)), self.stage)


def switched(tree: Tree) -> Iterator[Link]:
    """Dark rollouts with what enabled them, and what was enabled without one."""
    enabling = [stage for stage in tree.stages if stage.type == "enableManifest"]
    taken: set[str] = set()
    for stage in tree.stages:
        if stage.type == "deployManifest" and dark(stage.values):
            by = [one for one in enabling if one.id not in taken and later(one, stage) and _enables(one, stage)]
            taken |= {one.id for one in by}
            served = next((end for one in by if (end := ended(one))), None)
            yield Link(stage, by, Traffic(served, served), "dark")
    for stage in enabling:
        if stage.id not in taken:
            old = _goes_back(stage, tree)
            found = Traffic(ended(stage), ended(stage))
            yield Link(stage, (), found, "dark", "rollback" if old else "deploy", _name(stage.values) if old else None)


def routed(tree: Tree) -> Iterator[Link]:
    """Lambdas with the routing of their aliases, and routings alone."""
    routing, taken = [stage for stage in tree.stages if stage.type == _ROUTE], set()
    for stage in tree.stages:
        if stage.type == "Aws.LambdaDeploymentStage":
            by = [one for one in routing if one.id not in taken and later(one, stage) and _same_function(one, stage)]
            taken |= {one.id for one in by}
            if by:
                yield Link(stage, by, _routes(by), _shift(by[-1]))
    for stage in routing:
        if stage.id not in taken:
            old = text(stage.values.version_name_a) in _EARLIER and _share(stage) >= 100
            yield Link(stage, (), _routes([stage]), _shift(stage), "rollback" if old else "deploy")


def later(one: Stage, stage: Stage) -> bool:
    """Whether a stage begins after another, or has not begun."""
    begun, before = micros(one.start_time), micros(stage.start_time)
    return begun is None or (before is not None and begun >= before)


def together(one: Context, other: Context) -> bool:
    """Whether two stages name the same account and place, as far as both name one."""
    accounts = [first(context.account, context.credentials, context.deploy_account) for context in (one, other)]
    places = [_place(context) for context in (one, other)]
    return all(len({found for found in pair if found}) < 2 for pair in (accounts, places))


def _place(context: Context) -> str | None:
    named = first(context.namespace_override, context.location, context.region, *mapping(context.manifest_names))
    return named or manifests.read(context).namespace


def _enables(one: Stage, stage: Stage) -> bool:
    context = stage.values
    deployed = {manifests.bare(name) for names in mapping(context.manifest_names).values() for name in items(names)}
    asked = {manifests.read(context).workload, text(mapping(context.moniker).get("cluster")), *deployed}
    known = {manifests.unversioned(bare) for name in asked if (bare := manifests.bare(name))}
    name = _name(one.values)
    if name is None or not together(one.values, context) or manifests.unversioned(name) not in known:
        return False
    if manifests.VERSIONED.fullmatch(name) and any(bare and manifests.VERSIONED.fullmatch(bare) for bare in deployed):
        return name in deployed
    return text(one.values.criteria) not in _OLDER


def _name(context: Context) -> str | None:
    return manifests.bare(first(context.resolved_name, context.manifest_name, context.cluster))


def _goes_back(stage: Stage, tree: Tree) -> bool:
    """Whether an older version is enabled: by what it is called, or beside a newer one that is disabled."""
    if text(stage.values.criteria) in _OLDER:
        return True
    name = _name(stage.values)
    disabled = [_name(one.values) for one in tree.stages if one.type == "disableManifest"]
    mine = manifests.VERSIONED.fullmatch(name or "")
    for other in disabled:
        found = manifests.VERSIONED.fullmatch(other or "")
        if mine and found and mine[1] == found[1]:
            return int(mine[2]) < int(found[2])
    return False


def _same_function(one: Stage, stage: Stage) -> bool:
    names = {text(one.values.function_name), text(stage.values.function_name)}
    return len(names - {None}) < 2 and together(one.values, stage.values)


def _routes(routing: Sequence[Stage]) -> Traffic:
    some = [end for stage in routing if (end := ended(stage)) and _share(stage) > 0]
    return Traffic(
        next(iter(some), None), next((end for stage in routing if (end := ended(stage)) and _share(stage) >= 100), None)
    )


def _share(stage: Stage) -> float:
    """Percent that goes to the newest version; all of it unless the strategy weighs."""
    context = stage.values
    if (text(context.deployment_strategy) or "").upper() != "$WEIGHTED":
        return 100
    newest = "$LATEST" in (text(context.version_name_b) or "") and "$LATEST" not in (text(context.version_name_a) or "")
    return number(context.traffic_percent_b if newest else context.traffic_percent_a, 0, 100) or 0


def _shift(stage: Stage) -> str:
    words = {"$WEIGHTED": "weights", "$BLUEGREEN": "bluegreen"}
    return words.get((text(stage.values.deployment_strategy) or "").upper(), "none")
