"""Canary analyses of stages, and the judgments that are fetched for them."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from dora.storage.rows.canaries import Canary
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.spinnaker import SOURCE
from tests.conftest import fresh
from tests.ingest.spinnaker.conftest import NOW, Ingest, Landed, run, tables
from tests.simulation.gate import serve

T = NOW - 3_600_000
Json = dict[str, Any]


def stage(identity: str, type_: str, context: Json | None = None, **more: Any) -> Json:
    """A stage that succeeded."""
    defaults = {"id": identity, "type": type_, "status": "SUCCEEDED", "startTime": T, "endTime": T + 9_000}
    return {**defaults, "context": context or {}, **more}


def interval(nth: int, score: object, status: str = "SUCCEEDED", **context: Any) -> Json:
    """The nth interval of an analysis."""
    results = {"canaryScore": score, "canaryPipelineExecutionId": f"J{nth}", **context}
    return stage(f"R{nth}", "runCanary", results, status=status, parentStageId="I", startTime=T + nth)


def analysis(analysis_type: str, *intervals: Json, status: str = "SUCCEEDED", **config: Any) -> list[Json]:
    """The tree of a kayentaCanary stage."""
    context = {"analysisType": analysis_type, "canaryConfig": config, "intervalStageId": "I"}
    before = stage("D", "deployCanaryServerGroups", parentStageId="C")
    deployed = [before] if analysis_type == "realTimeAutomatic" else []
    middle = stage("I", "runCanaryIntervals", parentStageId="C")
    return [stage("C", "kayentaCanary", context, status=status), *deployed, middle, *intervals]


def parse_rows(*stages: Json) -> dict[str, list[Any]]:
    """Rows of an execution with these stages, by table."""
    return tables(run(stages=list(stages)))


@pytest.mark.parametrize("kind", ["realTime", "realTimeAutomatic", "retrospective"])
def test_each_way_of_analysis(kind: str) -> None:
    """Its intervals in the order in which they ran, whatever the order in the document; the last score counts."""
    thresholds = {"pass": 90, "marginal": 70}
    rows = parse_rows(
        *analysis(kind, interval(2, 71), interval(1, 100), scoreThresholds=thresholds, canaryConfigId="golden")
    )
    (canary,) = rows["canary"]
    assert (canary.analysis, canary.config, canary.score, canary.intervals) == (kind, "golden", 71, 2)
    assert (canary.pass_threshold, canary.marginal_threshold) == (90, 70)
    assert [(row.id, row.canary_id, row.judgment_id, row.score) for row in rows["canary_interval"]] == [
        ("R1", "C", "J1", 100),
        ("R2", "C", "J2", 71),
    ]


def test_warnings_of_an_interval() -> None:
    """One warning a line; null if there is none, or none that is a text."""
    few, gap = "Only 12 data points for errors, at least 50 are wanted.", "A gap in latency."
    rows = parse_rows(
        *analysis("realTime", *(interval(n, 80, warnings=w) for n, w in enumerate(([few, None, gap], [], "x", {}))))
    )
    assert [row.warnings for row in rows["canary_interval"]] == [f"{few}\n{gap}", None, None, None]


def test_thresholds_of_an_interval_where_the_analysis_names_none() -> None:
    """The thresholds of an interval count for the analysis."""
    (canary,) = parse_rows(*analysis("realTime", interval(1, 80, scoreThresholds={"pass": "95", "marginal": 75})))[
        "canary"
    ]
    assert (canary.pass_threshold, canary.marginal_threshold) == (95, 75)


@pytest.mark.parametrize(
    ("status", "score"), [("TERMINAL", None), ("CANCELED", None), ("RUNNING", 90), ("NOT_STARTED", 90), ("SKIPPED", 90)]
)
def test_an_interval_that_ended_without_a_score_takes_the_analysis_with_it(status: str, score: float | None) -> None:
    """An earlier score is not the result; an interval that has not ended changes nothing yet."""
    rows = parse_rows(*analysis("realTime", interval(1, 90), interval(2, None, status), status="TERMINAL"))
    assert (rows["canary"][0].score, rows["canary"][0].intervals) == (score, 1)


def test_scores_of_an_analysis_without_its_intervals() -> None:
    """A listing may hold the stage alone, with the scores that it collected."""
    context = {"analysisType": "realTime", "canaryScores": [100, "88"]}
    (canary,) = parse_rows(stage("C", "kayentaCanary", context))["canary"]
    assert (canary.score, canary.intervals) == (88, 2)


def test_two_analyses_keep_their_own_intervals() -> None:
    """An interval belongs to the analysis above it."""
    other = stage("C2", "kayentaCanary")
    lone = {**interval(3, 10), "parentStageId": "C2"}
    rows = parse_rows(*analysis("realTime", interval(1, 90)), other, lone)
    assert [(row.id, row.score) for row in rows["canary"]] == [("C", 90), ("C2", 10)]


LEGACY = {
    "health": {"health": "UNHEALTHY", "message": "errors rose"},
    "status": {"status": "COMPLETED", "complete": True},
    "canaryResult": {"overallScore": 41},
    "canaryConfig": {
        "name": "aca",
        "canarySuccessCriteria": {"canaryResultScore": "80"},
        "canaryHealthCheckHandler": {"minimumCanaryResultScore": "60"},
    },
    "launchedDate": T - 1000,
    "endDate": T + 5000,
}


def test_the_analysis_of_orca_mine() -> None:
    """Score, thresholds, health and times of a monitorCanary stage."""
    rows = parse_rows(stage("P", "canary"), stage("M", "monitorCanary", {"canary": LEGACY}, parentStageId="P"))
    assert rows["canary"] == [
        Canary(
            id="M",
            revision=rows["canary"][0].revision,
            execution_id="E",
            analysis="legacy",
            config="aca",
            score=41,
            pass_threshold=80,
            marginal_threshold=60,
            intervals=1,
            status="succeeded",
            started_at=(T - 1000) * 1000,
            finished_at=(T + 5000) * 1000,
            reason="errors rose",
        )
    ]
    (judgment,), (only_interval,) = rows["canary_judgment"], rows["canary_interval"]
    shared = ("E", 41, "succeeded", (T - 1000) * 1000, (T + 5000) * 1000)
    for row in (judgment, only_interval):
        assert (row.execution_id, row.score, row.status, row.started_at, row.finished_at) == shared
    assert (judgment.id, judgment.classification, judgment.config, judgment.reason) == (
        "M",
        "fail",
        "aca",
        "errors rose",
    )
    assert (judgment.pass_threshold, judgment.marginal_threshold) == (80, 60)
    assert (only_interval.id, only_interval.canary_id, only_interval.judgment_id) == ("M", "M", "M")


@pytest.mark.parametrize(
    ("health", "classification"),
    [({"health": "HEALTHY"}, "pass"), ({"health": "unhealthy"}, "fail"), ({"health": "UNKNOWN"}, None), (None, None)],
)
def test_health_without_a_score(health: Any, classification: str | None) -> None:
    """Without a score the health decides; without either there is no judgment."""
    rows = parse_rows(stage("M", "monitorCanary", {"canary": {"health": health}}))
    assert [row.classification for row in rows.get("canary_judgment", [])] == (
        [classification] if health and classification else []
    )
    assert rows["canary"][0].score is None


# --- the judgments of the canary service --------------------------------------------------------


def reply(identity: str, status: str = "succeeded") -> Json:
    """What Gate answers for a judgment."""
    score = {"score": 79.96, "classification": "Pass"}
    results = [{"name": "errors", "classification": "Pass", "groups": ["golden"]}]
    return {
        "pipelineId": identity,
        "parentPipelineExecutionId": "E",
        "status": status,
        "stageStatus": {},
        "result": {"judgeResult": {"score": score, "results": results}},
    }


@pytest.fixture
def canary_world(make: SimpleNamespace) -> Any:
    """A world with an execution of three intervals; the last one still runs."""
    stages = analysis("realTime", interval(1, 79), interval(2, 90), interval(3, None, "RUNNING"), status="RUNNING")
    world = make.world(make.execution("E", T, status="RUNNING", stages=stages))
    world.canary_results = {f"J{nth}": reply(f"J{nth}") for nth in (1, 2, 3)}
    return world


def canary_requests(gate: Any) -> list[str]:
    """The requests to the canary service."""
    return [path for path in gate.requests if path.startswith("/v2/canaries")]


def test_judgments_that_ended_are_fetched_once(
    canary_world: Any, make: SimpleNamespace, ingest: Ingest, landed: Landed
) -> None:
    """The exact score lands beside the stage's; a later run requests only what ended since."""
    with serve(canary_world) as gate:
        ingest(gate.url)
        assert canary_requests(gate) == ["/v2/canaries/canary/J1", "/v2/canaries/canary/J2"]
        stages = analysis("realTime", *(interval(nth, 79) for nth in (1, 2, 3)))
        canary_world.executions = [make.stub(make.execution("E", T, stages=stages))]
        ingest(gate.url)
        ingest(gate.url)
        assert canary_requests(gate)[2:] == ["/v2/canaries/canary/J3"]
    assert landed("SELECT id, score FROM canary_judgment ORDER BY id") == [(f"J{nth}", 79.96) for nth in (1, 2, 3)]
    assert landed("SELECT count(*) FROM canary_metric") == [(3,)]


