"""Gate's endpoints, as far as they are read: each method sends one request."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from ingest.http.session import RequestError, Session
from ingest.spinnaker.auth.connect import request_applications
from ingest.spinnaker.model.coerce import as_micros, as_text
from ingest.spinnaker.model.stage_kinds import has_operation

REVISIONS = 20
# Orca's statuses of an execution that has not ended; the parameter is comma-separated.
UNFINISHED = "NOT_STARTED,RUNNING,PAUSED,SUSPENDED,BUFFERED,REDIRECT"


class ListedExecution(NamedTuple):
    """An execution or task in a listing; times in epoch milliseconds, 0 if unknown.

    ``incomplete`` says that Gate has more details than ``body``.
    """

    id: str
    build_time: int
    incomplete: bool
    body: bytes
    pipeline_id: str | None = None


class _Named(msgspec.Struct):
    name: str


class _Identified(msgspec.Struct):
    id: str
    disabled: Any = None


class _Stage(msgspec.Struct):
    type: Any = None


class _Execution(msgspec.Struct, rename="camel"):
    id: str
    build_time: Any = None
    start_time: Any = None
    pipeline_config_id: Any = None
    stages: list[_Stage | str] | None = None

    def stage_types(self) -> Iterator[Any]:
        return (stage.type for stage in self.stages or () if isinstance(stage, _Stage))


class _Task(msgspec.Struct):
    execution: _Execution


UNREADABLE = "unreadable:"
UNDECODABLE = (ValueError, RecursionError)  # msgspec raises ValueErrors, also for bytes that are no UTF-8
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_EXECUTION = msgspec.json.Decoder(_Execution)
_TASK = msgspec.json.Decoder(_Task)
_NAMED = msgspec.json.Decoder(_Named)
_IDENTIFIED = msgspec.json.Decoder(_Identified)


class Gate:
    """One Gate. Every method raises what ``Session.get`` raises, and ``RequestError`` for JSON of another shape."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bounds_inclusive: bool | None = None
        self._probe = threading.Lock()

    def list_applications(self) -> tuple[dict[str, bytes], datetime | None]:
        """Return the applications by name, and the time of Gate's clock. Raises ``LoginError`` for a stranger."""
        reply = request_applications(self._session)
        return {_decode_name(body): body for body in _decode_list("/applications", reply.body)}, reply.date

    def list_accounts(self) -> list[bytes]:
        """Return the accounts with their environments."""
        return self._list("/credentials", expand="true")

    def list_pipelines(self, application: str) -> list[bytes]:
        """Return the pipeline configurations of today."""
        return self._list(f"/applications/{quote(application, safe='')}/pipelineConfigs")

    def list_strategy_ids(self, application: str) -> list[str]:
        """Return the ids of custom deployment strategies; the search omits their executions."""
        return list(decode_ids(self._list(f"/applications/{quote(application, safe='')}/strategyConfigs")))

    def search_executions(
        self, application: str, start: int, end: int, size: int, *, expand: bool
    ) -> list[ListedExecution]:
        """Return executions built between two times (epoch ms), in full or without stage contexts.

        The only listing without Orca's limit of 14 days (``tasks.controller.daysOfExecutionHistory``).
        """
        path = f"/applications/{quote(application, safe='')}/executions/search"
        bounds = {"triggerTimeStartBoundary": start, "triggerTimeEndBoundary": end}
        params: dict[str, str | int] = {"startIndex": 0, "size": size, "expand": str(expand).lower(), **bounds}
        # expand=false answers 500 each time if one pipeline trigger's parent is gone; expand=true does not.
        reply = self._session.get(path, params, retry_500=expand)
        return _decode_executions(path, _decode_list(path, reply.body), incomplete=not expand)

    def bounds_inclusive(self, application: str, instant: int) -> bool:
        """Whether a search includes its bounds; tested once, at the build time of an execution.

        Orca's Redis repository includes them (``zrangeByScore``), its SQL repository excludes them.
        """
        with self._probe:
            if self._bounds_inclusive is None:
                self._bounds_inclusive = bool(self.search_executions(application, instant, instant, 1, expand=True))
            return self._bounds_inclusive

    def get_executions(self, ids: Sequence[str]) -> list[ListedExecution]:
        """Return executions in full, without those that Gate does not find, or hides."""
        return _decode_executions("/executions", self._list("/executions", executionIds=",".join(ids), expand="true"))

    def list_by_pipeline(
        self, pipeline_ids: Sequence[str], limit: int, *, unfinished: bool = False
    ) -> list[ListedExecution]:
        """Return the newest executions of each pipeline or strategy, also of deleted ones, of the last 14 days.

        With ``unfinished`` only those that have not ended, also of disabled pipelines, which Orca can hide elsewhere.
        """
        statuses = {"statuses": UNFINISHED} if unfinished else {}
        ids = ",".join(pipeline_ids)
        bodies = self._list("/executions", pipelineConfigIds=ids, limit=limit, expand="true", **statuses)
        return _decode_executions("/executions", bodies)

    def list_unfinished(self, application: str, limit: int) -> list[ListedExecution]:
        """Return the newest executions of each configured pipeline and strategy that have not ended, in full.

        A restarted one is among them, however old: Orca's limit of 14 days applies to its last start.
        """
        path = f"/applications/{quote(application, safe='')}/pipelines"
        return _decode_executions(path, self._list(path, statuses=UNFINISHED, limit=limit, expand="true"))

    def get_execution(self, id_: str) -> ListedExecution | None:
        """Return one execution in full, None if there is none; unlike a listing it does not read a lagging replica."""
        path = f"/pipelines/{quote(id_, safe='')}"
        body = self._get_or_none(path)
        return _decode_executions(path, [body])[0] if body is not None else None

    def list_tasks(self, application: str, limit: int) -> list[ListedExecution]:
        """Return the operations started by hand in the last 14 days, newest start first."""
        path = f"/applications/{quote(application, safe='')}/tasks"
        return _decode_tasks(path, self._list(path, page=1, limit=limit))

    def get_task(self, id_: str) -> bytes | None:
        """Return one operation, however old; None if there is none with this id."""
        return self._get_or_none(f"/tasks/{quote(id_, safe='')}")

    def get_canary(self, id_: str, storage_account: str | None) -> bytes | None:
        """Return one judgment of Kayenta; None if there is none with this id, or no Kayenta.

        What is no longer in Kayenta's Redis is found only with the account that stores it.
        """
        params = {"storageAccountName": storage_account} if storage_account else {}
        return self._get_or_none(f"/v2/canaries/canary/{quote(id_, safe='')}", **params)

    def get_judges(self) -> bytes | None:
        """Return Kayenta's judges; None if Gate is not connected to one."""
        return self._get_or_none("/v2/canaries/judges")

    def list_revisions(self, pipeline_id: str) -> list[bytes]:
        """Return the last configurations of a pipeline, newest first."""
        return self._list(f"/pipelineConfigs/{quote(pipeline_id, safe='')}/history", limit=REVISIONS)

    def list_templates(self, kind: str) -> list[bytes]:
        """Return the managed pipeline templates ("v1" or "v2") of all scopes and tags."""
        return self._list("/pipelineTemplates" if kind == "v1" else "/v2/pipelineTemplates")

    def _list(self, path: str, **params: str | int) -> list[bytes]:
        return _decode_list(path, self._session.get(path, params).body)

    def _get_or_none(self, path: str, **params: str | int) -> bytes | None:
        try:
            return self._session.get(path, params).body
        except RequestError as error:
            if error.status == 404:
                return None
            raise


