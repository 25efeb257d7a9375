"""Pod templates: what the containers of a workload run, found in manifests of any kind by its structure.

A pod is a mapping whose list ``containers`` has items with an ``image``. Where it stands depends on the kind: a custom
kind has it anywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from ingest.spinnaker.model.coerce import as_dict, as_list, as_text
from ingest.spinnaker.model.template_keys import is_stamp, key_entry

# Deeper than any kind of which a pod is a part. What lies deeper costs no time.
MAX_DEPTH = 24
_CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
_PLAIN_KINDS = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"})
_IMAGE = frozenset({"image"})
_OWN_FIELDS = frozenset({"image", "env", "envFrom"})


class PodTemplate(NamedTuple):
    """A pod and the metadata beside it."""

    metadata: dict[str, Any]
    pod: dict[str, Any]


class PodContent(NamedTuple):
    """What the pod templates of one manifest run; a part that they do not name is None."""

    images: list[str] | None = None
    template: str | None = None
    template_keys: list[str] | None = None
    labels: list[str] | None = None


NO_CONTENT = PodContent()


def find_templates(manifest: object, holds: frozenset[str] = _IMAGE) -> list[PodTemplate]:
    """Return the pod templates in a manifest, in their order.

    A pod is known by containers that have one of the fields ``holds``. Texts are not searched.
    """
    template = _at_usual_place(manifest)
    if template and _is_pod(template.pod, holds):
        return [template]
    found: list[PodTemplate] = []
    pending: list[tuple[Any, dict[str, Any], int]] = [(manifest, {}, 0)]
    while pending:
        value, metadata, depth = pending.pop()
        if isinstance(value, dict):
            if _is_pod(value, holds):
                found.append(PodTemplate(metadata, value))
                continue
            own = as_dict(value.get("metadata"))
            nested = [
                (child, own if key == "spec" else {}, depth + 1)
                for key, child in value.items()
                if key not in ("metadata", "status")
            ]
        else:
            nested = [(child, {}, depth + 1) for child in as_list(value)]
        if depth < MAX_DEPTH:
            pending += [item for item in reversed(nested) if isinstance(item[0], dict | list)]
    return found


def _at_usual_place(manifest: object) -> PodTemplate | None:
    """Return the pod template of a kind that has one and no other, without a search."""
    if isinstance(manifest, dict) and str(manifest.get("kind")) in _PLAIN_KINDS:
        template = as_dict(as_dict(manifest.get("spec")).get("template"))
        return PodTemplate(as_dict(template.get("metadata")), as_dict(template.get("spec")))
    return None


def read_images(templates: Iterable[PodTemplate]) -> list[str]:
    """Return the images of containers in their order, then of init containers, without doubles."""
    images: dict[str, None] = {}
    for name in ("containers", "initContainers"):
        for _, pod in templates:
            for container in _containers(pod, name):
                if image := as_text(container.get("image")):
                    images[image] = None
    return list(images)


def read_content(templates: Sequence[PodTemplate], applied: Sequence[PodTemplate] = ()) -> PodContent:
    """Return what pod templates run, with everything around their images as fingerprints.

    The images are those of ``applied``, in which they are bound, if it has any.
    """
    return PodContent(
        images=(applied and read_images(applied)) or read_images(templates) or None,
        template=_digest_pods(templates),
        template_keys=_template_keys(templates),
        labels=read_labels(templates),
    )


def read_labels(templates: Iterable[PodTemplate]) -> list[str]:
    """Return the labels of pod templates as ``NAME=VALUE``, without those that the cluster adds."""
    labels = set()
    for metadata, _ in templates:
        for name, value in as_dict(metadata.get("labels")).items():
            text = value if isinstance(value, str) else as_text(value)
            if text is not None and not is_stamp(name):
                labels.add(f"{name}={text}")
    return sorted(labels)


def _is_pod(value: dict[str, Any], holds: frozenset[str]) -> bool:
    for container in as_list(value.get("containers")):
        if isinstance(container, dict) and not holds.isdisjoint(container):
            return True
    return False


def _containers(pod: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [container for container in as_list(pod.get(name)) if isinstance(container, dict)]


def _digest_pods(templates: Iterable[PodTemplate]) -> str:
    digest = hashlib.sha256()
    for _, pod in templates:
        bare = dict(pod)
        for name in _CONTAINER_LISTS:
            if name in pod:
                bare[name] = [
                    {key: value for key, value in container.items() if key not in _OWN_FIELDS}
                    for container in _containers(pod, name)
                ]
        digest.update(msgspec.json.encode(bare, order="deterministic"))
    return digest.hexdigest()[:16]


def _template_keys(templates: Iterable[PodTemplate]) -> list[str]:
    entries = set()
    for metadata, pod in templates:
        for group in ("labels", "annotations"):
            for name, value in as_dict(metadata.get(group)).items():
                if not is_stamp(name):
                    entries.add(key_entry(group, name, value))
        for container in chain(_containers(pod, "containers"), _containers(pod, "initContainers")):
            entries.update(_variables(container))
    return sorted(entries)


def _variables(container: dict[str, Any]) -> Iterator[str]:
    prefix = f"env/{as_text(container.get('name')) or '-'}"
    for variable in as_list(container.get("env")):
        if isinstance(variable, dict) and (name := variable.get("name")):
            yield key_entry(prefix, str(name), variable.get("value", variable.get("valueFrom")))
    if sources := container.get("envFrom"):
        yield key_entry(prefix, "envFrom", sources)
