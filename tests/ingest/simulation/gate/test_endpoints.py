"""The double of Gate over real HTTP: errors, authentication, rate limits, headers and faults."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from tests.simulation.fault_injection import Fault
from tests.simulation.gate import serve

NOW = 1_750_000_000_000
Small = SimpleNamespace


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
def test_errors_are_springs(small: Small, path: str, params: dict[str, Any], status: int) -> None:
    """Status, error and message in JSON."""
    with serve(small.world()) as gate:
        reply = requests.get(gate.url + path, params=params, timeout=5)
    assert reply.status_code == status
    assert reply.json()["status"] == status
    assert {"timestamp", "error", "message"} <= set(reply.json())


def test_an_inner_error_of_one_pipeline_is_200_and_empty(small: Small) -> None:
    """Gate swallows errors there, and nowhere else."""
    with serve(small.world(small.stub("E1", NOW))) as gate:
        gate.error_statuses = {"/pipelines/": 500, "/applications/shop/tasks": 503}
        swallowed = requests.get(gate.url + "/pipelines/E1", timeout=5)
        tasks = requests.get(gate.url + "/applications/shop/tasks", timeout=5)
    assert (swallowed.status_code, swallowed.content) == (200, b"")
    assert tasks.status_code == 503


def test_an_error_has_the_words_of_spring_and_no_path(small: Small) -> None:
    """An ISO time, the exception, and for what Orca refused the address that Gate asked."""
    with serve(small.world()) as gate:
        refused = requests.get(gate.url + SEARCH, params={"size": 0}, timeout=5).json()
        missing = requests.get(gate.url + "/pipelines/nobody", timeout=5).json()
    assert set(refused) == {"timestamp", "status", "error", "exception", "message"}
    assert refused["timestamp"].startswith("2025-06-15T")
    assert refused["message"].startswith("Status: 400, Method: GET, URL: http://orca")
    assert missing["message"] == "Pipeline not found (id: nobody)"


def test_a_gate_without_its_orca_says_500(small: Small) -> None:
    """Also for one pipeline, whose other errors it swallows; what it has of its own still answers."""
    with serve(small.world(small.stub("E1", NOW))) as gate:
        gate.endpoints.orca_is_down = True
        statuses = [
            requests.get(gate.url + path, timeout=5).status_code
            for path in ("/pipelines/E1", SEARCH, "/applications/shop/tasks", "/applications")
        ]
    assert statuses == [500, 500, 500, 200]


@pytest.mark.parametrize(("mode", "status"), [("sql", 500), ("redis", 400)])
def test_a_negative_limit(small: Small, mode: Any, status: int) -> None:
    """Each store refuses it in its own way."""
    with serve(small.world(), mode=mode) as gate:
        path = "/applications/shop/pipelines"
        assert requests.get(gate.url + path, params={"limit": -1}, timeout=5).status_code == status


def test_a_filter_that_nothing_matches_hangs_on_redis(small: Small) -> None:
    """No answer until Gate gives up; on SQL the list is empty."""
    world = small.world(small.stub("E1", NOW))
    for mode, expected in (("sql", 200), ("redis", 500)):
        with serve(world, mode=mode) as gate:
            gate.patience_seconds = 0.1
            begin = time.monotonic()
            reply = requests.get(gate.url + SEARCH, params={"triggerTypes": "pubsub"}, timeout=5)
            assert reply.status_code == expected
            assert (time.monotonic() - begin >= 0.1) is (mode == "redis")


def test_no_token_gets_the_login_page_and_a_wrong_one_401(small: Small) -> None:
    """302 to HTML without a token; the user of such a request is an empty body."""
    with serve(small.world(), auth="right") as gate:
        anonymous = requests.get(gate.url + "/applications", timeout=5)
        first = requests.get(gate.url + "/applications", timeout=5, allow_redirects=False)
        wrong = requests.get(gate.url + "/applications", timeout=5, headers={"X-Spinnaker-Token": "wrong"})
        right = requests.get(gate.url + "/applications", timeout=5, headers={"Authorization": "Bearer right"})
        probe = requests.get(gate.url + "/auth/user", timeout=5)
    assert (first.status_code, anonymous.headers["Content-Type"]) == (302, "text/html;charset=UTF-8")
    assert (wrong.status_code, right.status_code) == (401, 200)
    assert (probe.status_code, probe.content) == (200, b"")


def test_the_limiter_says_429_without_retry_after(small: Small) -> None:
    """Headers carry capacity, remaining requests and reset; only the reset says when to come back."""
    with serve(small.world()) as gate:
        gate.rate = 2
        replies = [requests.get(gate.url + "/version", timeout=5) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[1].headers["X-RateLimit-Remaining"] == "0"
    assert replies[2].json() == {"message": "Rate capacity exceeded"}
    assert "Retry-After" not in replies[2].headers


def test_large_answers_are_compressed_keys_sorted_and_the_clock_is_the_worlds(small: Small) -> None:
    """A response looks like Gate's."""
    with serve(small.world(*(small.stub(f"E{n}", NOW) for n in range(20)))) as gate:
        reply = requests.get(gate.url + SEARCH, params={"size": 20}, timeout=5)
        small = requests.get(gate.url + "/version", timeout=5)
    assert reply.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in small.headers
    assert list(reply.json()[0]) == sorted(reply.json()[0])
    assert reply.headers["Date"] == "Sun, 15 Jun 2025 15:06:40 GMT"


