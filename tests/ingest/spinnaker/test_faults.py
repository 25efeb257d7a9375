"""Faults of Gate during a run, by the numbers of the catalogue: nothing lost, nothing double, nothing silent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dora.errors import AuthError, DoraError
from ingest.core.pipeline import Summary
from ingest.simulation.gate.execution_store import Mode
from tests.ingest.spinnaker.conftest import DAY, HOUR, NOW, Landed, Make
from tests.simulation.fault_injection import Fault
from tests.simulation.gate import serve

SEARCH = "/applications/shop/executions/search"
IDS = "SELECT id FROM execution ORDER BY id"
MARKS = "SELECT value FROM watermark WHERE stream = 'executions/shop'"


def several(make: Make, count: int = 12, **more: Any) -> list[dict[str, Any]]:
    """Executions an hour apart."""
    return [make.execution(f"E{n:02}", NOW - n * HOUR, **more) for n in range(count)]


def names(payloads: list[dict[str, Any]]) -> list[tuple[str]]:
    """The ids that must be landed."""
    return sorted((payload["id"],) for payload in payloads)


PASSING = {
    "g1_429_without_retry_after": Fault("/", 429, times=3),
    "g1_429_with_a_date": Fault("/", 429, headers={"Retry-After": "Sun, 15 Jun 2025 15:06:40 GMT"}),
    "g2_a_burst_of_502": Fault("/", 502, times=4),
    "g2_503_amid_pages": Fault("/", 503, times=3, holding="search"),
    "g7_cut_bodies": Fault("/", "cut", times=3, holding="search"),
    "g7_connections_reset": Fault("/", "reset", times=3),
    "g8_empty_bodies": Fault("/", "empty", times=3),
    "g8_an_empty_body_amid_pages": Fault("/", "empty", times=2, holding="search"),
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_waited_out(fault: str, make: Make, landed: Landed, tmp_path: Path) -> None:
    """G1, G2, G7, G8: the run lands what a run without the fault lands, and is complete."""
    payloads = several(make)
    with serve(make.world(*payloads)) as gate:
        gate.injected_faults.add(replace(PASSING[fault]))
        summary = make.quickly(tmp_path, gate.url, page_size=5)
        assert gate.injected_faults.left == 0
    assert (summary.partial_failures, landed(IDS)) == ([], names(payloads))


def test_g3_an_application_that_stays_broken_leaves_the_others(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Its name and reason are a partial failure; the next run lands it."""
    payloads = [make.execution(f"E-{name}", NOW, application=name) for name in ("shop", "cart")]
    for payload in payloads:
        payload["pipelineConfigId"] = f"config-{payload['application']}"
    with serve(make.world(*payloads, applications=("shop", "cart"))) as gate:
        gate.error_statuses = {"/applications/cart/executions": 500}
        assert [failure[:17] for failure in make.quickly(tmp_path, gate.url).partial_failures] == ["application cart:"]
        assert landed(IDS) == [("E-shop",)]
        gate.error_statuses = {}
        assert make.quickly(tmp_path, gate.url).partial_failures == []
    assert landed(IDS) == [("E-cart",), ("E-shop",)]


def test_g4_a_gate_that_is_not_there_is_an_error(make: Make, landed: Landed, tmp_path: Path) -> None:
    """What was landed before stays."""
    with serve(make.world(*several(make))) as gate:
        make.quickly(tmp_path, gate.url)
    with pytest.raises(DoraError, match="gave no answer"):
        make.quickly(tmp_path, gate.url)
    assert len(landed(IDS)) == 12


