"""Executions that a stage started and no listing returned: they are read by the id in the stage.

A pipeline stage, and the last step of a custom strategy, name what they started. It may belong to an application that
is not read, to a strategy that ran more than 14 days ago, or to a deleted pipeline. Each is requested once per run;
what a run could not request is stored as a watermark, so that the next run does, also after a crash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from dora.errors import counted
from ingest.core.source import Item, Note, PartialFailure, Watermark
from ingest.http.session import ForbiddenError, RequestError
from ingest.payloads.archive import Document
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.paging import get_batches
from ingest.spinnaker.client.refetch import MAX_FAILURES, deleted_execution
from ingest.spinnaker.model.coerce import as_text
from ingest.spinnaker.model.payload import Execution

PENDING = "started"  # the stream of the watermark
MAX_DEPTH = 8  # generations of children
MAX_SINGLE_REQUESTS, MAX_PENDING = 200, 1000
_EXECUTION = msgspec.json.Decoder(Execution)
_HAS_CHILD_ID = b'"executionId"'


class ChildExecutions:
    """Children of the executions of one run, and those that an earlier run could not read (``pending``)."""

    def __init__(self, pending: str | None, known_ids: Collection[str]) -> None:
        self._watermark = pending or "[]"
        self._old_ids = frozenset(msgspec.json.decode(self._watermark, type=list[str]))
        self._known_ids, self._child_ids = frozenset(known_ids), set(self._old_ids)
        self._unread_ids: set[str] = set()
        self._errors: list[str] = []
        self._single_requests = 0

    def collect(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield each item; before history counts as read, its unread children are stored."""
        for item in items:
            match item:
                case Document("execution", body) if _HAS_CHILD_ID in body:
                    self._child_ids.update(_decode_child_ids(body))
                case Watermark(stream) if stream.startswith("executions/"):
                    yield from self._store_pending(self._child_ids - self._known_ids)
            yield item

    def fetch(self, gate: Gate, read_ids: Collection[str], now: int) -> Iterator[Item]:
        """Yield the children that are not in ``read_ids``, with their children; ``now`` in epoch ms."""
        requested = self._known_ids.union(read_ids)
        for _ in range(MAX_DEPTH):
            ids = sorted(self._child_ids - requested)
            requested = requested.union(ids)
            yield from self.collect(self._fetch_batches(gate, ids, now))
        self._unread_ids |= self._child_ids - requested
        if old := len(self._unread_ids & self._old_ids):
            yield Note(f"{counted(old, 'child execution')} still hidden or broken")
        if new := sorted(self._unread_ids - self._old_ids):
            reason = self._errors[0] if self._errors else "the next run reads them."
            yield PartialFailure(f"{counted(len(new), 'child execution')} not read ({', '.join(new[:3])}): {reason}")
        yield from self._store_pending(self._unread_ids)

    def _store_pending(self, ids: Collection[str]) -> Iterator[Item]:
        # The newest ids of those that fit: ULIDs sort by time.
        watermark = msgspec.json.encode(sorted(ids)[-MAX_PENDING:]).decode()
        if watermark != self._watermark:
            self._watermark = watermark
            yield Watermark(PENDING, watermark)

    def _fetch_batches(self, gate: Gate, ids: Sequence[str], now: int) -> Iterator[Item]:
        for batch, bodies in get_batches(gate, ids):
            yield from (Document("execution", body) for body in bodies.values())
            for id_ in batch:
                if id_ not in bodies:
                    yield from self._fetch_one(gate, id_, now)

    def _fetch_one(self, gate: Gate, id_: str, now: int) -> Iterator[Item]:
        """Yield an execution that a listing omits: it is hidden, not yet on the replica, or deleted."""
        if len(self._errors) == MAX_FAILURES or self._single_requests == MAX_SINGLE_REQUESTS:
            self._unread_ids.add(id_)
            return
        self._single_requests += 1
        try:
            execution = gate.get_execution(id_)
            yield Document("execution", execution.body) if execution else deleted_execution(id_, now)
        except (RequestError, ForbiddenError) as error:
            self._errors.append(error.happened)
            self._unread_ids.add(id_)


def _decode_child_ids(body: bytes) -> Iterator[str]:
    try:
        stages = _EXECUTION.decode(body).stages
    except (ValueError, RecursionError):
        return
    for stage in stages:
        if stage.type == "pipeline" and (id_ := as_text(stage.context.execution_id)):
            yield id_
