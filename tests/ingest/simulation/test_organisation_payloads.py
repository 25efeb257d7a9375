from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.simulation.model.clock import dice, digest, is_workday, iso, midnight, millis, ulid, uuid
from ingest.simulation.model.stage import Stage
from ingest.simulation.organisation import Organisation
from tests.simulation.expected import expected_results

Json = dict[str, Any]
COMPLETE = {"SUCCEEDED", "TERMINAL", "CANCELED", "FAILED_CONTINUE", "STOPPED", "SKIPPED"}


@pytest.fixture(scope="session")
def documents(organisation: Organisation) -> list[Json]:
    return [stub.payload() for stub in organisation.world.executions]


def stages(documents: list[Json], kind: str) -> list[tuple[Json, Json]]:
    return [(d, s) for d in documents for s in d["stages"] if s["type"] == kind]


def test_a_stub_agrees_with_its_payload(organisation: Organisation, documents: list[Json]) -> None:
    """Orca's columns and the document agree on id, application, status, times, pipeline and type."""
    for stub, document in zip(organisation.world.executions, documents, strict=True):
        assert document["id"] == stub.id
        assert document["application"] == stub.application
        assert document["status"] == stub.status
        assert document["buildTime"] == stub.build_time
        assert document.get("startTime") == stub.start_time
        assert document.get("pipelineConfigId") == stub.config_id
        assert document.get("name", document.get("description")) == stub.name
        assert (document["type"] == "ORCHESTRATION") == stub.orchestration
    assert len({stub.id for stub in organisation.world.executions}) == len(documents)


def test_payloads_are_json_without_nulls(documents: list[Json]) -> None:
    """They survive JSON, leave out nulls as Orca does, and have some ten kilobytes."""
    for document in documents:
        assert json.loads(json.dumps(document)) == document
        assert None not in document.values()
        assert all(None not in stage.values() for stage in document["stages"])
    sizes = [len(json.dumps(document, separators=(",", ":"))) for document in documents]
    assert 6_000 < sum(sizes) / len(sizes) < 15_000


def test_rendering_twice_is_the_same(organisation: Organisation) -> None:
    """A payload is a function of the plan: rendering changes nothing."""
    for stub in organisation.world.executions[::7]:
        assert json.dumps(stub.payload()) == json.dumps(stub.payload())


def test_times_nest(documents: list[Json]) -> None:
    """A stage lies within its execution, a task within its stage, an inner stage within its parent."""
    for document in documents:
        by_id = {stage["id"]: stage for stage in document["stages"]}
        assert len(by_id) == len(document["stages"])
        for stage in document["stages"]:
            if "startTime" not in stage:
                assert stage["status"] == "NOT_STARTED"
                continue
            assert stage["startTime"] >= document["buildTime"]
            assert stage.get("endTime", 0) <= document.get("endTime", 1 << 62)
            if "endTime" in stage:
                ends = [task["endTime"] for task in stage["tasks"] if "endTime" in task]
                assert max(ends, default=0) <= stage["endTime"]
            parent = by_id.get(stage.get("parentStageId", ""))
            if parent and "endTime" in parent and "endTime" in stage:
                assert stage["endTime"] <= parent["endTime"]


def test_references_resolve(documents: list[Json]) -> None:
    """A stage waits only for stages of its own execution, and an inner one names a parent that exists."""
    for document in documents:
        references = {stage["refId"] for stage in document["stages"]}
        ids = {stage["id"] for stage in document["stages"]}
        for stage in document["stages"]:
            assert set(stage["requisiteStageRefIds"]) <= references
            assert stage.get("parentStageId", stage["id"]) in ids
            assert ("parentStageId" in stage) == ("syntheticStageOwner" in stage)


def test_status_follows_from_the_stages(documents: list[Json]) -> None:
    """A top-level stage that broke breaks the run; a succeeded run has none, and nothing runs in a complete one."""
    for document in documents:
        top = {s["status"] for s in document["stages"] if "parentStageId" not in s}
        if document["status"] == "SUCCEEDED":
            assert top <= {"SUCCEEDED", "FAILED_CONTINUE"}
        if document["status"] == "TERMINAL":
            assert "TERMINAL" in top
        if document["status"] in COMPLETE:
            assert "RUNNING" not in top


