"""Manual judgments: the outcome of each, and the users who may not decide."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dora.storage.rows.executions import Approval
from tests.ingest.spinnaker.conftest import T, run, tables


def approval(status: str, context: Any = None, modified: Any = None, **more: Any) -> Approval:
    """The approval of a judgment that began at T."""
    stage = {
        "id": "S",
        "type": "manualJudgment",
        "status": status,
        "startTime": T,
        "endTime": None if status == "RUNNING" else T + 10_000,
        "context": {"instructions": "Ship?"} if context is None else context,
        "lastModified": modified,
        **more,
    }
    (row,) = tables(run(stages=[stage]))["approval"]
    assert isinstance(row, Approval)
    return row


def modified_by(user: str, after: int = 900) -> dict[str, Any]:
    """The last modification of the stage, so many milliseconds after it began."""
    return {"user": user, "lastModifiedTime": T + after, "allowedAccounts": []}


@pytest.mark.parametrize(
    ("status", "context", "outcome"),
    [
        ("SUCCEEDED", {"judgmentStatus": "continue"}, "decided"),
        ("TERMINAL", {"judgmentStatus": "stop"}, "decided"),
        ("FAILED_CONTINUE", {"judgmentStatus": "Stop"}, "decided"),
        ("CANCELED", {"judgmentStatus": "stop"}, "decided"),
        ("RUNNING", {"judgmentStatus": "continue"}, "waiting"),
        ("NOT_STARTED", None, "waiting"),
        ("TERMINAL", {"instructions": "Ship?"}, "timed_out"),
        ("STOPPED", {"judgmentStatus": ""}, "timed_out"),
        ("SUCCEEDED", {"instructions": "Ship?", "markSuccessfulOnTimeout": True}, "passed_by_timeout"),
        ("SKIPPED", {"manualSkip": True}, "skipped"),
        ("CANCELED", {"instructions": "Ship?"}, "canceled"),
        ("SUCCEEDED", {}, "decided"),
    ],
)
def test_outcome_of_an_approval(status: str, context: Any, outcome: str) -> None:
    """By the decision and not by the stage's status; a listing without contexts claims no timeout."""
    assert approval(status, context).outcome == outcome


@pytest.mark.parametrize(
    ("status", "context", "modified", "refused"),
    [
        ("RUNNING", {"judgmentStatus": ""}, modified_by("eve"), "eve"),
        ("TERMINAL", {"judgmentStatus": ""}, modified_by("eve"), "eve"),
        ("SUCCEEDED", {"judgmentStatus": "continue"}, modified_by("ada"), None),
        ("RUNNING", {"judgmentStatus": ""}, None, None),
        ("RUNNING", {"judgmentStatus": "continue"}, modified_by("ada"), None),
        ("RUNNING", {}, modified_by("[anonymous]"), None),
        ("RUNNING", {}, modified_by("ada", after=-5_000), None),
        ("SKIPPED", {"manualSkip": True}, modified_by("ada"), None),
    ],
)
def test_the_unauthorized_user(status: str, context: Any, modified: Any, refused: str | None) -> None:
    """The last user to modify an undecided judgment; not the one who skipped it or decided before a restart."""
    assert approval(status, context, modified).unauthorized_user == refused


def test_an_approval_that_was_restarted_waits_again() -> None:
    """After a restart the old decision lies before the prompt: the end of the stage is used instead."""
    row = approval(
        "SUCCEEDED", {"judgmentStatus": "continue", "lastModifiedBy": "bo"}, modified_by("ada", after=-5_000)
    )
    assert (row.decided_by, row.decided_at) == ("bo", (T + 10_000) * 1000)


@given(
    status=some.sampled_from(["SUCCEEDED", "TERMINAL", "STOPPED", "CANCELED", "RUNNING", "SKIPPED", "NOT_STARTED"]),
    judgment=some.sampled_from(["continue", "stop", "", None, "maybe"]),
    modified=some.sampled_from([None, "ada", "[anonymous]"]),
)
def test_a_decision_has_no_refusal_and_a_refusal_no_decision(status: str, judgment: Any, modified: str | None) -> None:
    """Whatever the stage says, it is one or the other, and only a decision has a time."""
    row = approval(
        status, {"judgmentStatus": judgment, "instructions": "Ship?"}, modified_by(modified) if modified else None
    )
    assert (row.outcome == "decided") == (row.decision is not None) == (row.decided_at is not None)
    assert row.decision is None or row.unauthorized_user is None


def test_the_prompt_and_the_roles_of_an_approval() -> None:
    """Instructions, the option chosen, the roles of either name."""
    context = {"instructions": "Ship?", "judgmentStatus": "continue", "judgmentInput": "Half"}
    row = approval("SUCCEEDED", context | {"requiredJudgmentRoles": ["sre", "lead"]}, modified_by("ada"))
    assert (row.prompt, row.answer, row.roles, row.decided_by) == ("Ship?", "Half", "sre lead", "ada")
    assert approval("SUCCEEDED", context | {"selectedStageRoles": ["qa"]}, modified_by("ada")).roles == "qa"