def test_without_a_canary_service_nothing_is_wrong(canary_world: Any, ingest: Ingest, landed: Landed) -> None:
    """One note, no partial failure, and no further request to it."""
    messages: list[str] = []
    with serve(canary_world) as gate:
        gate.error_statuses = {"/v2/canaries": 404}
        summary = ingest(gate.url, report=messages.append)
        assert len(canary_requests(gate)) == 2
    assert (summary.partial_failures, summary.tables["execution"]["new"]) == ([], 1)
    assert [text for text in messages if text.startswith("canary judgments")] == ["canary judgments: Gate has none"]


def test_a_judgment_that_is_gone_does_not_hide_the_others(canary_world: Any, ingest: Ingest, landed: Landed) -> None:
    """The service forgets old ones; the others are read."""
    del canary_world.canary_results["J1"]
    with serve(canary_world) as gate:
        assert ingest(gate.url).partial_failures == []
    assert landed("SELECT id FROM canary_judgment") == [("J2",)]


@pytest.mark.parametrize("status", [400, 403])
def test_a_service_that_refuses_is_one_partial_failure(
    status: int, canary_world: Any, ingest: Ingest, landed: Landed
) -> None:
    """The run reports one partial failure; executions and stages land anyway."""
    with serve(canary_world) as gate:
        gate.error_statuses = {"/v2/canaries": status}
        summary = ingest(gate.url)
    (failure,) = summary.partial_failures
    assert failure.startswith("canary judgments: ")
    assert landed("SELECT count(*) FROM canary_interval") == [(3,)]


