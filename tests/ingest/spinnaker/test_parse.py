"""Payloads → rows: what Spinnaker's words mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.archive import Document
from ingest.rows import Row
from ingest.spinnaker.parse import parse

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads" / "spinnaker"
T = 1_747_000_000_000
SHA = "4f2a6c1e9b7d3f5081a2c4e6b8d0f1a3c5e7092b"
OTHER = "0123456789abcdef0123456789abcdef01234567"
Rows = dict[str, list[Any]]


def tables(body: Any, kind: str = "execution") -> Rows:
    """Rows of a payload by table."""
    found: Rows = {}
    for row in parse(Document(kind, body if isinstance(body, bytes) else json.dumps(body).encode())):
        found.setdefault(row.table, []).append(row)
    return found


def run(**more: Any) -> dict[str, Any]:
    """The smallest execution."""
    return {"id": "E", "application": "shop", "status": "SUCCEEDED", **more}


def said(row: Row, *names: str) -> tuple[Any, ...]:
    """Some fields of a row."""
    return tuple(getattr(row, name) for name in names)


def after(ms: int | None) -> int | None:
    """Milliseconds after T, in microseconds."""
    return None if ms is None else (T + ms) * 1000


# Whole payloads


def test_red_black_on_virtual_machines() -> None:
    """One rollout a region: first traffic when the new group is up, full when the old one is disabled."""
    found = tables((PAYLOADS / "vm_red_black.json").read_bytes())
    fields = ("location", "cluster", "version", "server_group", "first_traffic_at", "full_traffic_at")
    same = ("billing-main-api", "billing-2.14.0-h318", "billing-main-api-v042")
    assert [said(rollout, *fields) for rollout in found["rollout"]] == [
        ("eu-west-1", *same, after(90_000), after(150_000)),
        ("us-east-1", *same, after(100_000), after(180_000)),
    ]
    (execution,) = found["execution"]
    assert said(execution, "repository", "commit", "commit_origin") == ("acme/billing", SHA, "build")
    assert said(execution, "trigger", "triggered_by") == ("build", "release-bot")
    assert len(found["stage"]) == 9


def test_canary_judgment_and_production() -> None:
    """Groups below the canary stage serve the analysis only; the last interval's score counts, by time."""
    found = tables((PAYLOADS / "canary_then_production.json").read_bytes())
    assert [said(rollout, "cluster", "role") for rollout in found["rollout"]] == [
        ("checkout-baseline", "canary"),
        ("checkout-canary", "canary"),
        ("checkout", None),
    ]
    (canary,) = found["canary"]
    fields = ("score", "pass_threshold", "marginal_threshold", "intervals", "config", "status")
    assert said(canary, *fields) == (88, 75, 50, 2, "istio-errors", "succeeded")
    assert [said(one, "judgment_id", "score", "canary_id") for one in found["canary_interval"]] == [
        ("01KAYENTA1", 92, canary.id),
        ("01KAYENTA2", 88, canary.id),
    ]
    (approval,) = found["approval"]
    fields = ("decision", "answer", "decided_by", "roles", "decided_at", "finished_at")
    decided = ("continue", "with care", "bo@example.org", "release sre", after(988_000), after(1_000_000))
    assert said(approval, *fields) == decided


def test_kubernetes_traffic_ends_before_the_stage_does() -> None:
    """First traffic with monitorDeploy, full with waitForManifestToStabilize; clean-up is not waited for."""
    production = tables((PAYLOADS / "canary_then_production.json").read_bytes())["rollout"][-1]
    fields = ("first_traffic_at", "full_traffic_at", "finished_at")
    assert said(production, *fields) == (after(1_106_000), after(1_131_000), after(1_134_300))
    assert production.version == "registry.example.org/acme/checkout@sha256:" + "ab" * 32
    assert said(production, "account", "location", "server_group") == ("prod-eu", "checkout", "57")


def test_undoing_a_rollout_by_hand() -> None:
    """A task, not a pipeline: a rollback by two revisions, with the reason that its author gave."""
    found = tables((PAYLOADS / "undo_rollout.task.json").read_bytes(), "task")
    (rollout,) = found["rollout"]
    assert said(rollout, "action", "cluster", "restores", "steps_back", "reason") == (
        ("rollback", "checkout", None, 2, "errors after release")
    )
    assert said(rollout, "first_traffic_at", "full_traffic_at") == (after(6_000), after(45_900))
    assert said(found["execution"][0], "pipeline", "pipeline_id", "root_id") == (
        ("Undo rollout of manifest", None, "01JV0UNDO00000000000000001")
    )


