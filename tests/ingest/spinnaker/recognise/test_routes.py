"""Manifests and stages that divide traffic: each destination with its share."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import T, after, fields_of, manifest, run, stage, tables


def body_of(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of a kind."""
    return {"kind": kind, "metadata": {"name": "shop", "namespace": "prod"}, "spec": spec}


def target(subset: str | None, weight: Any = None, host: str = "shop") -> dict[str, Any]:
    """Return a destination of a VirtualService."""
    destination = {"host": host} | ({"subset": subset} if subset else {})
    return {"destination": destination} | ({} if weight is None else {"weight": weight})


def service(*rules: Any, key: str = "http") -> dict[str, Any]:
    """Return a VirtualService with a rule for each list of destinations."""
    routes = [rule if isinstance(rule, dict) else {"route": rule} for rule in rules]
    return body_of("VirtualService", {"hosts": ["shop"], key: routes})


def routes_of(*manifests: Any, stage_type: str = "deployManifest", **more: Any) -> list[Any]:
    """Return the routes of a stage that applies these manifests."""
    context = {"account": "prod-eu", "manifests": list(manifests), **more.pop("context", {})}
    return tables(run(stages=[stage(stage_type, context, **more)])).get("traffic_route", [])


def shares(*manifests: Any, **more: Any) -> list[tuple[Any, ...]]:
    """Return host, subset and weight of each destination."""
    return [fields_of(row, "host", "subset", "weight") for row in routes_of(*manifests, **more)]


def test_a_destination_is_a_row() -> None:
    """With where it is, and when it was in force; the manifest itself is configuration."""
    split = service([target("v1", 90), target("v2", 10)])
    rows = tables(run(stages=[stage("deployManifest", {"account": "prod-eu", "manifests": [split]})]))
    assert [row.id for row in rows["config_manifest"]] == ["S/virtualservice/shop"]
    old, new = rows["traffic_route"]
    fields = ("id", "kind", "name", "account", "location", "application", "weight", "applied_at", "labels")
    assert fields_of(new, *fields) == (
        "S/shop/shop/v2", "virtualservice", "shop", "prod-eu", "prod", "shop", 10, after(10_000), None,
    )  # fmt: skip
    assert old.weight == 90


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (service([target("v1", 0), target("v2", 100)]), [("shop", "v1", 0), ("shop", "v2", 100)]),
        (service([target("v1", 1), target("v2", 3)]), [("shop", "v1", 25), ("shop", "v2", 75)]),
        (service([target("v1", "90"), target("v2", "x")]), [("shop", "v1", 100), ("shop", "v2", 0)]),
        (service([target("v2")]), [("shop", "v2", 100)]),
        (service([target("v2", 0)]), [("shop", "v2", 100)]),
        (service([target(None)]), []),
        (service([target("v1"), target("v2")]), [("shop", "v1", 0), ("shop", "v2", 0)]),
        (service([target(None, 20, "old"), target(None, 80, "new")]), [("old", None, 20), ("new", None, 80)]),
        (service([target("v1", 100), target("v2", 0)], [target("v1", 50), target("v2", 50)]),
         [("shop", "v1", 100), ("shop", "v2", 0)]),
        (service([target("v1", 100)], [target("v2", 100)]), [("shop", "v1", 100)]),
        (service({"redirect": {"uri": "/"}}, [target("v2")]), [("shop", "v2", 100)]),
        (service([target("v1", 60), target("v2", 40)], key="tcp"), [("shop", "v1", 60), ("shop", "v2", 40)]),
    ],
)  # fmt: skip
def test_weights_of_a_virtual_service(manifest: Any, expected: list[tuple[Any, ...]]) -> None:
    """Shares of the first route for all requests; weights are proportions, and the only destination has everything."""
    assert shares(manifest) == expected


def path(prefix: str, *targets: Any) -> Any:
    return {"match": [{"uri": {"prefix": prefix}}], "route": list(targets)}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (service(path("/a", target(None, host="a")), path("/b", target(None, host="b"))), []),
        (service(path("/v1", target("v1")), path("/v2", target("v2"))), []),
        (service(path("/a", target("v2")), path("/b", target("v2"))), [("shop", "v2", 100)]),
        (service(path("/a", target("v1", 90), target("v2", 10)), path("/b", target("v1", 70), target("v2", 30))),
         [("shop", "v1", 80), ("shop", "v2", 20)]),
        (service(path("/a", target("v1", 90), target("v2", 10)), path("/b", target(None, host="b"))),
         [("shop", "v1", 90), ("shop", "v2", 10)]),
    ],
)  # fmt: skip
def test_paths_divide_no_traffic(manifest: Any, expected: list[tuple[Any, ...]]) -> None:
    """Routes of one destination a path are no division; what one path divides is the mean over its paths."""
    assert shares(manifest) == expected


def test_two_divisions_of_one_manifest_are_two() -> None:
    """Hosts that share no route have each a name of their own, so that they never become one target."""
    both = service(
        path("/a", target("v1", 90, "a"), target("v2", 10, "a")),
        path("/b", target("v1", 50, "b"), target("v2", 50, "b")),
    )
    rows = tables(run(stages=[stage("deployManifest", {"account": "prod-eu", "manifests": [both]})]))["traffic_route"]
    assert {(row.name, row.host) for row in rows} == {("shop/a", "a"), ("shop/b", "b")}


def test_a_route_for_testers_is_no_traffic() -> None:
    """A rule that matches a header counts only if there is no general one."""
    testers = {"match": [{"headers": {"tester": {}}}], "route": [target("v2")]}
    assert shares(service(testers, [target("v1", 100), target("v2", 0)])) == [("shop", "v1", 100), ("shop", "v2", 0)]
    assert shares(service(testers)) == [("shop", "v2", 100)]