def test_a_judgment_that_could_not_be_read_is_requested_again(
    canary_world: Any, ingest: Ingest, landed: Landed
) -> None:
    """Even if its execution has not changed; once it has landed, never again."""
    with serve(canary_world) as gate:
        gate.error_statuses = {"/v2/canaries": 400}
        ingest(gate.url)
        canary_world.executions, gate.error_statuses = [], {}
        ingest(gate.url)
        assert landed("SELECT id FROM canary_judgment ORDER BY id") == [("J1",), ("J2",)]
        gate.requests.clear()
        ingest(gate.url)
        assert canary_requests(gate) == []


def test_a_judgment_never_lands_after_the_watermark(
    canary_world: Any, ingest: Ingest, landed: Landed, tmp_path: Any
) -> None:
    """The archive holds each judgment before its execution, so no watermark can come between them."""
    with serve(canary_world) as gate:
        ingest(gate.url)
    before = landed("SELECT * EXCLUDE load_id FROM canary_judgment ORDER BY id")
    (tmp_path / "landing.duckdb").unlink()
    pull(SOURCE.from_settings({}, tmp_path), fresh(tmp_path), Request(), replaying=True)
    assert landed("SELECT * EXCLUDE load_id FROM canary_judgment ORDER BY id") == before


def test_judgments_are_fetched_side_by_side(make: SimpleNamespace, ingest: Ingest, landed: Landed) -> None:
    """Once the service has answered, two requests are in flight at the same time."""
    stages = analysis("realTime", *(interval(nth, 90) for nth in (1, 2, 3, 4)))
    world = make.world(make.execution("E", T, stages=stages))
    world.canary_results = {f"J{nth}": reply(f"J{nth}") for nth in (1, 2, 3, 4)}
    meeting, met = threading.Barrier(2, timeout=5), list[int]()
    with serve(world) as gate:
        answer = gate.endpoints.answer

        def together(path: str, params: Any) -> Any:
            if path.endswith(("/J2", "/J3")):
                met.append(meeting.wait())
            return answer(path, params)

        gate.endpoints.answer = together  # type: ignore[method-assign]
        assert ingest(gate.url).partial_failures == []
    assert sorted(met) == [0, 1]
    assert landed("SELECT id FROM canary_judgment ORDER BY id") == [("J1",), ("J2",), ("J3",), ("J4",)]


def test_the_archive_is_asked_by_its_storage_account(make: SimpleNamespace, ingest: Ingest, landed: Landed) -> None:
    """Kayenta finds an archived judgment only with the account that the interval names; a later run sends it too."""
    world = make.world(make.execution("E", T, stages=analysis("realTime", interval(1, 79, storageAccountName="s3"))))
    world.canary_results = {"J1": reply("J1") | {"storageAccountName": "s3"}}
    with serve(world) as gate:
        gate.error_statuses = {"/v2/canaries/canary": 400}
        ingest(gate.url)
        assert landed("SELECT storage_account FROM canary_interval") == [("s3",)]
        gate.error_statuses = {}
        ingest(gate.url)
    assert canary_requests(gate)[-1] == "/v2/canaries/canary/J1?storageAccountName=s3"
    assert landed("SELECT id, score FROM canary_judgment") == [("J1", 79.96)]
