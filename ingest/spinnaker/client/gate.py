"""Gate's endpoints, as far as they are read: each method is one request."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from ingest.http.session import FailedError, Session
from ingest.spinnaker.client.time_search import Listed
from ingest.spinnaker.model.coerce import COMPLETE, as_micros, as_status, as_text
from ingest.spinnaker.model.stage_kinds import has_operation

REVISIONS = 20
UNFINISHED = "NOT_STARTED,RUNNING,PAUSED,SUSPENDED,BUFFERED,REDIRECT"


class Named(msgspec.Struct):
    """What has a name."""

    name: str


class _Identified(msgspec.Struct):
    id: str
    disabled: Any = None


class _Kind(msgspec.Struct):
    type: Any = None


class _Light(msgspec.Struct, rename="camel"):
    id: str
    build_time: Any = None
    start_time: Any = None
    status: Any = None
    pipeline_config_id: Any = None
    stages: list[_Kind | str] | None = None

    def types(self) -> Iterator[Any]:
        return (stage.type for stage in self.stages or () if isinstance(stage, _Kind))


class _View(msgspec.Struct):
    execution: _Light


UNREADABLE = "unreadable:"
UNDECODABLE = (msgspec.MsgspecError, ValueError, RecursionError)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_LIGHT = msgspec.json.Decoder(_Light)
_TASK = msgspec.json.Decoder(_View)
_NAMED = msgspec.json.Decoder(Named)
_IDENTIFIED = msgspec.json.Decoder(_Identified)


class Gate:
    """One Gate. Every method raises what ``Session.get`` raises, and ``FailedError`` for JSON of another shape."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._includes: bool | None = None
        self._probing = threading.Lock()

    def applications(self) -> tuple[dict[str, bytes], datetime | None]:
        """Applications by name, with Gate's clock."""
        reply = self._session.get("/applications")
        listed = _listed("/applications", reply.body)
        return {_NAMED.decode(body).name: body for body in listed}, reply.date

    def accounts(self) -> list[bytes]:
        """The accounts, with their environments."""
        return self._listing("/credentials", expand="true")

    def configs(self, application: str) -> list[bytes]:
        """The pipelines as they are configured now."""
        return self._listing(f"/applications/{quote(application, safe='')}/pipelineConfigs")

    def strategies(self, application: str) -> list[str]:
        """Ids of the deployment strategies of its own, whose runs no search finds."""
        bodies = self._listing(f"/applications/{quote(application, safe='')}/strategyConfigs")
        return list(identities(bodies))

    def search(self, application: str, start: int, end: int, size: int, *, expand: bool) -> list[Listed]:
        """Executions built between two instants (epoch ms), in full or without contexts."""
        path = f"/applications/{quote(application, safe='')}/executions/search"
        bounds = {"triggerTimeStartBoundary": start, "triggerTimeEndBoundary": end}
        params: dict[str, str | int] = {"startIndex": 0, "size": size, "expand": str(expand).lower(), **bounds}
        reply = self._session.get(path, params, firm=not expand)
        return _told(path, _listed(path, reply.body), detailed=not expand)

    def inclusive(self, application: str, instant: int) -> bool:
        """Whether searches include the bounds they name; asked once, at the build time of an execution."""
        with self._probing:
            if self._includes is None:
                self._includes = bool(self.search(application, instant, instant, 1, expand=True))
            return self._includes

    def executions(self, ids: Sequence[str]) -> list[Listed]:
        """Executions in full; those that Gate does not find, or hides, are missing."""
        return _told("/executions", self._listing("/executions", executionIds=",".join(ids), expand="true"))

    def of_pipelines(self, ids: Sequence[str], limit: int, **more: str) -> list[Listed]:
        """The newest executions of each pipeline, also of deleted ones and of strategies, of the last 14 days."""
        bodies = self._listing("/executions", pipelineConfigIds=",".join(ids), limit=limit, expand="true", **more)
        return _told("/executions", bodies)

    def unfinished_of(self, ids: Sequence[str], limit: int) -> list[Listed]:
        """Those of some pipelines that have not completed, also where Orca lists none of a disabled pipeline."""
        return self.of_pipelines(ids, limit, statuses=UNFINISHED)

    def unfinished(self, application: str, limit: int) -> list[Listed]:
        """The newest executions of each pipeline and strategy that is configured which have not completed, in full.

        A restarted one is among them, however old: what counts here is when it last began.
        """
        path = f"/applications/{quote(application, safe='')}/pipelines"
        return _told(path, self._listing(path, statuses=UNFINISHED, limit=limit, expand="true"))

    def execution(self, identity: str) -> Listed | None:
        """One execution in full, from where it is written; None where there is none by this id."""
        path = f"/pipelines/{quote(identity, safe='')}"
        body = self._found(path)
        return _told(path, [body])[0] if body is not None else None

    def tasks(self, application: str, page: int, limit: int) -> list[Listed]:
        """One page of the operations started by hand in the last 14 days, newest start first."""
        path = f"/applications/{quote(application, safe='')}/tasks"
        return [_task(path, body) for body in self._listing(path, page=page, limit=limit)]

    def task(self, identity: str) -> bytes | None:
        """One operation, however old; None where there is none by this id."""
        return self._found(f"/tasks/{quote(identity, safe='')}")

    def _found(self, path: str) -> bytes | None:
        try:
            return self._session.get(path).body
        except FailedError as error:
            if error.status == 404:
                return None
            raise

    def canary(self, identity: str) -> bytes | None:
        """One judgment of the canary service; None where there is none by this id, or no such service."""
        return self._found(f"/v2/canaries/canary/{quote(identity, safe='')}")

    def judges(self) -> bytes | None:
        """The judges of the canary service; None where Gate is not connected to one."""
        return self._found("/v2/canaries/judges")

    def revisions(self, pipeline_id: str) -> list[bytes]:
        """The last configurations of a pipeline, newest first."""
        return self._listing(f"/pipelineConfigs/{quote(pipeline_id, safe='')}/history", limit=REVISIONS)

    def templates(self, kind: str) -> list[bytes]:
        """The managed pipeline templates of all scopes and tags, v1 or v2: each has a list of its own."""
        return self._listing("/pipelineTemplates" if kind == "v1" else "/v2/pipelineTemplates")

    def _listing(self, path: str, **params: str | int) -> list[bytes]:
        return _listed(path, self._session.get(path, params).body)


