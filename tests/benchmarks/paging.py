"""How many requests history costs: light listings and details by id, whole pages, what is built in, the minimum.

Run: ``python tests/benchmarks/paging.py [EXECUTIONS]``. The minimum is one request a page of 50, and one page more
than none where there is nothing new.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

from ingest.http import Limits, Session
from ingest.simulation.gate import serve
from ingest.simulation.gate_history import Mode
from ingest.simulation.world import Json, Stub, World
from ingest.spinnaker.gate import Gate
from ingest.spinnaker.history import Listed, Page, history
from ingest.spinnaker.pages import Pages

EXECUTIONS, PAGE, DETAILS = 2_000, 50, 40
NOW, MINUTE = 1_750_000_000_000, 60_000
NIGHT = 24 * 60 * MINUTE
WEIGHTS = {"8 kB": 8_000, "62 kB": 62_000}


class Light(Pages):
    """Light pages of 50, then the details of each page by id, 40 at a time."""

    def page(self, start: int, end: int, least: int = 0) -> Page:
        """One light page."""
        return self._light(start, end, max(PAGE, least))

    def batches(self, listed: Sequence[Listed]) -> Iterator[list[Listed]]:
        """As the whole pages' reader does, with batches of a fixed size."""
        for start in range(0, len(listed), DETAILS):
            yield self._gate.executions([one.id for one in listed[start : start + DETAILS]])


class Whole(Pages):
    """Whole pages of always 50."""

    def _adapt(self, listed: Sequence[Listed]) -> None:
        self._size = PAGE


def stub(number: int, weight: int) -> Stub:
    """An execution that weighs so many bytes, ten minutes after the next younger one."""
    at = NOW - number * 10 * MINUTE
    context = {"account": "prod", "filling": "x" * weight}
    stages = [{"id": f"S{number}", "type": "deployManifest", "status": "SUCCEEDED", "context": context}]
    body: Json = {
        "id": f"E{number:06}",
        "application": "shop",
        "status": "SUCCEEDED",
        "buildTime": at,
        "stages": stages,
    }
    return Stub(body["id"], "shop", "live", "release", "SUCCEEDED", at, at, lambda: body)


def world(count: int, weight: int) -> World:
    """One application with one pipeline."""
    configs = [{"id": "live", "application": "shop", "name": "release"}]
    stubs = [stub(number, weight) for number in range(count)]
    return World(now=NOW, applications=[{"name": "shop"}], pipeline_configs=configs, executions=stubs)


def cost(reader: Callable[..., Pages], url: str, since: int, first: int) -> tuple[int, int]:
    """Requests that one reading took, and executions it gave."""
    session = Session(url, limits=Limits(requests_per_10s=0))
    pages = reader(Gate(session), "shop", first, 4 << 20)
    found = sum(map(len, history(pages, since, NOW)))
    return session.requests, found


def main(count: int) -> None:
    """Print the table."""
    readers: dict[str, Callable[..., Pages]] = {"light+ids": Light, "pages of 50": Whole, "built in": Pages}
    print(f"{'':28}" + "".join(f"{name:>14}" for name in readers) + f"{'minimum':>14}{'ratio':>8}")
    modes: tuple[Mode, ...] = ("sql", "redis")
    for mode in modes:
        for weight, size in WEIGHTS.items():
            with serve(world(count, size), mode=mode) as gate:
                for span, since in {"backfill": 0, "night": NOW - NIGHT}.items():
                    first = 25 if span == "backfill" else PAGE
                    told = [cost(reader, gate.url, since, first) for reader in readers.values()]
                    assert len({found for _, found in told}) == 1
                    least = -(-told[0][1] // PAGE)
                    line = "".join(f"{requests:14,}" for requests, _ in told)
                    print(f"{mode:6}{weight:>7} {span:>9} {told[0][1]:>5}{line}{least:14,}{told[2][0] / least:8.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EXECUTIONS)
