"""The commit in what an execution carried: its artifacts, its manifests, its images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ingest.spinnaker.commits.sha import Found, Level, branch, normal, repository, sha, tagged
from ingest.spinnaker.model.coerce import as_dict, as_list, as_number, as_text, first_text
from ingest.spinnaker.model.manifests import image_version
from ingest.spinnaker.model.payload import Stage, decode_raw
from ingest.spinnaker.model.stage_kinds import stage_kind

_FILES = frozenset({"git/repo", "github/file", "gitlab/file", "bitbucket/file"})
_VERSION = "VERSION"  # app.kubernetes.io/version
_STAMPED = ("deployment.kubernetes.io/", "artifact.spinnaker.io/", "moniker.spinnaker.io/")


def artifacts(level: Level) -> Found | None:
    """A version of a repository or file, what a build wrote into an artifact's metadata, an image's tag."""
    expected = map(as_dict, as_list(decode_raw(level.trigger.resolved_expected_artifacts)))
    bound = [as_dict(one.get("boundArtifact")) for one in expected]
    listed = [as_dict(artifact) for artifact in as_list(decode_raw(level.trigger.artifacts))] + bound
    for artifact in listed:
        if artifact.get("type") in _FILES and (commit := sha(artifact.get("version"))):
            named = artifact.get("reference") if artifact.get("type") == "git/repo" else None
            return Found(commit, repository(named), None, "artifact")
    for artifact in listed:
        told = dict(normal(as_dict(artifact.get("metadata"))))
        if commit := next((found for key, value in told.items() if level.means(key) and (found := sha(value))), None):
            return Found(commit, None, branch(told.get("BRANCH")), "artifact")
    images = [artifact.get("version") for artifact in listed if artifact.get("type") == "docker/image"]
    commit = next((found for tag in (level.trigger.tag, *images) if (found := tagged(tag))), None)
    return Found(commit, None, None, "image") if commit else None


def manifests(level: Level) -> Found | None:
    """A label, annotation or variable of a manifest that is named like a commit, or the version of the application."""
    for stage in level.stages:
        if isinstance(stage, Stage) and stage_kind(stage.type) == "deploy":
            for manifest in _listed(stage):
                if commit := _marked(manifest, level):
                    return Found(commit, None, None, "manifest")
    return None


def deployed(level: Level) -> Found | None:
    """The tag of the image that a deploy stage runs: the one called like the application, or the only one."""
    for stage in level.stages:
        if isinstance(stage, Stage) and stage_kind(stage.type) == "deploy":
            tags = dict(map(_tag, filter(None, (image_version(_listed(stage)) or "").split(" "))))
            mine = [tag for name, tag in tags.items() if name in level.names or len(tags) == 1]
            commits = {found for tag in mine if (found := tagged(tag))}
            if len(commits) == 1:
                return Found(commits.pop(), None, None, "image")
    return None


def _tag(image: str) -> tuple[str, str]:
    """The last part of an image's name, and its tag; a digest is none."""
    name, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    return name.lower(), "" if "@" in image else tag


def _listed(stage: Stage) -> list[dict[str, Any]]:
    found = decode_raw(stage.values.manifests) or decode_raw(stage.values.deployed)
    return [one for one in as_list(found) if isinstance(one, dict)]


def _marked(manifest: dict[str, Any], level: Level) -> str | None:
    marks = list(_marks(manifest))
    named = (found for key, value in marks if level.means(key) and (found := sha(value)))
    own = (found for key, value in marks if key in level.keys and (found := tagged(value)))
    versions = (found for key, value in marks if key == _VERSION and (found := tagged(value)))
    return next(named, None) or next(own, None) or next(versions, None)


def _marks(manifest: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    template = as_dict(as_dict(manifest.get("spec")).get("template"))
    for metadata in (as_dict(manifest.get("metadata")), as_dict(template.get("metadata"))):
        for group in ("annotations", "labels"):
            marks = as_dict(metadata.get(group))
            yield from normal({key: value for key, value in marks.items() if not key.startswith(_STAMPED)})
    for container in as_list(as_dict(template.get("spec")).get("containers")):
        for one in as_list(as_dict(container).get("env")):
            variable = as_dict(one)
            yield from normal({str(variable.get("name")): variable.get("value")})


def compared(level: Level) -> Found | None:
    """The newest of the commits that Igor finds between an old machine image and the new one."""
    for stage in level.stages:
        listed = [as_dict(one) for one in as_list(decode_raw(stage.values.commits)) if sha(as_dict(one).get("id"))]
        if listed:
            newest = max(listed, key=lambda one: as_number(one.get("timestamp")) or 0)
            url = (as_text(newest.get("commitUrl")) or "").partition("/commit")[0]
            return Found(sha(newest.get("id")) or "", repository(url), None, "commits")
    return None


def images(level: Level) -> Found | None:
    """The commit in the name or tags of the machine images that a find-image stage found."""
    for stage in level.stages:
        for one in as_list(decode_raw(stage.values.ami_details)):
            image = as_dict(one)
            told = dict(normal(as_dict(image.get("tags"))))
            named = (found for key, value in told.items() if level.means(key) and (found := sha(value)))
            version = first_text(told.get("APPVERSION"), image.get("appVersion"))
            commit = next(named, None) or tagged((version or "").partition("/")[0]) or tagged(image.get("imageName"))
            if commit:
                return Found(commit, None, None, "machine image")
    return None


def named(raw: msgspec.Raw, origin: str, level: Level) -> Found | None:
    """The commit among properties, parameters or outputs, by how the keys are called."""
    told = dict(normal(as_dict(decode_raw(raw))))
    commit = next((found for key, value in told.items() if level.means(key) and (found := tagged(value))), None)
    if not commit:
        return None
    url = first_text(*(told.get(f"{a}{b}") for a in ("GIT", "REPO", "REPOSITORY") for b in ("URL", "REPOSITORY")))
    ref = first_text(told.get("GITBRANCH"), told.get("BRANCH"), told.get("BRANCHNAME"), told.get("SOURCEBRANCH"))
    return Found(commit, repository(url or told.get("REPOSITORY")), branch(ref), origin)