def test_every_trigger_type_names_its_commit(documents: list[Json]) -> None:
    """Git has a hash, Jenkins an SCM entry, Docker a tag, a child its parent; undo and restart have none."""
    kinds: Counter[str] = Counter()
    for document in documents:
        trigger = document["trigger"]
        kinds[trigger["type"]] += 1
        if trigger["type"] == "git":
            assert len(trigger["hash"]) == 40
        elif trigger["type"] == "jenkins":
            assert len(trigger["buildInfo"]["scm"][0]["sha1"]) == 40
        elif trigger["type"] == "docker":
            assert 7 <= len(trigger["tag"]) <= 40
        elif trigger["type"] == "pipeline":
            parent = trigger["parentExecution"]
            waits = trigger.get("parentPipelineStageId")
            assert waits is None or waits in {stage["id"] for stage in parent["stages"]}
            assert parent["status"] == trigger["parentStatus"] == ("RUNNING" if waits else "SUCCEEDED")
        if document["type"] == "ORCHESTRATION" or document.get("name") == "restart":
            assert not {"hash", "buildInfo", "tag"} & trigger.keys()
    assert set(kinds) == {"git", "jenkins", "docker", "manual", "pipeline", "cron"}


def test_a_success_starts_the_pipeline_of_another_application(documents: list[Json]) -> None:
    """A second after its end, with all of its document and no stage that waits; the commit is the first one's."""
    started = [
        document
        for document in documents
        if document["trigger"]["type"] == "pipeline" and "correlationId" not in document["trigger"]
    ]
    assert started
    for document in started:
        trigger = document["trigger"]
        parent = trigger["parentExecution"]
        assert (document["application"], trigger["parentPipelineApplication"]) == ("scheduler", "gateway")
        assert document["buildTime"] == parent["endTime"] + 1000
        assert len(parent["trigger"]["hash"]) == 40
        assert "hash" not in trigger


def test_children_and_parents_refer_to_each_other(documents: list[Json]) -> None:
    """The pipeline stage names the child execution, and the child runs within the stage's time."""
    by_id = {document["id"]: document for document in documents}
    followed = 0
    for parent, stage in stages(documents, "pipeline"):
        if "executionId" in stage["context"]:
            child = by_id[stage["context"]["executionId"]]
            followed += 1
            assert child["trigger"]["parentExecution"]["id"] == parent["id"]
            assert child["trigger"]["parentPipelineStageId"] == stage["id"]
            assert stage["startTime"] <= child["startTime"]
            assert child.get("endTime", 0) <= stage.get("endTime", 1 << 62)
    assert followed > 20


def test_a_restarted_run_keeps_earlier_stages_from_before_its_new_start(documents: list[Json]) -> None:
    """A restart moves the execution's start and marks the restarted stage, and the run succeeds in the end."""
    restarted = [
        (d, s)
        for d in documents
        for s in d["stages"]
        if "restartDetails" in s["context"] and d["status"] == "SUCCEEDED"
    ]
    assert restarted
    for document, stage in restarted:
        assert document["startTime"] == stage["context"]["restartDetails"]["restartTime"]
        assert min(s["startTime"] for s in document["stages"]) < document["startTime"] <= stage["startTime"]


def test_judgments_have_decision_user_and_time(documents: list[Json]) -> None:
    """Judgments continue or stop, with a decision before the end of the stage; one times out."""
    decisions: Counter[str] = Counter()
    for document, stage in stages(documents, "manualJudgment"):
        if stage["status"] in {"SUCCEEDED", "TERMINAL"}:
            decision = stage["context"].get("judgmentStatus", "timeout")
            decisions[decision] += 1
            if decision != "timeout":
                assert stage["startTime"] <= stage["lastModified"]["lastModifiedTime"] <= stage["endTime"]
                assert stage["lastModified"]["user"] != document["trigger"]["user"]
            assert (stage["status"] == "SUCCEEDED") == (decision == "continue")
    assert set(decisions) == {"continue", "stop", "timeout"}


def test_canary_analyses_agree_with_kayenta(organisation: Organisation, documents: list[Json]) -> None:
    """Each analysed interval has a result at Kayenta with the same score, by Istio's request metrics."""
    results = organisation.world.canary_results
    analysed = 0
    for document, stage in stages(documents, "runCanary"):
        identity = stage["context"].get("canaryPipelineExecutionId")
        if identity is None or stage["status"] == "RUNNING":
            continue
        result = results[identity]
        analysed += 1
        assert result["parentPipelineExecutionId"] == document["id"]
        assert result["status"] == stage["context"]["canaryPipelineStatus"].lower()
        if "canaryScore" in stage["context"]:
            assert int(result["result"]["judgeResult"]["score"]["score"]) == stage["context"]["canaryScore"]
        else:
            assert "result" not in result
    assert analysed == len(results) > 50
    assert "istio_requests_total" in json.dumps(next(iter(results.values()))["config"])


def test_canary_workloads_have_their_own_names(documents: list[Json]) -> None:
    """A baseline and a canary are deployed in production before an analysis."""
    for document, _ in stages(documents, "kayentaCanary"):
        names = [
            manifest["metadata"]["name"]
            for stage in document["stages"]
            if stage["type"] == "deployManifest"
            for manifest in stage["context"].get("manifests", [])
        ]
        app = document["application"]
        assert {f"{app}-canary", f"{app}-baseline"} <= set(names) or all(
            s["status"] == "NOT_STARTED"
            for s in document["stages"]
            if "Deploy" in s["name"] and "staging" not in s["name"]
        )


