"""How Orca's two execution stores find executions, their defects included.

The search reads database pages of twice the size, stops once enough match, and only then applies ``startIndex``. The
bounds of SQL are exclusive and ties come in no order; those of Redis are inclusive, its results unsorted, its pages
ignored, and a filter that nothing matches never ends. Executions of deleted pipelines and of strategies are not found.
(Orca: TaskController, SqlExecutionRepository, RedisExecutionRepository.)
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ingest.simulation.model.clock import DAY
from ingest.simulation.model.world import Json, Stub, World

Mode = Literal["sql", "redis"]
_HISTORY = 14 * DAY  # Orca's default of daysOfExecutionHistory
_OLD_RETURNED = 2  # that many are returned of a pipeline whose executions are all older


class ResponseError(Exception):
    """A response that is an error: status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class UnreachableError(ResponseError):
    """Gate does not reach Orca."""

    def __init__(self) -> None:
        super().__init__(500, "Failed to connect to orca")


class HangingError(ResponseError):
    """Orca does not answer until Gate gives up."""

    def __init__(self) -> None:
        super().__init__(500, "timeout")


@dataclass(frozen=True, slots=True)
class Query:
    """One search; times in epoch milliseconds, ``matches`` is the filter that Orca applies in memory."""

    start: int
    end: int
    size: int
    start_index: int = 0
    reverse: bool = False
    statuses: frozenset[str] = frozenset()
    matches: Callable[[Stub], bool] | None = None


class ExecutionStore:
    """The executions of a world in one store of Orca; it is indexed again whenever they change."""

    def __init__(self, world: World, mode: Mode) -> None:
        self._world, self._mode = world, mode
        self._signature = 0
        self._by_id: dict[str, Stub] = {}
        self._by_application: dict[str, list[Stub]] = {}

    def refresh(self) -> None:
        """Index the executions of the world again if they changed."""
        # Replacing an execution keeps the length of the list, so that identities are compared.
        signature = hash(tuple(map(id, self._world.executions)))
        if signature == self._signature:
            return
        self._signature, self._by_application = signature, {}
        for stub in sorted(self._world.executions, key=_build_time):
            self._by_application.setdefault(stub.application, []).append(stub)
        self._by_id = {stub.id: stub for stub in self._world.executions}

    def find(self, identity: str, *, orchestration: bool = False) -> Stub | None:
        """An execution by id, if it exists by now."""
        stub = self._by_id.get(identity)
        exists = stub and stub.build_time <= self._world.now and stub.orchestration == orchestration
        return stub if exists else None

    def search(self, application: str, query: Query) -> list[Stub]:
        """``/applications/{application}/executions/search``."""
        ids = {config["id"] for config in self.configs(application)}
        stubs = self._by_application.get(application, [])
        low, high = (bisect_right, bisect_left) if self._mode == "sql" else (bisect_left, bisect_right)
        start, end = low(stubs, query.start, key=_build_time), high(stubs, query.end, key=_build_time)
        now = bisect_right(stubs, self._world.now, key=_build_time)
        rows = [
            stub
            for stub in stubs[start : min(end, now)]
            if not stub.orchestration and stub.config_id in ids and _has_status(stub, query.statuses)
        ]
        matching: list[Stub] = []
        number = 0
        # Without a match this loop of Orca never ends on Redis, which has no last page.
        if self._mode == "redis" and query.matches and rows and not any(map(query.matches, rows)):
            raise HangingError
        while len(matching) < query.size:
            page = self._page(rows, query, number)
            matching += [stub for stub in page if query.matches is None or query.matches(stub)]
            number += 1
            if len(page) < query.size * 2 or number > len(rows):
                break
        return matching[query.start_index : query.start_index + query.size]

    def _page(self, rows: list[Stub], query: Query, number: int) -> list[Stub]:
        def unordered(stub: Stub) -> int:
            # An order that differs from query to query, and still repeats in tests.
            return zlib.crc32(f"{stub.id}{query.end}".encode())

        # Redis returns everything for every page.
        if self._mode == "redis":
            return sorted(rows, key=unordered)
        sign = 1 if query.reverse else -1
        ordered = sorted(rows, key=lambda stub: (sign * stub.build_time, unordered(stub)))
        return ordered[number * query.size * 2 : (number + 1) * query.size * 2]

    def of_pipelines(self, config_ids: Iterable[str], limit: int, statuses: frozenset[str]) -> list[Stub]:
        """The newest executions of each pipeline, without those older than 14 days if there are newer ones."""
        stubs: list[Stub] = []
        existing = [stub for stub in self._world.executions if stub.build_time <= self._world.now]
        for config_id in config_ids:
            newest = [stub for stub in existing if stub.config_id == config_id and _has_status(stub, statuses)]
            newest.sort(key=lambda stub: stub.id, reverse=True)
            stubs += self._recent(newest[:limit])
        stubs.sort(key=lambda stub: stub.id, reverse=True)
        return sorted(stubs, key=_start_time)

    def _recent(self, stubs: list[Stub]) -> list[Stub]:
        recent = [stub for stub in stubs if self._in_history(stub)]
        return recent or sorted(stubs, key=_start_time, reverse=True)[:_OLD_RETURNED]

    def _in_history(self, stub: Stub) -> bool:
        return stub.start_time is None or stub.start_time > self._world.now - _HISTORY

    def tasks(self, application: str, page: int, limit: int, statuses: frozenset[str]) -> list[Stub]:
        """Orchestrations of the last 14 days, newest start first; Redis gives its first page for every number."""
        stubs = [
            stub
            for stub in self._by_application.get(application, [])
            if stub.orchestration and stub.build_time <= self._world.now
            if _has_status(stub, statuses) and self._in_history(stub)
        ]
        stubs.sort(key=lambda stub: (stub.start_time is None, stub.start_time or 0, stub.id), reverse=True)
        start = 0 if self._mode == "redis" else (page - 1) * limit
        return stubs[start : start + limit]

    def configs(self, application: str, *, strategies: bool = False) -> list[Json]:
        """The pipelines (or strategies) that an application has now."""
        return [
            config
            for config in self._world.pipeline_configs
            if config["application"] == application and (config.get("strategy") is True) == strategies
        ]


def _build_time(stub: Stub) -> int:
    return stub.build_time


def _start_time(stub: Stub) -> int:
    return stub.start_time or 0


def _has_status(stub: Stub, statuses: frozenset[str]) -> bool:
    return not statuses or stub.status in statuses


def strip_execution(payload: Json) -> Json:
    """A payload with ``expand=false``: no contexts, outputs and tasks, no stages of a parent.

    Orca expects a pipeline trigger to have a parent here: if that was deleted, the complete listing fails.
    """
    stages = []
    for stage in payload.get("stages") or []:
        context = stage.get("context") or {}
        group = {"group": context["group"]} if "group" in context else {}
        stages.append({**stage, "context": group, "outputs": {}, "tasks": []})
    trigger = payload.get("trigger") or {}
    if trigger.get("type") == "pipeline":
        if not trigger.get("parentExecution"):
            raise ResponseError(500, "Cannot set property 'stages' on null object")
        trigger = {**trigger, "parentExecution": {**trigger["parentExecution"], "stages": []}}
    return {**payload, "stages": stages, "trigger": trigger}
