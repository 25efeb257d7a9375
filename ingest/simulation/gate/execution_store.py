"""What Orca's execution repositories find, faults included (FACTS of Orca's task controller and its two stores).

The search reads database pages of twice the size, stops as soon as enough matched, and only then cuts
``startIndex`` off; SQL bounds are exclusive and ties come in no order, Redis bounds are inclusive, unsorted, and
know no page. Executions of deleted pipelines and of strategies are not found at all.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ingest.simulation.model.world import Json, Stub, World

Mode = Literal["sql", "redis"]
DAY = 86_400_000
HISTORY = 14 * DAY
OLD_SHOWN = 2


class Fault(Exception):  # noqa: N818 - what the server says, not what went wrong with it
    """An answer that is an error: status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True, slots=True)
class Query:
    """One search; times in epoch milliseconds, ``matches`` is the filter that is applied in memory."""

    start: int
    end: int
    size: int
    start_index: int = 0
    reverse: bool = False
    statuses: frozenset[str] = frozenset()
    matches: Callable[[Stub], bool] | None = None


class History:
    """The executions of a world as one store of Orca shows them; an index is made anew when they change."""

    def __init__(self, world: World, mode: Mode) -> None:
        self._world, self._mode = world, mode
        self._signature = 0
        self._by_id: dict[str, Stub] = {}
        self._by_application: dict[str, list[Stub]] = {}

    def refresh(self) -> None:
        """Look at the world again, where its list of executions is another than before."""
        signature = hash(tuple(map(id, self._world.executions)))
        if signature == self._signature:
            return
        by_application: dict[str, list[Stub]] = {}
        for stub in sorted(self._world.executions, key=lambda stub: stub.build_time):
            by_application.setdefault(stub.application, []).append(stub)
        self._by_id = {stub.id: stub for stub in self._world.executions}
        self._by_application, self._signature = by_application, signature

    def one(self, identity: str, *, orchestration: bool = False) -> Stub | None:
        """An execution by id, if it has begun to exist."""
        stub = self._by_id.get(identity)
        visible = stub and stub.build_time <= self._world.now and stub.orchestration == orchestration
        return stub if visible else None

    def search(self, application: str, query: Query) -> list[Stub]:
        """``/applications/{app}/executions/search``."""
        live = {config["id"] for config in self.configs(application)}
        rows = [stub for stub in self._between(application, query) if stub.config_id in live]
        matching: list[Stub] = []
        page = 0
        while len(matching) < query.size:
            found = self._page(rows, query, page)
            matching += [stub for stub in found if query.matches is None or query.matches(stub)]
            page += 1
            if len(found) < query.size * 2 or page > len(rows):
                break
        return matching[query.start_index : query.start_index + query.size]

    def _between(self, application: str, query: Query) -> Iterable[Stub]:
        stubs = self._by_application.get(application, [])
        low, high = (bisect_right, bisect_left) if self._mode == "sql" else (bisect_left, bisect_right)
        start = low(stubs, query.start, key=lambda stub: stub.build_time)
        end = high(stubs, query.end, key=lambda stub: stub.build_time)
        now = bisect_right(stubs, self._world.now, key=lambda stub: stub.build_time)
        found = (stub for stub in stubs[start : min(end, now)] if not stub.orchestration)
        return (stub for stub in found if not query.statuses or stub.status in query.statuses)

    def _page(self, rows: list[Stub], query: Query, page: int) -> list[Stub]:
        def shuffled(stub: Stub) -> int:
            return zlib.crc32(f"{stub.id}{query.end}".encode())

        if self._mode == "redis":
            return sorted(rows, key=shuffled)
        sign = 1 if query.reverse else -1
        ordered = sorted(rows, key=lambda stub: (sign * stub.build_time, shuffled(stub)))
        return ordered[page * query.size * 2 : (page + 1) * query.size * 2]

    def of_pipelines(self, config_ids: Iterable[str], limit: int, statuses: frozenset[str]) -> list[Stub]:
        """The newest executions of each pipeline, without those older than 14 days where there are newer ones."""
        found: list[Stub] = []
        for config_id in config_ids:
            newest = sorted(
                (stub for stub in self._visible() if stub.config_id == config_id and _has(stub, statuses)),
                key=lambda stub: stub.id,
                reverse=True,
            )
            found += self._recent(newest[:limit])
        return sorted(
            sorted(found, key=lambda stub: stub.id, reverse=True),
            key=lambda stub: stub.start_time or 0,
        )

    def _recent(self, stubs: list[Stub]) -> list[Stub]:
        cut = self._world.now - HISTORY
        recent = [stub for stub in stubs if stub.start_time is None or stub.start_time > cut]
        return recent or sorted(stubs, key=lambda stub: stub.start_time or 0, reverse=True)[:OLD_SHOWN]

    def tasks(self, application: str, page: int, limit: int, statuses: frozenset[str]) -> list[Stub]:
        """Orchestrations of the last 14 days, newest start first; these pages are real ones."""
        cut = self._world.now - HISTORY
        found = [
            stub
            for stub in self._by_application.get(application, [])
            if stub.orchestration and stub.build_time <= self._world.now and _has(stub, statuses)
            if stub.start_time is None or stub.start_time > cut
        ]
        found.sort(key=lambda stub: (stub.start_time is None, stub.start_time or 0, stub.id), reverse=True)
        return found[(page - 1) * limit : page * limit]

    def configs(self, application: str, *, strategies: bool = False) -> list[Json]:
        """Pipelines that are configured now, strategies apart."""
        return [
            config
            for config in self._world.pipeline_configs
            if config["application"] == application and (config.get("strategy") is True) == strategies
        ]

    def _visible(self) -> Iterable[Stub]:
        return (stub for stub in self._world.executions if stub.build_time <= self._world.now)


def _has(stub: Stub, statuses: frozenset[str]) -> bool:
    return not statuses or stub.status in statuses


def light(payload: Json) -> Json:
    """A payload as ``expand=false`` leaves it: no contexts, outputs and tasks, no stages of a parent.

    Orca takes a pipeline trigger's parent for granted here: where it was deleted, the whole listing fails.
    """
    stages = [
        {**stage, "context": _group(stage.get("context") or {}), "outputs": {}, "tasks": []}
        for stage in payload.get("stages") or []
    ]
    trigger = payload.get("trigger") or {}
    if trigger.get("type") == "pipeline":
        if not trigger.get("parentExecution"):
            raise Fault(500, "Cannot set property 'stages' on null object")
        trigger = {**trigger, "parentExecution": {**trigger["parentExecution"], "stages": []}}
    return {**payload, "stages": stages, "trigger": trigger}


def _group(context: Json) -> Json:
    return {"group": context["group"]} if "group" in context else {}
