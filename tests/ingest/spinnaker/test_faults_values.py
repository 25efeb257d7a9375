"""Faults G22 to G25: unknown words, missing fields and invalid times, through a pull and a build."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some

from ingest import configure_source
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.spinnaker import SOURCE
from tests.ingest.spinnaker.conftest import DAY, HOUR, NOW, Make, delivered, execution, facts_of, loaded
from tests.simulation.gate import serve

Json = dict[str, Any]
few = settings(  # each example is a pull and a build: to look for a smaller one that fails would take minutes
    max_examples=settings.default.max_examples // 20, phases=[Phase.explicit, Phase.generate]
)
OUTCOMES = {"succeeded", "failed", "not_deployed", "stopped_by_canary", "rejected", "canceled", "in_progress"}


def test_g22_an_unknown_status_is_never_a_success(make: Make, tmp_path: Path) -> None:
    """Landed, counted by a check, and no deployment of it succeeded, whatever its name."""
    words: list[Any] = ["DONE", "COMPLETED", "succeeded", "SUCCEEDED ", None]
    payloads = []
    for nth, word in enumerate(words):
        payload = make.execution(f"E{nth}", NOW - nth * HOUR)
        payload["status"] = payload["stages"][0]["status"] = word
        for task in payload["stages"][0]["tasks"]:
            task["status"] = word
        payloads.append(payload)
    stubs = [make.stub({**payload, "status": "SUCCEEDED"}) for payload in payloads]
    world = make.world()
    world.executions = [
        type(stub)(
            **{name: getattr(stub, name) for name in stub.__slots__} | {"payload": lambda payload=payload: payload}
        )
        for stub, payload in zip(stubs, payloads, strict=True)
    ]
    with serve(world) as gate:
        summary = make.quickly(tmp_path, gate.url)
    assert (summary.quarantined, summary.partial_failures) == (0, [])
    assert facts_of(tmp_path, "SELECT count(*), any_value(status) FROM execution GROUP BY status") == [(5, "unknown")]
    delivery, checks = delivered(tmp_path)
    assert delivery.sql("SELECT DISTINCT outcome FROM deployments WHERE succeeded OR took_traffic") == []
    assert checks["unknown_status"].rows == 2 * len(words)
    assert delivery.sql("SELECT * FROM metrics.deployment_frequency") == []


UNKNOWN = some.text(min_size=1, max_size=12).filter(lambda word: word.isprintable())


@few
@given(types=some.lists(UNKNOWN, min_size=1, max_size=20, unique=True), field=UNKNOWN)
def test_g22_an_unknown_stage_or_field_deploys_nothing(
    types: list[str], field: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The stage has its row of kind other, its document keeps every field, and there is no rollout."""
    data = tmp_path_factory.mktemp("g22")
    stages = [
        {"id": f"S{nth}", "type": f"acme{type_}", "status": "SUCCEEDED", "context": {"account": "prod-eu", field: 1}}
        for nth, type_ in enumerate(types)
    ]
    body = execution("E", NOW, stages=stages, **{f"acme{field}": {"deploy": True}})
    assert loaded(data, body).quarantined == 0
    assert facts_of(data, "SELECT count(*) FROM stage WHERE kind = 'other'") == [(len(types),)]
    assert facts_of(data, "SELECT * FROM rollout") == []
    pull(SOURCE.from_settings({}, data), data, Request(), replaying=True)
    assert facts_of(data, "SELECT count(*) FROM stage") == [(len(types),)]


OPTIONAL = ["startTime", "endTime", "buildTime", "trigger", "stages", "status", "name", "pipelineConfigId", "type"]
OF_STAGES = ["startTime", "endTime", "status", "type", "name", "context", "tasks", "outputs", "refId"]
OF_TASKS = ["name", "status", "endTime"]
MISSING = some.tuples(*(some.sets(some.sampled_from(keys)) for keys in (OPTIONAL, OF_STAGES, OF_TASKS)))


def remove_keys(body: Json, missing: tuple[set[str], ...], *, null: bool) -> Json:
    """An execution whose keys, and those of its stages and tasks, are absent, or null."""
    body = copy.deepcopy(body)
    stages = body["stages"]
    for keys, places in zip(missing, ([body], stages, [t for s in stages for t in s["tasks"]]), strict=True):
        for place in places:
            for key in keys:
                if null:
                    place[key] = None
                else:
                    place.pop(key, None)
    return body


