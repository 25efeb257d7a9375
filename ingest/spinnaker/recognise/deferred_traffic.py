"""Stages whose content serves only by what a later stage of the same execution does, and what that was.

A dark Kubernetes rollout waits for ``enableManifest``, a Lambda for the routing of its alias. Each function links a
stage to the later ones; what stands alone (an old version enabled again) is a change of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from ingest.spinnaker.model import manifests
from ingest.spinnaker.model.coerce import as_dict, as_list, as_micros, as_number, as_text, first_text
from ingest.spinnaker.model.payload import Context, Stage
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.strategies import dark
from ingest.spinnaker.recognise.traffic import Traffic, ended

_OLDER = frozenset({"second_newest", "oldest"})
_EARLIER = frozenset({"$PREVIOUS", "$OLDEST"})
_ROUTE = "Aws.LambdaTrafficRoutingStage"


class Link(NamedTuple):
    """What became of a stage's content: when it served, and the later stages that are part of its rollout."""

    stage: Stage
    by: Sequence[Stage]
    traffic: Traffic
    strategy: str | None
    action: str = "deploy"
    restores: str | None = None

    @property
    def reached(self) -> Stage:
        """The last of its stages that has begun."""
        return next((stage for stage in reversed(self.by) if as_micros(stage.start_time)), self.stage)


class Waiting:
    """Later stages by what they name, each to be taken by one rollout; of many under one name the first are looked at.

    ``LOOKED`` bounds the work on an execution in which thousands of stages name the same thing.
    """

    LOOKED = 64

    def __init__(self, named: Iterable[tuple[str | None, Stage]]) -> None:
        self._by_name: dict[str | None, dict[str, Stage]] = {}
        for name, stage in named:
            self._by_name.setdefault(name, {})[stage.id] = stage
        self._taken: set[str] = set()

    def take(self, names: Iterable[str | None], fits: Callable[[Stage], bool]) -> list[Stage]:
        """Those that fit, in the order in which they begin; nobody gets them again."""
        found: dict[str, Stage] = {}
        for name in names:
            candidates = self._by_name.get(name, {})
            mine = {one.id: one for one in list(islice(candidates.values(), self.LOOKED)) if fits(one)}
            for identity in mine:
                del candidates[identity]
            found |= {identity: one for identity, one in mine.items() if identity not in self._taken}
        self._taken |= found.keys()
        return sorted(found.values(), key=_begun)

    def untaken(self, stages: Iterable[Stage]) -> Iterator[Stage]:
        """Those that no rollout took."""
        return (stage for stage in stages if stage.id not in self._taken)


def switched(tree: StageTree) -> Iterator[Link]:
    """Dark rollouts with what enabled them, and what was enabled without one."""
    enabling = [stage for stage in tree.stages if stage.type == "enableManifest"]
    waiting = Waiting(chain.from_iterable(map(_asked, enabling)))
    for stage in tree.stages:
        if stage.type == "deployManifest" and dark(stage.values):
            by = waiting.take(*_enablers(stage))
            served = next((end for one in by if (end := ended(one))), None)
            yield Link(stage, by, Traffic(served, served), "dark")
    disabled = newest(_name(one.values) for one in tree.stages if one.type == "disableManifest")
    for stage in waiting.untaken(enabling):
        old = as_text(stage.values.criteria) in _OLDER or goes_back(_name(stage.values), disabled)
        found = Traffic(ended(stage), ended(stage))
        yield Link(stage, (), found, "dark", "rollback" if old else "deploy", _name(stage.values) if old else None)


def routed(tree: StageTree) -> Iterator[Link]:
    """Lambdas with the routing of their aliases, and routings alone."""
    routing = [stage for stage in tree.stages if stage.type == _ROUTE]
    names = list(dict.fromkeys(as_text(stage.values.function_name) for stage in routing))
    waiting = Waiting((as_text(stage.values.function_name), stage) for stage in routing)
    for stage in tree.stages:
        if stage.type == "Aws.LambdaDeploymentStage":
            own = as_text(stage.values.function_name)
            by = waiting.take((own, None) if own else names, partial(_routes_to, stage))
            if by:
                yield Link(stage, by, _routes(by), _shift(by[-1]))
    for stage in waiting.untaken(routing):
        old = as_text(stage.values.version_name_a) in _EARLIER and _share(stage) >= 100
        yield Link(stage, (), _routes([stage]), _shift(stage), "rollback" if old else "deploy")


