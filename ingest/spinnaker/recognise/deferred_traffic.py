"""Stages whose content serves only because of a later stage of the same execution, linked to that stage.

A dark Kubernetes rollout serves once ``enableManifest`` runs, a Lambda once its alias is routed to it. An enabling
stage without such a rollout (an old version enabled again) is a rollout of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from ingest.spinnaker.model import manifests
from ingest.spinnaker.model.coerce import as_dict, as_list, as_micros, as_number, as_text, first_text
from ingest.spinnaker.model.payload import Context, Stage
from ingest.spinnaker.model.stage_tree import StageTree
from ingest.spinnaker.recognise.traffic import Traffic, is_dark, success_time

# Orca's words for a target that is not the newest: `criteria` of a manifest stage, `target` of a server group stage,
# `versionName` of a Lambda stage.
_OLDER_MANIFESTS = frozenset({"second_newest", "oldest"})
_OLDER_SERVER_GROUPS = frozenset({"ancestor_asg_dynamic", "ancestor_asg", "oldest_asg_dynamic"})
_OLDER_LAMBDAS = frozenset({"$PREVIOUS", "$OLDEST"})
_DISABLING_STAGES = frozenset({"disableServerGroup", "disableCluster"})


class RolloutLink(NamedTuple):
    """When the content of a stage served, and the later stages that belong to its rollout."""

    stage: Stage
    later_stages: Sequence[Stage]
    traffic: Traffic
    strategy: str | None
    action: str = "deploy"
    restores: str | None = None

    @property
    def last_begun(self) -> Stage:
        """The last of its stages that has begun."""
        return next((stage for stage in reversed(self.later_stages) if as_micros(stage.start_time)), self.stage)


class EnablingStages:
    """Enabling stages by what they name; each belongs to the first rollout that takes it."""

    # Bounds the work on an execution in which thousands of stages name the same workload.
    MAX_CANDIDATES = 64

    def __init__(self, named_stages: Iterable[tuple[str | None, Stage]]) -> None:
        self._by_name: dict[str | None, dict[str, Stage]] = {}
        for name, stage in named_stages:
            self._by_name.setdefault(name, {})[stage.id] = stage
        self._taken: set[str] = set()

    def take(self, names: Iterable[str | None], matches: Callable[[Stage], bool]) -> list[Stage]:
        """Return the free stages under some names that match, in the order in which they begin, and reserve them."""
        taken: dict[str, Stage] = {}
        for name in names:
            candidates = self._by_name.get(name, {})
            for stage in filter(matches, list(islice(candidates.values(), self.MAX_CANDIDATES))):
                del candidates[stage.id]
                if stage.id not in self._taken:
                    taken[stage.id] = stage
        self._taken |= taken.keys()
        return sorted(taken.values(), key=lambda stage: as_micros(stage.start_time) or math.inf)

    def is_free(self, stage: Stage) -> bool:
        """Tell whether no rollout has taken a stage."""
        return stage.id not in self._taken


def link_enabled_manifests(tree: StageTree) -> Iterator[RolloutLink]:
    """Link dark rollouts to the stages that enabled them; what else is enabled is a rollout of its own."""
    enabling = [stage for stage in tree.stages if stage.type == "enableManifest"]
    named = [(name, stage) for stage in enabling if (name := _manifest_name(stage.context))]
    # Each is looked up by a version of a workload, or by any version of it.
    free_stages = EnablingStages(named + [(f"{manifests.strip_version(name)} *", stage) for name, stage in named])
    for stage in tree.stages:
        if stage.type == "deployManifest" and is_dark(stage.context):
            later_stages = free_stages.take(*_enabling_names(stage))
            served_at = next((end for enabler in later_stages if (end := success_time(enabler))), None)
            yield RolloutLink(stage, later_stages, Traffic(served_at, served_at), "dark")
    disabled = newest_versions(
        _manifest_name(stage.context) for stage in tree.stages if stage.type == "disableManifest"
    )
    for stage in filter(free_stages.is_free, enabling):
        name, served_at = _manifest_name(stage.context), success_time(stage)
        is_older = as_text(stage.context.criteria) in _OLDER_MANIFESTS or is_older_version(name, disabled)
        action, restores = ("rollback", name) if is_older else ("deploy", None)
        yield RolloutLink(stage, (), Traffic(served_at, served_at), "dark", action, restores)


def link_enabled_server_groups(tree: StageTree) -> Iterator[RolloutLink]:
    """Make each ``enableServerGroup`` a rollout; a rollback if the execution also disables a newer group.

    Done by hand, enabling and disabling are two executions, so this rule does not see them. A stage that names its
    group can be compared with what that group served before; one that enables "the current group" changes no content.
    """
    enabling = [stage for stage in tree.stages if stage.type == "enableServerGroup"]
    if not enabling:
        return
    disabled = newest_versions(_server_group(stage) for stage in tree.stages if stage.type in _DISABLING_STAGES)
    for stage in enabling:
        name, served_at = _server_group(stage), success_time(stage)
        is_older = as_text(stage.context.target) in _OLDER_SERVER_GROUPS or is_older_version(name, disabled)
        action = "rollback" if is_older else "deploy" if name else "restart"
        yield RolloutLink(stage, (), Traffic(served_at, served_at), None, action, name)


def link_lambda_routing(tree: StageTree) -> Iterator[RolloutLink]:
    """Link Lambda deployments to the routing of their aliases; a routing alone is a rollout of its own."""
    routing = [stage for stage in tree.stages if stage.type == "Aws.LambdaTrafficRoutingStage"]
    names = list(dict.fromkeys(as_text(stage.context.function_name) for stage in routing))
    free_stages = EnablingStages((as_text(stage.context.function_name), stage) for stage in routing)
    for stage in tree.stages:
        if stage.type == "Aws.LambdaDeploymentStage":
            function_name = as_text(stage.context.function_name)
            candidate_names = (function_name, None) if function_name else names
            later_stages = free_stages.take(candidate_names, partial(_may_enable, stage))
            if later_stages:
                yield RolloutLink(
                    stage, later_stages, _routed_traffic(later_stages), _routing_strategy(later_stages[-1])
                )
    for stage in filter(free_stages.is_free, routing):
        is_older = as_text(stage.context.version_name_a) in _OLDER_LAMBDAS and _routed_share(stage) >= 100
        action = "rollback" if is_older else "deploy"
        yield RolloutLink(stage, (), _routed_traffic([stage]), _routing_strategy(stage), action)


def begins_after(later: Stage, earlier: Stage) -> bool:
    """Tell whether a stage begins after another, or has not begun."""
    later_start, earlier_start = as_micros(later.start_time), as_micros(earlier.start_time)
    return later_start is None or (earlier_start is not None and later_start >= earlier_start)


def same_place(context: Context, other: Context) -> bool:
    """Tell whether two stages name the same account and place, as far as both name one."""
    accounts = {first_text(each.account, each.credentials, each.deploy_account) for each in (context, other)}
    places = {stage_place(context), stage_place(other)}
    return all(len(names - {None}) < 2 for names in (accounts, places))


def stage_place(context: Context) -> str | None:
    """Return the namespace or region that a stage names."""
    name = first_text(context.namespace_override, context.location, context.region, *as_dict(context.manifest_names))
    return name or manifests.read_content(context).namespace


def newest_versions(names: Iterable[str | None]) -> dict[str, int]:
    """Return the newest version of each workload among versioned names."""
    newest: dict[str, int] = {}
    for workload, version in filter(None, map(_split_version, names)):
        newest[workload] = max(version, newest.get(workload, 0))
    return newest


def is_older_version(name: str | None, disabled: Mapping[str, int]) -> bool:
    """Tell whether a version is older than a disabled one of the same workload."""
    if not (split := _split_version(name)):
        return False
    workload, version = split
    return version < disabled.get(workload, 0)


def _split_version(name: str | None) -> tuple[str, int] | None:
    match = manifests.VERSIONED_NAME.fullmatch(name or "")
    return (match[1], int(match[2][:18])) if match else None  # int() refuses thousands of digits


def _may_enable(deployed: Stage, enabling: Stage) -> bool:
    return begins_after(enabling, deployed) and same_place(enabling.context, deployed.context)


def _manifest_name(context: Context) -> str | None:
    return manifests.bare_name(first_text(context.resolved_name, context.manifest_name, context.cluster))


def _server_group(stage: Stage) -> str | None:
    """Return the server group that a stage names; older versions of Deck call the field ``asgName``."""
    return first_text(stage.context.server_group_name, stage.context.asg_name)


def _enabling_names(stage: Stage) -> tuple[list[str], Callable[[Stage], bool]]:
    """Return the names under which what a stage deployed may be enabled, and a test of the enabling stage.

    If the deployed version is known it must be that one, or the newest of its workload.
    """
    context = stage.context
    managed = (as_list(names) for names in as_dict(context.manifest_names).values())
    deployed = {bare for names in managed for name in names if (bare := manifests.bare_name(name))}
    requested = {manifests.read_content(context).workload, as_text(as_dict(context.moniker).get("cluster")), *deployed}
    workloads = {manifests.strip_version(bare) for name in requested if (bare := manifests.bare_name(name))}
    is_versioned = any(manifests.VERSIONED_NAME.fullmatch(name) for name in deployed)
    names = workloads | deployed if is_versioned else {f"{name} *" for name in workloads}

    def enables(enabling: Stage) -> bool:
        targets_older = as_text(enabling.context.criteria) in _OLDER_MANIFESTS
        if targets_older and _manifest_name(enabling.context) not in deployed:
            return False
        return _may_enable(stage, enabling)

    return sorted(names), enables


def _routed_traffic(routing: Sequence[Stage]) -> Traffic:
    routed = [(end, _routed_share(stage)) for stage in routing if (end := success_time(stage))]
    return Traffic(
        next((end for end, share in routed if share > 0), None),
        next((end for end, share in routed if share >= 100), None),
    )


def _routed_share(stage: Stage) -> float:
    """Return the percentage that goes to the newest version: all of it, unless the strategy is weighted."""
    context = stage.context
    if (as_text(context.deployment_strategy) or "").upper() != "$WEIGHTED":
        return 100
    version_a, version_b = as_text(context.version_name_a) or "", as_text(context.version_name_b) or ""
    is_newest_b = "$LATEST" in version_b and "$LATEST" not in version_a
    return as_number(context.traffic_percent_b if is_newest_b else context.traffic_percent_a, 0, 100) or 0


def _routing_strategy(stage: Stage) -> str:
    strategies = {"$WEIGHTED": "weights", "$BLUEGREEN": "bluegreen"}
    return strategies.get((as_text(stage.context.deployment_strategy) or "").upper(), "none")
