"""Faults of the transport in a complete run, by the numbers of the catalogue: the next run recovers.

Their effect on a single request is in ``tests/ingest/http``.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dora.errors import AuthError, DoraError
from ingest.simulation.gate.execution_store import Mode
from tests.ingest.spinnaker.conftest import HOUR, NOW, Landed, Make, facts_of
from tests.simulation.fault_injection import Fault
from tests.simulation.gate import serve
from tests.simulation.gate_auth import Auth

ROOT = Path(__file__).resolve().parents[3]
SEARCH = "/applications/shop/executions/search"
IDS = "SELECT id FROM execution ORDER BY id"


def several(make: Make, count: int = 12) -> list[dict[str, Any]]:
    """Executions an hour apart."""
    return [make.execution(f"E{n:02}", NOW - n * HOUR) for n in range(count)]


def names(payloads: list[dict[str, Any]]) -> list[tuple[str]]:
    """The ids that must be landed."""
    return sorted((payload["id"],) for payload in payloads)


RETRY_AFTER = {
    "seconds": {"Retry-After": "1"},
    "a date": {"Retry-After": "Sun, 15 Jun 2025 15:06:41 GMT"},
    "missing": {},
    "a billion": {"Retry-After": "1000000000"},
}


@pytest.mark.parametrize("form", RETRY_AFTER)
def test_g1_too_many_requests_is_waited_out(
    form: str, make: Make, landed: Landed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """429 with each form of Retry-After: the run takes longer, a minute at most for each, and is whole."""
    monkeypatch.setattr("ingest.http.session.MAX_WAIT", 1.5)
    monkeypatch.setattr("ingest.http.rate_limit.MAX_WAIT", 1.5)
    payloads = several(make)
    with serve(make.world(*payloads)) as gate:
        gate.injected_faults.add(Fault(SEARCH, 429, headers=RETRY_AFTER[form]))
        summary = make.quickly(tmp_path, gate.url)
        assert gate.injected_faults.left == 0
    assert (summary.partial_failures, landed(IDS)) == ([], names(payloads))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_g2_each_burst_of_5xx_is_ridden_out(status: int, make: Make, landed: Landed, tmp_path: Path) -> None:
    """Four in a row at the worst place."""
    payloads = several(make)
    with serve(make.world(*payloads)) as gate:
        gate.injected_faults.add(Fault(SEARCH, status, times=4))
        summary = make.quickly(tmp_path, gate.url)
    assert (summary.partial_failures, landed(IDS)) == ([], names(payloads))


def test_g4_a_host_that_has_no_address_is_an_error(make: Make, landed: Landed, tmp_path: Path) -> None:
    """DNS says no (.invalid never exists): what was landed before stays."""
    with serve(make.world(*several(make))) as gate:
        make.quickly(tmp_path, gate.url)
    with pytest.raises(DoraError, match=r"http://gate\.invalid gave no answer") as raised:
        make.quickly(tmp_path, "http://gate.invalid")
    assert raised.value.next_step
    assert len(landed(IDS)) == 12


@pytest.mark.parametrize(("name", "why"), [("alone", "self-signed"), ("expired", "has expired")])
def test_g4_a_certificate_that_is_not_good_ends_the_run(
    name: str, why: str, certificates: Any, ingest: Callable[..., Any], make: Make
) -> None:
    """Self-signed or expired: named, nothing was asked; a good one is read from."""
    with serve(make.world(*several(make)), auth=Auth(tls=certificates.context(name))) as gate:
        with pytest.raises(DoraError, match=why):
            ingest(gate.url, ca_file=certificates.ca)
        assert gate.requests == []
    with serve(make.world(*several(make)), auth=Auth(tls=certificates.context("server"))) as gate:
        assert ingest(gate.url, ca_file=certificates.ca).partial_failures == []


def test_g5_a_silent_gate_is_retried(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Silence beyond the time-out, once: the run is complete."""
    payloads, silent, over = several(make), [True], threading.Event()
    with serve(make.world(*payloads)) as gate:

        def before(path: str) -> None:
            if SEARCH in path and silent:
                silent.pop()
                over.wait(1.5)

        gate.before = before
        summary = make.quickly(tmp_path, gate.url, timeout_seconds=0.5)
        over.set()
    assert (summary.partial_failures, landed(IDS)) == ([], names(payloads))


def test_g8_a_search_that_gives_nothing_for_once_is_made_up_for(make: Make, landed: Landed, tmp_path: Path) -> None:
    """An empty list is a valid answer: the watermark does not move by it, so the next run reads what it hid."""
    payloads = several(make)
    with serve(make.world(*payloads)) as gate:
        gate.injected_faults.add(Fault(SEARCH, "nothing"))
        make.quickly(tmp_path, gate.url)
        assert landed(IDS) == []
        make.quickly(tmp_path, gate.url)
    assert landed(IDS) == names(payloads)


