"""Weights of a service mesh and of Cloud Run: which share of the traffic goes where, as manifests say it.

Spinnaker has no stage for a mesh: its weights are ordinary manifests of a ``VirtualService`` (facts 3b).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ingest.spinnaker.model.coerce import as_dict, as_list, as_number, as_text, first_text
from ingest.spinnaker.model.manifests import manifest_list
from ingest.spinnaker.model.payload import Context

_MESH = frozenset({"virtualservice", "destinationrule"})
_NAMED = "virtualservice "


class Split(NamedTuple):
    """The shares of one VirtualService in percent, a list for each destination: one share a route."""

    service: str | None
    namespace: str | None
    shares: dict[str, list[float]]

    def some(self, destination: str) -> bool:
        """Whether a destination serves anything."""
        return any(share > 0 for share in self.shares.get(destination, ()))

    def whole(self, destination: str) -> bool:
        """Whether a destination serves everything."""
        return all(share >= 100 for share in self.shares.get(destination, (0,)))


def split(context: Context) -> Split | None:
    """What a stage that only touches the mesh does to weights; None for every other stage."""
    named = as_text(context.manifest_name) or ""
    if not named.lower().startswith(_NAMED) and b"VirtualService" not in bytes(context.manifests):
        return None
    asked = manifest_list(context.manifests) or manifest_list(context.patch_body) or manifest_list(context.deployed)
    if not all(str(one.get("kind", "virtualservice")).lower() in _MESH for one in asked):
        return None
    service = next((one for one in asked if str(one.get("kind", "virtualservice")).lower() == "virtualservice"), {})
    routes = _routes(service)
    if not any("weight" in destination for route in routes for destination in route):
        return None
    metadata = as_dict(service.get("metadata"))
    location = first_text(context.namespace_override, context.location, metadata.get("namespace"))
    return Split(first_text(metadata.get("name"), named[len(_NAMED) :]), location, _shares(routes))


def share_of_new_revision(context: Context) -> float:
    """Percent of the traffic that a Cloud Run manifest gives to the revision which it makes."""
    manifest = next(iter(manifest_list(context.manifests)), {})
    spec = as_dict(manifest.get("spec"))
    revision = first_text(as_dict(as_dict(spec.get("template")).get("metadata")).get("name"))
    targets = [target for target in as_list(spec.get("traffic")) if isinstance(target, dict)]
    if not targets:
        return 100
    new = [t for t in targets if t.get("latestRevision") is True or (revision and t.get("revisionName") == revision)]
    return sum(as_number(target.get("percent"), 0, 100) or 0 for target in new)


def _routes(service: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Destinations of each route for everybody; those for a matching header only where there are no others."""
    spec = as_dict(service.get("spec"))
    rules = [rule for key in ("http", "tcp", "tls") for rule in as_list(spec.get(key)) if isinstance(rule, dict)]
    general = [rule for rule in rules if not rule.get("match")] or rules
    return [[one for one in as_list(rule.get("route")) if isinstance(one, dict)] for rule in general]


def _shares(routes: list[list[dict[str, Any]]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for nth, route in enumerate(routes):
        for one in route:
            aim = as_dict(one.get("destination"))
            shares = found.setdefault(first_text(aim.get("subset"), aim.get("host")) or "?", [0.0] * len(routes))
            shares[nth] += as_number(one.get("weight"), 0, 100) or (100 if len(route) == 1 else 0)
    return found
