"""The body of a ``patchManifest``: which workload it changes, and what of its pods.

A body is a part of a manifest (strategic and merge patches), or a list of operations on paths (JSON patch).
"""

from __future__ import annotations

from typing import Any

from ingest.spinnaker.model.coerce import as_dict, as_text
from ingest.spinnaker.model.kinds import WORKLOADS, ManifestReference
from ingest.spinnaker.model.manifests import Manifest, manifest_list
from ingest.spinnaker.model.payload import Context
from ingest.spinnaker.model.pod_templates import (
    MAX_DEPTH,
    PodContent,
    PodTemplate,
    find_templates,
    read_content,
    read_images,
    read_labels,
)

# A patch repeats of a container its name, and what changes.
_CONTAINER_FIELDS = frozenset({"name", "image", "env", "envFrom", "resources", "command", "args"})


def read_patch(context: Context, reference: ManifestReference | None) -> Manifest:
    """Return what a stage patches, with the patch as its body; no templates if the patch reaches no pods."""
    bodies = [_as_part(body) for body in manifest_list(context.patch_body)]
    applied: dict[str, Any] = next(iter(manifest_list(context.applied)), {})
    kind, name = (reference.kind, reference.workload) if reference else (None, None)
    has_pods = kind in WORKLOADS or not applied or bool(find_templates(applied))
    is_config = reference is not None and (reference.is_config or not has_pods)
    body = bodies[0] if len(bodies) == 1 else {"patches": bodies}
    return Manifest(kind, name, body, applied, None if is_config else _patched_templates(body))


def patch_content(manifest: Manifest) -> PodContent:
    """Return what a patch changes in the pods: no images if it leaves them, no template if only images change."""
    templates = manifest.templates or []
    applied = find_templates(manifest.applied)
    content = read_content(templates, applied)
    return content._replace(
        images=content.images if read_images(templates) else None,
        template=None if all(_is_bare(template.pod) for template in templates) else content.template,
        labels=read_labels(applied or templates) or None,
    )


def _as_part(body: dict[str, Any]) -> dict[str, Any]:
    """Return an operation of a JSON patch as the part of the manifest that it changes."""
    path = as_text(body.get("path"))
    if "op" not in body or path is None:
        return body
    value = body.get("value")
    for step in reversed(path.strip("/").split("/")[:MAX_DEPTH]):
        name = step.replace("~1", "/").replace("~0", "~")
        value = [value] if name == "-" or name.isdigit() else {name: value}
    return as_dict(value)


def _patched_templates(body: dict[str, Any]) -> list[PodTemplate]:
    """Return the pod templates of which a patch holds a part: by containers, else by the key ``template``."""
    if templates := find_templates(body, _CONTAINER_FIELDS):
        return templates
    found: list[PodTemplate] = []
    pending: list[tuple[Any, int]] = [(body, 0)]
    while pending:
        value, depth = pending.pop()
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            if key == "template" and isinstance(child, dict):
                found.append(PodTemplate(as_dict(child.get("metadata")), as_dict(child.get("spec"))))
            elif isinstance(child, dict | list) and depth < MAX_DEPTH:
                pending.append((child, depth + 1))
    return found


def _is_bare(pod: dict[str, Any]) -> bool:
    containers = [each for name in ("containers", "initContainers") for each in pod.get(name) or ()]
    return not set(pod) - {"containers", "initContainers"} and all(
        not set(as_dict(container)) - {"name", "image", "env", "envFrom"} for container in containers
    )