# Statuses, times and people


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("NOT_STARTED", "not_started"),
        *((word, "running") for word in ("RUNNING", "PAUSED", "SUSPENDED", "REDIRECT", "BUFFERED")),
        ("SUCCEEDED", "succeeded"),
        *((word, "failed") for word in ("TERMINAL", "STOPPED", "FAILED_CONTINUE")),
        ("CANCELED", "canceled"),
        ("SKIPPED", "skipped"),
        *((word, "unknown") for word in (None, "", "DONE", 7, {})),
    ],
)
def test_statuses(theirs: object, ours: str) -> None:
    """The twelve of Orca; anything else is unknown, never success."""
    assert tables(run(status=theirs))["execution"][0].status == ours


@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        (T, T * 1000),
        (str(T), T * 1000),
        (float(T), T * 1000),
        *((bad, None) for bad in (None, 0, -1, T // 1000, 2**63, 10**400, "soon", True, [], {}, "NaN", "1e400")),
    ],
)
def test_times(given_: object, meant: int | None) -> None:
    """Milliseconds between 1990 and 2100, however written; seconds, zero and nonsense are no time."""
    assert tables(run(buildTime=given_))["execution"][0].queued_at == meant


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
def test_who(trigger: Any, authentication: Any, who: str | None) -> None:
    """The trigger's user, else the one whose rights it ran with; anonymous is nobody."""
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
def test_what_triggered(trigger: Any, word: str | None) -> None:
    """The type where it is known, else the fields that it carries."""
    assert tables(run(trigger=trigger))["execution"][0].trigger == word


# Trees


def family(trigger: Any) -> tuple[Any, ...]:
    """Root and parent of an execution with this trigger."""
    return said(tables(run(trigger=trigger))["execution"][0], "root_id", "parent_id")


def test_children_of_pipelines_belong_to_the_topmost() -> None:
    """Parents are followed through pipeline triggers up to the first that something else started."""
    top = {"id": "TOP", "trigger": {"type": "git"}}
    middle = {"id": "MID", "trigger": {"type": "pipeline", "parentExecution": top}}
    assert family({"type": "pipeline", "parentExecution": middle, "strategy": True}) == ("TOP", "MID")
    assert family({"type": "pipeline", "parentPipelineId": "GONE"}) == ("GONE", "GONE")
    assert family({"type": "pipelineRef", "parentExecutionId": "REF"}) == ("REF", "REF")


def test_a_manual_rerun_is_a_tree_of_its_own() -> None:
    """It copies parentExecution of what it repeats, and so does one above."""
    top = {"id": "TOP", "trigger": {"type": "git"}}
    rerun = {"id": "RE", "trigger": {"type": "manual", "parentExecution": top}}
    assert family(rerun["trigger"]) == ("E", None)
    assert family({"type": "pipeline", "parentExecution": rerun}) == ("RE", "RE")


@pytest.mark.parametrize("trigger", [{"dryRun": True}, {"isDryRun": True}, {"type": "dryrun"}])
def test_dry_runs(trigger: Any) -> None:
    """Either serialiser's field, or the type."""
    assert tables(run(trigger=trigger))["execution"][0].dry_run is True
    assert tables(run(trigger={"dryRun": "false"}))["execution"][0].dry_run is False


# Commits


