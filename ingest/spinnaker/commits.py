"""Which commit an execution carried: the places where Spinnaker keeps one, best first.

A place is looked for in the execution, then in the executions that started it (nearest first), before the
next place is tried. The trigger's fields decide, not its type: a manual re-run keeps those of what it repeats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from ingest.spinnaker.payload import NULL, Execution, ParentStage, Stage, Trigger, loose
from ingest.spinnaker.values import first, items, mapping, text

_SHA = re.compile(r"[0-9a-fA-F]{7,40}")
_DATE = re.compile(r"(19|20)\d\d[01]\d[0-3]\d\d*")
_SHA_KEY = re.compile(r"(CI|GIT|GITHUB|SCM|SOURCE)?(COMMIT|SHA|REVISION)(SHA|ID|HASH)?|GITHASH")
_BRANCH_KEY = re.compile(r"(GIT|SOURCE)?BRANCH(NAME)?")
_REPOSITORY_KEY = re.compile(r"(GIT|REPO|REPOSITORY)(URL|REPOSITORY)|REPOSITORY")


class Found(NamedTuple):
    """A commit with what is known of it; ``origin`` says where it was found."""

    commit: str
    repository: str | None
    branch: str | None
    origin: str


class Level(NamedTuple):
    """An execution, or one that started it."""

    trigger: Trigger
    stages: Sequence[Stage | ParentStage]


def find(execution: Execution) -> Found | None:
    """The commit that an execution carried; None where it says none."""
    levels = list(_levels(execution))
    return next((found for place in _PLACES for level in levels if (found := place(level))), None)


def repository(url: object) -> str | None:
    """``owner/name`` of a clone address; None where it has no two parts."""
    parts = [part for part in re.split(r"[/:]", (text(url) or "").removesuffix("/").removesuffix(".git")) if part]
    return "/".join(parts[-2:]) if len(parts) >= 2 else None


def _levels(execution: Execution) -> Iterator[Level]:
    trigger, stages = execution.trigger, execution.staged()
    if trigger is None:
        yield Level(Trigger(), stages)
        return
    yield Level(trigger, stages)
    while trigger and (parent := trigger.parent_execution):
        trigger = parent.trigger
        yield Level(trigger or Trigger(), [s for s in parent.stages or () if isinstance(s, ParentStage)])


def _sha(value: object) -> str | None:
    found = text(value)
    return found.lower() if found and _SHA.fullmatch(found) else None


def _tagged(value: object) -> str | None:
    found = _sha(value)
    return None if found is None or _DATE.fullmatch(found) else found


def _hash(level: Level) -> Found | None:
    trigger = level.trigger
    if not (commit := _sha(trigger.hash)):
        return None
    project, slug = text(trigger.project), text(trigger.slug)
    name = f"{project}/{slug}" if project and slug else None
    return Found(commit, name, text(trigger.branch), "trigger")


def _build(level: Level) -> Found | None:
    return _scm(level.trigger.build_info, "build")


def _scm(build_info: msgspec.Raw, origin: str) -> Found | None:
    for scm in items(mapping(loose(build_info)).get("scm")):
        revision = mapping(scm)
        if commit := _sha(revision.get("sha1")):
            return Found(commit, repository(revision.get("remoteUrl")), first(revision.get("branch")), origin)
    return None


def _properties(level: Level) -> Found | None:
    trigger = level.trigger
    return _named(trigger.properties, "properties") or _named(trigger.parameters, "parameters")


def _named(raw: msgspec.Raw, origin: str) -> Found | None:
    if raw is NULL:
        return None
    named = {re.sub(r"[^A-Z0-9]", "", key.upper()): value for key, value in mapping(loose(raw)).items()}
    commit = next((sha for key, value in named.items() if _SHA_KEY.fullmatch(key) and (sha := _tagged(value))), None)
    if not commit:
        return None
    return Found(commit, repository(_by_key(named, _REPOSITORY_KEY)), first(_by_key(named, _BRANCH_KEY)), origin)


def _by_key(named: dict[str, Any], pattern: re.Pattern[str]) -> object:
    return next((value for key, value in named.items() if pattern.fullmatch(key)), None)


def _build_stages(level: Level) -> Found | None:
    for stage in level.stages:
        context = stage.values
        found = _scm(context.build_info, "build stage") or _named(context.property_file_contents, "build stage")
        if found:
            return found
    return None


def _artifacts(level: Level) -> Found | None:
    listed = [mapping(artifact) for artifact in items(loose(level.trigger.artifacts))]
    for artifact in listed:
        if artifact.get("type") == "git/repo" and (commit := _sha(artifact.get("version"))):
            return Found(commit, repository(artifact.get("reference")), None, "artifact")
    images = [artifact.get("version") for artifact in listed if artifact.get("type") == "docker/image"]
    commit = next((sha for tag in (level.trigger.tag, *images) if (sha := _tagged(tag))), None)
    return Found(commit, None, None, "image") if commit else None


def _payload(level: Level) -> Found | None:
    payload = mapping(loose(level.trigger.payload))
    head = mapping(payload.get("head_commit"))
    commit = _sha(head.get("id")) or _sha(payload.get("after"))
    if not commit:
        return None
    branch = (text(payload.get("ref")) or "").removeprefix("refs/heads/") or None
    return Found(commit, first(mapping(payload.get("repository")).get("full_name")), branch, "payload")


_PLACES: tuple[Callable[[Level], Found | None], ...] = (
    _hash,
    _build,
    _properties,
    _build_stages,
    _artifacts,
    _payload,
)
