"""The manifests of a Kubernetes stage, each as a workload with its content or as configuration.

Names, templates and fingerprints come from the requested manifests (``context.manifests``), which a re-run repeats.
Images come from the applied ones (``outputs.manifests``), in which Clouddriver has bound artifacts to tags and digests.
"""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import Any, NamedTuple, TypedDict, cast

import msgspec

from ingest.spinnaker.model.coerce import as_dict, as_list, as_text, first_text
from ingest.spinnaker.model.kinds import VERSIONED_KINDS, WORKLOADS, unversioned
from ingest.spinnaker.model.payload import NULL, Context, decode_raw
from ingest.spinnaker.model.pod_templates import (
    NO_CONTENT,
    PodContent,
    PodTemplate,
    find_templates,
    read_content,
)
from ingest.spinnaker.model.template_keys import is_stamp, noise_class

# What the API server, Clouddriver's KubernetesManifestAnnotater and kubectl write on every apply: a manifest that
# is applied again without a change differs in these alone.
_STAMPED_FIELDS = frozenset(
    {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "ownerReferences"}
)
_STAMPED_KEYS = (
    "artifact.spinnaker.io/",
    "moniker.spinnaker.io/",
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/",
)
_MAX_TWINS = 64
_APPLICATION_KEY = "moniker.spinnaker.io/application"


class _Metadata(TypedDict, total=False):
    name: Any
    namespace: Any
    annotations: Any
    generation: Any


class _Status(TypedDict, total=False):
    observedGeneration: Any
    phase: Any
    message: Any
    abort: Any
    abortedAt: Any
    conditions: Any
    currentStepIndex: Any


class _Manifest(TypedDict, total=False):
    kind: Any
    metadata: _Metadata
    spec: Any
    status: _Status | None


# A dozen times faster than to decode the status and the managed fields of an applied manifest too.
_MANIFESTS = msgspec.json.Decoder(list[_Manifest])


class Manifest(NamedTuple):
    """One manifest that a stage applies; a part that nothing names is None.

    ``kind`` is in lower case, ``name`` without a version. ``templates`` is None for configuration. ``body`` is what was
    requested, else what was applied; ``applied`` is empty until the cluster has answered.
    """

    kind: str | None
    name: str | None
    body: dict[str, Any]
    applied: dict[str, Any]
    templates: list[PodTemplate] | None

    @property
    def namespace(self) -> str | None:
        """Its namespace."""
        return first_text(_metadata(self.body).get("namespace"), _metadata(self.applied).get("namespace"))

    @property
    def application(self) -> str | None:
        """The application that its annotation names."""
        annotations = (as_dict(_metadata(manifest).get("annotations")) for manifest in (self.applied, self.body))
        return first_text(*(each.get(_APPLICATION_KEY) for each in annotations))

    @property
    def revision(self) -> str | None:
        """The versioned name of a ReplicaSet, else the revision that Kubernetes gave a Deployment."""
        metadata = _metadata(self.applied)
        name = first_text(metadata.get("name"))
        if name and self.kind in VERSIONED_KINDS and unversioned(self.kind, name) != name:
            return name
        return first_text(as_dict(metadata.get("annotations")).get("deployment.kubernetes.io/revision"))

    def read_content(self) -> PodContent:
        """Return what its pods run."""
        if not self.templates:
            return NO_CONTENT
        applied = find_templates(self.applied) if self.applied and self.applied is not self.body else ()
        return read_content(self.templates, applied)

    def fingerprint(self) -> str:
        """Return a digest of its configuration, without stamps, commits, dates and build numbers in its metadata."""
        metadata = {key: value for key, value in _metadata(self.body).items() if key not in _STAMPED_FIELDS}
        metadata |= {"name": self.name}
        for group in ("annotations", "labels"):
            entries = as_dict(metadata.pop(group, None))
            if retained := {key: value for key, value in entries.items() if not _is_noise(key, value)}:
                metadata[group] = retained
        body = {key: value for key, value in self.body.items() if key != "status"} | {"metadata": metadata}
        return hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()[:16]


def read_manifests(context: Context) -> list[Manifest]:
    """Return the manifests that a stage applies, in the order of the request; empty if they are unknown."""
    requested = _flatten(manifest_list(context.manifests) or manifest_list(context.manifest))
    applied = _applied_manifests(context.applied) if requested else _flatten(manifest_list(context.applied))
    twins: dict[tuple[str | None, ...], list[dict[str, Any]]] = {}
    for manifest in applied if requested else ():
        twins.setdefault(_identity(manifest), []).append(manifest)
    manifests = []
    for body in requested or applied:
        kind, name = identity = _identity(body)
        twin = _select_twin(body, twins.get(identity, [])) if requested else body
        templates = find_templates(body)
        is_workload = bool(templates) or kind in WORKLOADS
        manifests.append(Manifest(kind, name, body, twin, templates if is_workload else None))
    return manifests


def manifest_kind(manifest: dict[str, Any]) -> str | None:
    """Return the kind of a manifest in lower case."""
    kind = manifest.get("kind")
    return kind.lower() or None if isinstance(kind, str) else None


def manifest_list(raw: msgspec.Raw) -> list[dict[str, Any]]:
    """Decode one manifest or a list of them; an empty list for anything else."""
    decoded = decode_raw(raw)
    manifests = decoded if isinstance(decoded, list) else [decoded]
    return [manifest for manifest in manifests if isinstance(manifest, dict) and manifest]


def _applied_manifests(raw: msgspec.Raw) -> list[dict[str, Any]]:
    """Decode, as ``manifest_list``, but only the fields that are read of an applied manifest."""
    if raw is NULL:
        return []
    try:
        return cast(list[dict[str, Any]], _MANIFESTS.decode(raw))
    except msgspec.ValidationError:
        return manifest_list(raw)


def _flatten(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return manifests with the items of each ``List`` in its place."""
    items = (as_list(each.get("items")) if each.get("kind") == "List" else [each] for each in manifests)
    return [manifest for manifest in chain.from_iterable(items) if isinstance(manifest, dict) and manifest]


def _metadata(manifest: dict[str, Any]) -> dict[str, Any]:
    return as_dict(manifest.get("metadata"))


def _identity(manifest: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the kind and name that a requested manifest and the applied one have in common."""
    kind, metadata = manifest_kind(manifest), _metadata(manifest)
    name = as_text(metadata.get("name"))
    if "generateName" in metadata:  # as of a job, whose name is made anew for each run
        name = (as_text(metadata["generateName"]) or "").rstrip("-.") or name
    return kind, unversioned(kind, name) if name and kind in (*VERSIONED_KINDS, "job") else name


def _select_twin(body: dict[str, Any], twins: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the applied manifest of the same namespace, else the first: the request may name no namespace."""
    if len(twins) > 1 and (namespace := _metadata(body).get("namespace")):
        # Bounds the work on a stage in which thousands of manifests have one name.
        same = (twin for twin in twins[:_MAX_TWINS] if _metadata(twin).get("namespace") == namespace)
        return next(same, twins[0])
    return twins[0] if twins else {}


def _is_noise(key: str, value: object) -> bool:
    return key.startswith(_STAMPED_KEYS) or is_stamp(key) or noise_class(key, value) is not None