def scm(sha: str, url: str | None = None) -> dict[str, Any]:
    """What Igor says of a build's source."""
    return {"scm": [{"branch": "main", "sha1": sha, "remoteUrl": url}]}


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({"hash": SHA, "project": "acme", "slug": "shop", "branch": "main"}, (SHA, "acme/shop", "main", "trigger")),
        ({"hash": SHA.upper()}, (SHA, None, None, "trigger")),
        ({"hash": SHA[:7], "buildInfo": scm(OTHER)}, (SHA[:7], None, None, "trigger")),
        ({"buildInfo": scm(SHA, "https://git.example/acme/shop.git")}, (SHA, "acme/shop", "main", "build")),
        ({"buildInfo": scm(SHA, "ssh://git@git.example:7999/acme/shop.git/")}, (SHA, "acme/shop", "main", "build")),
        ({"properties": {"GIT_COMMIT": SHA, "GIT_BRANCH": "main"}}, (SHA, None, "main", "properties")),
        ({"parameters": {"commitSha": SHA, "repository": "acme/shop"}}, (SHA, "acme/shop", None, "parameters")),
        ({"artifacts": [{"type": "git/repo", "version": SHA}]}, (SHA, None, None, "artifact")),
        ({"artifacts": [{"type": "docker/image", "version": SHA[:12]}]}, (SHA[:12], None, None, "image")),
        ({"tag": SHA[:8]}, (SHA[:8], None, None, "image")),
        (
            {"payload": {"head_commit": {"id": SHA}, "ref": "refs/heads/main", "repository": {"full_name": "a/b"}}},
            (SHA, "a/b", "main", "payload"),
        ),
        ({"payload": {"after": SHA}}, (SHA, None, None, "payload")),
        ({"tag": "20250611"}, (None,) * 4),
        ({"tag": "v1.2.3", "hash": "main", "artifacts": [{"type": "git/repo", "version": "main"}]}, (None,) * 4),
        ({"hash": None, "buildInfo": None, "artifacts": None, "payload": "text", "parameters": []}, (None,) * 4),
    ],
)
def test_where_commits_are_found(trigger: Any, expected: tuple[Any, ...]) -> None:
    """Best place first; a branch, a version or a date is no commit."""
    (execution,) = tables(run(trigger=trigger))["execution"]
    assert said(execution, "commit", "repository", "branch", "commit_origin") == expected


def test_the_nearest_parent_with_a_commit_tells_it() -> None:
    """Up through parents, a manual re-run's copy included."""
    top = {"id": "T", "trigger": {"hash": OTHER}}
    middle = {"id": "M", "trigger": {"type": "pipeline", "hash": SHA, "parentExecution": top}}
    (execution,) = tables(run(trigger={"type": "manual", "parentExecution": middle}))["execution"]
    assert execution.commit == SHA


def test_a_build_stage_tells_the_commit_of_its_pipeline_and_of_its_children() -> None:
    """context.buildInfo of a stage, here or in the parent that built."""
    built = [{"id": "b", "type": "jenkins", "context": {"buildInfo": scm(SHA)}}]
    child = {"type": "pipeline", "parentExecution": {"id": "P", "stages": built}}
    for execution in (run(stages=built), run(trigger=child)):
        assert said(tables(execution)["execution"][0], "commit", "commit_origin") == (SHA, "build stage")


# Rollouts


def stage(type_: str, context: Any = None, **more: Any) -> dict[str, Any]:
    """A stage that succeeded in ten seconds."""
    return {
        "id": "S",
        "type": type_,
        "status": "SUCCEEDED",
        "startTime": T,
        "endTime": T + 10_000,
        "context": context or {},
        **more,
    }


def rollouts(*stages: dict[str, Any]) -> list[Any]:
    """Rollouts of an execution with these stages."""
    return tables(run(stages=list(stages))).get("rollout", [])


def tasks(**ends: int | None) -> list[dict[str, Any]]:
    """Tasks that ended after so many milliseconds; None: failed."""
    return [
        {"name": name, "status": "TERMINAL" if end is None else "SUCCEEDED", "endTime": T + (end or 9_000)}
        for name, end in ends.items()
    ]


