"""What a Kubernetes stage deployed: images, workload, namespace, and a fingerprint of everything around the images.

Names and the fingerprint come from the manifests as asked for (``context.manifests``), which a re-run repeats;
images from those that the cluster gave back (``outputs.manifests``), where artifacts are bound to tags and digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from ingest.spinnaker.payload import Context, loose
from ingest.spinnaker.values import first, items, mapping, text

_WORKLOADS = frozenset({"deployment", "replicaset", "statefulset", "daemonset"})
_STAMPED = frozenset({"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"})
_STAMPED_KEYS = (
    "artifact.spinnaker.io/",
    "moniker.spinnaker.io/",
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/",
)
_REVISION = "deployment.kubernetes.io/revision"


class Content(NamedTuple):
    """The content of one Kubernetes rollout; None for each part that it does not say."""

    version: str | None = None
    fingerprint: str | None = None
    workload: str | None = None
    namespace: str | None = None
    revision: str | None = None


def read(context: Context) -> Content:
    """The content that a stage's context describes."""
    asked = _listed(context.manifests) or _listed(context.patch_body)
    deployed = _listed(context.deployed)
    if not asked and not deployed:
        return Content()
    return Content(
        version=_version(deployed) or _version(asked),
        workload=first(_metadata(_main(asked or deployed)).get("name")),
        namespace=first(*(_metadata(manifest).get("namespace") for manifest in asked + deployed)),
        revision=first(mapping(_metadata(_main(deployed)).get("annotations")).get(_REVISION)),
        fingerprint=_fingerprint(asked or deployed),
    )


def bare(name: object) -> str | None:
    """The name in ``deployment name``, as Spinnaker writes what it manages."""
    found = text(name)
    return found.split(" ")[-1] if found else None


def _listed(raw: msgspec.Raw) -> list[dict[str, Any]]:
    found = loose(raw)
    manifests = found if isinstance(found, list) else [found]
    return [manifest for manifest in manifests if isinstance(manifest, dict) and manifest]


def _metadata(manifest: dict[str, Any]) -> dict[str, Any]:
    return mapping(manifest.get("metadata"))


def _main(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    workloads = (manifest for manifest in manifests if str(manifest.get("kind")).lower() in _WORKLOADS)
    return next(workloads, manifests[0] if manifests else {})


def _version(manifests: list[dict[str, Any]]) -> str | None:
    return " ".join(sorted({image for manifest in manifests for image in _images(manifest)})) or None


def _images(manifest: dict[str, Any]) -> Iterator[str]:
    for container in _containers(manifest):
        if image := first(container.get("image")):
            yield _by_digest(image)


def _templates(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The manifest and what it makes copies of: a pod template, a job template and its pod template."""
    spec = mapping(manifest.get("spec"))
    job = mapping(spec.get("jobTemplate"))
    inner = (mapping(spec.get("template")), job, mapping(mapping(job.get("spec")).get("template")))
    return [manifest, *(template for template in inner if template)]


def _containers(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for template in _templates(manifest):
        pod = mapping(template.get("spec"))
        for group in ("initContainers", "containers"):
            yield from (container for container in items(pod.get(group)) if isinstance(container, dict))


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
    for container in _containers(manifest):
        container.pop("image", None)
    for template in _templates(manifest):
        metadata = _metadata(template)
        for name in _STAMPED & metadata.keys():
            del metadata[name]
        for name in ("annotations", "labels"):
            kept = {key: value for key, value in mapping(metadata.pop(name, None)).items() if not _stamped(key)}
            if kept:
                metadata[name] = kept


def _stamped(key: str) -> bool:
    return key.startswith(_STAMPED_KEYS)
