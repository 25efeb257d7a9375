"""Gate's endpoints, as far as they are read: each method is one request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from ingest.http import FailedError, Session
from ingest.spinnaker.history import Listed
from ingest.spinnaker.kinds import needs_details, operates
from ingest.spinnaker.values import COMPLETE, EARLIEST, micros, status


class Named(msgspec.Struct):
    """What has a name."""

    name: str


class _Kind(msgspec.Struct):
    type: Any = None


class _Light(msgspec.Struct, rename="camel"):
    id: str
    build_time: Any = None
    start_time: Any = None
    status: Any = None
    stages: list[_Kind | str] | None = None

    def types(self) -> Iterator[Any]:
        return (stage.type for stage in self.stages or () if isinstance(stage, _Kind))


class _View(msgspec.Struct):
    execution: _Light


_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_LIGHT = msgspec.json.Decoder(_Light)
_TASK = msgspec.json.Decoder(_View)
_NAMED = msgspec.json.Decoder(Named)


class Gate:
    """One Gate. Every method raises what ``Session.get`` raises, and ``FailedError`` for JSON of another shape."""

    def __init__(self, session: Session) -> None:
        self._session = session

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

    def search(self, application: str, start: int, end: int, size: int) -> list[Listed]:
        """Executions built between two instants (epoch ms), without contexts."""
        path = f"/applications/{quote(application, safe='')}/executions/search"
        bounds = {"triggerTimeStartBoundary": start, "triggerTimeEndBoundary": end}
        bodies = self._listing(path, startIndex=0, size=size, expand="false", **bounds)
        return [_told(path, body) for body in bodies]

    def executions(self, ids: Sequence[str]) -> list[Listed]:
        """Executions in full; those that Gate does not find, or hides, are missing."""
        bodies = self._listing("/executions", executionIds=",".join(ids), expand="true")
        return [_told("/executions", body) for body in bodies]

    def tasks(self, application: str, page: int, limit: int) -> list[Listed]:
        """One page of the operations started by hand in the last 14 days, newest start first."""
        path = f"/applications/{quote(application, safe='')}/tasks"
        return [_task(path, body) for body in self._listing(path, page=page, limit=limit)]

    def task(self, identity: str) -> bytes | None:
        """One operation, however old; None where there is none by this id."""
        try:
            return self._session.get(f"/tasks/{quote(identity, safe='')}").body
        except FailedError as error:
            if error.status == 404:
                return None
            raise

    def _listing(self, path: str, **params: str | int) -> list[bytes]:
        return _listed(path, self._session.get(path, params).body)


def _listed(path: str, body: bytes) -> list[bytes]:
    try:
        return [bytes(item) for item in _LIST.decode(body)]
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FailedError(f"{path} gave no list of JSON ({error}).", "check that the address is Gate's.") from None


def _told(path: str, body: bytes) -> Listed:
    try:
        light = _LIGHT.decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FailedError(f"{path} gave no execution ({error}).", "check that the address is Gate's.") from None
    return Listed(
        light.id, _instant(light.build_time), status(light.status) in COMPLETE, needs_details(light.types()), body
    )


def _task(path: str, body: bytes) -> Listed:
    try:
        light = _TASK.decode(body).execution
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FailedError(f"{path} gave no task ({error}).", "check that the address is Gate's.") from None
    started = _instant(light.start_time) or _instant(light.build_time)
    return Listed(light.id, started, status(light.status) in COMPLETE, operates(light.types()), body)


def _instant(value: object) -> int:
    found = micros(value)
    return found // 1000 if found is not None else EARLIEST
