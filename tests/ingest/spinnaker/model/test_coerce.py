"""Single values, read leniently, and the tree that stages form."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.spinnaker.model.coerce import as_dict, as_list, as_number, as_text, first_person, first_text
from ingest.spinnaker.model.stage_kinds import has_operation, stage_kind


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
    assert as_text(value) == meant


@pytest.mark.parametrize(
    ("value", "meant"),
    [(7, 7), ("7.5", 7.5), (0, 0), (100, 100), (101, None), (-1, None), ("inf", None), ("x", None), (False, None)],
)
def test_number_within_bounds(value: object, meant: float | None) -> None:
    """Finite and between the bounds, which belong to it."""
    assert as_number(value, 0, 100) == meant


@pytest.mark.parametrize("value", ["inf", "-Infinity", "nan", "1e999", float("inf"), 10**400])
def test_what_is_not_finite_is_no_number(value: object) -> None:
    """Also where there are no bounds."""
    assert as_number(value) is None


def test_first_text_and_first_person() -> None:
    """The first value that is a text, and the first that names a user."""
    assert first_text(None, "", [], "x", "y") == "x"
    assert first_text() is None
    assert first_person("[anonymous]", "anonymous", "ana") == "ana"
    assert first_person("anonymous") is None


def test_objects_and_lists_are_never_none() -> None:
    """What is no object is an empty one; so with lists."""
    assert (as_dict(None), as_dict([1]), as_dict({"a": 1})) == ({}, {}, {"a": 1})
    assert (as_list(None), as_list({"a": 1}), as_list([1])) == ([], [], [1])


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
    assert stage_kind(type_) == expected


def test_what_operates() -> None:
    """Only what changes what runs makes a task worth keeping."""
    assert has_operation(["savePipeline", "scaleManifest"])
    assert not has_operation(["manualJudgment", "jenkins"])