@pytest.mark.parametrize(
    ("type_", "more", "times"),
    [
        ("deployManifest", {"tasks": tasks(monitorDeploy=1, waitForManifestToStabilize=5, monitorCleanup=8)}, (1, 5)),
        ("deployManifest", {"tasks": []}, (10_000, 10_000)),
        ("deployManifest", {"tasks": [], "status": "TERMINAL"}, (None, None)),
        (
            "deployManifest",
            {"tasks": tasks(monitorDeploy=1, waitForManifestToStabilize=None), "status": "TERMINAL"},
            (1, None),
        ),
        ("deployManifest", {"tasks": tasks(deployManifest=None), "status": "TERMINAL"}, (None, None)),
        ("deployManifest", {"tasks": tasks(monitorDeploy=3)}, (3, 10_000)),
        ("patchManifest", {"tasks": tasks(monitorPatch=2, waitForManifestToStabilize=4)}, (2, 4)),
        ("undoRolloutManifest", {"tasks": tasks(monitorUndoRollout=2)}, (2, 10_000)),
        ("rollingRestartManifest", {"tasks": tasks(monitorRollingRestart=2)}, (10_000, 10_000)),
        ("rollbackServerGroup", {"tasks": tasks(anything=2)}, (10_000, 10_000)),
        ("createServerGroup", {"tasks": tasks(monitorDeploy=1, waitForUpInstances=6)}, (6, 6)),
        ("createServerGroup", {"tasks": tasks(waitForUpInstances=6), "status": "TERMINAL"}, (6, None)),
        ("createServerGroup", {"tasks": tasks(waitForUpInstances=None), "status": "TERMINAL"}, (None, None)),
    ],
)
def test_when_traffic_started(type_: str, more: dict[str, Any], times: tuple[int | None, ...]) -> None:
    """First and full traffic by the tasks; by the stage's end only where a listing has no tasks."""
    (rollout,) = rollouts(stage(type_, **more))
    assert said(rollout, "first_traffic_at", "full_traffic_at") == tuple(map(after, times))


@pytest.mark.parametrize(("enabled", "served"), [(False, None), (True, after(5))])
def test_a_dark_rollout_takes_no_traffic(enabled: bool, served: int | None) -> None:
    """With traffic management on and traffic off, the new content waits."""
    context = {"trafficManagement": {"enabled": True, "options": {"enableTraffic": enabled}}}
    done = tasks(monitorDeploy=1, waitForManifestToStabilize=5)
    assert rollouts(stage("deployManifest", context, tasks=done))[0].full_traffic_at == served


def test_full_traffic_waits_for_the_old_group_to_be_disabled() -> None:
    """A disableCluster stage that failed or has not ended leaves the rollout short of full traffic."""
    group = stage("createServerGroup", tasks=tasks(waitForUpInstances=6))
    disable = {"id": "D", "type": "disableCluster", "parentStageId": "S", "endTime": T + 9}
    for status, full in (("SUCCEEDED", after(9)), ("TERMINAL", None), ("RUNNING", None)):
        rollout = rollouts(group, {**disable, "status": status})[0]
        assert said(rollout, "first_traffic_at", "full_traffic_at") == (after(6), full)


def test_a_deploy_is_its_server_groups_and_a_planned_one_its_clusters() -> None:
    """The same target has the same id before, during and after, also when a restart makes the child anew."""
    zones = {"eu": ["a"], "us": ["b"]}
    plan = {"account": "vm", "application": "shop", "stack": "main", "availabilityZones": zones}
    planned = rollouts(stage("deploy", {"clusters": [plan]}, status="NOT_STARTED", startTime=None, endTime=None))
    child = {"account": "vm", "application": "shop", "stack": "main", "region": "eu"}
    parent = stage("deploy", {"clusters": [plan]})
    for child_id in ("first", "again"):
        (begun,) = rollouts(parent, {**stage("createServerGroup", child), "id": child_id, "parentStageId": "S"})
        assert begun.id == planned[0].id
    assert [said(row, "location", "cluster", "status") for row in planned] == [
        ("eu", "shop-main", "not_started"),
        ("us", "shop-main", "not_started"),
    ]


def test_a_plan_that_is_still_an_expression_is_one_rollout() -> None:
    """What stands for the clusters is evaluated when the stage begins."""
    (rollout,) = rollouts(stage("deploy", {"clusters": "${ trigger.clusters }"}, status="NOT_STARTED"))
    assert said(rollout, "status", "location") == ("not_started", None)


def test_two_groups_of_one_target_stay_two() -> None:
    """Ids are unique even where a pipeline deploys the same cluster twice."""
    plan = {"account": "vm", "application": "shop", "region": "eu"}
    found = rollouts(stage("deploy", {"clusters": [plan, plan]}, status="NOT_STARTED"))
    assert len({row.id for row in found}) == 2


