"""What a Kubernetes stage deployed: images, workload, namespace, and a fingerprint of everything around the images.

Names and the fingerprint come from the manifests as asked for (``context.manifests``), which a re-run repeats;
images from those that the cluster gave back (``outputs.manifests``), where artifacts are bound to tags and digests.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypedDict, cast

import msgspec

from ingest.spinnaker.model.coerce import as_dict, as_list, as_text, first_text
from ingest.spinnaker.model.payload import NULL, Context, decode_raw

_WORKLOADS = frozenset({"deployment", "replicaset", "statefulset", "daemonset"})
_STAMPED = frozenset({"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"})
_STAMPED_KEYS = (
    "artifact.spinnaker.io/",
    "moniker.spinnaker.io/",
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/",
)
_REVISION = "deployment.kubernetes.io/revision"
VERSIONED_NAME = re.compile(r"(.+)-v(\d{3,})")


class _Metadata(TypedDict, total=False):
    name: Any
    namespace: Any
    annotations: Any


class _Manifest(TypedDict, total=False):
    kind: Any
    metadata: _Metadata
    spec: Any


_BRIEF = msgspec.json.Decoder(list[_Manifest])  # a dozen times faster than to decode status and managed fields too


class DeployedContent(NamedTuple):
    """The content of one Kubernetes rollout; None for each part that it does not say."""

    version: str | None = None
    fingerprint: str | None = None
    workload: str | None = None
    namespace: str | None = None
    revision: str | None = None


def read_content(context: Context) -> DeployedContent:
    """The content that a stage's context describes."""
    asked = manifest_list(context.manifests) or manifest_list(context.patch_body)
    deployed = _brief(context.deployed) if asked else manifest_list(context.deployed)
    if not asked and not deployed:
        return DeployedContent()
    return DeployedContent(
        version=image_version(deployed) or image_version(asked),
        workload=_name(_main(asked or deployed)),
        namespace=first_text(*(_metadata(manifest).get("namespace") for manifest in asked + deployed)),
        revision=_revision(_main(deployed)),
        fingerprint=_fingerprint(asked or deployed),
    )


def strip_version(name: str) -> str:
    """A workload's name without the version that Spinnaker appends to a ReplicaSet's."""
    found = VERSIONED_NAME.fullmatch(name)
    return found[1] if found else name


def _name(manifest: dict[str, Any]) -> str | None:
    found = first_text(_metadata(manifest).get("name"))
    return strip_version(found) if found and str(manifest.get("kind")).lower() == "replicaset" else found


def _revision(manifest: dict[str, Any]) -> str | None:
    """A ReplicaSet's own versioned name, else the revision of a Deployment."""
    name = first_text(_metadata(manifest).get("name")) if str(manifest.get("kind")).lower() == "replicaset" else None
    versioned = name if name and VERSIONED_NAME.fullmatch(name) else None
    return versioned or first_text(as_dict(_metadata(manifest).get("annotations")).get(_REVISION))


def bare_name(name: object) -> str | None:
    """The name in ``deployment name``, as Spinnaker writes what it manages."""
    found = as_text(name)
    return found.split(" ")[-1] if found else None


def manifest_list(raw: msgspec.Raw) -> list[dict[str, Any]]:
    """One manifest or a list of them; empty where neither is there."""
    found = decode_raw(raw)
    manifests = found if isinstance(found, list) else [found]
    return [manifest for manifest in manifests if isinstance(manifest, dict) and manifest]


def _brief(raw: msgspec.Raw) -> list[dict[str, Any]]:
    """As ``_listed``, but of each manifest only what is read where it is not the one that was asked for."""
    if raw is NULL:
        return []
    try:
        return cast(list[dict[str, Any]], _BRIEF.decode(raw))
    except msgspec.ValidationError:
        return manifest_list(raw)


def _metadata(manifest: dict[str, Any]) -> dict[str, Any]:
    return as_dict(manifest.get("metadata"))


def _main(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    workloads = (manifest for manifest in manifests if str(manifest.get("kind")).lower() in _WORKLOADS)
    return next(workloads, manifests[0] if manifests else {})


def image_version(manifests: list[dict[str, Any]]) -> str | None:
    """The images of manifests, sorted, by digest where there is one."""
    return (
        " ".join(sorted({image for manifest in manifests if "spec" in manifest for image in _images(manifest)})) or None
    )


def _images(manifest: dict[str, Any]) -> Iterator[str]:
    for template in _templates(manifest):
        for container in _containers(template):
            if image := first_text(container.get("image")):
                yield _by_digest(image)


def _templates(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The manifest and what it makes copies of: a pod template, a job template and its pod template."""
    spec = manifest.get("spec")
    if not spec or not isinstance(spec, dict):
        return [manifest]
    job = as_dict(spec.get("jobTemplate"))
    inner = (as_dict(spec.get("template")), job, as_dict(as_dict(job.get("spec")).get("template")))
    return [manifest, *(template for template in inner if template)]


def _containers(template: dict[str, Any]) -> list[dict[str, Any]]:
    pod = as_dict(template.get("spec"))
    listed = [*as_list(pod.get("initContainers")), *as_list(pod.get("containers"))]
    return [container for container in listed if isinstance(container, dict)]


def _by_digest(image: str) -> str:
    name, _, digest = image.partition("@")
    if not digest:
        return image
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}@{digest}"


def _fingerprint(manifests: list[dict[str, Any]]) -> str:
    """Digest of the manifests, which lose their images and stamps here: read everything else before."""
    for manifest in manifests:
        _strip(manifest)
    parts = sorted(msgspec.json.encode(manifest, order="deterministic") for manifest in manifests)
    return hashlib.sha256(b"\n".join(parts)).hexdigest()[:16]


def _strip(manifest: dict[str, Any]) -> None:
    manifest.pop("status", None)
    for template in _templates(manifest):
        for container in _containers(template):
            container.pop("image", None)
        metadata = _metadata(template)
        for name in _STAMPED & metadata.keys():
            del metadata[name]
        for name in ("annotations", "labels"):
            kept = {
                key: value
                for key, value in as_dict(metadata.pop(name, None)).items()
                if not key.startswith(_STAMPED_KEYS)
            }
            if kept:
                metadata[name] = kept
