"""Weights of a service mesh and of Cloud Run: the share of the traffic that a manifest gives to each destination.

Spinnaker has no stage for a mesh: its weights are ordinary manifests of a ``VirtualService``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ingest.spinnaker.model.coerce import as_dict, as_list, as_number, as_text, first_text, get_nested
from ingest.spinnaker.model.manifests import manifest_list
from ingest.spinnaker.model.payload import Context

_MESH_KINDS = frozenset({"virtualservice", "destinationrule"})
_SERVICE_PREFIX = "virtualservice "


class Split(NamedTuple):
    """The shares of one VirtualService in percent: for each destination a list with one share a route."""

    service: str | None
    namespace: str | None
    shares: dict[str, list[float]]

    def serves_some(self, destination: str) -> bool:
        """Tell whether any route leads to a destination."""
        return any(share > 0 for share in self.shares.get(destination, ()))

    def serves_all(self, destination: str) -> bool:
        """Tell whether every route leads to a destination alone."""
        return all(share >= 100 for share in self.shares.get(destination, (0,)))


def read_split(context: Context) -> Split | None:
    """Return the weights that a stage sets; None if it sets none or deploys anything beside the mesh."""
    name = as_text(context.manifest_name) or ""
    # Looked for in the undecoded manifests first: nearly all stages deploy no VirtualService.
    if not name.lower().startswith(_SERVICE_PREFIX) and b"VirtualService" not in bytes(context.manifests):
        return None
    requested = manifest_list(context.manifests) or manifest_list(context.patch_body) or manifest_list(context.deployed)
    kinds = [str(manifest.get("kind", "virtualservice")).lower() for manifest in requested]
    if not _MESH_KINDS.issuperset(kinds):
        return None
    service = requested[kinds.index("virtualservice")] if "virtualservice" in kinds else {}
    routes = _routes(service)
    if not any("weight" in destination for route in routes for destination in route):
        return None
    metadata = as_dict(service.get("metadata"))
    namespace = first_text(context.namespace_override, context.location, metadata.get("namespace"))
    return Split(first_text(metadata.get("name"), name[len(_SERVICE_PREFIX) :]), namespace, _shares(routes))


def share_of_new_revision(context: Context) -> float:
    """Return the percentage of the traffic that a Cloud Run manifest gives to the revision that it creates."""
    spec = as_dict(next(iter(manifest_list(context.manifests)), {}).get("spec"))
    revision = first_text(get_nested(spec, "template", "metadata", "name"))
    targets = [target for target in as_list(spec.get("traffic")) if isinstance(target, dict)]
    if not targets:
        return 100  # Knative's default: all traffic to the latest revision
    return sum(
        as_number(target.get("percent"), 0, 100) or 0
        for target in targets
        if target.get("latestRevision") is True or (revision and target.get("revisionName") == revision)
    )


def _routes(service: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the destinations of each route; those for a matching header only if there are no general ones."""
    spec = as_dict(service.get("spec"))
    rules = [rule for key in ("http", "tcp", "tls") for rule in as_list(spec.get(key)) if isinstance(rule, dict)]
    general = [rule for rule in rules if not rule.get("match")] or rules
    return [[target for target in as_list(rule.get("route")) if isinstance(target, dict)] for rule in general]


def _shares(routes: list[list[dict[str, Any]]]) -> dict[str, list[float]]:
    shares: dict[str, list[float]] = {}
    for position, route in enumerate(routes):
        for target in route:
            destination = as_dict(target.get("destination"))
            name = first_text(destination.get("subset"), destination.get("host")) or "?"
            # Istio sends everything to the only destination of a route, whatever its weight.
            weight = as_number(target.get("weight"), 0, 100) or (100 if len(route) == 1 else 0)
            shares.setdefault(name, [0.0] * len(routes))[position] += weight
    return shares
