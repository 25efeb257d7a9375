"""What Gate answers to each of its endpoints, as JSON or as the error that Spring makes of a fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from ingest.simulation.gate.execution_store import Fault, History, Mode, Query, light
from ingest.simulation.model.world import Json, Stub, World

Params = Mapping[str, str]
RENDERED = 512
STATUSES = frozenset(
    {"NOT_STARTED", "RUNNING", "PAUSED", "SUSPENDED", "REDIRECT", "BUFFERED"}
    | {"SUCCEEDED", "FAILED_CONTINUE", "TERMINAL", "CANCELED", "STOPPED", "SKIPPED"}
)


class Answers:
    """The endpoints of one Gate over one world."""

    def __init__(self, world: World, mode: Mode) -> None:
        self._world, self._history = world, History(world, mode)
        part = "([^/]+)"
        routes: dict[str, Callable[..., Any]] = {
            "/applications": self._applications,
            f"/applications/{part}": self._application,
            f"/applications/{part}/pipelines": self._pipelines,
            f"/applications/{part}/executions/search": self._search,
            f"/applications/{part}/tasks": self._tasks,
            f"/applications/{part}/pipelineConfigs": self._configs,
            f"/applications/{part}/strategyConfigs": self._strategies,
            f"/pipelineConfigs/{part}/history": self._revisions,
            "/executions": self._executions,
            f"/pipelines/{part}": self._pipeline,
            f"/tasks/{part}": self._task,
            "/credentials": self._credentials,
            "/auth/user": lambda params: {"username": "reader", "roles": [], "allowedAccounts": []},
            "/version": lambda params: {"version": "2026.1.0"},
            "/health": lambda params: {"status": "UP"},
            f"/v2/canaries/canary/{part}": self._canary,
            "/v2/canaries/judges": lambda params: [{"name": "NetflixACAJudge-v1.0", "visible": True}],
            "/v2/pipelineTemplates": lambda params: self._templates(older=False),
            "/pipelineTemplates": lambda params: self._templates(older=True),
        }
        self._routes = [(re.compile(pattern), answer) for pattern, answer in routes.items()]

    def answer(self, path: str, params: Params) -> Any:
        """The JSON for a path as it was sent, its parts quoted; raises ``Fault``."""
        self._history.refresh()
        for pattern, route in self._routes:
            if match := pattern.fullmatch(path):
                if path.startswith("/applications/") and unquote(match.group(1)) in self._world.hidden:
                    raise Fault(403, "Access is denied")
                return route(*map(unquote, match.groups()), params)
        raise Fault(404, f"No message available for {path}")

    def _applications(self, params: Params) -> list[Json]:
        return [one for one in self._world.applications if one["name"] not in self._world.hidden]

    def _application(self, name: str, params: Params) -> Json:
        found = next((one for one in self._world.applications if one["name"] == name), None)
        if found is None:
            raise Fault(404, f"Application not found (id: {name})")
        return {"name": name, "attributes": found, "clusters": {}}

    def _configs(self, application: str, params: Params) -> list[Json]:
        return self._history.configs(application)

    def _strategies(self, application: str, params: Params) -> list[Json]:
        return self._history.configs(application, strategies=True)

    def _revisions(self, identity: str, params: Params) -> list[Json]:
        current = [config for config in self._world.pipeline_configs if config["id"] == identity]
        earlier = self._world.revisions.get(identity, [])
        return [*current, *earlier][: _whole(params, "limit", 20, at_least=1)]

    def _templates(self, *, older: bool) -> list[Json]:
        return [one for one in self._world.templates if (one.get("schema") == "1") == older]

    def _search(self, application: str, params: Params) -> list[Json]:
        query = Query(
            start=_whole(params, "triggerTimeStartBoundary", 0, at_least=0),
            end=_whole(params, "triggerTimeEndBoundary", 2**63 - 1, at_least=0),
            size=_whole(params, "size", 10, at_least=1),
            start_index=_whole(params, "startIndex", 0, at_least=0),
            reverse=params.get("reverse") == "true",
            statuses=_statuses(params),
            matches=_trigger_filter(params),
        )
        if query.start > query.end:
            raise Fault(400, "triggerTimeStartBoundary must be <= triggerTimeEndBoundary")
        return _shown(self._history.search(application, query), expand=params.get("expand") == "true")

    def _pipelines(self, application: str, params: Params) -> list[Json]:
        configs = self._history.configs(application) + self._history.configs(application, strategies=True)
        limit = _whole(params, "limit", 10, at_least=0) or 10
        given = [one["id"] for one in configs if not (self._world.hides_disabled and one.get("disabled"))]
        found = self._history.of_pipelines(given, limit, _statuses(params))
        return _shown(found, expand=params.get("expand") != "false")

    def _executions(self, params: Params) -> list[Json]:
        ids, configs = params.get("executionIds"), params.get("pipelineConfigIds")
        if ids and configs:
            raise Fault(400, "Only pipelineConfigIds OR executionIds can be specified")
        expand = params.get("expand") != "false"
        if ids:
            there = [stub for id_ in ids.split(",") if (stub := self._history.one(id_))]
            return _shown([stub for stub in there if self._given(stub)], expand=expand)
        limit = _whole(params, "limit", 1, at_least=0) or 1
        found = self._history.of_pipelines((configs or "").split(","), limit, _statuses(params))
        return _shown([stub for stub in found if self._given(stub)], expand=expand)

    def _given(self, stub: Stub) -> bool:
        """Whether a listing by id gives it: the replica has it, and the reader may see it."""
        return stub.id not in self._world.lagging and stub.application not in self._world.hidden

    def _pipeline(self, identity: str, params: Params) -> Json:
        stub = self._history.one(identity)
        if stub is None:
            raise Fault(404, f"No pipeline found for {identity}")
        if stub.application in self._world.hidden:
            raise Fault(403, "Access is denied")
        return _payload(stub)

    def _tasks(self, application: str, params: Params) -> list[Json]:
        page, limit = _whole(params, "page", 1, at_least=1), _whole(params, "limit", 3500, at_least=1)
        return [_view(stub) for stub in self._history.tasks(application, page, limit, _statuses(params))]

    def _task(self, identity: str, params: Params) -> Json:
        stub = self._history.one(identity, orchestration=True)
        if stub is None:
            raise Fault(404, f"No orchestration found for {identity}")
        return _view(stub)

    def _credentials(self, params: Params) -> list[Json]:
        if params.get("expand") == "true":
            return self._world.credentials
        return [{key: account.get(key) for key in ("name", "type")} for account in self._world.credentials]

    def _canary(self, identity: str, params: Params) -> Json:
        if identity not in self._world.canary_results:
            raise Fault(404, f"Canary execution {identity} not found")
        return self._world.canary_results[identity]


@lru_cache(maxsize=RENDERED)
def _payload(stub: Stub) -> Json:
    """A document as rendered: a listing is mostly followed by a request for the same ones in full."""
    return stub.payload()


def _shown(stubs: list[Stub], *, expand: bool) -> list[Json]:
    return [_payload(stub) if expand else light(_payload(stub)) for stub in stubs]


def _view(stub: Stub) -> Json:
    """The view model of a task: every stage's context in one list, and the execution whole."""
    execution = _payload(stub)
    stages = execution.get("stages") or []
    return {
        "id": stub.id,
        "name": execution.get("description"),
        "application": stub.application,
        "status": stub.status,
        "variables": [
            {"key": key, "value": value} for stage in stages for key, value in (stage.get("context") or {}).items()
        ],
        "steps": [task for stage in stages for task in stage.get("tasks") or []],
        "buildTime": stub.build_time,
        "startTime": stub.start_time,
        "endTime": execution.get("endTime"),
        "execution": execution,
    }


def _whole(params: Params, name: str, default: int, *, at_least: int) -> int:
    try:
        value = int(params.get(name, default))
    except ValueError:
        raise Fault(400, f"{name} is no number") from None
    if value < at_least:
        raise Fault(400, f"{name} must be >= {at_least}: {name}={value}")
    return value


def _statuses(params: Params) -> frozenset[str]:
    asked = frozenset(filter(None, params.get("statuses", "").split(",")))
    if wrong := asked - STATUSES:
        raise Fault(400, f"No enum constant ExecutionStatus.{min(wrong)}")
    return asked


def _trigger_filter(params: Params) -> Callable[[Stub], bool] | None:
    types = frozenset(filter(None, params.get("triggerTypes", "").split(","))) - {"*"}
    event = params.get("eventId")
    if not types and not event:
        return None

    def matches(stub: Stub) -> bool:
        trigger = _payload(stub).get("trigger") or {}
        return (not types or trigger.get("type") in types) and (not event or trigger.get("eventId") == event)

    return matches
