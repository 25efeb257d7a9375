"""Single values, read leniently, and the tree that stages form."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.spinnaker.model.coerce import first, items, mapping, number, person, text
from ingest.spinnaker.model.stage_kinds import kind, operates


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("a", "a"),
        (" a ", "a"),
        ("", None),
        ("  ", None),
        (3, "3"),
        (2.5, "2.5"),
        (True, None),
        ([], None),
        (None, None),
    ],
)
def test_text(value: object, meant: str | None) -> None:
    """Words and numbers; never an empty one."""
    assert text(value) == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [(7, 7), ("7.5", 7.5), (0, 0), (100, 100), (101, None), (-1, None), ("inf", None), ("x", None), (False, None)],
)
def test_number_within_bounds(value: object, meant: float | None) -> None:
    """Finite and between the bounds, which belong to it."""
    assert number(value, 0, 100) == meant


@pytest.mark.parametrize("value", ["inf", "-Infinity", "nan", "1e999", float("inf"), 10**400])
def test_what_is_not_finite_is_no_number(value: object) -> None:
    """Also where there are no bounds."""
    assert number(value) is None


def test_the_first_and_the_named() -> None:
    """The first that says something; the first that names somebody."""
    assert first(None, "", [], "x", "y") == "x"
    assert first() is None
    assert person("[anonymous]", "anonymous", "ana") == "ana"
    assert person("anonymous") is None


def test_objects_and_lists_are_never_none() -> None:
    """What is no object is an empty one; so with lists."""
    assert (mapping(None), mapping([1]), mapping({"a": 1})) == ({}, {}, {"a": 1})
    assert (items(None), items({"a": 1}), items([1])) == ([], [], [1])


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("deployManifest", "deploy"),
        ("undoRolloutManifest", "rollback"),
        ("rollingRestartManifest", "restart"),
        ("resizeServerGroup", "scale"),
        ("runCanary", "canary"),
        ("manualJudgment", "approval"),
        ("travis", "build"),
        ("bakeManifest", "bake"),
        ("runJobManifest", "test"),
        ("wait", "wait"),
        ("restrictExecutionDuringTimeWindow", "window"),
        ("pipeline", "child"),
        ("upsertLoadBalancers", "other"),
        (None, "other"),
        ({}, "other"),
    ],
)
def test_kinds(type_: Any, expected: str) -> None:
    """The contract's thirteen words."""
    assert kind(type_) == expected


def test_what_operates() -> None:
    """Only what changes what runs makes a task worth keeping."""
    assert operates(["savePipeline", "scaleManifest"])
    assert not operates(["manualJudgment", "jenkins"])