def test_weights_beside_a_workload_and_weights_that_were_refused() -> None:
    """Both are landed; what the cluster refused was never in force."""
    split = service([target("v1", 90), target("v2", 10)])
    rows = routes_of(
        split, manifest("shop:1"), tasks=[{"name": "monitorDeploy", "status": "TERMINAL"}], status="TERMINAL"
    )
    assert [fields_of(row, "status", "applied_at") for row in rows] == [("failed", None)] * 2
    begun = [{"name": "monitorDeploy", "status": "SUCCEEDED", "endTime": T + 5}]
    assert routes_of(split, status="NOT_STARTED", startTime=None, endTime=None)[0].applied_at is None
    assert routes_of(split, manifest("shop:1"), tasks=begun)[0].applied_at == after(10_000)


def test_patched_weights() -> None:
    """The patch names its routes, else what was applied has them."""
    body = {"spec": {"http": [{"route": [target("v1", 30), target("v2", 70)]}]}}
    context = {"location": "prod", "manifestName": "virtualService shop", "patchBody": body}
    expected = [("shop", "v1", 30), ("shop", "v2", 70)]
    assert shares(stage_type="patchManifest", context=context) == expected
    (first, _) = routes_of(stage_type="patchManifest", context=context)
    assert fields_of(first, "name", "location", "kind") == ("shop", "prod", "virtualservice")
    operation = [{"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 30}]
    applied = service([target("v1", 30), target("v2", 70)])
    context |= {"patchBody": operation, "outputs.manifests": [applied]}
    assert shares(stage_type="patchManifest", context=context) == expected


def test_a_destination_rule_says_which_pods_a_subset_selects() -> None:
    """One row for each subset, without a weight."""
    subsets = [{"name": "v1", "labels": {"version": "v1", "app": "shop"}}, {"name": "v2"}]
    rows = routes_of(body_of("DestinationRule", {"host": "shop", "subsets": subsets}))
    assert [fields_of(row, "kind", "host", "subset", "labels", "weight") for row in rows] == [
        ("destinationrule", "shop", "v1", ["app=shop", "version=v1"], None),
        ("destinationrule", "shop", "v2", [], None),
    ]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([{"backendRefs": [{"name": "old", "weight": 9}, {"name": "new", "weight": 1}]}],
         [("old", None, 90), ("new", None, 10)]),
        ([{"matches": [{"path": {"value": "/"}}], "backendRefs": [{"name": "old"}, {"name": "new"}]}],
         [("old", None, 50), ("new", None, 50)]),
        ([{"matches": [{"headers": [{"name": "tester"}]}], "backendRefs": [{"name": "new"}]},
          {"backendRefs": [{"name": "old", "weight": 100}, {"name": "new", "weight": 0}]}],
         [("old", None, 100), ("new", None, 0)]),
        ([{"backendRefs": [{"name": "shop"}]}], []),
    ],
)  # fmt: skip
def test_weights_of_an_http_route(rules: Any, expected: list[tuple[Any, ...]]) -> None:
    """Of the Gateway API: backends by their weight, by default one; rules for special requests are no traffic."""
    assert shares(body_of("HTTPRoute", {"rules": rules})) == expected


@pytest.mark.parametrize(("old", "new", "share"), [(90, 10, 10), ("500m", "1500m", 75), (0, 1, 100), (1, 0, 0)])
def test_weights_of_a_traffic_split(old: Any, new: Any, share: float) -> None:
    """Of the Service Mesh Interface: numbers or quantities."""
    backends = [{"service": "old", "weight": old}, {"service": "new", "weight": new}]
    split = body_of("TrafficSplit", {"service": "shop", "backends": backends})
    assert shares(split) == [("old", None, 100 - share), ("new", None, share)]


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"deploymentStrategy": "$SIMPLE", "versionNameA": "$LATEST"}, [("latest", 100)]),
        ({"deploymentStrategy": "$SIMPLE", "versionNameA": "$PREVIOUS"}, [("previous", 100)]),
        ({"deploymentStrategy": "$SIMPLE", "versionNameA": "$PROVIDED", "versionNumberA": "7"}, [("7", 100)]),
        ({"deploymentStrategy": "$SIMPLE", "versionNameA": "7"}, [("7", 100)]),
        ({"deploymentStrategy": "$BLUEGREEN"}, [("latest", 100)]),
        ({"deploymentStrategy": "$WEIGHTED", "versionNameA": "$LATEST", "trafficPercentA": 20,
          "versionNameB": "$PREVIOUS"}, [("latest", 20), ("previous", 80)]),
        ({"deploymentStrategy": "$WEIGHTED", "versionNameA": "$LATEST", "trafficPercentA": "0"}, [("latest", 0)]),
    ],
)  # fmt: skip
def test_the_alias_of_a_function(context: Any, expected: list[tuple[str, float]]) -> None:
    """Each version with its percentage; all of it goes to the named or the newest one without weights."""
    routing = stage(
        "Aws.LambdaTrafficRoutingStage", {"account": "aws", "region": "eu", "functionName": "shop", **context}
    )
    rows = tables(run(stages=[routing]))
    assert "rollout" not in rows
    assert [fields_of(row, "subset", "weight") for row in rows["traffic_route"]] == expected
    fields = ("kind", "name", "host", "location", "applied_at")
    assert fields_of(rows["traffic_route"][0], *fields) == ("function", "shop", "shop", "eu", after(10_000))
    failed = tables(run(stages=[{**routing, "status": "TERMINAL"}]))["traffic_route"]
    assert {row.applied_at for row in failed} == {None}
