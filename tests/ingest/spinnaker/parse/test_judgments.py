"""Manual judgments, canaries and reasons of failure."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import T, after, fields_of, run, stage, tables


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({"exception": {"details": {"error": "Unexpected", "errors": ["No regions"]}}}, "No regions"),
        ({"exception": {"details": {"error": "Unexpected", "errors": []}}}, "Unexpected"),
        ({"kato.tasks": [{"exception": {"message": "quota"}}]}, "quota"),
        ({"failureMessages": ["crash loop"]}, "crash loop"),
        (
            {
                "kato.tasks": [
                    {"exception": {"message": "an older operation"}},
                    {"status": {"failed": True, "status": "Orchestration failed: DEPLOY_KUBERNETES_MANIFEST"}},
                ]
            },
            "Orchestration failed: DEPLOY_KUBERNETES_MANIFEST",
        ),
        ({"exception": {"details": {"responseBody": "no such account"}}}, "no such account"),
        (
            {"failedManifests": [{"manifestName": "deployment shop", "location": "prod"}, {"manifestName": "job x"}]},
            "did not become stable: deployment shop, job x",
        ),
        ({"jobStatus": {"failureDetails": "exited with code: 1"}}, "exited with code: 1"),
        ({"kato.tasks": [{"status": {"failed": False, "status": "done"}}], "failedManifests": []}, None),
        ({"exception": "text", "kato.tasks": {}, "failureMessages": None}, None),
    ],
)
def test_why_a_stage_failed(context: Any, reason: str | None) -> None:
    """The first cause in the stage; it is the execution's reason too, unless a user canceled it with a reason."""
    failed = stage("deployManifest", context, status="FAILED_CONTINUE")
    rows = tables(run(stages=[failed]))
    assert [fields_of(rows[table][0], "reason") for table in ("stage", "execution", "rollout")] == [(reason,)] * 3
    assert tables(run(stages=[failed], cancellationReason="stop"))["execution"][0].reason == "stop"


def test_a_reason_of_megabytes_is_cut() -> None:
    """A stack trace or a whole answer in the place of a message does not fill landing."""
    failed = stage("deployManifest", {"failureMessages": ["no quota" * 10_000]}, status="TERMINAL")
    rows = tables(run(stages=[failed]))
    assert {rows[table][0].reason for table in ("stage", "execution", "rollout")} == {("no quota" * 10_000)[:500]}


@pytest.mark.parametrize(
    ("status", "context", "decision", "decided"),
    [
        ("TERMINAL", {"judgmentStatus": "STOP"}, "stop", after(900)),
        ("STOPPED", {"judgmentStatus": "stop"}, "stop", after(900)),
        ("RUNNING", {"judgmentStatus": "continue"}, None, None),
        ("SUCCEEDED", {"markSuccessfulOnTimeout": True}, None, None),
        ("SUCCEEDED", {"judgmentStatus": ""}, None, None),
        ("SKIPPED", {}, None, None),
    ],
)
def test_only_a_complete_judgment_is_a_decision(
    status: str, context: Any, decision: str | None, decided: int | None
) -> None:
    """A refused judge, a timeout that passes and a restart leave a name, but decided nothing."""
    modified = {"user": "bo", "lastModifiedTime": T + 900}
    (approval,) = tables(run(stages=[stage("manualJudgment", context, status=status, lastModified=modified)]))[
        "approval"
    ]
    assert fields_of(approval, "decision", "decided_at") == (decision, decided)
    assert approval.decided_by == ("bo" if decision else None)


def test_why_a_task_failed_where_only_it_says() -> None:
    """Newer Orcas write the exception beside the task."""
    details = {"exception": {"details": {"errors": ["no such account"]}}}
    failed = stage("deployManifest", status="TERMINAL", tasks=[{"name": "a"}, {"taskExceptionDetails": details}])
    assert tables(run(stages=[failed]))["stage"][0].reason == "no such account"


@pytest.mark.parametrize("score", ["NaN", None, "", True, {}])
def test_a_score_that_is_none(score: object) -> None:
    """What is not a number is no score, and the interval is not judged."""
    ran = {**stage("runCanary", {"canaryScore": score}), "id": "R", "parentStageId": "S"}
    rows = tables(run(stages=[stage("kayentaCanary"), ran]))
    assert fields_of(rows["canary"][0], "score", "intervals") == (None, 0)


def test_a_canary_without_a_score_tells_what_went_wrong() -> None:
    """The exception of the interval that could not be judged."""
    error = {"exception": {"details": {"errors": ["prometheus is away"]}}}
    ran = {**stage("runCanary", error, status="TERMINAL"), "id": "R", "parentStageId": "S"}
    (canary,) = tables(run(stages=[stage("kayentaCanary", status="TERMINAL"), ran]))["canary"]
    assert fields_of(canary, "status", "score", "reason") == ("failed", None, "prometheus is away")