def _begun(stage: Stage) -> tuple[bool, int]:
    begun = as_micros(stage.start_time)
    return begun is None, begun or 0


def later(one: Stage, stage: Stage) -> bool:
    """Whether a stage begins after another, or has not begun."""
    begun, before = as_micros(one.start_time), as_micros(stage.start_time)
    return begun is None or (before is not None and begun >= before)


def together(one: Context, other: Context) -> bool:
    """Whether two stages name the same account and place, as far as both name one."""
    accounts = [first_text(context.account, context.credentials, context.deploy_account) for context in (one, other)]
    places = [placed(context) for context in (one, other)]
    return all(len({found for found in pair if found}) < 2 for pair in (accounts, places))


def placed(context: Context) -> str | None:
    """The namespace or region that a stage names; None where it names none."""
    named = first_text(context.namespace_override, context.location, context.region, *as_dict(context.manifest_names))
    return named or manifests.read_content(context).namespace


def _asked(stage: Stage) -> Iterator[tuple[str, Stage]]:
    """What an enabling stage names: a version of a workload, and any version of it."""
    if name := _name(stage.values):
        yield name, stage
        yield f"{manifests.strip_version(name)} *", stage


def _enablers(stage: Stage) -> tuple[list[str], Callable[[Stage], bool]]:
    """The names by which what a stage deployed may be enabled, and what else must be so.

    Where the version is known it must be that one, or the newest of its workload.
    """
    context = stage.values
    managed = (as_list(names) for names in as_dict(context.manifest_names).values())
    deployed = {bare for names in managed for name in names if (bare := manifests.bare_name(name))}
    asked = {manifests.read_content(context).workload, as_text(as_dict(context.moniker).get("cluster")), *deployed}
    known = {manifests.strip_version(bare) for name in asked if (bare := manifests.bare_name(name))}
    versioned = any(manifests.VERSIONED_NAME.fullmatch(name) for name in deployed)
    names = known | deployed if versioned else {f"{name} *" for name in known}

    def enables(one: Stage) -> bool:
        older = as_text(one.values.criteria) in _OLDER and _name(one.values) not in deployed
        return not older and later(one, stage) and together(one.values, context)

    return sorted(names), enables


def _name(context: Context) -> str | None:
    return manifests.bare_name(first_text(context.resolved_name, context.manifest_name, context.cluster))


def newest(names: Iterable[str | None]) -> dict[str, int]:
    """The newest version of each workload."""
    found: dict[str, int] = {}
    for name in names:
        if parts := manifests.VERSIONED_NAME.fullmatch(name or ""):
            found[parts[1]] = max(int(parts[2][:18]), found.get(parts[1], 0))
    return found


def goes_back(name: str | None, disabled: Mapping[str, int]) -> bool:
    """Whether a version is older than one of the same workload that is disabled."""
    mine = manifests.VERSIONED_NAME.fullmatch(name or "")
    return mine is not None and int(mine[2][:18]) < disabled.get(mine[1], 0)


def _routes_to(stage: Stage, one: Stage) -> bool:
    return later(one, stage) and together(one.values, stage.values)


def _routes(routing: Sequence[Stage]) -> Traffic:
    some = [end for stage in routing if (end := ended(stage)) and _share(stage) > 0]
    return Traffic(
        next(iter(some), None), next((end for stage in routing if (end := ended(stage)) and _share(stage) >= 100), None)
    )


def _share(stage: Stage) -> float:
    """Percent that goes to the newest version; all of it unless the strategy weighs."""
    context = stage.values
    if (as_text(context.deployment_strategy) or "").upper() != "$WEIGHTED":
        return 100
    newest = "$LATEST" in (as_text(context.version_name_b) or "") and "$LATEST" not in (
        as_text(context.version_name_a) or ""
    )
    return as_number(context.traffic_percent_b if newest else context.traffic_percent_a, 0, 100) or 0


def _shift(stage: Stage) -> str:
    words = {"$WEIGHTED": "weights", "$BLUEGREEN": "bluegreen"}
    return words.get((as_text(stage.values.deployment_strategy) or "").upper(), "none")
