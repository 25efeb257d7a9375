"""The double of Gate over real HTTP: which executions its listings return, as the real one does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import requests

from tests.simulation.gate import serve

NOW = 1_750_000_000_000
DAY = 86_400_000
Small = SimpleNamespace


def ids(url: str, path: str, **params: Any) -> list[str]:
    """Ids of a listing."""
    return [row["id"] for row in requests.get(url + path, params=params, timeout=5).json()]


SEARCH = "/applications/shop/executions/search"


def test_search_bounds_of_sql_exclude_and_those_of_redis_include(small: Small) -> None:
    """The same query on both stores."""
    world = small.world(*(small.stub(f"E{n}", NOW - n) for n in range(5)))
    bounds = {"triggerTimeStartBoundary": NOW - 3, "triggerTimeEndBoundary": NOW - 1}
    with serve(world) as gate:
        assert ids(gate.url, SEARCH, **bounds) == ["E2"]
    with serve(world, mode="redis") as gate:
        assert sorted(ids(gate.url, SEARCH, **bounds)) == ["E1", "E2", "E3"]


def test_search_is_newest_first_on_sql_and_unsorted_on_redis(small: Small) -> None:
    """Redis applies no order, and still returns no more than ``size``."""
    world = small.world(*(small.stub(f"E{n:02}", NOW - n) for n in range(40)))
    with serve(world) as gate:
        assert ids(gate.url, SEARCH, size=5) == ["E00", "E01", "E02", "E03", "E04"]
        assert ids(gate.url, SEARCH, size=2, reverse="true") == ["E39", "E38"]
    with serve(world, mode="redis") as gate:
        unsorted = ids(gate.url, SEARCH, size=30)
    assert len(unsorted) == 30
    assert unsorted != sorted(unsorted)


def test_redis_repeats_itself_when_a_filter_applies(small: Small) -> None:
    """The same list is added page after page until enough match."""
    others = [small.stub(f"X{n}", NOW - n, trigger={"type": "git"}) for n in range(9)]
    with serve(small.world(small.stub("E", NOW), *others), mode="redis") as gate:
        assert ids(gate.url, SEARCH, size=3, triggerTypes="manual") == ["E", "E", "E"]


def test_deleted_pipelines_and_strategies_are_listed_by_id_only(small: Small) -> None:
    """The search takes its configurations from Front50, which has none of them."""
    world = small.world(
        small.stub("E1", NOW), small.stub("E2", NOW, config="deleted"), small.stub("E3", NOW, config="plan")
    )
    with serve(world) as gate:
        assert ids(gate.url, SEARCH) == ["E1"]
        assert sorted(ids(gate.url, "/applications/shop/pipelines")) == ["E1", "E3"]
        assert ids(gate.url, "/executions", executionIds="E2,nobody,E3") == ["E2", "E3"]
        assert ids(gate.url, "/executions", pipelineConfigIds="deleted") == ["E2"]


def test_the_future_does_not_exist_yet(small: Small) -> None:
    """An execution appears when the clock of the world reaches its build time."""
    world = small.world(small.stub("E1", NOW), small.stub("E2", NOW + 10))
    with serve(world) as gate:
        assert ids(gate.url, SEARCH) == ["E1"]
        assert ids(gate.url, "/executions", executionIds="E2") == []
        world.now = NOW + 10
        assert ids(gate.url, SEARCH) == ["E2", "E1"]


def test_a_replaced_execution_is_served_at_once(small: Small) -> None:
    """The world may change between requests without a change of its length."""
    world = small.world(small.stub("E1", NOW, status="RUNNING"))
    with serve(world) as gate:
        assert ids(gate.url, SEARCH, statuses="RUNNING") == ["E1"]
        world.executions[0] = small.stub("E1", NOW, status="SUCCEEDED")
        assert ids(gate.url, SEARCH, statuses="RUNNING") == []


def test_expand_false_drops_what_metrics_need(small: Small) -> None:
    """Context, outputs, tasks and the stages of a parent go; type, times and the trigger stay."""
    parent = {"type": "pipeline", "parentExecution": {"id": "P", "stages": [{"id": "s"}]}}
    with serve(small.world(small.stub("E1", NOW, trigger=parent))) as gate:
        (light,) = requests.get(gate.url + SEARCH, timeout=5).json()
        (full,) = requests.get(gate.url + SEARCH, params={"expand": "true"}, timeout=5).json()
    assert light["stages"] == [
        {"id": "E1-1", "type": "deployManifest", "context": {"group": "g"}, "outputs": {}, "tasks": []}
    ]
    assert light["trigger"]["parentExecution"] == {"id": "P", "stages": []}
    assert full["stages"][0]["context"]["account"] == "prod"


def test_a_deleted_parent_breaks_the_light_listing(small: Small) -> None:
    """A pipeline trigger without its parent makes the whole listing fail, unless it is expanded."""
    with serve(small.world(small.stub("E1", NOW), small.stub("E2", NOW, trigger={"type": "pipeline"}))) as gate:
        assert requests.get(gate.url + SEARCH, timeout=5).status_code == 500
        assert len(ids(gate.url, SEARCH, expand="true")) == 2


def test_pipelines_hide_what_is_older_than_14_days(small: Small) -> None:
    """Old executions are listed only if there are no newer ones, and then two; ascending by start."""
    recent = small.world(small.stub("E1", NOW - 20 * DAY), small.stub("E2", NOW - 2 * DAY), small.stub("E3", NOW - DAY))
    old = small.world(*(small.stub(f"E{n}", NOW - 30 * DAY + n) for n in range(5)))
    with serve(recent) as gate:
        assert ids(gate.url, "/applications/shop/pipelines") == ["E2", "E3"]
        assert ids(gate.url, "/applications/shop/pipelines", limit=1) == ["E3"]
    with serve(old) as gate:
        assert ids(gate.url, "/applications/shop/pipelines") == ["E3", "E4"]


def test_tasks_page_truly_and_end_after_14_days(small: Small) -> None:
    """Newest start first, those not started before them; by id there is no limit."""
    tasks = [small.stub(f"T{n}", NOW - n * 5 * DAY, config=None, description="Undo") for n in range(5)]
    with serve(small.world(*tasks, small.stub("T9", NOW, config=None, startTime=None))) as gate:
        assert ids(gate.url, "/applications/shop/tasks") == ["T9", "T0", "T1", "T2"]
        assert ids(gate.url, "/applications/shop/tasks", page=2, limit=3) == ["T2"]
        view = requests.get(gate.url + "/tasks/T4", timeout=5).json()
        assert requests.get(gate.url + "/tasks/T7", timeout=5).status_code == 404
    assert view["name"] == "Undo"
    assert view["execution"]["id"] == "T4"