def test_a_listing_without_contexts_still_tells_the_region() -> None:
    """ "Deploy in eu-west-1" is all that is left of it."""
    named = {**stage("createServerGroup", name="Deploy in eu-west-1"), "id": "C", "parentStageId": "S"}
    (rollout,) = rollouts(stage("deploy"), named)
    assert said(rollout, "location", "account", "full_traffic_at") == ("eu-west-1", None, after(10_000))


def test_a_rollback_is_its_server_groups_and_not_the_steps_it_takes() -> None:
    """clone, enable, resize and disable below a rollback are how it is done, not what was done."""
    below = [
        {**stage("rollbackServerGroup", {"region": "eu", "rollbackContext": {"restoreServerGroupName": "shop-v001"}})},
        {**stage("cloneServerGroup"), "id": "c", "parentStageId": "S"},
        {**stage("resizeServerGroup"), "id": "r", "parentStageId": "S"},
    ]
    (alone,) = rollouts(*below)
    (nested,) = rollouts({**stage("rollbackCluster"), "id": "TOP"}, {**below[0], "parentStageId": "TOP"}, *below[1:])
    assert said(alone, "action", "restores", "steps_back") == ("rollback", "shop-v001", None)
    assert nested.id == "TOP/-/eu/-"


@pytest.mark.parametrize(
    ("context", "restores", "steps"),
    [({"revision": 3}, "3", None), ({"revision": "3"}, "3", None), ({"numRevisionsBack": "2"}, None, 2), ({}, None, 1)],
)
def test_how_far_back(context: dict[str, Any], restores: str | None, steps: int | None) -> None:
    """A revision, a number of them, or one."""
    assert said(rollouts(stage("undoRolloutManifest", context))[0], "restores", "steps_back") == (restores, steps)


@pytest.mark.parametrize(
    ("type_", "action"),
    [("rollingRestartManifest", "restart"), ("scaleManifest", "scale"), ("resizeServerGroup", "scale")],
)
def test_restarts_and_scaling(type_: str, action: str) -> None:
    """They change what runs, but not its content."""
    assert rollouts(stage(type_, {"manifestName": "deployment shop"}))[0].action == action
    assert rollouts({**stage(type_), "id": "c", "parentStageId": "S"}) == []


def deployment(image: str = "shop:1", **more: Any) -> dict[str, Any]:
    """A Deployment."""
    pod = {"containers": [{"name": "shop", "image": image}], **more}
    return {
        "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": "prod"},
        "spec": {"template": {"spec": pod}},
    }


def content(*manifests: Any, **context: Any) -> Any:
    """The rollout that deploys these manifests."""
    return rollouts(stage("deployManifest", {"manifests": list(manifests), **context}))[0]


def test_the_fingerprint_holds_still_where_only_images_and_stamps_move() -> None:
    """Another image, revision or stamp is the same configuration; another value of the team's own is not."""
    plain = content(deployment())
    stamped = deployment("shop:2")
    stamped["metadata"] |= {
        "uid": "1",
        "resourceVersion": "5",
        "annotations": {"moniker.spinnaker.io/cluster": "x", "deployment.kubernetes.io/revision": "8"},
    }
    stamped["status"] = {"replicas": 2}
    assert content(stamped).manifest == plain.manifest
    assert content(deployment(terminationGracePeriodSeconds=5)).manifest != plain.manifest
    assert content().manifest is None


def test_the_fingerprint_does_not_depend_on_order() -> None:
    """Neither of manifests nor of keys."""
    service = {"kind": "Service", "metadata": {"name": "shop"}, "spec": {"port": 80}}
    turned = {key: service[key] for key in reversed(service)}
    assert content(deployment(), service).manifest == content(turned, deployment()).manifest


@pytest.mark.parametrize(
    ("manifest", "version"),
    [
        (deployment("r.example:5000/a/shop:1"), "r.example:5000/a/shop:1"),
        (deployment("r.example:5000/a/shop:1@sha256:00ff"), "r.example:5000/a/shop@sha256:00ff"),
        (deployment("b:1", initContainers=[{"image": "a:1"}, {"image": "b:1"}]), "a:1 b:1"),
        ({"kind": "Pod", "spec": {"containers": [{"image": "p:1"}]}}, "p:1"),
        (
            {
                "kind": "CronJob",
                "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "j"}]}}}}},
            },
            "j",
        ),
        ({"kind": "ConfigMap", "data": {"image": "x"}}, None),
        ({"kind": "Odd", "spec": {"template": "text", "containers": {"image": "x"}}}, None),
    ],
)
def test_the_version_is_the_images(manifest: Any, version: str | None) -> None:
    """Distinct, sorted, by digest where there is one."""
    assert content(manifest).version == version


