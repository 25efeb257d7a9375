"""The commit in the payload of a webhook: for each Git host the paths at which it writes what was pushed or merged."""

from __future__ import annotations

from ingest.spinnaker.commits.search import CommitMatch, CommitPath, Level
from ingest.spinnaker.model.coerce import as_dict, first_text, get_nested
from ingest.spinnaker.model.payload import decode_raw

# Gitea, Forgejo and Gogs write the shape of GitHub. A merged request comes before its head: the merge is what ships.
GITHUB = (
    CommitPath("head_commit.id", ref="ref"),
    CommitPath("after", ref="ref"),
    CommitPath("pull_request.merge_commit_sha", ref="pull_request.base.ref", when="pull_request.merged"),
    CommitPath("pull_request.head.sha", ref="pull_request.head.ref"),
)
GITLAB = (CommitPath("checkout_sha", ref="ref"),)
# `new` is null where a branch was deleted; `commits` begins with the newest.
BITBUCKET_CLOUD = (
    CommitPath("new.target.hash", ref="new.name", each="push.changes"),
    CommitPath("commits.0.hash", ref="new.name", each="push.changes"),
)
BITBUCKET_SERVER = (
    CommitPath("toHash", ref="ref.displayId", fallback_ref="refId", each="changes"),
    CommitPath("pullRequest.properties.mergeCommit.id", ref="pullRequest.toRef.displayId"),
)
# The older post hooks of Bitbucket Server, which was called Stash before version 4.
STASH = (CommitPath("toHash", ref="ref.displayId", fallback_ref="refId", each="refChanges"),)
# What teams send from scripts of their own.
SCRIPTS = tuple(CommitPath(key, ref="branch") for key in ("sha", "commit", "revision", "git_commit", "commit_sha"))

PATHS = (*GITHUB, *GITLAB, *BITBUCKET_CLOUD, *BITBUCKET_SERVER, *STASH, *SCRIPTS)


def find_in_payload(level: Level) -> CommitMatch | None:
    """Return the head of a push, or the merge of a request, else the head that it asks to merge."""
    payload = as_dict(decode_raw(level.trigger.payload))
    match = next((match for path in PATHS for match in path.read(payload, "payload")), None)
    if not match:
        return None
    nested = get_nested(payload, "pullRequest", "toRef", "repository")
    repository = as_dict(payload.get("repository")) or as_dict(nested)
    # GitHub and Bitbucket Cloud, then GitLab; Bitbucket Server and Stash have only the parts.
    full_name = first_text(repository.get("full_name"), get_nested(payload, "project", "path_with_namespace"))
    project, slug = first_text(get_nested(repository, "project", "key")), first_text(repository.get("slug"))
    return match._replace(repository=full_name or (f"{project}/{slug}" if project and slug else None))
