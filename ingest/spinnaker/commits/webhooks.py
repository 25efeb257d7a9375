"""The commit in a webhook's payload, as GitHub, GitLab, Bitbucket and Stash write what was pushed or merged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.spinnaker.commits.sha import Found, Level, branch, sha
from ingest.spinnaker.model.coerce import first, items, mapping
from ingest.spinnaker.model.payload import loose

_PLAIN = ("sha", "commit", "revision", "git_commit", "commit_sha")


def payload(level: Level) -> Found | None:
    """The head that a push names, or the commit that a request became, else the one that it asks to merge."""
    told = mapping(loose(level.trigger.payload))
    for commit, ref in (*_pushed(told), *_requested(told), *((told.get(key), told.get("branch")) for key in _PLAIN)):
        if found := sha(commit):
            return Found(found, _repository(told), branch(ref), "payload")
    return None


def _pushed(told: dict[str, Any]) -> Iterator[tuple[object, object]]:
    for head in (mapping(told.get("head_commit")).get("id"), told.get("after"), told.get("checkout_sha")):
        yield head, told.get("ref")
    for change in map(mapping, items(mapping(told.get("push")).get("changes"))):
        new = mapping(change.get("new"))
        yield mapping(new.get("target")).get("hash"), new.get("name")
        for commit in items(change.get("commits"))[:1]:
            yield mapping(commit).get("hash"), new.get("name")
    for change in map(mapping, items(told.get("changes")) or items(told.get("refChanges"))):
        yield change.get("toHash"), first(mapping(change.get("ref")).get("displayId"), change.get("refId"))


def _requested(told: dict[str, Any]) -> Iterator[tuple[object, object]]:
    request, base = mapping(told.get("pull_request")), mapping(mapping(told.get("pull_request")).get("base"))
    if request.get("merged") is True:
        yield request.get("merge_commit_sha"), base.get("ref")
    head = mapping(request.get("head"))
    yield head.get("sha"), head.get("ref")
    merged = mapping(told.get("pullRequest"))
    into = mapping(merged.get("toRef"))
    yield mapping(mapping(merged.get("properties")).get("mergeCommit")).get("id"), into.get("displayId")


def _repository(told: dict[str, Any]) -> str | None:
    into = mapping(mapping(told.get("pullRequest")).get("toRef")).get("repository")
    project = mapping(told.get("repository")) or mapping(into)
    key, slug = first(mapping(project.get("project")).get("key")), first(project.get("slug"))
    named = first(project.get("full_name"), mapping(told.get("project")).get("path_with_namespace"))
    return named or (f"{key}/{slug}" if key and slug else None)
