"""Questions put to people: how each ended, and who may not decide."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ingest.core.archive import Document
from ingest.core.rows import Approval
from ingest.spinnaker.parse.document import parse_document

T = 1_747_000_000_000


def approval(status: str, context: Any = None, modified: Any = None, **more: Any) -> Approval:
    """The approval of a judgment that was asked at T."""
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
    body = {"id": "E", "application": "shop", "status": "SUCCEEDED", "stages": [stage]}
    rows = parse_document(Document("execution", json.dumps(body).encode()))
    (found,) = (row for row in rows if isinstance(row, Approval))
    return found


def by(user: str, after: int = 900) -> dict[str, Any]:
    """Who touched the stage last, so many milliseconds after it began."""
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
def test_how_a_question_ended(status: str, context: Any, outcome: str) -> None:
    """By the decision and not by the stage's status; a listing without contexts claims no timeout."""
    assert approval(status, context).outcome == outcome


@pytest.mark.parametrize(
    ("status", "context", "modified", "refused"),
    [
        ("RUNNING", {"judgmentStatus": ""}, by("eve"), "eve"),
        ("TERMINAL", {"judgmentStatus": ""}, by("eve"), "eve"),
        ("SUCCEEDED", {"judgmentStatus": "continue"}, by("ada"), None),
        ("RUNNING", {"judgmentStatus": ""}, None, None),
        ("RUNNING", {"judgmentStatus": "continue"}, by("ada"), None),
        ("RUNNING", {}, by("[anonymous]"), None),
        ("RUNNING", {}, by("ada", after=-5_000), None),
        ("SKIPPED", {"manualSkip": True}, by("ada"), None),
    ],
)
def test_who_may_not_decide(status: str, context: Any, modified: Any, refused: str | None) -> None:
    """The last to touch a question that nobody decided; not who skipped it, nor who decided before a restart."""
    assert approval(status, context, modified).unauthorized_user == refused


def test_a_question_put_again_waits_anew() -> None:
    """After a restart the old decision's time lies before the question: the stage's end stands in for it."""
    found = approval("SUCCEEDED", {"judgmentStatus": "continue", "lastModifiedBy": "bo"}, by("ada", after=-5_000))
    assert (found.decided_by, found.decided_at) == ("bo", (T + 10_000) * 1000)


@given(
    status=some.sampled_from(["SUCCEEDED", "TERMINAL", "STOPPED", "CANCELED", "RUNNING", "SKIPPED", "NOT_STARTED"]),
    judged=some.sampled_from(["continue", "stop", "", None, "maybe"]),
    modified=some.sampled_from([None, "ada", "[anonymous]"]),
)
def test_a_decision_has_no_refusal_and_a_refusal_no_decision(status: str, judged: Any, modified: str | None) -> None:
    """Whatever the stage says, it is one or the other, and only a decision has a time."""
    found = approval(status, {"judgmentStatus": judged, "instructions": "Ship?"}, by(modified) if modified else None)
    assert (found.outcome == "decided") == (found.decision is not None) == (found.decided_at is not None)
    assert found.decision is None or found.unauthorized_user is None


def test_what_was_asked_and_of_whom() -> None:
    """Instructions, the option chosen, the roles of either name."""
    context = {"instructions": "Ship?", "judgmentStatus": "continue", "judgmentInput": "Half"}
    found = approval("SUCCEEDED", context | {"requiredJudgmentRoles": ["sre", "lead"]}, by("ada"))
    assert (found.prompt, found.answer, found.roles, found.decided_by) == ("Ship?", "Half", "sre lead", "ada")
    assert approval("SUCCEEDED", context | {"selectedStageRoles": ["qa"]}, by("ada")).roles == "qa"