@pytest.mark.parametrize("mode", ["sql", "redis"])
@pytest.mark.parametrize("page", [0, 1, 2])
def test_g8_a_page_that_is_cut_is_no_last_page(
    mode: Mode, page: int, make: Make, landed: Landed, tmp_path: Path
) -> None:
    """Whichever page of the first history lacks its end: the request after it gives it, with no gap and no failure."""
    payloads = several(make, 31)
    with serve(make.world(*payloads), mode=mode) as gate:
        gate.injected_faults.add(Fault(SEARCH, "short", after=page))
        summary = make.quickly(tmp_path, gate.url)
        assert gate.injected_faults.left == 0
    assert (summary.partial_failures, landed(IDS)) == ([], names(payloads))


def test_g8_a_night_asks_for_its_history_once(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Its page ends with what is known: no second request is sent."""
    world = make.world(*several(make))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.now += 24 * HOUR
        world.executions.append(make.stub(make.execution("NEW", NOW + HOUR)))
        gate.requests.clear()
        make.quickly(tmp_path, gate.url)
        assert sum(SEARCH in path for path in gate.requests) == 1
    assert ("NEW",) in landed(IDS)


ELSEWHERE = {
    "another host": "http://127.0.0.2:9/oauth2/authorize",
    "http": "http://127.0.0.1:9/login",
    "a loop": "/applications/shop/executions/search",
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_g10_no_redirect_is_followed(where: str, make: Make, landed: Landed, tmp_path: Path) -> None:
    """To another host, down to http, round in a circle: the run ends after one request, what was landed stays."""
    payloads = several(make)
    with serve(make.world(*payloads)) as gate:
        make.quickly(tmp_path, gate.url)
        gate.requests.clear()
        gate.injected_faults.add(Fault(SEARCH, 302, headers={"Location": ELSEWHERE[where]}))
        with pytest.raises(AuthError, match="redirected to"):
            make.quickly(tmp_path, gate.url)
        assert sum(SEARCH in path for path in gate.requests) == 1
        assert make.quickly(tmp_path, gate.url).partial_failures == []
    assert landed(IDS) == names(payloads)


PULL = """
import sys
from pathlib import Path
from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.spinnaker import SOURCE
settings = {"endpoint": sys.argv[1], "requests_per_10s": 0}
summary = pull(SOURCE.from_settings(settings, Path(sys.argv[2])), Path(sys.argv[2]), Request())
status = open("/proc/self/status").read()
print(len(summary.partial_failures), int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def test_g12_a_page_of_200_mb_has_bounded_memory(make: Make, landed: Landed, tmp_path: Path) -> None:
    """25 executions of 8 MB in one page: it is given up at the cap, smaller ones land them all, below 512 MB."""
    heavy = [{"id": "S", "type": "wait", "status": "SUCCEEDED", "context": {"filling": "x" * (8 << 20)}}]
    payloads = [make.execution(f"E{n:02}", NOW - n * HOUR, stages=heavy) for n in range(25)]
    with serve(make.world(*payloads)) as gate:
        done = subprocess.run(
            [sys.executable, "-c", PULL, gate.url, str(tmp_path)],
            capture_output=True, text=True, check=True, timeout=300, env={"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert any("size=25" in path for path in gate.requests)
    partial_failures, megabytes = map(int, done.stdout.split())
    assert (partial_failures, landed(IDS)) == (0, names(payloads))
    assert megabytes <= 512


def test_g13_a_zip_bomb_is_abandoned_and_the_next_run_recovers(make: Make, landed: Landed, tmp_path: Path) -> None:
    """200 MB in 200 kB, in whatever form the search is asked: no form of it is believed."""
    payloads = several(make)
    with serve(make.world(*payloads)) as gate:
        gate.injected_faults.add(Fault(SEARCH, "bomb", times=3))
        with pytest.raises(DoraError, match="sent more than 134,217,728 bytes"):
            make.quickly(tmp_path, gate.url)
        assert (gate.injected_faults.left, landed(IDS)) == (0, [])
        assert make.quickly(tmp_path, gate.url).partial_failures == []
    assert landed(IDS) == names(payloads)


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_g15_executions_that_end_between_pages_or_runs_are_completed(
    mode: Mode, make: Make, landed: Landed, tmp_path: Path
) -> None:
    """Seen running in one page or night, it is asked for by id until it has completed."""
    payloads = [make.execution(f"E{n:02}", NOW - n * HOUR, status="RUNNING") for n in range(12)]
    world, ends = make.world(*payloads), [make.stub(payload) for payload in several(make)]
    with serve(world, mode=mode) as gate:

        def before(path: str) -> None:
            if SEARCH in path and len(ends) > 4:
                done = ends.pop()
                world.executions = [done if stub.id == done.id else stub for stub in world.executions]

        gate.before = before
        make.quickly(tmp_path, gate.url, page_size=3, page_bytes=6000)
        gate.before = lambda path: None
        for done in ends:
            world.executions = [done if stub.id == done.id else stub for stub in world.executions]
        world.now += 24 * HOUR
        make.quickly(tmp_path, gate.url)
    assert landed("SELECT status, count(*) FROM execution GROUP BY ALL") == [("succeeded", 12)]


@pytest.mark.parametrize("mode", ["sql", "redis"])
def test_g18_ties_at_the_watermark_are_read(mode: Mode, make: Make, landed: Landed, tmp_path: Path) -> None:
    """More executions of the watermark's own millisecond than a page holds come later: all of them land."""
    world = make.world(make.execution("FIRST", NOW))
    with serve(world, mode=mode) as gate:
        make.quickly(tmp_path, gate.url, overlap_minutes=0)
        late = [make.execution(f"T{n:02}", NOW) for n in range(9)]
        world.executions += [make.stub(payload) for payload in late]
        make.quickly(tmp_path, gate.url, overlap_minutes=0, page_size=4, page_bytes=6000)
    assert landed(IDS) == [("FIRST",), *names(late)]


@pytest.mark.parametrize("limit", [49, 50, 51, 210])
def test_g21_a_limit_for_each_pipeline_hides_nothing_that_runs(
    limit: int, make: Make, landed: Landed, tmp_path: Path
) -> None:
    """As many as a listing gives of one pipeline may be fewer than there are: it is asked for more."""
    world = make.world(*(make.execution(f"E{n:03}", NOW - 3 * HOUR - n) for n in range(limit)))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.now = NOW + 24 * HOUR
        begun = (make.execution(f"E{n:03}", NOW - 3 * HOUR - n, status="RUNNING") for n in range(limit))
        world.executions = [make.stub({**payload, "startTime": NOW + 9}) for payload in begun]
        make.quickly(tmp_path, gate.url)
    assert landed("SELECT status, count(*) FROM execution GROUP BY ALL") == [("running", limit)]


def test_g30_an_application_that_answers_404_leaves_the_others(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Deleted during the run: its partial failure names it, its rows stay, the other application is read."""
    payloads = [make.execution(f"E-{name}", NOW, application=name) for name in ("shop", "cart")]
    for payload in payloads:
        payload["pipelineConfigId"] = f"config-{payload['application']}"
    with serve(make.world(*payloads, applications=("shop", "cart"))) as gate:
        make.quickly(tmp_path, gate.url)
        gate.error_statuses = {"/applications/cart": 404}
        (failure,) = make.quickly(tmp_path, gate.url).partial_failures
    assert failure.startswith("application cart:")
    assert landed(IDS) == names(payloads)


def test_g30_an_application_under_a_new_name_keeps_the_old_one(make: Make, landed: Landed, tmp_path: Path) -> None:
    """Renamed: what it ran before stays under the old name, what it runs now lands under the new one."""
    world = make.world(make.execution("OLD", NOW))
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        moved = {**make.execution("NEW", NOW + HOUR, application="store"), "pipelineConfigId": "config-store"}
        renamed = make.world(moved, applications=("store",))
        world.now, world.executions = NOW + 2 * HOUR, renamed.executions
        world.applications, world.pipeline_configs = renamed.applications, renamed.pipeline_configs
        (failure,) = make.quickly(tmp_path, gate.url).partial_failures
    assert "no longer shows 1 of 1 applications: shop" in failure
    assert landed("SELECT id, application FROM execution ORDER BY id") == [("NEW", "store"), ("OLD", "shop")]


@pytest.mark.parametrize("ahead", [10_000_000, 86_400_000, 2_300_000_000_000])
def test_g24_a_build_time_to_come_hides_no_later_execution(ahead: int, make: Make, tmp_path: Path) -> None:
    """The clock of one host of Orca is ahead for a night: what is built in the next one is read."""
    world = make.world(make.execution("E0", NOW - 9_000_000), make.execution("E1", NOW + ahead))
    world.executions[1] = dataclasses.replace(world.executions[1], build_time=NOW - 1000)  # so that it is listed
    with serve(world) as gate:
        make.quickly(tmp_path, gate.url)
        world.now += 3 * 3_600_000
        world.executions = make.world(make.execution("E2", NOW + 3_600_000)).executions + world.executions
        make.quickly(tmp_path, gate.url)
    assert facts_of(tmp_path, "SELECT id FROM execution ORDER BY id") == [("E0",), ("E1",), ("E2",)]
