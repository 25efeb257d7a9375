"""Manifests and stages that divide traffic between versions: each destination with its share.

Spinnaker has no stage for a mesh: weights are ordinary manifests, of Istio, the Gateway API or the Service Mesh
Interface. Only AWS Lambda has a stage of its own, which moves an alias.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from dora.storage.rows.executions import TrafficRoute
from ingest.spinnaker.model.coerce import as_dict, as_list, as_micros, as_number, as_text, first_text
from ingest.spinnaker.model.manifests import Manifest
from ingest.spinnaker.recognise.run import Step, application_of, regions_of

_PROTOCOLS = ("http", "tcp", "tls")


class Destination(NamedTuple):
    """A host, or a subset of one; ``labels`` select the pods of a subset."""

    host: str
    subset: str | None = None
    labels: tuple[str, ...] | None = None


Route = list[tuple[Destination, float | None]]
Shares = dict[Destination, float | None]


def manifest_routes(step: Step, manifest: Manifest) -> Iterator[TrafficRoute]:
    """Yield the destinations of a manifest that divides traffic; none for any other manifest."""
    kind = manifest.kind or ""
    if read := _READERS.get(kind):
        # A patch may hold a part of the routes only.
        body = manifest.applied or manifest.body if step.stage.type == "patchManifest" else manifest.body
        place = step.namespace(manifest.namespace)
        common: dict[str, Any] = {"kind": kind, "location": place, "application": step.application(manifest)}
        common["applied_at"] = step.traffic.applied
        divisions = list(read(as_dict(body.get("spec"))))
        for shares in divisions:
            # What divides the traffic of several hosts, each by itself, does so under a name for each.
            name = (
                manifest.name
                if len(divisions) == 1
                else f"{manifest.name}/{min(destination.host for destination in shares)}"
            )
            for destination, weight in shares.items():
                yield _row(step, destination, weight, {**common, "name": name})


def function_routes(step: Step) -> Iterator[TrafficRoute]:
    """Yield the versions that a stage routes the alias of a function to."""
    context = step.context
    if not (name := as_text(context.function_name)):
        return
    version_a = _function_version(context.version_name_a, context.version_number_a) or "latest"
    weights = {version_a: 100.0}
    if (as_text(context.deployment_strategy) or "").upper() == "$WEIGHTED":
        share = as_number(context.traffic_percent_a, 0, 100) or 0.0
        weights = {version_a: share}
        if version_b := _function_version(context.version_name_b, context.version_number_b):
            weights[version_b] = as_number(context.traffic_percent_b, 0, 100) or 100 - share
    place = first_text(*regions_of(context), context.location)
    common = {"kind": "function", "name": name, "location": place, "application": application_of(step.run, context)}
    for version, weight in weights.items():
        yield _row(step, Destination(name, version), weight, {**common, "applied_at": step.traffic.applied})


def _row(step: Step, destination: Destination, weight: float | None, common: dict[str, Any]) -> TrafficRoute:
    stage, (host, subset, labels) = step.stage, destination
    return TrafficRoute(
        id=f"{stage.id}/{common['name'] or '-'}/{host}/{subset or '-'}",
        execution_id=step.run.execution.id,
        account=step.account,
        host=host,
        subset=subset,
        labels=None if labels is None else list(labels),
        weight=weight,
        status=stage.status,
        started_at=as_micros(stage.start_time),
        **common,
    )


def _function_version(name: object, number: object) -> str | None:
    """Return the number of a version, or what its name means: latest, previous or oldest."""
    version = as_text(name)
    if version is None or version.upper() == "$PROVIDED":
        return as_text(number)
    return version.removeprefix("$").lower()


def _read_virtual_service(spec: dict[str, Any]) -> Iterator[Shares]:
    rules = (
        _general_rules([rule for rule in _objects(spec.get(key)) if rule.get("route")], "match") for key in _PROTOCOLS
    )
    for shares in _divide_traffic(
        [(_destination(target.get("destination")), as_number(target.get("weight"), 0)) for target in targets]
        for rule in chain.from_iterable(rules)
        if (targets := _objects(rule.get("route")))
    ):
        # One destination that is no subset divides nothing.
        if len(shares) > 1 or any(destination.subset for destination in shares):
            yield shares


def _read_destination_rule(spec: dict[str, Any]) -> Iterator[Shares]:
    subsets: Shares = {}
    for subset in _objects(spec.get("subsets")):
        labels = sorted(f"{key}={as_text(value) or ''}" for key, value in as_dict(subset.get("labels")).items())
        subsets[Destination(first_text(spec.get("host")) or "-", first_text(subset.get("name")), tuple(labels))] = None
    yield subsets


def _read_http_route(spec: dict[str, Any]) -> Iterator[Shares]:
    for shares in _divide_traffic(
        [(Destination(first_text(each.get("name")) or "-"), as_number(each.get("weight", 1), 0)) for each in backends]
        for rule in _general_rules(_objects(spec.get("rules")), "matches")
        if (backends := _objects(rule.get("backendRefs")))
    ):
        if len(shares) > 1:
            yield shares


def _read_traffic_split(spec: dict[str, Any]) -> Iterator[Shares]:
    backends = _objects(spec.get("backends"))
    route = [(Destination(first_text(each.get("service")) or "-"), _quantity(each.get("weight"))) for each in backends]
    yield from _divide_traffic([route] if route else [])


def _general_rules(rules: list[dict[str, Any]], match: str) -> list[dict[str, Any]]:
    """Return the first rule for all requests, else those for a path, else those for testers."""
    of_paths = [rule for rule in rules if not any(map(_is_special, _objects(rule.get(match))))]
    return [rule for rule in of_paths if not rule.get(match)][:1] or of_paths or rules


def _divide_traffic(routes: Iterable[Route]) -> Iterator[Shares]:
    """Yield the mean shares, in percent, of destinations that share traffic: those that one route leads to.

    Routes of one destination each, such as one a path, divide nothing, unless all lead to the same.
    """
    routes = list(routes)
    groups = _join_sets({destination for destination, _ in route} for route in routes if len(route) > 1)
    if not groups:
        groups = _join_sets({destination for destination, _ in route} for route in routes)
        groups = groups if len(groups) == 1 else []
    for group in groups:
        yield _mean_shares([route for route in routes if any(destination in group for destination, _ in route)])


def _join_sets(sets: Iterable[set[Destination]]) -> list[set[Destination]]:
    """Return sets with no destination in common, each the union of those that have one."""
    by_destination: dict[Destination, set[Destination]] = {}
    for destinations in sets:
        joined = set(destinations)
        for destination in destinations:
            joined |= by_destination.get(destination, set())
        by_destination |= dict.fromkeys(joined, joined)
    return list({id(group): group for group in by_destination.values()}.values())


def _mean_shares(routes: list[Route]) -> Shares:
    """Return the mean share of each destination in percent; the only destination of a route has all of it."""
    totals: dict[Destination, float] = {}
    for route in routes:
        total = sum(weight or 0 for _, weight in route)
        for destination, weight in route:
            share = 100.0 if len(route) == 1 else 100 * (weight or 0) / total if total else 0.0
            totals[destination] = totals.get(destination, 0.0) + share
    return {destination: round(total / len(routes), 6) for destination, total in totals.items()}


def _destination(value: object) -> Destination:
    fields = as_dict(value)
    return Destination(first_text(fields.get("host")) or "-", first_text(fields.get("subset")))


def _is_special(match: dict[str, Any]) -> bool:
    """Tell whether a match is for some requests of a path only."""
    return any(match.get(key) for key in ("headers", "withoutHeaders", "queryParams", "method", "sourceLabels"))


def _quantity(value: object) -> float | None:
    """Return a number, also one of thousandths such as ``500m``."""
    text = as_text(value) or ""
    number = as_number(text.removesuffix("m"), 0)
    return number / 1000 if number is not None and text.endswith("m") else number


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in as_list(value) if isinstance(item, dict)]


_READERS: dict[str, Callable[[dict[str, Any]], Iterator[Shares]]] = {
    "virtualservice": _read_virtual_service,
    "destinationrule": _read_destination_rule,
    "httproute": _read_http_route,
    "trafficsplit": _read_traffic_split,
}