def test_failed_stages_have_an_exception(documents: list[Json]) -> None:
    """A failed stage carries a readable error."""
    kinds = {"bakeManifest", "deployManifest", "runJobManifest", "createServerGroup"}
    broken = [
        s for d in documents for s in d["stages"] if s["type"] in kinds and s["status"] == "TERMINAL" and s["tasks"]
    ]
    explained = [s for s in broken if s["context"].get("exception", {}).get("details", {}).get("errors")]
    assert len(explained) >= len(broken) - 1 > 10


def test_config_and_repeated_deployments_keep_the_image(organisation: Organisation, documents: list[Json]) -> None:
    """A config deployment changes the manifest and not the image; a repeated one changes neither."""
    contents = {root(document): content(document) for document in documents if content(document)}
    kinds = Counter[str]()
    ordered = sorted(
        (d for d in expected_results(organisation).deployments if d.full_traffic_at),
        key=lambda d: d.full_traffic_at or 0,
    )
    for deployment in ordered:
        past = [d for d in ordered if d.application == deployment.application and d.root_id in contents]
        past = [d for d in past if (d.full_traffic_at or 0) < (deployment.full_traffic_at or 0)]
        if deployment.kind in {"config", "redeploy"} and deployment.root_id in contents:
            kinds[deployment.kind] += 1
            before, after = contents[past[-1].root_id], contents[deployment.root_id]
            assert {image for image, _ in after} == {image for image, _ in before}
            assert (after == before) == (deployment.kind == "redeploy")
    assert set(kinds) == {"config", "redeploy"}


def root(document: Json) -> str:
    """Id of the execution at the root of a document's tree."""
    identity: str = document["trigger"].get("parentExecution", document)["id"]
    return identity


def content(document: Json) -> set[tuple[str, str]]:
    """Image and manifest of each production workload that a payload deploys, dry runs and canaries apart."""
    workloads = set()
    for stage in document["stages"]:
        production = stage["context"].get("account", "").startswith("prod") and not document["trigger"]["dryRun"]
        for manifest in stage["context"].get("manifests", []) if production else []:
            (container,) = manifest["spec"]["template"]["spec"]["containers"]
            if manifest["metadata"]["name"] == document["application"]:
                workloads.add((container["image"], json.dumps(manifest)))
    return workloads


@given(st.integers(0, 2**47), st.text(max_size=5))
def test_ids_sort_by_time(at: int, part: str) -> None:
    """A ULID is 26 characters whose order is the order of time."""
    first, second = ulid(at, part), ulid(at + 1, part)
    assert len(first) == 26
    assert first < second
    assert first == ulid(at, part)


@given(st.integers(0, 4 * 10**12))
def test_midnight_is_the_start_of_the_day(at: int) -> None:
    """The text of an instant is in UTC, and is read back as the same second."""
    assert millis(datetime.fromisoformat(iso(at))) == at - at % 1000
    assert iso(midnight(at)).endswith("T00:00:00Z")
    assert is_workday(at) == is_workday(midnight(at))


def test_dice_repeat() -> None:
    """The same parts give the same numbers, other parts others."""
    assert dice(7, "a").random() == dice(7, "a").random() != dice(7, "b").random()
    assert digest("a") != digest("b")
    assert uuid("x") == uuid("x")
    assert len(uuid("x")) == 36


def test_tasks_stop_at_the_failed_one() -> None:
    """Tasks before it succeeded, it ends with the stage, those after it have not started."""
    stage = Stage("1", "deployManifest", "x", "TERMINAL", 1_000, 101_000, stuck="waitForManifestToStabilize")
    tasks = stage.tasks()
    assert [task.status for task in tasks] == ["SUCCEEDED"] * 4 + ["TERMINAL"] + ["NOT_STARTED"] * 4
    assert tasks[4].end == 101_000
    assert stage.task_end("monitorDeploy") == 18_000


def test_tasks_as_of_an_instant() -> None:
    """Half way one task runs and later ones have not started; a stage that never started has no tasks."""
    stage = Stage("1", "deployManifest", "x", "SUCCEEDED", 1_000, 101_000)
    assert [task.status for task in stage.tasks(50_000)] == ["SUCCEEDED"] * 4 + ["RUNNING"] + ["NOT_STARTED"] * 4
    never = Stage("2", "wait", "y", "NOT_STARTED", None, None)
    assert never.tasks() == []
    with pytest.raises(ValueError, match="never started"):
        _ = never.span