def _decode_list(path: str, body: bytes) -> list[bytes]:
    try:
        return [bytes(item) for item in _LIST.decode(body)]
    except UNDECODABLE as error:
        raise RequestError(f"{path} gave no list of JSON ({error}).", "check that the address is Gate's.") from None


def _decode_name(body: bytes) -> str:
    """Return the name of an application; one that can not be read has a name that fails and is reported alone."""
    try:
        return _NAMED.decode(body).name
    except UNDECODABLE:
        return UNREADABLE + hashlib.sha256(body).hexdigest()[:16]


def decode_ids(bodies: Sequence[bytes]) -> dict[str, bool]:
    """Return the ids in a listing, each with whether it is disabled; items without an id are left out."""
    disabled_by_id = {}
    for body in bodies:
        with contextlib.suppress(*UNDECODABLE):
            item = _IDENTIFIED.decode(body)
            disabled_by_id[item.id] = item.disabled is True
    return disabled_by_id


def _decode_executions(path: str, bodies: Sequence[bytes], *, incomplete: bool = False) -> list[ListedExecution]:
    """Return the executions of a listing; an unreadable one is passed on for quarantine if others are readable."""
    executions = [_decode_execution(body, incomplete=incomplete) for body in bodies]
    if executions and all(execution.id.startswith(UNREADABLE) for execution in executions):
        raise RequestError(f"{path} gave no execution.", "check that the address is Gate's.")
    return executions


def _decode_execution(body: bytes, *, incomplete: bool) -> ListedExecution:
    try:
        fields = _EXECUTION.decode(body)
    except UNDECODABLE:
        id_ = next(iter(decode_ids([body])), UNREADABLE + hashlib.sha256(body).hexdigest())
        return ListedExecution(id_, 0, False, body)
    pipeline_id = as_text(fields.pipeline_config_id)
    return ListedExecution(fields.id, _as_millis(fields.build_time), incomplete, body, pipeline_id)


def _decode_tasks(path: str, bodies: Sequence[bytes]) -> list[ListedExecution]:
    """Return the operations of a listing; an unreadable one is passed on for quarantine if others are readable."""
    tasks = [_decode_task(body) for body in bodies]
    if tasks and all(task.id.startswith(UNREADABLE) for task in tasks):
        raise RequestError(f"{path} gave no task.", "check that the address is Gate's.")
    return tasks


def _decode_task(body: bytes) -> ListedExecution:
    try:
        fields = _TASK.decode(body).execution
    except UNDECODABLE:
        return ListedExecution(UNREADABLE + hashlib.sha256(body).hexdigest(), 0, True, body)
    started = _as_millis(fields.start_time) or _as_millis(fields.build_time)
    return ListedExecution(fields.id, started, has_operation(fields.stage_types()), body)


def _as_millis(value: object) -> int:
    return (as_micros(value) or 0) // 1000
