"""The commit in a webhook's payload, as GitHub, GitLab, Bitbucket and Stash write what was pushed or merged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.spinnaker.commits.sha import Found, Level, branch, sha
from ingest.spinnaker.model.coerce import as_dict, as_list, first_text
from ingest.spinnaker.model.payload import decode_raw

_PLAIN = ("sha", "commit", "revision", "git_commit", "commit_sha")


def payload(level: Level) -> Found | None:
    """The head that a push names, or the commit that a request became, else the one that it asks to merge."""
    told = as_dict(decode_raw(level.trigger.payload))
    for commit, ref in (*_pushed(told), *_requested(told), *((told.get(key), told.get("branch")) for key in _PLAIN)):
        if found := sha(commit):
            return Found(found, _repository(told), branch(ref), "payload")
    return None


def _pushed(told: dict[str, Any]) -> Iterator[tuple[object, object]]:
    for head in (as_dict(told.get("head_commit")).get("id"), told.get("after"), told.get("checkout_sha")):
        yield head, told.get("ref")
    for change in map(as_dict, as_list(as_dict(told.get("push")).get("changes"))):
        new = as_dict(change.get("new"))
        yield as_dict(new.get("target")).get("hash"), new.get("name")
        for commit in as_list(change.get("commits"))[:1]:
            yield as_dict(commit).get("hash"), new.get("name")
    for change in map(as_dict, as_list(told.get("changes")) or as_list(told.get("refChanges"))):
        yield change.get("toHash"), first_text(as_dict(change.get("ref")).get("displayId"), change.get("refId"))


def _requested(told: dict[str, Any]) -> Iterator[tuple[object, object]]:
    request, base = as_dict(told.get("pull_request")), as_dict(as_dict(told.get("pull_request")).get("base"))
    if request.get("merged") is True:
        yield request.get("merge_commit_sha"), base.get("ref")
    head = as_dict(request.get("head"))
    yield head.get("sha"), head.get("ref")
    merged = as_dict(told.get("pullRequest"))
    into = as_dict(merged.get("toRef"))
    yield as_dict(as_dict(merged.get("properties")).get("mergeCommit")).get("id"), into.get("displayId")


def _repository(told: dict[str, Any]) -> str | None:
    into = as_dict(as_dict(told.get("pullRequest")).get("toRef")).get("repository")
    project = as_dict(told.get("repository")) or as_dict(into)
    key, slug = first_text(as_dict(project.get("project")).get("key")), first_text(project.get("slug"))
    named = first_text(project.get("full_name"), as_dict(told.get("project")).get("path_with_namespace"))
    return named or (f"{key}/{slug}" if key and slug else None)
