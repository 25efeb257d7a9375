"""From a Gate over HTTP into landing: nothing is lost or doubled, and few requests are sent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dora.errors import DoraError
from ingest.rebuild import rebuild_landing
from ingest.simulation.gate.execution_store import Mode
from tests.ingest.spinnaker.conftest import HOUR, NOW, Ingest, Landed, Make
from tests.simulation.fault_injection import Fault
from tests.simulation.gate import serve

SHAPES = {
    "none": [],
    "one": [NOW - HOUR],
    "a page less one": [NOW - n * 1000 for n in range(9)],
    "a page": [NOW - n * 1000 for n in range(10)],
    "a page and one": [NOW - n * 1000 for n in range(11)],
    "a burst of ties": [NOW - 5000] * 35,
    "ties across pages": [NOW - (n // 4) * 1000 for n in range(47)],
    "a burst between": [*(NOW - n for n in range(15)), *[NOW - HOUR] * 25, *(NOW - 2 * HOUR - n for n in range(15))],
}


@pytest.mark.parametrize("mode", ["sql", "redis"])
@pytest.mark.parametrize("shape", SHAPES)
def test_everything_visible_is_landed(make: Make, mode: Mode, shape: str, ingest: Ingest, landed: Landed) -> None:
    """With a page of ten, the landed ids are the visible ids for every shape of history."""
    world = make.world(*(make.execution(f"E{n}", at) for n, at in enumerate(SHAPES[shape])))
    with serve(world, mode=mode) as gate:
        summary = ingest(gate.url, page_size=10)
    assert {id_ for (id_,) in landed("SELECT id FROM execution")} == {stub.id for stub in world.executions}
    assert summary.partial_failures == []
    assert summary.documents == len(world.executions) + 4


WATERMARKS = "SELECT value FROM watermark WHERE stream LIKE 'executions/%' ORDER BY stream"
DISTINCT_ACCOUNTS = (
    "SELECT DISTINCT account FROM rollout r JOIN execution e ON r.execution_id = e.id AND r.revision = e.revision"
)


def test_globs_of_applications_match_without_case(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Those of the settings and those of a run."""
    with serve(make.world(applications=("Shop-EU", "cart", "mail"))) as gate:
        ingest(gate.url, applications=("SHOP*",))
        assert landed("SELECT id FROM application") == [("Shop-EU",)]
        ingest(gate.url, **{"applications": ("shop*", "CART")})
    assert landed("SELECT id FROM application ORDER BY id") == [("Shop-EU",), ("cart",)]


