"""The double of Gate over real HTTP: errors, strangers, limits and headers."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from ingest.simulation.gate.faults import Wound
from ingest.simulation.gate.server import serve

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
    """Gate swallows what ails it there, and nowhere else."""
    with serve(small.world(small.stub("E1", NOW))) as gate:
        gate.faults = {"/pipelines/": 500, "/applications/shop/tasks": 503}
        swallowed = requests.get(gate.url + "/pipelines/E1", timeout=5)
        told = requests.get(gate.url + "/applications/shop/tasks", timeout=5)
    assert (swallowed.status_code, swallowed.content) == (200, b"")
    assert told.status_code == 503


def test_strangers_get_the_login_page_and_wrong_tokens_a_clean_401(small: Small) -> None:
    """302 to HTML without a token; the probe tells nobody apart by an empty body."""
    with serve(small.world(), token="right") as gate:
        stranger = requests.get(gate.url + "/applications", timeout=5)
        first = requests.get(gate.url + "/applications", timeout=5, allow_redirects=False)
        wrong = requests.get(gate.url + "/applications", timeout=5, headers={"X-Spinnaker-Token": "wrong"})
        right = requests.get(gate.url + "/applications", timeout=5, headers={"Authorization": "Bearer right"})
        probe = requests.get(gate.url + "/auth/user", timeout=5)
    assert (first.status_code, stranger.headers["Content-Type"]) == (302, "text/html;charset=UTF-8")
    assert (wrong.status_code, right.status_code) == (401, 200)
    assert (probe.status_code, probe.content) == (200, b"")


def test_the_limiter_says_429_without_retry_after(small: Small) -> None:
    """Capacity, remaining and reset are told; when to come back only by the reset."""
    with serve(small.world()) as gate:
        gate.rate = 2
        replies = [requests.get(gate.url + "/version", timeout=5) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[1].headers["X-RateLimit-Remaining"] == "0"
    assert replies[2].json() == {"message": "Rate capacity exceeded"}
    assert "Retry-After" not in replies[2].headers


def test_large_answers_are_compressed_keys_sorted_and_the_clock_is_the_worlds(small: Small) -> None:
    """What passes through Gate looks like Gate's."""
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
    assert [one["id"] for one in got["/applications/shop/pipelineConfigs"]] == ["live"]
    assert [one["id"] for one in got["/applications/shop/strategyConfigs"]] == ["plan"]
    assert got["/pipelineConfigs/live/history"][0]["id"] == "live"
    assert got["/credentials"] == [{"name": "prod", "type": "kubernetes"}]
    assert got["/credentials?expand=true"][0]["environment"] == "prod"
    assert got["/health"] == {"status": "UP"}
    assert got["/v2/canaries/canary/c1"]["pipelineId"] == "c1"


def test_requests_are_kept_in_order(small: Small) -> None:
    """Tests count what a source asks."""
    with serve(small.world()) as gate:
        requests.get(gate.url + "/version", timeout=5)
        requests.get(gate.url + "/applications/a%2Fb/tasks", timeout=5)
        assert gate.requests == ["/version", "/applications/a%2Fb/tasks"]


WOUNDS = {
    503: "503",
    "empty": "200 0",
    "html": "200 text/html",
    "short": "200 1 of 2",
    "cut": "ChunkedEncodingError IncompleteRead ConnectionError",
    "reset": "ConnectionError",
    "drip": "ReadTimeout ConnectionError late",
}


def _told(url: str) -> str:
    """What a reader that is not careful makes of an answer."""
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


@pytest.mark.parametrize("how", WOUNDS)
def test_a_wound_happens_as_often_as_it_is_told_to(small: Small, how: int | str) -> None:
    """Once here, in the manner asked for; the next request is answered as ever."""
    with serve(small.world(small.stub("E1", NOW), small.stub("E2", NOW))) as gate:
        gate.wounds.add(Wound("/applications/shop", how))
        told = _told(gate.url)
        assert told == WOUNDS[how] or told in WOUNDS[how].split()
        assert gate.wounds.left == 0
        assert _told(gate.url) == "200 2 of 2"


def test_nothing_fails_in_an_unknown_way() -> None:
    """A name that is misspelt would be a test that tests nothing."""
    with pytest.raises(ValueError, match="tired"):
        Wound("/", "tired")


def test_the_world_can_change_before_an_answer(small: Small) -> None:
    """Retention deletes, executions begin: between two pages of one reader."""
    shown = small.world(small.stub("E1", NOW), small.stub("E2", NOW))
    with serve(shown) as gate:
        gate.before = lambda path: shown.executions.pop() and None
        assert [len(requests.get(gate.url + SEARCH, timeout=5).json()) for _ in range(2)] == [1, 0]


def test_hidden_applications_are_left_out_of_lists_and_refused_by_name(small: Small) -> None:
    """PostFilter drops them silently, what is asked of them is 403, and one pipeline of theirs an empty 200."""
    shown = small.world(small.stub("E1", NOW))
    shown.hidden = {"shop"}
    with serve(shown) as gate:
        assert requests.get(gate.url + "/applications", timeout=5).json() == []
        assert requests.get(gate.url + SEARCH, timeout=5).status_code == 403
        assert requests.get(gate.url + "/executions?executionIds=E1", timeout=5).json() == []
        assert requests.get(gate.url + "/pipelines/E1", timeout=5).content == b""


def test_a_replica_that_lags_gives_an_execution_alone_but_not_in_a_list(small: Small) -> None:
    """Lists by id may come from a replica that has not got it yet."""
    shown = small.world(small.stub("E1", NOW))
    shown.lagging = {"E1"}
    with serve(shown) as gate:
        assert requests.get(gate.url + "/executions?executionIds=E1", timeout=5).json() == []
        assert requests.get(gate.url + "/pipelines/E1", timeout=5).json()["id"] == "E1"
