"""What each endpoint of Gate returns: its JSON, or the error of Spring."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from ingest.simulation.gate.execution_store import (
    ExecutionStore,
    Mode,
    Query,
    ResponseError,
    UnreachableError,
    strip_execution,
)
from ingest.simulation.model.world import Json, Stub, World

Params = Mapping[str, str]
_OF_ORCA = re.compile("/(executions|pipelines|tasks)\\b|/applications/[^/]+/(pipelines|executions|tasks)\\b")
_STATUSES = frozenset(
    {"NOT_STARTED", "RUNNING", "PAUSED", "SUSPENDED", "REDIRECT", "BUFFERED"}
    | {"SUCCEEDED", "FAILED_CONTINUE", "TERMINAL", "CANCELED", "STOPPED", "SKIPPED"}
)


class Endpoints:
    """The endpoints of one Gate over one world."""

    def __init__(self, world: World, mode: Mode) -> None:
        self._world, self._store, self._mode = world, ExecutionStore(world, mode), mode
        self.orca_is_down = False
        part = "([^/]+)"
        configs = self._store.configs
        routes: dict[str, Callable[..., Any]] = {
            "/applications": self._applications,
            f"/applications/{part}": self._application,
            f"/applications/{part}/pipelines": self._pipelines,
            f"/applications/{part}/executions/search": self._search,
            f"/applications/{part}/tasks": self._tasks,
            f"/applications/{part}/pipelineConfigs": lambda application, params: configs(application),
            f"/applications/{part}/strategyConfigs": lambda application, params: configs(application, strategies=True),
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
            "/v2/pipelineTemplates": lambda params: self._templates(schema_1=False),
            "/pipelineTemplates": lambda params: self._templates(schema_1=True),
        }
        self._routes = [(re.compile(pattern), endpoint) for pattern, endpoint in routes.items()]

    def answer(self, path: str, params: Params) -> Any:
        """The JSON of a path whose parts are quoted; raises ``ResponseError``."""
        self._store.refresh()
        if self.orca_is_down and _OF_ORCA.match(path):
            raise UnreachableError
        for pattern, endpoint in self._routes:
            if match := pattern.fullmatch(path):
                # Fiat authorises by the application in the path.
                if path.startswith("/applications/") and unquote(match.group(1)) in self._world.hidden:
                    raise ResponseError(403, "Access is denied")
                return endpoint(*map(unquote, match.groups()), params)
        raise ResponseError(404, f"No message available for {path}")

    def _applications(self, params: Params) -> list[Json]:
        return [row for row in self._world.applications if row["name"] not in self._world.hidden]

    def _application(self, name: str, params: Params) -> Json:
        attributes = next((row for row in self._world.applications if row["name"] == name), None)
        if attributes is None:
            raise ResponseError(404, f"Application not found (id: {name})")
        return {"name": name, "attributes": attributes, "clusters": {}}

    def _revisions(self, identity: str, params: Params) -> list[Json]:
        current = [config for config in self._world.pipeline_configs if config["id"] == identity]
        revisions = [*current, *self._world.revisions.get(identity, [])]
        return revisions[: _integer(params, "limit", 20, minimum=1)]

    def _templates(self, *, schema_1: bool) -> list[Json]:
        return [template for template in self._world.templates if (template.get("schema") == "1") == schema_1]

    def _search(self, application: str, params: Params) -> list[Json]:
        query = Query(
            start=_integer(params, "triggerTimeStartBoundary", 0, minimum=0),
            end=_integer(params, "triggerTimeEndBoundary", 2**63 - 1, minimum=0),
            size=_integer(params, "size", 10, minimum=1),
            start_index=_integer(params, "startIndex", 0, minimum=0),
            reverse=params.get("reverse") == "true",
            statuses=_statuses(params),
            matches=_trigger_filter(params),
        )
        if query.start > query.end:
            raise ResponseError(400, "triggerTimeStartBoundary must be <= triggerTimeEndBoundary")
        return _documents(self._store.search(application, query), expand=params.get("expand") == "true")

    def _pipelines(self, application: str, params: Params) -> list[Json]:
        configs = self._store.configs(application) + self._store.configs(application, strategies=True)
        ids = [config["id"] for config in configs if not (self._world.hides_disabled and config.get("disabled"))]
        # Gate takes 0 for the default.
        limit = self._limit(params, 10)
        stubs = self._store.of_pipelines(ids, limit, _statuses(params))
        return _documents(stubs, expand=params.get("expand") != "false")

    def _executions(self, params: Params) -> list[Json]:
        ids, configs = params.get("executionIds"), params.get("pipelineConfigIds")
        if ids and configs:
            raise ResponseError(400, "Only pipelineConfigIds OR executionIds can be specified")
        if ids:
            stubs = [stub for id_ in ids.split(",") if (stub := self._store.find(id_))]
        else:
            limit = self._limit(params, 1)
            stubs = self._store.of_pipelines((configs or "").split(","), limit, _statuses(params))
        # A listing by id reads a replica, and leaves out what the user may not read.
        lagging, hidden = self._world.lagging, self._world.hidden
        visible = [stub for stub in stubs if stub.id not in lagging and stub.application not in hidden]
        return _documents(visible, expand=params.get("expand") != "false")

    def _limit(self, params: Params, default: int) -> int:
        limit = _integer(params, "limit", default, minimum=-(2**31))
        if limit < 0:
            # The database refuses it in its own words, Redis does not get that far.
            raise ResponseError(500 if self._mode == "sql" else 400, f"limit must not be negative: {limit}")
        return limit or default

    def _pipeline(self, identity: str, params: Params) -> Json:
        stub = self._store.find(identity)
        if stub is None:
            raise ResponseError(404, f"Pipeline not found (id: {identity})")
        if stub.application in self._world.hidden:
            raise ResponseError(403, "Access is denied")
        return _payload(stub)

    def _tasks(self, application: str, params: Params) -> list[Json]:
        page, limit = _integer(params, "page", 1, minimum=1), _integer(params, "limit", 3500, minimum=1)
        return [_task_view(stub) for stub in self._store.tasks(application, page, limit, _statuses(params))]

    def _task(self, identity: str, params: Params) -> Json:
        stub = self._store.find(identity, orchestration=True)
        if stub is None:
            raise ResponseError(404, f"No orchestration found for {identity}")
        return _task_view(stub)

    def _credentials(self, params: Params) -> list[Json]:
        if params.get("expand") == "true":
            return self._world.credentials
        return [{key: account.get(key) for key in ("name", "type")} for account in self._world.credentials]

    def _canary(self, identity: str, params: Params) -> Json:
        result = self._world.canary_results.get(identity, {})
        # What has ended is in the archive, which is searched by its account; what is canceled never comes there.
        account = result.get("storageAccountName")
        if not result or result.get("status") == "canceled" or account not in (None, params.get("storageAccountName")):
            raise ResponseError(404, f"Canary execution {identity} not found")
        return result


# Rendering is slow, and most listings are followed by a request for the same documents in full.
@lru_cache(maxsize=512)
def _payload(stub: Stub) -> Json:
    return stub.payload()


def _documents(stubs: list[Stub], *, expand: bool) -> list[Json]:
    return [_payload(stub) if expand else strip_execution(_payload(stub)) for stub in stubs]


def _task_view(stub: Stub) -> Json:
    """Gate's view of a task: the contexts of all stages in one list, and the complete execution."""
    execution = _payload(stub)
    stages = execution.get("stages") or []
    contexts = [stage.get("context") or {} for stage in stages]
    return {
        "id": stub.id,
        "name": execution.get("description"),
        "application": stub.application,
        "status": stub.status,
        "variables": [{"key": key, "value": value} for context in contexts for key, value in context.items()],
        "steps": [task for stage in stages for task in stage.get("tasks") or []],
        "buildTime": stub.build_time,
        "startTime": stub.start_time,
        "endTime": execution.get("endTime"),
        "execution": execution,
    }


def _integer(params: Params, name: str, default: int, *, minimum: int) -> int:
    try:
        value = int(params.get(name, default))
    except ValueError:
        raise ResponseError(400, f"{name} is not a number") from None
    if value < minimum:
        raise ResponseError(400, f"{name} must be >= {minimum}: {name}={value}")
    return value


def _statuses(params: Params) -> frozenset[str]:
    statuses = frozenset(filter(None, params.get("statuses", "").split(",")))
    if invalid := statuses - _STATUSES:
        raise ResponseError(400, f"No enum constant ExecutionStatus.{min(invalid)}")
    return statuses


def _trigger_filter(params: Params) -> Callable[[Stub], bool] | None:
    types = frozenset(filter(None, params.get("triggerTypes", "").split(","))) - {"*"}
    event = params.get("eventId")
    if not types and not event:
        return None

    def matches(stub: Stub) -> bool:
        trigger = _payload(stub).get("trigger") or {}
        return (not types or trigger.get("type") in types) and (not event or trigger.get("eventId") == event)

    return matches
