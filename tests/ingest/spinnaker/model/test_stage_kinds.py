"""What stages do, by their types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ingest.spinnaker.model.stage_kinds import KIND_BY_TYPE, has_operation, stage_kind


@pytest.mark.parametrize(
    ("type_", "word"),
    [
        ("restrictExecutionDuringTimeWindow", "window"),
        ("wait", "wait"),
        ("enableManifest", "deploy"),
        ("disableManifest", "other"),
        ("Aws.LambdaTrafficRoutingStage", "deploy"),
        ("deployCloudrunManifest", "deploy"),
        ("rollbackCluster", "rollback"),
        ("pipeline", "child"),
    ],
)
def test_stage_types_have_a_kind(type_: str, word: str) -> None:
    """A window is a deliberate wait of its own kind; enabling and routing bring traffic; disabling cleans up."""
    assert stage_kind(type_) == word


@given(some.text() | some.integers() | some.none() | some.lists(some.text()))
def test_what_nobody_knows_is_other(type_: object) -> None:
    """Whatever a plug-in calls its stage: kept as other, never an operation."""
    if type_ not in list(KIND_BY_TYPE):
        assert stage_kind(type_) == "other"
        assert not has_operation([type_])


def test_what_a_task_must_do_to_be_read() -> None:
    """Tasks by hand that change what runs, switch it on or off, or move its traffic."""
    for type_ in ("enableManifest", "disableServerGroup", "deleteManifest", "Aws.LambdaTrafficRoutingStage", "runJob"):
        assert has_operation(["savePipeline", type_])
    assert not has_operation(["manualJudgment", "jenkins"])
