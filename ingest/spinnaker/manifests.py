"""What a Kubernetes stage deployed: images, workload, namespace, and a fingerprint of everything around the images.

Names and the fingerprint come from the manifests as asked for (``context.manifests``), which a re-run repeats;
images from those that the cluster gave back (``outputs.manifests``), where artifacts are bound to tags and digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from ingest.spinnaker.payload import Context, first, items, loose, mapping, text

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
    main = _main(asked or deployed)
    return Content(
        version=_version(deployed) or _version(asked),
        fingerprint=_fingerprint(asked or deployed),
        workload=first(_metadata(main).get("name")),
        namespace=first(*(_metadata(manifest).get("namespace") for manifest in asked + deployed)),
        revision=first(mapping(_metadata(_main(deployed)).get("annotations")).get(_REVISION)),
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
    for container in _containers(mapping(manifest.get("spec"))):
        if image := first(container.get("image")):
            yield _by_digest(image)


def _containers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    job = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    pods = (spec, *(mapping(mapping(owner.get("template")).get("spec")) for owner in (spec, job)))
    for pod in pods:
        for group in ("initContainers", "containers"):
            yield from (mapping(container) for container in items(pod.get(group)))


def _by_digest(image: str) -> str:
    name, _, digest = image.partition("@")
    if not digest:
        return image
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}@{digest}"


def _fingerprint(manifests: list[dict[str, Any]]) -> str:
    parts = sorted(msgspec.json.encode(_essence(manifest), order="sorted") for manifest in manifests)
    return hashlib.sha256(b"\n".join(parts)).hexdigest()[:16]


def _essence(manifest: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain(value, key) for key, value in manifest.items() if key != "status"}


def _plain(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part, name) for name, part in value.items() if not _stamp(key, name, part)}
    if isinstance(value, list):
        return [_plain(part, key) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _stamp(owner: str, name: str, value: object) -> bool:
    if owner in ("annotations", "labels"):
        return name.startswith(_STAMPED_KEYS)
    if owner == "metadata":
        return name in _STAMPED or (name in ("annotations", "labels") and not value)
    return owner in ("containers", "initContainers") and name == "image"
