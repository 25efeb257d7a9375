"""The double of Gate over real HTTP: errors, strangers, limits and headers."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from ingest.simulation.gate import serve
from ingest.simulation.world import Json, Stub, World

NOW = 1_750_000_000_000
DAY = 86_400_000


def payload(identity: str, at: int, **more: Any) -> Json:
    """A small execution."""
    return {
        "id": identity,
        "application": "shop",
        "status": "SUCCEEDED",
        "buildTime": at,
        "startTime": at,
        "trigger": {"type": "manual", "buildInfo": {"number": 7}},
        "stages": [
            {
                "id": f"{identity}-1",
                "type": "deployManifest",
                "context": {"account": "prod", "group": "g"},
                "outputs": {"x": 1},
                "tasks": [{"name": "monitorDeploy"}],
            }
        ],
        **more,
    }


def stub(identity: str, at: int, *, config: str | None = "live", **more: Any) -> Stub:
    """The row of an execution, or of a task where it has no pipeline."""
    body = payload(identity, at, **more)
    return Stub(
        id=identity,
        application="shop",
        config_id=config,
        name="",
        status=body["status"],
        build_time=at,
        start_time=body["startTime"],
        payload=lambda: body,
        orchestration=config is None,
    )


def world(*stubs: Stub) -> World:
    """A Spinnaker with one application, a live pipeline and a strategy."""
    return World(
        now=NOW,
        applications=[{"name": "shop", "email": "shop@example.org"}],
        credentials=[{"name": "prod", "type": "kubernetes", "environment": "prod", "accountType": "k8s"}],
        pipeline_configs=[
            {"id": "live", "application": "shop", "name": "release"},
            {"id": "plan", "application": "shop", "name": "strategy", "strategy": True},
        ],
        executions=list(stubs),
        canary_results={"c1": {"pipelineId": "c1", "status": "succeeded"}},
    )


SEARCH = "/applications/shop/executions/search"


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        (SEARCH, {"triggerTimeStartBoundary": -1}, 400),
        (SEARCH, {"size": 0}, 400),
        (SEARCH, {"size": "many"}, 400),
        (SEARCH, {"statuses": "DONE"}, 400),
        (SEARCH, {"triggerTimeStartBoundary": 5, "triggerTimeEndBoundary": 4}, 400),
        ("/executions", {"executionIds": "a", "pipelineConfigIds": "b"}, 400),
        ("/applications/nobody", {}, 404),
        ("/pipelines/nobody", {}, 404),
        ("/v2/canaries/canary/c9", {}, 404),
        ("/nowhere", {}, 404),
    ],
)
def test_errors_are_springs(path: str, params: dict[str, Any], status: int) -> None:
    """Status, error and message in JSON."""
    with serve(world()) as gate:
        reply = requests.get(gate.url + path, params=params, timeout=5)
    assert reply.status_code == status
    assert reply.json()["status"] == status
    assert {"timestamp", "error", "message"} <= set(reply.json())


def test_an_inner_error_of_one_pipeline_is_200_and_empty() -> None:
    """Gate swallows what ails it there, and nowhere else."""
    with serve(world(stub("E1", NOW))) as gate:
        gate.faults = {"/pipelines/": 500, "/applications/shop/tasks": 503}
        swallowed = requests.get(gate.url + "/pipelines/E1", timeout=5)
        told = requests.get(gate.url + "/applications/shop/tasks", timeout=5)
    assert (swallowed.status_code, swallowed.content) == (200, b"")
    assert told.status_code == 503


def test_strangers_get_the_login_page_and_wrong_tokens_a_clean_401() -> None:
    """302 to HTML without a token; the probe tells nobody apart by an empty body."""
    with serve(world(), token="right") as gate:
        stranger = requests.get(gate.url + "/applications", timeout=5)
        first = requests.get(gate.url + "/applications", timeout=5, allow_redirects=False)
        wrong = requests.get(gate.url + "/applications", timeout=5, headers={"X-Spinnaker-Token": "wrong"})
        right = requests.get(gate.url + "/applications", timeout=5, headers={"Authorization": "Bearer right"})
        probe = requests.get(gate.url + "/auth/user", timeout=5)
    assert (first.status_code, stranger.headers["Content-Type"]) == (302, "text/html;charset=UTF-8")
    assert (wrong.status_code, right.status_code) == (401, 200)
    assert (probe.status_code, probe.content) == (200, b"")


def test_the_limiter_says_429_without_retry_after() -> None:
    """Capacity, remaining and reset are told; when to come back only by the reset."""
    with serve(world()) as gate:
        gate.rate = 2
        replies = [requests.get(gate.url + "/version", timeout=5) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[1].headers["X-RateLimit-Remaining"] == "0"
    assert replies[2].json() == {"message": "Rate capacity exceeded"}
    assert "Retry-After" not in replies[2].headers


def test_large_answers_are_compressed_keys_sorted_and_the_clock_is_the_worlds() -> None:
    """What passes through Gate looks like Gate's."""
    with serve(world(*(stub(f"E{n}", NOW) for n in range(20)))) as gate:
        reply = requests.get(gate.url + SEARCH, params={"size": 20}, timeout=5)
        small = requests.get(gate.url + "/version", timeout=5)
    assert reply.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in small.headers
    assert list(reply.json()[0]) == sorted(reply.json()[0])
    assert reply.headers["Date"] == "Sun, 15 Jun 2025 15:06:40 GMT"


def test_the_rest_of_the_endpoints() -> None:
    """Applications, configurations, accounts, canary results and the probes."""
    with serve(world()) as gate:
        got = {
            path: requests.get(gate.url + path, timeout=5).json()
            for path in (
                "/applications",
                "/applications/shop",
                "/applications/shop/pipelineConfigs",
                "/applications/shop/strategyConfigs",
                "/pipelineConfigs/live/history",
                "/credentials",
                "/credentials?expand=true",
                "/auth/user",
                "/health",
                "/v2/canaries/canary/c1",
            )
        }
    assert got["/applications/shop"]["attributes"]["email"] == "shop@example.org"
    assert [one["id"] for one in got["/applications/shop/pipelineConfigs"]] == ["live"]
    assert [one["id"] for one in got["/applications/shop/strategyConfigs"]] == ["plan"]
    assert got["/pipelineConfigs/live/history"][0]["id"] == "live"
    assert got["/credentials"] == [{"name": "prod", "type": "kubernetes"}]
    assert got["/credentials?expand=true"][0]["environment"] == "prod"
    assert got["/health"] == {"status": "UP"}
    assert got["/v2/canaries/canary/c1"]["pipelineId"] == "c1"


def test_requests_are_kept_in_order() -> None:
    """Tests count what a source asks."""
    with serve(world()) as gate:
        requests.get(gate.url + "/version", timeout=5)
        requests.get(gate.url + "/applications/a%2Fb/tasks", timeout=5)
        assert gate.requests == ["/version", "/applications/a%2Fb/tasks"]