def test_what_the_cluster_gave_back_tells_the_bound_image() -> None:
    """The pipeline asks for a name, Spinnaker binds the tag."""
    given_back = {"outputs.manifests": [deployment("shop:1@sha256:aa")]}
    assert content(deployment("shop"), **given_back).version == "shop@sha256:aa"


def test_where_a_manifest_goes() -> None:
    """Override, then the stage's own location, then the manifest's namespace; the workload names the cluster."""
    config = {"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "early"}}
    assert said(content(config, deployment()), "location", "cluster") == ("early", "shop")
    assert content(deployment(), namespaceOverride="over", location="there").location == "over"
    assert content(config).cluster == "settings"
    names = {"manifestNamesByNamespace": None, "outputs.manifestNamesByNamespace": {"ns": ["deployment x"]}}
    assert said(rollouts(stage("deployManifest", names))[0], "location", "cluster") == ("ns", "x")


# Failures, judgments and canaries


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ({"exception": {"details": {"error": "Unexpected", "errors": ["No regions"]}}}, "No regions"),
        ({"exception": {"details": {"error": "Unexpected", "errors": []}}}, "Unexpected"),
        ({"kato.tasks": [{"exception": {"message": "quota"}}]}, "quota"),
        ({"failureMessages": ["crash loop"]}, "crash loop"),
        ({"exception": "text", "kato.tasks": {}, "failureMessages": None}, None),
    ],
)
def test_why_a_stage_failed(context: Any, reason: str | None) -> None:
    """The first cause that is told; it is the execution's reason too, unless somebody canceled it with words."""
    failed = stage("deployManifest", context, status="FAILED_CONTINUE")
    found = tables(run(stages=[failed]))
    assert [said(found[table][0], "reason") for table in ("stage", "execution", "rollout")] == [(reason,)] * 3
    assert tables(run(stages=[failed], cancellationReason="stop"))["execution"][0].reason == "stop"


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
    assert said(approval, "decision", "decided_at") == (decision, decided)
    assert approval.decided_by == ("bo" if decision else None)


@pytest.mark.parametrize("score", ["NaN", -1, 101, None, "", True, {}])
def test_a_score_that_is_none(score: object) -> None:
    """Outside 0 to 100, or not a number: no score, and the interval not judged."""
    ran = {**stage("runCanary", {"canaryScore": score}), "id": "R", "parentStageId": "S"}
    found = tables(run(stages=[stage("kayentaCanary"), ran]))
    assert said(found["canary"][0], "score", "intervals") == (None, 0)


def test_a_canary_without_a_score_tells_what_went_wrong() -> None:
    """The exception of the interval that could not be judged."""
    error = {"exception": {"details": {"errors": ["prometheus is away"]}}}
    ran = {**stage("runCanary", error, status="TERMINAL"), "id": "R", "parentStageId": "S"}
    (canary,) = tables(run(stages=[stage("kayentaCanary", status="TERMINAL"), ran]))["canary"]
    assert said(canary, "status", "score", "reason") == ("failed", None, "prometheus is away")


# Configurations


@pytest.mark.parametrize(
    ("config", "template"),
    [
        ({"template": {"reference": "spinnaker://web"}}, ("v2", "web", None)),
        ({"template": {"reference": "spinnaker://web:stable"}}, ("v2", "web", "stable")),
        ({"template": {"source": "spinnaker://web@sha256:ab"}}, ("v2", "web", "sha256:ab")),
        ({"config": {"pipeline": {"template": {"source": "spinnaker://old"}}}}, ("v1", "old", None)),
        ({"template": {"reference": "https://x.example/t.yml"}}, ("v2", "https://x.example/t.yml", None)),
        ({"template": None}, (None, None, None)),
    ],
)
def test_templates(config: Any, template: tuple[Any, ...]) -> None:
    """Kind, id and version of the template that a pipeline is made from."""
    (pipeline,) = tables({"id": "c", "application": "shop", "name": "release", **config}, "pipeline")["pipeline"]
    assert said(pipeline, "template_kind", "template", "template_version") == template
    assert pipeline.has_canary is (None if template[0] else False)


