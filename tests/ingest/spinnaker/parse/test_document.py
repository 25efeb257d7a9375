"""Payloads as rows: the meaning of Spinnaker's fields, and what can not be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ingest.spinnaker.conftest import T, after, fields_of, run, tables

PAYLOADS = Path(__file__).resolve().parents[3] / "payloads" / "spinnaker"
SHA = "4f2a6c1e9b7d3f5081a2c4e6b8d0f1a3c5e7092b"


def test_red_black_on_virtual_machines() -> None:
    """One rollout a region: first traffic when the new group is up, full when the old one is disabled."""
    rows = tables((PAYLOADS / "vm_red_black.json").read_bytes())
    fields = ("location", "cluster", "version", "server_group", "first_traffic_at", "full_traffic_at")
    same = ("billing-main-api", "billing-2.14.0-h318", "billing-main-api-v042")
    deployed = [rollout for rollout in rows["rollout"] if rollout.action == "deploy"]
    assert [fields_of(rollout, *fields) for rollout in deployed] == [
        ("eu-west-1", *same, after(90_000), after(150_000)),
        ("us-east-1", *same, after(100_000), after(180_000)),
    ]
    disabled = [rollout for rollout in rows["rollout"] if rollout.action == "disable"]
    assert [fields_of(rollout, "location", "cluster", "steps_back") for rollout in disabled] == [
        ("eu-west-1", "billing-main-api", 1),
        ("us-east-1", "billing-main-api", 1),
    ]
    (execution,) = rows["execution"]
    assert fields_of(execution, "repository", "commit", "commit_origin") == ("acme/billing", SHA, "build")
    assert fields_of(execution, "trigger", "triggered_by") == ("build", "release-bot")
    assert len(rows["stage"]) == 9


def test_canary_judgment_and_production() -> None:
    """Groups below the canary stage serve the analysis only; the last interval's score counts, by time."""
    rows = tables((PAYLOADS / "canary_then_production.json").read_bytes())
    assert [fields_of(rollout, "cluster", "role") for rollout in rows["rollout"]] == [
        ("checkout-baseline", "canary"),
        ("checkout-canary", "canary"),
        ("checkout", None),
    ]
    (canary,) = rows["canary"]
    fields = ("score", "pass_threshold", "marginal_threshold", "intervals", "config", "status")
    assert fields_of(canary, *fields) == (88, 75, 50, 2, "istio-errors", "succeeded")
    assert [fields_of(interval, "judgment_id", "score", "canary_id") for interval in rows["canary_interval"]] == [
        ("01KAYENTA1", 92, canary.id),
        ("01KAYENTA2", 88, canary.id),
    ]
    (approval,) = rows["approval"]
    fields = ("decision", "answer", "decided_by", "roles", "decided_at", "finished_at")
    decided = ("continue", "with care", "bo@example.org", "release sre", after(988_000), after(1_000_000))
    assert fields_of(approval, *fields) == decided


def test_kubernetes_traffic_ends_before_the_stage_does() -> None:
    """First traffic with monitorDeploy, full with waitForManifestToStabilize; clean-up is not waited for."""
    production = tables((PAYLOADS / "canary_then_production.json").read_bytes())["rollout"][-1]
    fields = ("first_traffic_at", "full_traffic_at", "finished_at")
    assert fields_of(production, *fields) == (after(1_106_000), after(1_131_000), after(1_134_300))
    assert production.images == ["registry.example.org/acme/checkout:4f2a6c1e9b7d@sha256:" + "ab" * 32]
    assert fields_of(production, "account", "location", "server_group") == ("prod-eu", "checkout", "57")


def test_undoing_a_rollout_by_hand() -> None:
    """A task, not a pipeline: a rollback by two revisions, with the reason of its author."""
    rows = tables((PAYLOADS / "undo_rollout.task.json").read_bytes(), "task")
    (rollout,) = rows["rollout"]
    assert fields_of(rollout, "action", "cluster", "restores", "steps_back", "reason") == (
        ("rollback", "checkout", None, 2, "errors after release")
    )
    assert fields_of(rollout, "first_traffic_at", "full_traffic_at") == (after(6_000), after(45_900))
    assert fields_of(rows["execution"][0], "pipeline", "pipeline_id", "root_id") == (
        ("Undo rollout of manifest", None, "01JV0UNDO00000000000000001")
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("NOT_STARTED", "not_started"),
        *((word, "running") for word in ("RUNNING", "PAUSED", "SUSPENDED", "REDIRECT", "BUFFERED")),
        ("SUCCEEDED", "succeeded"),
        *((word, "failed") for word in ("TERMINAL", "STOPPED", "FAILED_CONTINUE")),
        ("CANCELED", "canceled"),
        ("SKIPPED", "skipped"),
        *((word, "unknown") for word in (None, "", "DONE")),
    ],
)
def test_statuses(theirs: object, ours: str) -> None:
    """The twelve of Orca; anything else is unknown, never success."""
    assert tables(run(status=theirs))["execution"][0].status == ours


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (T, T * 1000),
        (str(T), T * 1000),
        (float(T), T * 1000),
        *((bad, None) for bad in (None, 0, -1, T // 1000, 2**63, 10**400, "soon", "NaN", "1e400")),
    ],
)
def test_times(value: object, meant: int | None) -> None:
    """Milliseconds between 1990 and 2100, however written; seconds, zero and nonsense are no time."""
    assert tables(run(buildTime=value))["execution"][0].queued_at == meant


