"""What one document leads to: an execution to its canary judgments, a pipeline to its template and its history.

These parts of Gate are missing in many installations. Each is asked until it fails, and that is said once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec

from ingest.core.archive import Document
from ingest.core.source import Item, PartialFailure, Progress, SourceState
from ingest.http.session import FailedError, ForbiddenError
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.parallel import ordered
from ingest.spinnaker.model.coerce import COMPLETE, as_text
from ingest.spinnaker.model.payload import Execution
from ingest.spinnaker.parse.configs import PipelineConfig
from ingest.spinnaker.parse.templates import select_template

_EXECUTION = msgspec.json.Decoder(Execution)
_CONFIG = msgspec.json.Decoder(PipelineConfig)
_NAMES_A_JUDGMENT = b'"canaryPipelineExecutionId"'
_UNREADABLE = (msgspec.MsgspecError, RecursionError)
ASKERS, AHEAD = 4, 32


class _Part:
    """A part of Gate that is asked as long as it answers; ``there`` says that it has."""

    def __init__(self, name: str) -> None:
        self.name, self.answers, self.there = name, True, False
        self._first, self._one = threading.Lock(), threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """To be held while asking: until the part is known to be there, one asks at a time."""
        with self._one:
            if not self.there:
                yield
                return
        yield

    def missing(self) -> Iterator[Item]:
        """It does not exist here, which is no trouble."""
        yield from self._once(Progress(f"{self.name}: Gate has none"))

    def failed(self, error: FailedError | ForbiddenError) -> Iterator[Item]:
        """It exists and does not answer: what it holds is missing from this run."""
        yield from self._once(PartialFailure(f"{self.name}: {error.happened}"))

    def _once(self, item: Item) -> Iterator[Item]:
        self.answers = False
        if self._first.acquire(blocking=False):
            yield item


class Follow:
    """The items of one run, each with what it leads to, and last what an earlier run could not get."""

    def __init__(self, gate: Gate, state: SourceState) -> None:
        self._gate, self._state = gate, state
        self._asked: set[str] = set()
        self._canaries, self._history = _Part("canary judgments"), _Part("history of pipelines")
        self._templates: dict[str, list[bytes]] = {}
        self._reading = threading.Lock()

    def items(self, stream: Iterator[Item]) -> Iterator[Item]:
        """Each item, after what must not be lost should the run end behind it."""
        return ordered(self._works(stream), ASKERS, AHEAD)

    def _works(self, stream: Iterator[Item]) -> Iterator[Callable[[], Iterator[Item]] | Item]:
        """Items that lead to nothing, and what is to be asked for where they do."""
        for item in stream:
            match item:
                case Document("execution", body) if _NAMES_A_JUDGMENT in body:
                    yield from (partial(self._judgment, identity) for identity in _judged(body) if self._new(identity))
                    yield item
                case Document("pipeline", body):
                    yield partial(self._configured, item, body)
                case _:
                    yield item
        yield from (
            partial(self._judgment, identity) for identity in self._state.missing_judgment_ids if self._new(identity)
        )

    def _new(self, identity: str) -> bool:
        """Whether a judgment was not read before."""
        new = (
            identity not in self._state.completed_judgment_ids
            and identity not in self._asked
            and self._canaries.answers
        )
        self._asked.add(identity)
        return new

    def _judgment(self, identity: str) -> Iterator[Item]:
        part = self._canaries
        with part.turn():
            if not part.answers:
                return
            try:
                if found := self._gate.canary(identity):
                    yield Document("canary", found)
                part.there = part.there or found is not None or self._gate.judges() is not None
                if not part.there:
                    yield from part.missing()
            except (FailedError, ForbiddenError) as error:
                yield from part.failed(error)

    def _configured(self, item: Item, body: bytes) -> Iterator[Item]:
        try:
            config = _CONFIG.decode(body)
        except _UNREADABLE:
            yield item
            return
        if config.updated_at() not in (None, self._state.pipeline_updated_at.get(config.id)):
            yield from self._revisions(config.id)
        made = config.template_reference()
        template = select_template(self._listed(made.kind), made) if made.kind and made.template else None
        yield Document("templated", b'{"pipeline":%b,"template":%b}' % (body, template)) if template else item

    def _revisions(self, pipeline_id: str) -> Iterator[Item]:
        part = self._history
        with part.turn():
            if not part.answers:
                return
            try:
                found = self._gate.revisions(pipeline_id)
                part.there = True
            except (FailedError, ForbiddenError) as error:
                missing = isinstance(error, FailedError) and error.status == 404
                yield from part.missing() if missing else part.failed(error)
                return
        yield from (Document("pipeline_revision", body) for body in found if _dated(body))

    def _listed(self, kind: str) -> list[bytes]:
        """The templates of a kind, asked for when the first pipeline names one; without them it is still known."""
        with self._reading:
            if kind not in self._templates:
                try:
                    self._templates[kind] = self._gate.templates(kind)
                except (FailedError, ForbiddenError):
                    self._templates[kind] = []
            return self._templates[kind]


def _judged(body: bytes) -> Iterator[str]:
    """The judgments of an execution that have ended."""
    try:
        stages = _EXECUTION.decode(body).stages
    except _UNREADABLE:
        return
    for stage in stages:
        identity = as_text(stage.context.canary_execution)
        if identity and stage.status in COMPLETE:
            yield identity


def _dated(body: bytes) -> bool:
    try:
        return _CONFIG.decode(body).updated_at() is not None
    except _UNREADABLE:
        return False