def test_what_a_pipeline_holds() -> None:
    """Canary, judgment and rollback by its stages' types; the time of its last change may be digits."""
    stages = [{"type": "kayentaCanary"}, {"type": "undoRolloutManifest"}, {}]
    body = {"id": "c", "application": "shop", "stages": stages, "updateTs": str(T), "disabled": True}
    (pipeline,) = tables(body, "pipeline")["pipeline"]
    assert said(pipeline, "has_canary", "has_approval", "has_rollback") == (True, False, True)
    assert said(pipeline, "updated_at", "disabled") == (T * 1000, True)


def test_applications_and_accounts() -> None:
    """Flat in a listing, nested in a reply for one."""
    attributes = {"name": "shop", "email": "a@example.org", "team": "web", "repoProjectKey": "acme", "repoSlug": "shop"}
    flat, nested = (tables(body, "application") for body in (attributes, {"name": "shop", "attributes": attributes}))
    assert flat == nested
    assert said(flat["application"][0], "team", "owner", "repository") == ("web", "a@example.org", "acme/shop")
    (account,) = tables({"name": "p", "type": "kubernetes", "environment": "prod"}, "account")["account"]
    assert said(account, "environment", "provider") == ("prod", "kubernetes")


# What can not be read


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("execution", b"{"),
        ("execution", b"[]"),
        ("execution", b'{"application":"shop"}'),
        ("execution", b'{"id":"E"}'),
        ("execution", b'{"id":"E","application":"shop","stages":7}'),
        ("execution", b'{"id":"E","application":"\xff"}'),
        ("task", b'{"id":"T"}'),
        ("pipeline", b'{"id":"c"}'),
        ("application", b"{}"),
        ("account", b"{}"),
        ("letter", b"{}"),
    ],
)
def test_the_unreadable_is_refused_with_a_reason(kind: str, body: bytes) -> None:
    """ValueError is what quarantines a document; it says which and why."""
    with pytest.raises(ValueError, match=r"\w+"):
        parse(Document(kind, body))


def test_nesting_without_end_does_not_crash() -> None:
    """200,000 brackets in a part that is skipped are refused."""
    deep = b'{"id":"E","application":"shop","x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with pytest.raises((ValueError, RecursionError)):
        parse(Document("execution", deep))


def test_stages_in_a_loop_end() -> None:
    """A parent that is its own child, and two that contain each other."""
    found = rollouts(
        {**stage("deployManifest"), "id": "a", "parentStageId": "b"},
        {**stage("deployManifest"), "id": "b", "parentStageId": "a"},
        {**stage("kayentaCanary"), "id": "c", "parentStageId": "c"},
    )
    assert [row.id for row in found] == ["a", "b"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CONTEXT = (
    "account location region regions availabilityZones cluster moniker clusters manifests outputs.manifests"
    " outputs.manifestNamesByNamespace deploy.server.groups trafficManagement rollbackContext revision exception"
    " kato.tasks failureMessages buildInfo canaryConfig canaryScores judgmentStatus selectedStageRoles patchBody"
)
TYPES = (
    "deploy deployManifest createServerGroup rollbackCluster undoRolloutManifest kayentaCanary manualJudgment jenkins"
)


@given(
    type_=st.sampled_from(TYPES.split()),
    status=st.sampled_from(["SUCCEEDED", "TERMINAL", "NOT_STARTED"]),
    context=st.dictionaries(st.sampled_from(CONTEXT.split()), JUNK, max_size=6),
)
def test_nonsense_in_a_context_never_crashes(type_: str, status: str, context: dict[str, Any]) -> None:
    """Contexts hold what an author wrote: rows come out, or a ValueError that quarantines the one document."""
    try:
        found = tables(run(stages=[stage(type_, context, status=status)]))
    except ValueError:
        return
    assert found["stage"][0].id == "S"


@given(value=JUNK, field=st.sampled_from(["name", "buildTime", "authentication", "cancellationReason", "rootId"]))
def test_nonsense_in_an_execution_never_crashes(value: Any, field: str) -> None:
    """Single values are read leniently: what is no such thing is null."""
    assert tables(run(**{field: value}))["execution"][0].id == "E"