def test_the_second_run_changes_nothing_in_few_requests(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Only the overlap is read again, and the rows stay unchanged."""
    world = make.world(*(make.execution(f"E{n}", NOW - n * HOUR // 2) for n in range(200)))
    with serve(world) as gate:
        ingest(gate.url)
        first, before = len(gate.requests), landed("SELECT * FROM rollout ORDER BY id")
        gate.requests.clear()
        summary = ingest(gate.url)
        assert len(gate.requests) == 7 < first
    assert summary.tables["execution"] == {"new": 0, "changed": 0, "unchanged": 3}
    assert landed("SELECT * FROM rollout ORDER BY id") == before


def test_a_day_later_only_the_new_is_new(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A run continues from the watermark of each application."""
    world = make.world(*(make.execution(f"E{n}", NOW - n * HOUR) for n in range(30)))
    with serve(world) as gate:
        ingest(gate.url)
        world.now += 24 * HOUR
        world.executions += [make.stub(make.execution(f"N{n}", NOW + n * HOUR)) for n in range(1, 4)]
        summary = ingest(gate.url)
    assert summary.tables["execution"]["new"] == 3
    assert landed(WATERMARKS) == [(str(NOW + 3 * HOUR),)]


def test_as_of_is_gates_clock(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Data is complete up to the time of Gate's clock, not ours."""
    with serve(make.world()) as gate:
        summary = ingest(gate.url)
    assert summary.as_of == datetime.fromtimestamp(NOW / 1000, UTC)
    assert landed("SELECT as_of FROM load") == [(datetime(2025, 6, 15, 15, 6, 40),)]


def test_running_becomes_succeeded(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A running execution is read again until it completes, however long ago it was built."""
    begun = NOW - 72 * HOUR
    running = make.execution("LONG", begun, status="RUNNING")
    world = make.world(running, *(make.execution(f"E{n}", NOW - n * HOUR) for n in range(9)))
    with serve(world) as gate:
        ingest(gate.url)
        assert landed("SELECT status, finished_at FROM execution WHERE id = 'LONG'") == [("running", None)]
        world.executions[0] = make.stub(make.execution("LONG", begun))
        summary = ingest(gate.url)
        assert landed("SELECT status FROM execution WHERE id = 'LONG'") == [("succeeded",)]
        gate.requests.clear()
        ingest(gate.url)
        assert not [path for path in gate.requests if path.startswith("/executions")]
    assert summary.tables["execution"] == {"new": 0, "changed": 1, "unchanged": 2}
    assert landed("SELECT status, full_traffic_at IS NULL FROM rollout WHERE execution_id = 'LONG'") == [
        ("succeeded", False)
    ]


def test_g17_a_stuck_execution_does_not_hold_the_watermark(make: Make, ingest: Ingest, landed: Landed) -> None:
    """It is read by id in every run, and the history since its start is not read again."""
    begun = NOW - 720 * HOUR
    runs = (make.execution(f"E{n}", NOW - n * HOUR) for n in range(200))
    world = make.world(make.execution("STUCK", begun, status="RUNNING"), *runs)
    with serve(world) as gate:
        ingest(gate.url)
        assert landed(WATERMARKS) == [(str(NOW),)]
        gate.requests.clear()
        summary = ingest(gate.url)
        assert sum("/search" in path for path in gate.requests) == 1
        assert summary.tables["execution"]["unchanged"] == 3
        world.executions[0] = make.stub(make.execution("STUCK", begun))
        ingest(gate.url)
    assert landed("SELECT status FROM execution WHERE id = 'STUCK'") == [("succeeded",)]


def test_a_restart_is_read_within_the_overlap(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A restarted execution is landed as running, although it has its earlier end."""
    at = NOW - HOUR // 2
    world = make.world(make.execution("E", at))
    with serve(world) as gate:
        ingest(gate.url)
        again = {**make.execution("E", at, status="RUNNING"), "startTime": NOW, "endTime": at + 40_000}
        world.executions[0] = make.stub(again)
        ingest(gate.url)
    assert landed("SELECT status, finished_at FROM execution") == [("running", None)]


def test_rollbacks_by_hand_are_landed_and_other_tasks_are_not(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Only tasks that change what runs are landed."""
    world = make.world()
    world.executions = [
        make.task("T1", "undoRolloutManifest"),
        make.task("T2", "savePipeline"),
        make.task("T3", "deployManifest"),
    ]
    with serve(world) as gate:
        ingest(gate.url)
    assert landed("SELECT execution_id, action, restores FROM rollout ORDER BY id") == [
        ("T1", "rollback", "7"),
        ("T3", "deploy", None),
    ]
    assert landed("SELECT DISTINCT pipeline, pipeline_id FROM execution") == [("By hand", None)]


def test_a_running_task_is_read_again_by_its_id(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A running task is read by id also after the fourteen days for which Gate lists it."""
    world = make.world()
    world.executions = [make.task("T1", "undoRolloutManifest", "RUNNING")]
    with serve(world) as gate:
        ingest(gate.url)
        world.executions = [make.task("T1", "undoRolloutManifest")]
        world.now += 20 * 24 * HOUR
        ingest(gate.url)
        assert "/tasks/T1" in gate.requests
    assert landed("SELECT status FROM execution") == [("succeeded",)]


def test_one_application_failing_leaves_the_others(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Its name and the reason are a partial failure; its watermark does not move."""
    payloads = [make.execution(f"E-{name}", NOW, application=name) for name in ("shop", "cart", "mail")]
    for payload in payloads:
        payload["pipelineConfigId"] = f"config-{payload['application']}"
    with serve(make.world(*payloads, applications=("shop", "cart", "mail"))) as gate:
        gate.error_statuses = {"/applications/cart/": 403, "/applications/mail/executions": 404}
        summary = ingest(gate.url)
    assert sorted(failure.split(":")[0] for failure in summary.partial_failures) == [
        "Gate refuses 1 of 3 applications (403)",
        "application mail",
    ]
    assert landed("SELECT id FROM execution") == [("E-shop",)]
    assert landed("SELECT stream FROM watermark ORDER BY 1") == [
        ("applications",),
        ("coverage/shop",),
        ("executions/shop",),
    ]


def test_an_execution_without_details_is_read_again(make: Make, landed: Landed, tmp_path: Path) -> None:
    """It lands as listed and holds the watermark back; the next run reads its details."""
    world = make.world(make.execution("X", NOW - 9 * HOUR), make.execution("NEW", NOW))
    account = "SELECT account FROM rollout JOIN execution e ON execution_id = e.id WHERE e.id = 'X'"
    account += " AND rollout.revision = e.revision"
    with serve(world) as gate:
        world.lagging, gate.error_statuses = {"X"}, {"/pipelines/X": 500}
        gate.injected_faults.add(Fault("/applications/shop/executions/search", 500, times=99, holding="expand=true"))
        (failure,) = make.quickly(tmp_path, gate.url, overlap_minutes=0).partial_failures
        assert failure == "application shop: Gate gave no details of execution X"
        assert landed("SELECT value FROM watermark WHERE stream = 'executions/shop'") == [(str(NOW - 9 * HOUR),)]
        assert landed(account) == [(None,)]
    world.lagging = set()
    with serve(world) as gate:
        assert make.quickly(tmp_path, gate.url, overlap_minutes=0).partial_failures == []
    assert landed(account) == [("prod-eu",)]


def test_every_application_failing_is_an_error(make: Make, ingest: Ingest, landed: Landed) -> None:
    """A run that reads no application fails."""
    with serve(make.world(make.execution("E", NOW))) as gate:
        gate.error_statuses = {"/applications/shop/": 404}
        with pytest.raises(DoraError, match="404"):
            ingest(gate.url)
    assert landed("SELECT finished_at FROM load") == [(None,)]


def test_accounts_are_optional(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Without /credentials all else is read, without a partial failure."""
    messages: list[str] = []
    with serve(make.world(make.execution("E", NOW))) as gate:
        gate.error_statuses = {"/credentials": 403}
        summary = ingest(gate.url, report=messages.append)
    assert (summary.partial_failures, summary.tables["execution"]["new"]) == ([], 1)
    assert any(text.startswith("accounts:") for text in messages)
    assert "shop: 1 execution" in messages


def test_replay_gives_the_same_rows(make: Make, ingest: Ingest, landed: Landed, tmp_path: Path) -> None:
    """The archived payloads of a run give the rows that the run landed."""
    with serve(make.world(*(make.execution(f"E{n}", NOW - n) for n in range(20)))) as gate:
        ingest(gate.url)
    before = landed("SELECT * EXCLUDE load_id FROM rollout ORDER BY id")
    (tmp_path / "landing.duckdb").unlink()
    rebuild_landing(tmp_path, {})
    assert landed("SELECT * EXCLUDE load_id FROM rollout ORDER BY id") == before
    assert landed(WATERMARKS) == [(str(NOW),)]


def test_the_links_lead_to_deck(make: Make, ingest: Ingest, landed: Landed) -> None:
    """Executions and tasks have different addresses in Deck."""
    world = make.world(make.execution("E", NOW))
    world.executions.append(make.task("T", "undoRolloutManifest"))
    with serve(world) as gate:
        ingest(gate.url, deck="https://deck.example/")
    assert landed("SELECT url FROM execution ORDER BY id") == [
        ("https://deck.example/#/applications/shop/executions/details/E",),
        ("https://deck.example/#/applications/shop/tasks/T",),
    ]