@few
@given(cases=some.lists(MISSING, min_size=20, max_size=40))
def test_g23_absent_and_null_are_the_same_and_lose_nothing(
    cases: list[tuple[set[str], ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every execution lands, both forms alike; its deployment has an outcome, and traffic only with a time."""
    rows: list[Any] = []
    for null in (False, True):
        data = tmp_path_factory.mktemp("g23")
        bodies = [
            remove_keys(execution(f"E{nth}", NOW - nth * HOUR), case, null=null) for nth, case in enumerate(cases)
        ]
        marked = [body | ({} if {"status", "buildTime"} & body.keys() else {"status": None}) for body in bodies]
        assert loaded(data, *marked).quarantined == 0
        query = "SELECT * EXCLUDE (load_id, revision) FROM {} ORDER BY id"
        rows.append([facts_of(data, query.format(table)) for table in ("execution", "stage", "rollout")])
    assert rows[0] == rows[1]
    assert len(rows[0][0]) == len(cases)
    delivery, _ = delivered(data)
    for row in delivery.sql("SELECT outcome, took_traffic, traffic_at FROM deployments"):
        assert row["outcome"] in OUTCOMES
        assert row["took_traffic"] is False or row["traffic_at"] is not None


def test_g23_without_an_id_or_an_application_it_is_quarantined(tmp_path: Path) -> None:
    """Two keys say whose it is: without them there is a reason and a count, and the others land."""
    bodies = [execution(f"E{nth}", NOW) for nth in range(3)]
    del bodies[0]["id"], bodies[1]["application"]
    assert loaded(tmp_path, *bodies).quarantined == 2
    assert facts_of(tmp_path, "SELECT id FROM execution") == [("E2",)]
    assert facts_of(tmp_path, "SELECT count(*) FROM quarantine WHERE reason <> '' AND excerpt IS NOT NULL") == [(2,)]


SKEW = some.integers(-24 * HOUR, 24 * HOUR)
TIMES = some.tuples(SKEW, SKEW, SKEW, SKEW, some.integers(-DAY, DAY))


def skewed_execution(nth: int, clocks: tuple[int, ...]) -> Json:
    """An execution of its own commit whose times are each off by so many milliseconds."""
    body = execution(f"E{nth}", NOW - (nth + 2) * HOUR)
    body["trigger"]["hash"] = f"{nth + 1:040x}"
    places = [(body, "buildTime"), (body, "startTime"), (body, "endTime"), (body["stages"][0], "startTime")]
    for (place, key), clock in zip(places, clocks[:4], strict=True):
        place[key] += clock
    for task in body["stages"][0]["tasks"]:
        task["endTime"] += clocks[4]
    return body


def load_merged(data: Path, count: int, clocks: list[tuple[int, ...]]) -> None:
    """Land the trunk that these executions deploy: a commit an hour."""
    lines = ["repository,sha,parents,authored_at,committed_at"]
    for nth in reversed(range(count)):
        at = NOW - (nth + 3) * HOUR - clocks[nth][0]
        when = datetime.fromtimestamp(at / 1000, UTC).isoformat()
        parent = f"{nth + 2:040x}" if nth + 1 < count else ""
        lines.append(f"acme/shop,{nth + 1:040x},{parent},{when},{when}")
    (data / "changes.csv").write_text("\n".join(lines))
    pull(configure_source("files", {}, data), data, Request(paths=(data / "changes.csv",)))


@few
@given(clocks=some.lists(TIMES, min_size=20, max_size=40))
def test_g24_a_lead_time_is_never_negative(
    clocks: list[tuple[int, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the clocks say: each change counts with a time of zero or more, or is left out with a reason."""
    data = tmp_path_factory.mktemp("g24")
    assert loaded(data, *(skewed_execution(nth, clock) for nth, clock in enumerate(clocks))).quarantined == 0
    load_merged(data, len(clocks), clocks)
    delivery, checks = delivered(data)
    assert checks["impossible_values"].rows == 0
    observed = delivery.sql("SELECT value, excluded FROM metrics.lead_time")
    assert len(observed) == len(clocks)
    for row in observed:
        assert row["excluded"] or (row["value"] >= 0 and math.isfinite(row["value"]))


def test_g24_impossible_times_are_reported(tmp_path: Path) -> None:
    """The deployments are kept, and a check names each."""
    back, ahead = execution("BACK", NOW - HOUR), execution("AHEAD", NOW + 400 * DAY)
    for task in back["stages"][0]["tasks"]:
        task["endTime"] -= 2 * HOUR
    for times in (ahead, ahead["stages"][0], *ahead["stages"][0]["tasks"]):
        times.update({key: times[key] + 400 * DAY for key in ("startTime", "endTime", "buildTime") if key in times})
    loaded(tmp_path, back, ahead)
    delivery, checks = delivered(tmp_path)
    assert len(delivery.sql("SELECT * FROM deployments")) == 2
    assert [row["deployment_id"] for row in checks["ended_before_start"].examples] == ["shop/BACK@spinnaker"]
    assert [row["deployment_id"] for row in checks["in_the_future"].examples] == ["shop/AHEAD@spinnaker"]


WRITTEN: list[Callable[[int], Any]] = [
    lambda at: at,
    str,
    float,
    lambda at: f" {at} ",
    lambda at: at // 1000,
    lambda at: str(at // 1000),
    lambda at: at * 1000,
    lambda at: 0,
    lambda at: -at,
    lambda at: 2**63,
    lambda at: 10**30,
    lambda at: "2025-06-15T15:06:40Z",
    lambda at: "NaN",
]


@few
@given(forms=some.lists(some.tuples(some.integers(0, 12), some.integers(0, 12), some.integers(0, 12)), min_size=25))
def test_g25_a_time_is_exact_or_null(
    forms: list[tuple[int, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Milliseconds, also as digits, are the instant; seconds, microseconds, zero, words and 2^63 are no time."""
    data = tmp_path_factory.mktemp("g25")
    bodies = []
    for nth, form in enumerate(forms):
        body = execution(f"E{nth:03}", NOW - nth)
        for key, nth_form in zip(("buildTime", "startTime", "endTime"), form, strict=True):
            body[key] = WRITTEN[nth_form](NOW - nth)
        bodies.append(body)
    assert loaded(data, *bodies).quarantined == 0
    times = "epoch_ms(queued_at), epoch_ms(started_at), epoch_ms(finished_at)"
    times_landed = facts_of(data, f"SELECT {times} FROM execution ORDER BY id")
    expected = [tuple(NOW - nth if nth_form < 4 else None for nth_form in form) for nth, form in enumerate(forms)]
    assert times_landed == expected
    delivered(data)