@pytest.mark.parametrize("field", ["status", "name", "application", "startTime", "endTime", "buildTime", "stages"])
@pytest.mark.parametrize("value", [True, {}, [7]])
def test_a_field_of_orca_of_another_type_spoils_its_document(field: str, value: object) -> None:
    """What Orca itself writes has one type; the reason has the field."""
    with pytest.raises(ValueError, match=rf"Expected .*\$\.{field}"):
        tables(run(**{field: value}))


def test_a_run_that_runs_again_has_no_end() -> None:
    """A restarted execution still carries the end of its first run."""
    (execution,) = tables(run(status="RUNNING", startTime=T + 9000, endTime=T + 1000))["execution"]
    assert execution.finished_at is None


@pytest.mark.parametrize(
    ("trigger", "authentication", "who"),
    [
        ({"user": "ana"}, {"user": "bo"}, "ana"),
        ({"user": "[anonymous]"}, {"user": "bo"}, "bo"),
        ({"user": "anonymous"}, {}, None),
        ({}, None, None),
    ],
)
def test_the_user_who_triggered(trigger: Any, authentication: Any, who: str | None) -> None:
    """The trigger's user, else the authenticated one; anonymous is no user."""
    assert tables(run(trigger=trigger, authentication=authentication))["execution"][0].triggered_by == who


@pytest.mark.parametrize(
    ("trigger", "word"),
    [
        ({"type": "git", "hash": SHA}, "git"),
        ({"type": "manual", "hash": SHA, "slug": "shop"}, "manual"),
        ({"type": "jenkins"}, "build"),
        ({"type": "docker"}, "image"),
        ({"type": "cron"}, "schedule"),
        ({"type": "webhook"}, "webhook"),
        ({"type": "pubsub"}, "other"),
        ({"type": "rocket", "hash": SHA, "slug": "shop"}, "git"),
        ({"type": "none", "buildNumber": 4}, "build"),
        ({"repository": "acme/shop", "tag": "1"}, "image"),
        (None, None),
    ],
)
def test_what_triggered_an_execution(trigger: Any, word: str | None) -> None:
    """The type if it is known, else the fields of the trigger."""
    assert tables(run(trigger=trigger))["execution"][0].trigger == word


def family(trigger: Any) -> tuple[Any, ...]:
    """Root and parent of an execution with this trigger."""
    return fields_of(tables(run(trigger=trigger))["execution"][0], "root_id", "parent_id")


def by_stage(type_: str = "pipeline", **more: Any) -> Any:
    """Return the trigger of a child that a stage of its parent started."""
    return {"type": type_, "parentPipelineStageId": "S", **more}


def test_children_of_stages_belong_to_the_topmost_execution_too() -> None:
    """Parents are followed through the stages that started children, up to the first that something else started."""
    top = {"id": "TOP", "trigger": {"type": "git"}}
    middle = {"id": "MID", "trigger": by_stage(parentExecution=top)}
    assert family({"type": "pipeline", "parentExecution": middle, "strategy": True}) == ("TOP", "MID")
    assert family(by_stage(parentPipelineId="GONE")) == ("GONE", "GONE")
    assert family(by_stage("pipelineRef", parentExecutionId="REF")) == ("REF", "REF")


def test_a_pipeline_that_the_completion_of_another_triggers_is_its_own_root() -> None:
    """Its parent stays the execution that triggered it; its own children belong to it."""
    top = {"id": "TOP", "trigger": {"type": "git"}}
    assert family({"type": "pipeline", "parentExecution": top}) == ("E", "TOP")
    assert family({"type": "pipeline", "parentPipelineId": "TOP"}) == ("E", "TOP")
    triggered = {"id": "MID", "trigger": {"type": "pipeline", "parentExecution": top}}
    assert family(by_stage(parentExecution=triggered)) == ("MID", "MID")
    completed = {"type": "pipeline", "parentPipelineId": "TOP"}
    assert fields_of(tables(run(trigger=completed, rootId="TOP"))["execution"][0], "root_id") == ("E",)


def test_grandchildren_belong_to_the_topmost_execution() -> None:
    """If the parent of a parent is named but not nested, for both types of a pipeline trigger."""
    middle = {"id": "MID", "trigger": by_stage(parentPipelineId="TOP")}
    assert family(by_stage(parentExecution=middle)) == ("TOP", "MID")
    referred = {"id": "MID", "trigger": by_stage("pipelineRef", parentExecutionId="TOP")}
    assert family(by_stage(parentExecution=referred)) == ("TOP", "MID")
    cut = by_stage(parentPipelineId="MID")
    assert fields_of(tables(run(trigger=cut, rootId="TOP"))["execution"][0], "root_id", "parent_id") == ("TOP", "MID")
    assert fields_of(tables(run(trigger=cut, rootId="E"))["execution"][0], "root_id", "parent_id") == ("MID", "MID")
    assert fields_of(tables(run(rootId="OTHER"))["execution"][0], "root_id", "parent_id") == ("E", None)


def test_a_manual_rerun_is_a_tree_of_its_own() -> None:
    """It copies parentExecution of what it repeats, and so does one above."""
    top = {"id": "TOP", "trigger": {"type": "git"}}
    rerun = {"id": "RE", "trigger": {"type": "manual", "parentPipelineStageId": "S", "parentExecution": top}}
    assert family(rerun["trigger"]) == ("E", None)
    assert family(by_stage(parentExecution=rerun)) == ("RE", "RE")


@pytest.mark.parametrize("trigger", [{"dryRun": True}, {"isDryRun": True}, {"type": "dryrun"}])
def test_dry_runs(trigger: Any) -> None:
    """Either serialiser's field, or the type."""
    assert tables(run(trigger=trigger))["execution"][0].dry_run is True
    assert tables(run(trigger={"dryRun": "false"}))["execution"][0].dry_run is False
