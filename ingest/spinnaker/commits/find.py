"""Which commit an execution carried: the places where Spinnaker keeps one, best first (facts 3c).

A place is looked for in the execution, then in the executions that started it (nearest first), before the
next place is tried. The trigger's fields decide, not its type: a manual re-run keeps those of what it repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import msgspec

from ingest.spinnaker.commits.artifacts import artifacts, compared, deployed, images, manifests, named
from ingest.spinnaker.commits.sha import Found, Level, best, branch, plain, repository, sha
from ingest.spinnaker.commits.webhooks import payload
from ingest.spinnaker.model.coerce import as_dict, as_list, as_text
from ingest.spinnaker.model.payload import Execution, ParentStage, Trigger, decode_raw
from ingest.spinnaker.model.stage_kinds import stage_kind

_BUILT = "build stage"


def find_commit(execution: Execution, keys: Collection[str] = ()) -> Found | None:
    """The commit that an execution carried; None where it says none. ``keys`` are a team's own words for one."""
    levels = list(_levels(execution, frozenset(map(plain, keys))))
    return next((found for place in _PLACES for level in levels if (found := place(level))), None)


def _levels(execution: Execution, keys: frozenset[str]) -> Iterator[Level]:
    trigger = execution.trigger or Trigger()
    told = (execution.application, trigger.slug, trigger.job)
    names = frozenset(name.rpartition("/")[2].lower() for value in told if (name := as_text(value)))
    yield Level(trigger, execution.staged(), names, keys)
    while parent := trigger.parent_execution:
        trigger = parent.trigger or Trigger()
        yield Level(trigger, [one for one in parent.stages or () if isinstance(one, ParentStage)], names, keys)


def _hash(level: Level) -> Found | None:
    trigger = level.trigger
    if not (commit := sha(trigger.hash)):
        return None
    project, slug = as_text(trigger.project), as_text(trigger.slug)
    name = f"{project}/{slug}" if project and slug else None
    return Found(commit, name, branch(trigger.branch), "trigger")


def _build(level: Level) -> Found | None:
    return _scm(level.trigger.build_info, "build", level.names)


def _scm(build_info: msgspec.Raw, origin: str, names: frozenset[str]) -> Found | None:
    revisions = [as_dict(scm) for scm in as_list(as_dict(decode_raw(build_info)).get("scm"))]
    found = [
        Found(commit, repository(one.get("remoteUrl")), branch(one.get("branch")), origin)
        for one in revisions
        if (commit := sha(one.get("sha1")))
    ]
    return best(found, names)


def _properties(level: Level) -> Found | None:
    trigger = level.trigger
    return named(trigger.properties, "properties", level) or named(trigger.parameters, "parameters", level)


def _build_stages(level: Level) -> Found | None:
    for stage in level.stages:
        context = stage.values
        found = _scm(context.build_info, _BUILT, level.names) or named(context.property_file_contents, _BUILT, level)
        told = stage_kind(stage.type) == "build" or stage.type == "evaluateVariables"
        if found := found or (named(stage.outputs, _BUILT, level) if told else None):
            return found
    return None


_PLACES: tuple[Callable[[Level], Found | None], ...] = (
    _hash,
    _build,
    _properties,
    _build_stages,
    artifacts,
    manifests,
    deployed,
    compared,
    payload,
    images,
)
