"""What a Kubernetes stage deployed: images, workload, namespace, and a fingerprint of everything around the images.

Names and the fingerprint come from the requested manifests (``context.manifests``), which a re-run repeats. Images come
from the deployed ones (``outputs.manifests``), in which Clouddriver has bound artifacts to tags and digests.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple, TypedDict, cast

import msgspec

from ingest.spinnaker.model.coerce import as_dict, as_list, as_text, first_text, get_nested
from ingest.spinnaker.model.payload import NULL, Context, decode_raw

_WORKLOADS = frozenset({"deployment", "replicaset", "statefulset", "daemonset"})
# What the API server, Clouddriver's KubernetesManifestAnnotater and kubectl write on every apply: a manifest that
# is applied again without a change differs in these alone.
_STAMPED_FIELDS = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")
_STAMPED_KEYS = (
    "artifact.spinnaker.io/",
    "moniker.spinnaker.io/",
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/",
)
# Spinnaker appends a sequence to the name of what it versions: shop-v003.
VERSIONED_NAME = re.compile(r"(.+)-v(\d{3,})")


class _Metadata(TypedDict, total=False):
    name: Any
    namespace: Any
    annotations: Any


class _Manifest(TypedDict, total=False):
    kind: Any
    metadata: _Metadata
    spec: Any


# A dozen times faster than to decode the status and the managed fields of a deployed manifest too.
_MANIFESTS = msgspec.json.Decoder(list[_Manifest])


class DeployedContent(NamedTuple):
    """The content of one Kubernetes rollout; a part that the stage does not name is None."""

    version: str | None = None
    fingerprint: str | None = None
    workload: str | None = None
    namespace: str | None = None
    revision: str | None = None


def read_content(context: Context) -> DeployedContent:
    """Return the content that the context of a stage describes."""
    requested = manifest_list(context.manifests) or manifest_list(context.patch_body)
    deployed = _deployed_manifests(context.deployed) if requested else manifest_list(context.deployed)
    if not requested and not deployed:
        return DeployedContent()
    workload = _main_workload(requested or deployed)
    name = first_text(_metadata(workload).get("name"))
    return DeployedContent(
        version=image_version(deployed) or image_version(requested),
        workload=strip_version(name) if name and _is_replica_set(workload) else name,
        namespace=first_text(*(_metadata(manifest).get("namespace") for manifest in requested + deployed)),
        revision=_revision(_main_workload(deployed)),
        # Last, because it strips the manifests.
        fingerprint=_strip_and_digest(requested or deployed),
    )


def strip_version(name: str) -> str:
    """Return the name of a workload without the version that Spinnaker appends to a ReplicaSet's."""
    versioned = VERSIONED_NAME.fullmatch(name)
    return versioned[1] if versioned else name


def bare_name(name: object) -> str | None:
    """Return the name in ``deployment shop``, as Spinnaker writes a manifest's kind and name."""
    text = as_text(name)
    return text.split(" ")[-1] if text else None


def manifest_list(raw: msgspec.Raw) -> list[dict[str, Any]]:
    """Decode one manifest or a list of them; an empty list for anything else."""
    decoded = decode_raw(raw)
    manifests = decoded if isinstance(decoded, list) else [decoded]
    return [manifest for manifest in manifests if isinstance(manifest, dict) and manifest]


def image_version(manifests: list[dict[str, Any]]) -> str | None:
    """Return the images of manifests, sorted, by digest if they have one."""
    images = {image for manifest in manifests if "spec" in manifest for image in _images(manifest)}
    return " ".join(sorted(images)) or None


def _deployed_manifests(raw: msgspec.Raw) -> list[dict[str, Any]]:
    """Decode, as ``manifest_list``, but only the fields that are read of a deployed manifest."""
    if raw is NULL:
        return []
    try:
        return cast(list[dict[str, Any]], _MANIFESTS.decode(raw))
    except msgspec.ValidationError:
        return manifest_list(raw)


def _is_replica_set(manifest: dict[str, Any]) -> bool:
    return str(manifest.get("kind")).lower() == "replicaset"


def _metadata(manifest: dict[str, Any]) -> dict[str, Any]:
    return as_dict(manifest.get("metadata"))


def _main_workload(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    workloads = (manifest for manifest in manifests if str(manifest.get("kind")).lower() in _WORKLOADS)
    return next(workloads, manifests[0] if manifests else {})


def _revision(manifest: dict[str, Any]) -> str | None:
    """Return the versioned name of a ReplicaSet, else the revision that Kubernetes gave a Deployment."""
    name = first_text(_metadata(manifest).get("name"))
    if name and _is_replica_set(manifest) and VERSIONED_NAME.fullmatch(name):
        return name
    return first_text(as_dict(_metadata(manifest).get("annotations")).get("deployment.kubernetes.io/revision"))


def _images(manifest: dict[str, Any]) -> Iterator[str]:
    for template in _templates(manifest):
        for container in _containers(template):
            if image := first_text(container.get("image")):
                name, _, digest = image.partition("@")
                folder, slash, last = name.rpartition("/")
                # A tag beside a digest is dropped: it can be moved to another image.
                yield f"{folder}{slash}{last.partition(':')[0]}@{digest}" if digest else image


def _templates(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the manifest and what it makes copies of: a pod template, a job template and its pod template."""
    spec = manifest.get("spec")
    if not spec or not isinstance(spec, dict):
        return [manifest]
    job = as_dict(spec.get("jobTemplate"))
    inner = (as_dict(spec.get("template")), job, as_dict(get_nested(job, "spec", "template")))
    return [manifest, *(template for template in inner if template)]


def _containers(template: dict[str, Any]) -> list[dict[str, Any]]:
    pod = as_dict(template.get("spec"))
    containers = [*as_list(pod.get("initContainers")), *as_list(pod.get("containers"))]
    return [container for container in containers if isinstance(container, dict)]


def _strip_and_digest(manifests: list[dict[str, Any]]) -> str:
    """Strip images and stamps from the manifests, in place, and return a digest of the rest."""
    for manifest in manifests:
        manifest.pop("status", None)
    for template in chain.from_iterable(map(_templates, manifests)):
        for container in _containers(template):
            container.pop("image", None)
        metadata = _metadata(template)
        for name in _STAMPED_FIELDS:
            metadata.pop(name, None)
        for name in ("annotations", "labels"):
            entries = as_dict(metadata.pop(name, None))
            if retained := {key: value for key, value in entries.items() if not key.startswith(_STAMPED_KEYS)}:
                metadata[name] = retained
    parts = sorted(msgspec.json.encode(manifest, order="deterministic") for manifest in manifests)
    return hashlib.sha256(b"\n".join(parts)).hexdigest()[:16]
