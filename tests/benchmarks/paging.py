"""How many requests history costs: light listings with details by id, complete pages, the built-in reader, the minimum.

Run: ``python -m tests.benchmarks.paging [EXECUTIONS]``. Two tables, for Orca on SQL and on Redis. The first compares
ways to read the history of one application; its minimum is one request for each page of as many executions as weigh
``page_bytes``, 50 at most, and one where there are none. The second counts all that a run asks for, the first one
(a backfill) and one a night later; its minimum adds what any reader needs that misses nothing: the applications, the
accounts, and of each application its pipelines, its strategies, what has not completed (which tells of restarts), its
tasks; what has to be looked at again by id (failures that may have been restarted), 50 at a time.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ingest.core.pipeline import pull
from ingest.core.source import Request
from ingest.http.session import Limits, Session
from ingest.simulation.gate.execution_store import Mode
from ingest.simulation.model.world import Json, Stub, World
from ingest.spinnaker import SOURCE
from ingest.spinnaker.client.application import BACKFILL_PAGE_SIZE
from ingest.spinnaker.client.gate import Gate, ListedExecution
from ingest.spinnaker.client.paging import MAX_PAGE_SIZE, Page, SearchPages
from ingest.spinnaker.client.time_search import search_history
from ingest.spinnaker.settings import Settings
from tests.simulation.gate import serve

EXECUTIONS, DETAILS, SHARED = 2_000, 40, 6
NOW, MINUTE = 1_750_000_000_000, 60_000
APART, NIGHT, OVERLAP = 10 * MINUTE, 24 * 60 * MINUTE, 60 * MINUTE
WEIGHTS = {"8 kB": 8_000, "62 kB": 62_000, "1 MB": 1_000_000}
MODES: tuple[Mode, ...] = ("sql", "redis")
PAGE_BYTES = Settings().page_bytes


class Light(SearchPages):
    """Light pages of 50, then the details of each page by id, 40 at a time."""

    def read_full(self, start: int, end: int, min_size: int = 0) -> Page:
        """One light page with its details."""
        light = self.read_light(start, end, max(MAX_PAGE_SIZE, min_size))
        return Page([execution for batch in self.read_details(light.executions) for execution in batch], light.size)

    def read_details(self, executions: Sequence[ListedExecution]) -> Iterator[list[ListedExecution]]:
        """As the whole pages' reader does, with batches of a fixed size."""
        for start in range(0, len(executions), DETAILS):
            yield self._gate.get_executions([execution.id for execution in executions[start : start + DETAILS]])


class FullPages(SearchPages):
    """Whole pages of always 50."""

    def _adapt_size(self, executions: Sequence[ListedExecution]) -> None:
        self._size = MAX_PAGE_SIZE


def stub(number: int, weight: int, at: int) -> Stub:
    """An execution that weighs so many bytes."""
    context = {"account": "prod", "filling": "x" * weight}
    stages = [{"id": f"S{number}", "type": "deployManifest", "status": "SUCCEEDED", "context": context}]
    body: Json = {"id": f"E{number:06}", "application": "shop", "pipelineConfigId": "live", "status": "SUCCEEDED"}
    body |= {"buildTime": at, "startTime": at, "endTime": at + MINUTE, "stages": stages}
    return Stub(body["id"], "shop", "live", "release", "SUCCEEDED", at, at, lambda: body)


def world(count: int, weight: int) -> World:
    """One application with one pipeline, that ran every ten minutes."""
    configs = [{"id": "live", "application": "shop", "name": "release"}]
    stubs = [stub(number, weight, NOW - number * APART) for number in range(count)]
    return World(now=NOW, applications=[{"name": "shop"}], pipeline_configs=configs, executions=stubs)


def minimum_pages(count: int, weight: int) -> int:
    """The fewest whole pages."""
    return max(-(-count // min(MAX_PAGE_SIZE, PAGE_BYTES // weight)), 1)


def measure_requests(reader: Callable[..., SearchPages], url: str, since: int, first: int) -> tuple[int, int]:
    """Requests that one reading took, and executions it gave."""
    session = Session(url, limits=Limits(requests_per_10s=0))
    executions = sum(map(len, search_history(reader(Gate(session), "shop", first, PAGE_BYTES), since, NOW)))
    return session.requests, executions


def compare_readers(mode: Mode, count: int) -> None:
    """The first table."""
    readers: dict[str, Callable[..., SearchPages]] = {
        "light+ids": Light,
        "pages of 50": FullPages,
        "built in": SearchPages,
    }
    print(f"{'history':28}" + "".join(f"{name:>14}" for name in readers) + f"{'minimum':>14}{'ratio':>8}")
    for (weight, size), span in ((item, span) for item in WEIGHTS.items() for span in ("backfill", "night")):
        since, first = (0, BACKFILL_PAGE_SIZE) if span == "backfill" else (NOW - NIGHT - OVERLAP, MAX_PAGE_SIZE)
        with serve(world(count if size < 1e6 else count // 10, size), mode=mode) as gate:
            costs = [measure_requests(reader, gate.url, since, first) for reader in readers.values()]
        assert len({executions for _, executions in costs}) == 1
        minimum = minimum_pages(costs[0][1], size)
        line = "".join(f"{requests:14,}" for requests, _ in costs)
        print(
            f"{mode:6}{weight:>7} {span:>9} {costs[0][1]:>5}{line}{minimum:14,}{costs[2][0] / minimum:8.2f}", flush=True
        )


def compare_runs(mode: Mode, count: int) -> None:
    """The second table."""
    print(f"{'complete run':28}{'requests':>14}{'minimum':>14}{'ratio':>8}")
    for weight, size in WEIGHTS.items():
        served_world = world(count if size < 1e6 else count // 10, size)
        with serve(served_world, mode=mode) as gate, tempfile.TemporaryDirectory() as folder:
            source = SOURCE.from_settings({"endpoint": gate.url, "requests_per_10s": 0}, Path(folder))
            for span in ("backfill", "night"):
                read = len(served_world.executions) if span == "backfill" else (NIGHT + OVERLAP) // APART
                requests = pull(source, Path(folder), Request()).requests or 0
                minimum = SHARED + minimum_pages(read, size)
                print(
                    f"{mode:6}{weight:>7} {span:>9} {read:>5}{requests:14,}{minimum:14,}{requests / minimum:8.2f}",
                    flush=True,
                )
                served_world.now += NIGHT
                new = range(1, NIGHT // APART + 1)
                served_world.executions += [stub(900_000 + number, size, NOW + number * APART) for number in new]


def main(count: int) -> None:
    """Print the tables."""
    for mode in MODES:
        compare_readers(mode, count)
        compare_runs(mode, count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EXECUTIONS)
