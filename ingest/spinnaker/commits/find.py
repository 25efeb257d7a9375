"""Which commit an execution shipped: the places where Spinnaker keeps one, best first.

A place is looked for in the execution, then in the executions that started it (nearest first), before the next place is
tried. The fields of a trigger decide, not its type: a manual re-run keeps the fields of what it repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import msgspec

from ingest.spinnaker.commits import artifacts
from ingest.spinnaker.commits.search import CommitMatch, CommitPath, Level, prefer_own
from ingest.spinnaker.commits.sha import (
    branch_name,
    first_sha,
    normalise_key,
    normalise_keys,
    parse_sha,
    repository_name,
    sha_in_tag,
)
from ingest.spinnaker.commits.webhooks import find_in_payload
from ingest.spinnaker.model.coerce import as_dict, as_text, first_text
from ingest.spinnaker.model.payload import Execution, ParentStage, Trigger, decode_raw
from ingest.spinnaker.model.stage_kinds import stage_kind

# Igor's GenericBuild, the same for every build service; a build may check out several repositories.
_BUILD = CommitPath("sha1", ref="branch", repository="remoteUrl", each="scm")
# Normalised keys of properties, parameters and outputs that name a commit, beside those of COMMIT_KEY.
_REPOSITORY_KEYS = ("GITURL", "GITREPOSITORY", "REPOURL", "REPOREPOSITORY",
                    "REPOSITORYURL", "REPOSITORYREPOSITORY", "REPOSITORY")  # fmt: skip
_BRANCH_KEYS = ("GITBRANCH", "BRANCH", "BRANCHNAME", "SOURCEBRANCH")


def find_commit(execution: Execution, keys: Collection[str] = ()) -> CommitMatch | None:
    """Return the commit that an execution shipped; ``keys`` are the names under which a team writes its commit."""
    levels = list(_levels(execution, frozenset(map(normalise_key, keys))))
    return next((match for place in _PLACES for level in levels if (match := place(level))), None)


def _levels(execution: Execution, keys: frozenset[str]) -> Iterator[Level]:
    trigger = execution.trigger or Trigger()
    candidates = filter(None, map(as_text, (execution.application, trigger.slug, trigger.job)))
    names = frozenset(name.rpartition("/")[2].lower() for name in candidates)
    yield Level(trigger, execution.stages, names, keys)
    while parent := trigger.parent_execution:
        trigger = parent.trigger or Trigger()
        yield Level(trigger, [stage for stage in parent.stages or () if isinstance(stage, ParentStage)], names, keys)


def _find_in_trigger(level: Level) -> CommitMatch | None:
    trigger = level.trigger
    if not (sha := parse_sha(trigger.hash)):
        return None
    project, slug = as_text(trigger.project), as_text(trigger.slug)
    repository = f"{project}/{slug}" if project and slug else None
    return CommitMatch(sha, "trigger", repository, branch_name(trigger.branch))


def _find_in_properties(level: Level) -> CommitMatch | None:
    properties = _find_in_entries(level.trigger.properties, "properties", level)
    return properties or _find_in_entries(level.trigger.parameters, "parameters", level)


def _find_in_build_stages(level: Level) -> CommitMatch | None:
    for stage in level.stages:
        context, origin = stage.context, "build stage"
        match = _find_in_build_info(context.build_info, origin, level)
        match = match or _find_in_entries(context.property_file_contents, origin, level)
        # A `revision` among the outputs of any other stage need not be a commit.
        if not match and (stage_kind(stage.type) == "build" or stage.type == "evaluateVariables"):
            match = _find_in_entries(stage.outputs, origin, level)
        if match:
            return match
    return None


def _find_in_build_info(build_info: msgspec.Raw, origin: str, level: Level) -> CommitMatch | None:
    return prefer_own(_BUILD.read(as_dict(decode_raw(build_info)), origin), level.names)


def _find_in_entries(raw: msgspec.Raw, origin: str, level: Level) -> CommitMatch | None:
    """Return the commit among properties, parameters or outputs, by the names of the keys."""
    entries = dict(normalise_keys(as_dict(decode_raw(raw))))
    sha = first_sha(entries.items(), level.is_commit_key, sha_in_tag)
    if not sha:
        return None
    url = first_text(*map(entries.get, _REPOSITORY_KEYS))
    return CommitMatch(sha, origin, repository_name(url), branch_name(first_text(*map(entries.get, _BRANCH_KEYS))))


_PLACES: tuple[Callable[[Level], CommitMatch | None], ...] = (
    _find_in_trigger,
    lambda level: _find_in_build_info(level.trigger.build_info, "build", level),
    _find_in_properties,
    _find_in_build_stages,
    artifacts.find_in_artifacts,
    artifacts.find_in_manifests,
    artifacts.find_in_images,
    artifacts.find_in_image_diff,
    find_in_payload,
    artifacts.find_in_machine_images,
)