def _listed(path: str, body: bytes) -> list[bytes]:
    try:
        return [bytes(item) for item in _LIST.decode(body)]
    except UNDECODABLE as error:
        raise FailedError(f"{path} gave no list of JSON ({error}).", "check that the address is Gate's.") from None


def identities(bodies: Sequence[bytes]) -> dict[str, bool]:
    """Ids of what a listing holds, and whether each is disabled; what has none is left out."""
    found = {}
    for body in bodies:
        with contextlib.suppress(*UNDECODABLE):
            one = _IDENTIFIED.decode(body)
            found[one.id] = one.disabled is True
    return found


def _told(path: str, bodies: Sequence[bytes], *, detailed: bool = False) -> list[Listed]:
    """What a listing tells. One that can not be read is passed on as it is, where others beside it can."""
    found = [_light(body, detailed=detailed) for body in bodies]
    if found and all(listed.id.startswith(UNREADABLE) for listed in found):
        raise FailedError(f"{path} gave no execution.", "check that the address is Gate's.")
    return found


def _light(body: bytes, *, detailed: bool) -> Listed:
    try:
        light = _LIGHT.decode(body)
    except UNDECODABLE:
        named = next(iter(identities([body])), UNREADABLE + hashlib.sha256(body).hexdigest())
        return Listed(named, 0, True, False, body)
    done = as_status(light.status) in COMPLETE
    return Listed(light.id, _instant(light.build_time), done, detailed, body, as_text(light.pipeline_config_id))


def _task(path: str, body: bytes) -> Listed:
    try:
        light = _TASK.decode(body).execution
    except UNDECODABLE as error:
        raise FailedError(f"{path} gave no task ({error}).", "check that the address is Gate's.") from None
    started = _instant(light.start_time) or _instant(light.build_time)
    return Listed(light.id, started, as_status(light.status) in COMPLETE, has_operation(light.types()), body)


def _instant(value: object) -> int:
    return (as_micros(value) or 0) // 1000
