"""Executions that a stage started and that no listing brought: they are read by the id that the stage names.

A pipeline stage, and the last step of a custom strategy, name what they started. It may be of an application that is
not read, of a strategy that ran more than 14 days ago, or of a pipeline that was deleted. Each is asked for once a
run; what the run could not ask for is kept as a watermark, so that the next one does, also after a crash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from dora.errors import counted
from ingest.core.archive import Document
from ingest.core.source import Item, Note, PartialFailure, Watermark
from ingest.http.session import FailedError, ForbiddenError
from ingest.spinnaker.client.again import IDS, PATIENCE, gone
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.paging import details
from ingest.spinnaker.model.coerce import as_text
from ingest.spinnaker.model.payload import Execution

PENDING = "started"
GENERATIONS = 8
ALONE, KEPT = 200, 1000
_EXECUTION = msgspec.json.Decoder(Execution)
_NAMES_A_CHILD = b'"executionId"'
_READ_TO = "executions/"


class Children:
    """What the executions of one run started, and an earlier run could not ask for (``pending``, as a watermark)."""

    def __init__(self, pending: str | None, known: Collection[str]) -> None:
        self._mark = pending or "[]"
        self._old = frozenset(msgspec.json.decode(self._mark, type=list[str]))
        self._known, self._named = frozenset(known), set(self._old)
        self._left: set[str] = set()
        self._why: list[str] = []
        self._alone = 0

    def heard(self, stream: Iterator[Item]) -> Iterator[Item]:
        """Each item; before history counts as read, what it started and is not known yet is kept."""
        for item in stream:
            match item:
                case Document("execution", body) if _NAMES_A_CHILD in body:
                    self._named.update(_started(body))
                case Watermark(key) if key.startswith(_READ_TO):
                    yield from self._keep(self._named - self._known)
            yield item

    def unmet(self, gate: Gate, met: Collection[str], now: int) -> Iterator[Item]:
        """Those that are not among ``met``, with what they started themselves; ``now`` in epoch ms."""
        asked = self._known.union(met)
        for _ in range(GENERATIONS):
            ids = sorted(self._named - asked)
            asked = asked.union(ids)
            yield from self.heard(self._read(gate, ids, now))
        self._left |= self._named - asked
        yield from self._missed(sorted(self._left - self._old))
        yield from self._keep(self._left)

    def _missed(self, ids: Sequence[str]) -> Iterator[Item]:
        """Say once what Gate names and does not give."""
        if still := len(self._left) - len(ids):
            yield Note(f"{counted(still, 'execution')} that others started still hidden or broken")
        if ids:
            why = self._why[0] if self._why else "the next run asks for them."
            says = f"{counted(len(ids), 'execution')} that others started not read"
            yield PartialFailure(f"{says} ({', '.join(ids[:3])}): {why}")

    def _keep(self, ids: Collection[str]) -> Iterator[Item]:
        """The newest of what the next run is to ask for."""
        mark = msgspec.json.encode(sorted(ids)[-KEPT:]).decode()
        if mark != self._mark:
            self._mark = mark
            yield Watermark(PENDING, mark)

    def _read(self, gate: Gate, ids: Sequence[str], now: int) -> Iterator[Item]:
        for start in range(0, len(ids), IDS):
            batch = ids[start : start + IDS]
            found = {listed.id: listed for listed in details(gate, batch)}
            yield from (Document("execution", listed.body) for listed in found.values())
            for identity in batch:
                if identity not in found:
                    yield from self._one(gate, identity, now)

    def _one(self, gate: Gate, identity: str, now: int) -> Iterator[Item]:
        """One that the listing left out: it is hidden (which looks like a failure), not on the replica yet, or gone."""
        if len(self._why) == PATIENCE or self._alone == ALONE:
            self._left.add(identity)
            return
        self._alone += 1
        try:
            whole = gate.execution(identity)
            yield Document("execution", whole.body) if whole else gone(identity, now)
        except (FailedError, ForbiddenError) as error:
            self._why.append(error.happened)
            self._left.add(identity)


def _started(body: bytes) -> Iterator[str]:
    """The executions that the pipeline stages of one name."""
    try:
        stages = _EXECUTION.decode(body).stages
    except (msgspec.MsgspecError, RecursionError):
        return
    for stage in stages:
        if stage.type == "pipeline" and (identity := as_text(stage.context.execution_id)):
            yield identity
