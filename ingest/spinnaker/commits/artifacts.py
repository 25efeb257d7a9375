"""The commit in what an execution deployed: its artifacts, its manifests, its container and machine images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from ingest.spinnaker.commits.search import CommitMatch, Level
from ingest.spinnaker.commits.sha import (
    branch_name,
    find_sha,
    first_sha,
    normalise_keys,
    parse_sha,
    repository_name,
    sha_in_tag,
)
from ingest.spinnaker.model.coerce import as_dict, as_list, as_number, as_text, first_text, get_nested
from ingest.spinnaker.model.payload import Stage, decode_raw
from ingest.spinnaker.model.pod_templates import find_templates, read_images
from ingest.spinnaker.model.stage_kinds import stage_kind

# Artifacts whose version is a commit, or a branch, which is passed over. Only a git/repo refers to its repository.
_SOURCE_TYPES = frozenset({"git/repo", "github/file", "gitlab/file", "bitbucket/file"})


def find_in_artifacts(level: Level) -> CommitMatch | None:
    """Return the version of a repository or file, else what a build wrote into metadata, else the tag of an image."""
    expected = as_list(decode_raw(level.trigger.resolved_expected_artifacts))
    artifacts = [as_dict(artifact) for artifact in as_list(decode_raw(level.trigger.artifacts))]
    artifacts += [as_dict(get_nested(artifact, "boundArtifact")) for artifact in expected]
    for artifact in artifacts:
        if artifact.get("type") in _SOURCE_TYPES and (sha := parse_sha(artifact.get("version"))):
            url = artifact.get("reference") if artifact.get("type") == "git/repo" else None
            return CommitMatch(sha, "artifact", repository_name(url))
    for artifact in artifacts:
        metadata = dict(normalise_keys(as_dict(artifact.get("metadata"))))
        if sha := first_sha(metadata.items(), level.is_commit_key):
            return CommitMatch(sha, "artifact", branch=branch_name(metadata.get("BRANCH")))
    tags = [artifact.get("version") for artifact in artifacts if artifact.get("type") == "docker/image"]
    return next((CommitMatch(sha, "image") for tag in (level.trigger.tag, *tags) if (sha := sha_in_tag(tag))), None)


def find_in_manifests(level: Level) -> CommitMatch | None:
    """Return a label, annotation or variable that is named like a commit, else ``app.kubernetes.io/version``."""
    for stage in _deploy_stages(level):
        for manifest in _manifests(stage):
            if sha := find_sha(_manifest_entries(manifest), level.keys):
                return CommitMatch(sha, "manifest")
    return None


def find_in_metadata(keys: frozenset[str], metadata: Iterable[dict[str, Any]]) -> str | None:
    """Return the commit that a label or annotation names; ``keys`` are normalised."""
    return find_sha(_metadata_entries(metadata), keys)


def find_in_images(level: Level) -> CommitMatch | None:
    """Return the tag of the image that a stage deploys: the one called like the application, or the only one."""
    for stage in _deploy_stages(level):
        tag_by_name = {}
        for image in read_images(chain.from_iterable(map(find_templates, _manifests(stage)))):
            name, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
            tag_by_name[name.lower()] = tag
        own_tags = [tag for name, tag in tag_by_name.items() if name in level.names or len(tag_by_name) == 1]
        shas = set(filter(None, map(sha_in_tag, own_tags)))
        if len(shas) == 1:
            return CommitMatch(shas.pop(), "image")
    return None


def find_in_image_diff(level: Level) -> CommitMatch | None:
    """Return the newest of the commits that Igor lists between the old machine image and the new (GetCommitsTask)."""
    for stage in level.stages:
        commits = [as_dict(commit) for commit in as_list(decode_raw(stage.context.commits))]
        commits = [commit for commit in commits if parse_sha(commit.get("id"))]
        if commits:
            newest = max(commits, key=lambda commit: as_number(commit.get("timestamp")) or 0)
            url = (as_text(newest.get("commitUrl")) or "").partition("/commit")[0]
            return CommitMatch(parse_sha(newest.get("id")) or "", "commits", repository_name(url))
    return None


def find_in_machine_images(level: Level) -> CommitMatch | None:
    """Return the commit in the tags or the name of the machine images that a find-image stage lists."""
    for stage in level.stages:
        for image in map(as_dict, as_list(decode_raw(stage.context.ami_details))):
            tags = dict(normalise_keys(as_dict(image.get("tags"))))
            version = first_text(tags.get("APPVERSION"), image.get("appVersion"))
            sha = first_sha(tags.items(), level.is_commit_key)
            # Frigga's appversion ends in /job/number, which name no commit.
            sha = sha or sha_in_tag((version or "").partition("/")[0]) or sha_in_tag(image.get("imageName"))
            if sha:
                return CommitMatch(sha, "machine image")
    return None


def _deploy_stages(level: Level) -> Iterator[Stage]:
    return (stage for stage in level.stages if isinstance(stage, Stage) and stage_kind(stage.type) == "deploy")


def _manifests(stage: Stage) -> list[dict[str, Any]]:
    decoded = decode_raw(stage.context.manifests) or decode_raw(stage.context.applied)
    return [manifest for manifest in as_list(decoded) if isinstance(manifest, dict)]


def _metadata_entries(metadata: Iterable[dict[str, Any]]) -> Iterator[tuple[str, object]]:
    """Yield the annotations and labels of metadata."""
    for each in metadata:
        for group in ("annotations", "labels"):
            if entries := each.get(group):
                yield from as_dict(entries).items()


def _manifest_entries(manifest: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield annotations, labels and variables."""
    template = as_dict(get_nested(manifest, "spec", "template"))
    yield from _metadata_entries([as_dict(manifest.get("metadata")), as_dict(template.get("metadata"))])
    containers = as_list(get_nested(template, "spec", "containers"))
    for variable in chain.from_iterable(as_list(get_nested(container, "env")) for container in containers):
        yield str(get_nested(variable, "name")), get_nested(variable, "value")