def test_g5_g6_a_dripping_page_ends_at_the_deadline(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Not at the time-out of each read; the page is asked for again."""
    payloads = several(make)
    with serve(make.world(*payloads)) as gate:
        gate.injected_faults.add(Fault(SEARCH, "drip"))
        summary = make.quickly(tmp_path, gate.url, timeout_seconds=0.5)
    assert (summary.partial_failures, landed(IDS)) == ([], names(payloads))


def test_g8_a_short_page_loses_nothing_on_the_next_run(make: Make, landed: Landed, tmp_path: Path) -> None:
    """A page that holds one less than there is ends the walk: what it hid is read as part of the overlap."""
    payloads = [make.execution(f"E{n}", NOW - n * 1000) for n in range(4)]
    with serve(make.world(*payloads)) as gate:
        gate.injected_faults.add(Fault(SEARCH, "short"))
        make.quickly(tmp_path, gate.url)
        make.quickly(tmp_path, gate.url)
    assert landed(IDS) == names(payloads)


def test_g9_a_login_page_with_200_is_no_data(make: Make, landed: Landed, tmp_path: Path) -> None:
    """It ends the run loudly, and what it had read stays."""
    with serve(make.world(*several(make))) as gate:
        gate.injected_faults.add(Fault("/applications/shop/tasks", "html"))
        with pytest.raises(AuthError, match="login page"):
            make.quickly(tmp_path, gate.url)
        assert make.quickly(tmp_path, gate.url).partial_failures == []
    assert len(landed(IDS)) == 12


def test_g11_a_token_that_expires_amid_pages_keeps_what_was_read(make: Make, landed: Landed, tmp_path: Path) -> None:
    """The run ends with an error; the next one continues and is complete."""
    payloads = several(make)
    with serve(make.world(*payloads)) as gate:
        gate.injected_faults.add(Fault("/applications/shop/tasks", 401))
        with pytest.raises(AuthError):
            make.quickly(tmp_path, gate.url, page_size=5)
        assert landed(MARKS) == [(str(NOW),)]
        make.quickly(tmp_path, gate.url, page_size=5)
    assert landed(IDS) == names(payloads)


def test_g12_pages_that_are_too_large_are_requested_in_parts(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Where Gate breaks on large pages (a time-out, a full heap), less is asked for, and nothing is missing."""
    payloads = several(make, 60)
    with serve(make.world(*payloads)) as gate:
        gate.injected_faults.add(
            Fault(SEARCH, 500, times=99, holding="size=25"), Fault(SEARCH, 500, times=99, holding="size=12")
        )
        summary = make.quickly(tmp_path, gate.url)
        sizes = [path.split("size=")[1].split("&")[0] for path in gate.requests if SEARCH in path]
    assert (summary.partial_failures, landed(IDS)) == ([], names(payloads))
    assert sizes.count("25") == 5
    assert "3" in sizes


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_g14_duplicates_are_one_row(mode: Mode, make: Make, landed: Landed, tmp_path: Path) -> None:
    """The same execution twice in a listing and again by id lands once."""
    payloads = several(make, 20)
    world = make.world(*payloads)
    world.executions += [make.stub(payload) for payload in payloads[:7]]
    with serve(world, mode=mode) as gate:
        make.quickly(tmp_path, gate.url, page_size=6, page_bytes=9000)
    assert landed(IDS) == names(payloads)


def test_g16_executions_that_begin_between_pages_move_nothing(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Pages end at times, not at positions: new executions come with the next run, none is skipped."""
    payloads = several(make, 30)
    world, late = make.world(*payloads), [make.execution(f"N{n}", NOW + n) for n in range(1, 9)]
    pending = [make.stub(payload) for payload in late]
    with serve(world) as gate:

        def before(path: str) -> None:
            if SEARCH in path and pending:
                world.executions.append(pending.pop())
                world.now = NOW + 10

        gate.before = before
        make.quickly(tmp_path, gate.url, page_size=4, page_bytes=6000)
        make.quickly(tmp_path, gate.url, page_size=4, page_bytes=6000)
    assert set(names(payloads)) <= set(landed(IDS)) <= set(names(payloads + late))
    assert len(landed(IDS)) >= 30 + 7


def test_g19_what_was_deleted_stays_and_is_marked(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Once: the next run does not request it again, and it is no partial failure."""
    world = make.world(make.execution("E1", NOW - 60_000), make.execution("E2", NOW, status="RUNNING"))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.executions, world.now = [], NOW + HOUR
        assert make.quickly(tmp_path, gate.url).partial_failures == []
        assert landed("SELECT id, epoch_ms(noticed_at) FROM deleted_execution ORDER BY id") == [
            ("E1", NOW + HOUR),
            ("E2", NOW + HOUR),
        ]
        gate.requests.clear()
        make.quickly(tmp_path, gate.url)
        assert not [path for path in gate.requests if "E1" in path or "E2" in path]
    assert landed(IDS) == [("E1",), ("E2",)]


def test_g20_retention_shorter_than_an_outage_is_a_gap(make: Make, landed: Landed, tmp_path: Path) -> None:
    """The last execution of the previous run is deleted: the time from there to the oldest that is left is a gap."""
    world = make.world(make.execution("OLD", NOW - HOUR))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.now = NOW + 60 * DAY
        world.executions = [make.stub(make.execution("NEW", NOW + 50 * DAY))]
        (failure,) = make.quickly(tmp_path, gate.url).partial_failures
        world.now += DAY
        assert make.quickly(tmp_path, gate.url).partial_failures == []
    assert (
        "application shop: history from 2025-06-15 15:06 to 2025-08-04 15:06 was deleted before it was read" in failure
    )
    assert landed("SELECT id, epoch_ms(since), epoch_ms(until) FROM coverage ORDER BY id") == [
        ("shop/1", NOW - HOUR, NOW),
        ("shop/2", NOW + 50 * DAY, NOW + 61 * DAY),
    ]


def test_g20_runs_without_a_gap_are_one_coverage(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Also when one execution was deleted by hand, and when nothing ran for weeks."""
    world = make.world(make.execution("E1", NOW - HOUR), make.execution("E2", NOW))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.now, world.executions = NOW + 12 * HOUR, world.executions[:1]
        make.quickly(tmp_path, gate.url)
        world.now = NOW + 40 * DAY
        assert make.quickly(tmp_path, gate.url).partial_failures == []
    assert landed("SELECT epoch_ms(since), epoch_ms(until) FROM coverage") == [(NOW - HOUR, NOW + 40 * DAY)]


def test_g20_coverage_begins_where_the_source_was_asked_for(
    make: Make, landed: Landed, ingest: Callable[..., Summary]
) -> None:
    """Days before the first execution were read, and are zeros; without ``--since`` what was deleted is not known."""
    start = datetime.fromtimestamp((NOW - 60 * DAY) / 1000, UTC)
    with serve(make.world(make.execution("E1", NOW - HOUR))) as gate:
        ingest(gate.url)
        assert landed("SELECT epoch_ms(since) FROM coverage") == [(NOW - HOUR,)]
        ingest(gate.url, since=start)
        ingest(gate.url)
    assert landed("SELECT epoch_ms(since), epoch_ms(until) FROM coverage") == [(NOW - 60 * DAY, NOW)]


def test_g21_the_limit_of_a_pipeline_is_no_limit_of_ours(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Gate gives so many of each pipeline that is asked for by id: more are asked for until they reach back."""
    payloads = [make.execution(f"E{n:02}", NOW - n * 60_000) for n in range(35)]
    world = make.world(*payloads[30:])
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.executions = [make.stub(payload) for payload in payloads]
        world.pipeline_configs = []
        make.quickly(tmp_path, gate.url)
        assert landed(IDS) == names(payloads)
        gate.requests.clear()
        world.now += 15 * DAY
        make.quickly(tmp_path, gate.url)
        assert not [path for path in gate.requests if "pipelineConfigIds" in path]


def test_g22_g28_one_unreadable_execution_is_quarantined(make: Make, landed: Landed, tmp_path: Path) -> None:
    """The others of the application land, paging continues past it, the watermark moves."""
    payloads = several(make, 20)
    payloads[7]["stages"] = "none"
    with serve(make.world(*payloads)) as gate:
        summary = make.quickly(tmp_path, gate.url, page_size=5, page_bytes=8000)
    assert (summary.partial_failures, summary.quarantined) == ([], 1)
    assert landed(IDS) == names([*payloads[:7], *payloads[8:]])
    assert landed(MARKS) == [(str(NOW),)]


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_g27_a_parent_that_was_deleted_breaks_no_listing(
    mode: Mode, make: Make, landed: Landed, tmp_path: Path
) -> None:
    """Light listings of it answer 500: full ones are requested instead."""
    payloads = [*several(make, 20), make.execution("CHILD", NOW - 30, trigger={"type": "pipeline"})]
    with serve(make.world(*payloads), mode=mode) as gate:
        summary = make.quickly(tmp_path, gate.url, page_size=5, page_bytes=8000)
    assert (summary.partial_failures, landed(IDS)) == ([], names(payloads))


def test_g30_hidden_applications_are_reported_once(make: Make, landed: Landed, tmp_path: Path) -> None:
    """A lost permission looks like a deleted application: both are reported, and what was landed stays."""
    payloads = several(make, 3)
    world = make.world(*payloads, applications=("cart", "shop"))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.hidden = {"shop"}
        (failure,) = make.quickly(tmp_path, gate.url).partial_failures
        assert "1 of 2 applications: shop" in failure
        assert make.quickly(tmp_path, gate.url).partial_failures == []
    assert landed(IDS) == names(payloads)
    assert landed("SELECT * FROM deleted_execution") == []


def test_a_replica_that_lags_hides_nothing(make: Make, landed: Landed, tmp_path: Path) -> None:
    """What a list by id lacks is requested from the writer: it is not deleted."""
    begun = make.execution("E", NOW - 9 * HOUR, status="RUNNING")
    world = make.world(begun, make.execution("N", NOW))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.executions[0], world.lagging = make.stub(make.execution("E", NOW - 9 * HOUR)), {"E"}
        assert make.quickly(tmp_path, gate.url).partial_failures == []
    assert landed("SELECT status FROM execution WHERE id = 'E'") == [("succeeded",)]
    assert landed("SELECT * FROM deleted_execution") == []


def test_readers_end_with_the_run(make: Make, tmp_path: Path) -> None:
    """No thread sends requests after a run that failed."""
    with serve(make.world(*several(make))) as gate:
        gate.injected_faults.add(Fault(SEARCH, "html"))
        with pytest.raises(AuthError):
            make.quickly(tmp_path, gate.url)
    assert not [thread for thread in threading.enumerate() if "(_read)" in thread.name and thread.is_alive()]
