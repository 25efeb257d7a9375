"""The tree of stages, whatever a server says is above what."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.spinnaker.model.payload import Stage
from ingest.spinnaker.model.stage_tree import StageTree
from tests.ingest.spinnaker.conftest import rollouts, run, stage, tables

OUTER, INNER = frozenset({"outer"}), frozenset({"outer", "inner"})


def tree(*stages: tuple[str, Any, str | None]) -> StageTree:
    """Stages by id, type and parent."""
    return StageTree([Stage(id=id_, type=type_, parent_stage_id=parent) for id_, type_, parent in stages])


def top(found: StageTree, place: int, types: frozenset[str]) -> str | None:
    """Id of the outermost stage of some types above one."""
    above = found.outermost(found.stages[place], types)
    return above and above.id


def test_the_outermost_is_found_in_any_order() -> None:
    """Whichever is asked for first; a stage is not above itself, and one whose parent is missing is at the top."""
    stages = [
        ("l", "outer", "m"),
        ("s", "outer", "gone"),
        ("t", "outer", None),
        ("m", "inner", "t"),
        ("a", "inner", "t"),
    ]
    for order in ((0, 1, 2, 3, 4), (4, 3, 2, 1, 0)):
        found = tree(*stages)
        assert {place: top(found, place, OUTER) for place in order} == {0: "t", 1: None, 2: None, 3: "t", 4: "t"}
    found = tree(("l", "wait", "m"), ("m", "inner", "t"), ("t", "wait", None))
    assert [top(found, 0, INNER), top(found, 0, OUTER)] == ["m", None]
    assert [child.id for child in found.children(found.stages[2])] == ["m"]


def test_below_stops_at_another_of_its_type() -> None:
    """Level by level; what the inner one contains is the inner one's."""
    found = tree(
        ("o", "c", None), ("w", "wait", "o"), ("i", "c", "o"), ("1", "r", "w"), ("2", "r", "i"), ("x", "r", None)
    )
    assert [one.id for one in found.descendants(found.stages[0])] == ["w", "i", "1"]
    assert [one.id for one in found.descendants(found.stages[2])] == ["2"]


def test_a_circle_ends_where_it_closes() -> None:
    """Two stages that name each other, and one that names itself."""
    found = tree(("a", "c", "b"), ("b", "r", "a"), ("self", "c", "self"))
    assert [one.id for one in found.descendants(found.stages[0])] == ["b"]
    assert list(found.descendants(found.stages[2])) == []
    assert [top(found, place, OUTER) for place in range(3)] == [None] * 3


DEEP = 200


def nested(outer: str, *inner: Any) -> list[Any]:
    """Stages that lie deeper in another than Orca ever nests them."""
    way = [stage("wait", id=f"w{n}", parentStageId=f"w{n - 1}" if n else "top") for n in range(DEEP)]
    return [stage(outer, id="top"), *way, *({**one, "parentStageId": f"w{DEEP - 1}"} for one in inner)]


def test_however_deep_a_stage_lies_it_counts() -> None:
    """Its role, its place in a rollback, the deploy that it belongs to, the canary whose interval it is."""
    context = {"account": "prod", "region": "eu", "cluster": "shop"}
    (under,) = rollouts(*nested("deployCanaryServerGroups", stage("createServerGroup", context)))
    assert under.role == "canary"
    assert [row.action for row in rollouts(*nested("rollbackServerGroup", stage("createServerGroup")))] == ["rollback"]
    group = rollouts(*nested("deploy", stage("createServerGroup", context)))[-1]
    assert group.id == "top/prod/eu/shop"
    found = tables(run(stages=nested("kayentaCanary", stage("runCanary", {"canaryScore": 93}))))
    assert [(one.canary_id, one.score) for one in found["canary_interval"]] == [("top", 93)]


@pytest.mark.parametrize("type_", [None, 7, {}, [], ["deploy"]])
def test_a_type_that_is_no_word_contains_all_the_same(type_: Any) -> None:
    """The stages below one whose type is nonsense are read."""
    (row,) = rollouts(stage(type_, id="above"), stage("deployManifest", {"account": "prod"}, parentStageId="above"))
    assert (row.id, row.account, row.role) == ("S", "prod", None)