def test_the_rest_of_the_endpoints(small: Small) -> None:
    """Applications, configurations, accounts, canary results and the probes."""
    with serve(small.world()) as gate:
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
    assert [config["id"] for config in got["/applications/shop/pipelineConfigs"]] == ["live"]
    assert [config["id"] for config in got["/applications/shop/strategyConfigs"]] == ["plan"]
    assert got["/pipelineConfigs/live/history"][0]["id"] == "live"
    assert got["/credentials"] == [{"name": "prod", "type": "kubernetes"}]
    assert got["/credentials?expand=true"][0]["environment"] == "prod"
    assert got["/health"] == {"status": "UP"}
    assert got["/v2/canaries/canary/c1"]["pipelineId"] == "c1"


def test_requests_are_recorded_in_order(small: Small) -> None:
    """Tests count the requests of a source."""
    with serve(small.world()) as gate:
        requests.get(gate.url + "/version", timeout=5)
        requests.get(gate.url + "/applications/a%2Fb/tasks", timeout=5)
        assert gate.requests == ["/version", "/applications/a%2Fb/tasks"]


OUTCOMES = {
    503: "503",
    "empty": "200 0",
    "html": "200 text/html",
    "short": "200 1 of 2",
    "cut": "ChunkedEncodingError IncompleteRead ConnectionError",
    "reset": "ConnectionError",
    "drip": "ReadTimeout ConnectionError late",
}


def _outcome(url: str) -> str:
    """The outcome of one request for a careless client."""
    begun = time.monotonic()
    try:
        reply = requests.get(url + SEARCH, timeout=5)
    except requests.RequestException as error:
        return type(error).__name__
    if time.monotonic() - begun > 0.5:
        return "late"
    if reply.headers["Content-Type"].startswith("text/html"):
        return f"{reply.status_code} text/html"
    if not reply.content:
        return f"{reply.status_code} 0"
    return f"{reply.status_code} {len(reply.json())} of 2" if reply.ok else str(reply.status_code)


@pytest.mark.parametrize("kind", OUTCOMES)
def test_a_fault_happens_as_often_as_configured(small: Small, kind: int | str) -> None:
    """Once here; the next response is sound."""
    with serve(small.world(small.stub("E1", NOW), small.stub("E2", NOW))) as gate:
        gate.injected_faults.add(Fault("/applications/shop", kind))
        outcome = _outcome(gate.url)
        assert outcome == OUTCOMES[kind] or outcome in OUTCOMES[kind].split()
        assert gate.injected_faults.left == 0
        assert _outcome(gate.url) == "200 2 of 2"


def test_an_unknown_kind_of_fault_is_refused() -> None:
    """A misspelt kind would be a test without a fault."""
    with pytest.raises(ValueError, match="tired"):
        Fault("/", "tired")


def test_the_world_can_change_before_a_response(small: Small) -> None:
    """Executions are deleted and begin between two pages of one reader."""
    world = small.world(small.stub("E1", NOW), small.stub("E2", NOW))
    with serve(world) as gate:
        gate.before = lambda path: world.executions.pop() and None
        assert [len(requests.get(gate.url + SEARCH, timeout=5).json()) for _ in range(2)] == [1, 0]


def test_hidden_applications_are_left_out_of_lists_and_refused_by_name(small: Small) -> None:
    """Lists leave them out silently, a request by name is 403, and one of their pipelines an empty 200."""
    world = small.world(small.stub("E1", NOW))
    world.hidden = {"shop"}
    with serve(world) as gate:
        assert requests.get(gate.url + "/applications", timeout=5).json() == []
        assert requests.get(gate.url + SEARCH, timeout=5).status_code == 403
        assert requests.get(gate.url + "/executions?executionIds=E1", timeout=5).json() == []
        assert requests.get(gate.url + "/pipelines/E1", timeout=5).content == b""


def test_a_replica_that_lags_gives_an_execution_alone_but_not_in_a_list(small: Small) -> None:
    """Lists by id may come from a replica that does not have it yet."""
    world = small.world(small.stub("E1", NOW))
    world.lagging = {"E1"}
    with serve(world) as gate:
        assert requests.get(gate.url + "/executions?executionIds=E1", timeout=5).json() == []
        assert requests.get(gate.url + "/pipelines/E1", timeout=5).json()["id"] == "E1"


@pytest.mark.parametrize(("mode", "different"), [("sql", True), ("redis", False)])
def test_pages_of_tasks_are_all_the_first_on_redis(small: Small, mode: Any, different: bool) -> None:
    """The database has another task on each page, Redis the same."""
    tasks = [small.stub(f"T{nth}", NOW - nth * 1000, config=None) for nth in (1, 2, 3)]
    with serve(small.world(*tasks), mode=mode) as gate:
        url = gate.url + "/applications/shop/tasks"
        pages = [requests.get(url, params={"page": page, "limit": 1}, timeout=5).json()[0]["id"] for page in (1, 2, 3)]
    assert (len(set(pages)) == 3) is different
