"""The tree of stages, however they are nested."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.spinnaker.model.payload import Stage
from ingest.spinnaker.model.stage_tree import StageTree
from tests.ingest.spinnaker.conftest import rollouts, run, stage, tables

OUTER, INNER = frozenset({"outer"}), frozenset({"outer", "inner"})


def make_tree(*stages: tuple[str, Any, str | None]) -> StageTree:
    """Stages by id, type and parent."""
    return StageTree([Stage(id=id_, type=type_, parent_stage_id=parent) for id_, type_, parent in stages])


def outermost_id(tree: StageTree, place: int, types: frozenset[str]) -> str | None:
    """Id of the outermost stage of some types that contains another."""
    outermost = tree.outermost(tree.stages[place], types)
    return outermost and outermost.id


def test_the_outermost_stage_does_not_depend_on_the_order() -> None:
    """A stage does not contain itself, and one whose parent is missing is at the top."""
    stages = [
        ("l", "outer", "m"),
        ("s", "outer", "gone"),
        ("t", "outer", None),
        ("m", "inner", "t"),
        ("a", "inner", "t"),
    ]
    for order in ((0, 1, 2, 3, 4), (4, 3, 2, 1, 0)):
        tree = make_tree(*stages)
        assert {place: outermost_id(tree, place, OUTER) for place in order} == {
            0: "t",
            1: None,
            2: None,
            3: "t",
            4: "t",
        }
    tree = make_tree(("l", "wait", "m"), ("m", "inner", "t"), ("t", "wait", None))
    assert [outermost_id(tree, 0, INNER), outermost_id(tree, 0, OUTER)] == ["m", None]
    assert [child.id for child in tree.children(tree.stages[2])] == ["m"]


def test_descendants_stop_at_a_stage_of_the_same_type() -> None:
    """Level by level; what a nested stage of the same type contains belongs to that."""
    tree = make_tree(
        ("o", "c", None), ("w", "wait", "o"), ("i", "c", "o"), ("1", "r", "w"), ("2", "r", "i"), ("x", "r", None)
    )
    assert [child.id for child in tree.descendants(tree.stages[0])] == ["w", "i", "1"]
    assert [child.id for child in tree.descendants(tree.stages[2])] == ["2"]


def test_a_cycle_of_parents_ends_where_it_closes() -> None:
    """Two stages that name each other, and one that names itself."""
    tree = make_tree(("a", "c", "b"), ("b", "r", "a"), ("self", "c", "self"))
    assert [child.id for child in tree.descendants(tree.stages[0])] == ["b"]
    assert list(tree.descendants(tree.stages[2])) == []
    assert [outermost_id(tree, place, OUTER) for place in range(3)] == [None] * 3


DEEP = 200


def nested(outer: str, *inner: Any) -> list[Any]:
    """Stages nested deeper than Orca nests them."""
    way = [stage("wait", id=f"w{n}", parentStageId=f"w{n - 1}" if n else "top") for n in range(DEEP)]
    return [stage(outer, id="top"), *way, *({**child, "parentStageId": f"w{DEEP - 1}"} for child in inner)]


def test_a_deeply_nested_stage_counts() -> None:
    """Its role, its place in a rollback, the deploy that it belongs to, the canary whose interval it is."""
    context = {"account": "prod", "region": "eu", "cluster": "shop"}
    (under,) = rollouts(*nested("deployCanaryServerGroups", stage("createServerGroup", context)))
    assert under.role == "canary"
    assert [row.action for row in rollouts(*nested("rollbackServerGroup", stage("createServerGroup")))] == ["rollback"]
    group = rollouts(*nested("deploy", stage("createServerGroup", context)))[-1]
    assert group.id == "top/prod/eu/shop"
    rows = tables(run(stages=nested("kayentaCanary", stage("runCanary", {"canaryScore": 93}))))
    assert [(row.canary_id, row.score) for row in rows["canary_interval"]] == [("top", 93)]


@pytest.mark.parametrize("type_", [None, "", "acmeDeploy"])
def test_a_stage_of_an_unknown_type_still_contains_stages(type_: Any) -> None:
    """The stages in a stage whose type is absent or unknown are read."""
    (row,) = rollouts(stage(type_, id="above"), stage("deployManifest", {"account": "prod"}, parentStageId="above"))
    assert (row.id, row.account, row.role) == ("S", "prod", None)
