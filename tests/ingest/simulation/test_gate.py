"""The double of Gate over real HTTP: what it finds, and what it hides as the real one does."""

from __future__ import annotations

from typing import Any

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


def ids(url: str, path: str, **params: Any) -> list[str]:
    """Ids of a listing."""
    return [one["id"] for one in requests.get(url + path, params=params, timeout=5).json()]


SEARCH = "/applications/shop/executions/search"


def test_search_bounds_of_sql_exclude_and_those_of_redis_include() -> None:
    """The same question, the two answers of the two stores."""
    shown = world(*(stub(f"E{n}", NOW - n) for n in range(5)))
    bounds = {"triggerTimeStartBoundary": NOW - 3, "triggerTimeEndBoundary": NOW - 1}
    with serve(shown) as gate:
        assert ids(gate.url, SEARCH, **bounds) == ["E2"]
    with serve(shown, mode="redis") as gate:
        assert sorted(ids(gate.url, SEARCH, **bounds)) == ["E1", "E2", "E3"]


def test_search_is_newest_first_on_sql_and_unsorted_on_redis() -> None:
    """Redis applies no order, and still gives no more than ``size``."""
    shown = world(*(stub(f"E{n:02}", NOW - n) for n in range(40)))
    with serve(shown) as gate:
        assert ids(gate.url, SEARCH, size=5) == ["E00", "E01", "E02", "E03", "E04"]
        assert ids(gate.url, SEARCH, size=2, reverse="true") == ["E39", "E38"]
    with serve(shown, mode="redis") as gate:
        found = ids(gate.url, SEARCH, size=30)
    assert len(found) == 30
    assert found != sorted(found)


def test_redis_repeats_itself_when_a_filter_applies() -> None:
    """The same full list is added page after page until enough matched."""
    others = [stub(f"X{n}", NOW - n, trigger={"type": "git"}) for n in range(9)]
    with serve(world(stub("E", NOW), *others), mode="redis") as gate:
        assert ids(gate.url, SEARCH, size=3, triggerTypes="manual") == ["E", "E", "E"]


def test_deleted_pipelines_and_strategies_are_not_found_by_search_but_by_id() -> None:
    """Config ids come from Front50, which has forgotten them."""
    shown = world(stub("E1", NOW), stub("E2", NOW, config="deleted"), stub("E3", NOW, config="plan"))
    with serve(shown) as gate:
        assert ids(gate.url, SEARCH) == ["E1"]
        assert sorted(ids(gate.url, "/applications/shop/pipelines")) == ["E1", "E3"]
        assert ids(gate.url, "/executions", executionIds="E2,nobody,E3") == ["E2", "E3"]
        assert ids(gate.url, "/executions", pipelineConfigIds="deleted") == ["E2"]


def test_the_future_does_not_exist_yet() -> None:
    """What is built after the world's clock appears when the clock gets there."""
    shown = world(stub("E1", NOW), stub("E2", NOW + 10))
    with serve(shown) as gate:
        assert ids(gate.url, SEARCH) == ["E1"]
        assert ids(gate.url, "/executions", executionIds="E2") == []
        shown.now = NOW + 10
        assert ids(gate.url, SEARCH) == ["E2", "E1"]


def test_a_replaced_execution_is_seen_at_once() -> None:
    """The world may change between requests, its length may stay."""
    shown = world(stub("E1", NOW, status="RUNNING"))
    with serve(shown) as gate:
        assert ids(gate.url, SEARCH, statuses="RUNNING") == ["E1"]
        shown.executions[0] = stub("E1", NOW, status="SUCCEEDED")
        assert ids(gate.url, SEARCH, statuses="RUNNING") == []


def test_expand_false_drops_what_metrics_need() -> None:
    """Context, outputs, tasks and the stages of a parent go; type, times and the trigger stay."""
    parent = {"type": "pipeline", "parentExecution": {"id": "P", "stages": [{"id": "s"}]}}
    with serve(world(stub("E1", NOW, trigger=parent))) as gate:
        (light,) = requests.get(gate.url + SEARCH, timeout=5).json()
        (full,) = requests.get(gate.url + SEARCH, params={"expand": "true"}, timeout=5).json()
    assert light["stages"] == [
        {"id": "E1-1", "type": "deployManifest", "context": {"group": "g"}, "outputs": {}, "tasks": []}
    ]
    assert light["trigger"]["parentExecution"] == {"id": "P", "stages": []}
    assert full["stages"][0]["context"]["account"] == "prod"


def test_a_deleted_parent_breaks_the_light_listing() -> None:
    """A pipeline trigger without its parent makes the whole listing fail, unless it is expanded."""
    with serve(world(stub("E1", NOW), stub("E2", NOW, trigger={"type": "pipeline"}))) as gate:
        assert requests.get(gate.url + SEARCH, timeout=5).status_code == 500
        assert len(ids(gate.url, SEARCH, expand="true")) == 2


def test_pipelines_hide_what_is_older_than_14_days() -> None:
    """Old runs show only where there are no newer ones, and then two; ascending by start."""
    recent = world(stub("E1", NOW - 20 * DAY), stub("E2", NOW - 2 * DAY), stub("E3", NOW - DAY))
    old = world(*(stub(f"E{n}", NOW - 30 * DAY + n) for n in range(5)))
    with serve(recent) as gate:
        assert ids(gate.url, "/applications/shop/pipelines") == ["E2", "E3"]
        assert ids(gate.url, "/applications/shop/pipelines", limit=1) == ["E3"]
    with serve(old) as gate:
        assert ids(gate.url, "/applications/shop/pipelines") == ["E3", "E4"]


def test_tasks_page_truly_and_end_after_14_days() -> None:
    """Newest start first, not yet started before them; by id there is no limit."""
    tasks = [stub(f"T{n}", NOW - n * 5 * DAY, config=None, description="Undo") for n in range(5)]
    with serve(world(*tasks, stub("T9", NOW, config=None, startTime=None))) as gate:
        assert ids(gate.url, "/applications/shop/tasks") == ["T9", "T0", "T1", "T2"]
        assert ids(gate.url, "/applications/shop/tasks", page=2, limit=3) == ["T2"]
        view = requests.get(gate.url + "/tasks/T4", timeout=5).json()
        assert requests.get(gate.url + "/tasks/T7", timeout=5).status_code == 404
    assert view["name"] == "Undo"
    assert view["execution"]["id"] == "T4"
