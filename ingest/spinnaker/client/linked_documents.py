"""Documents that others refer to: canary judgments of executions, templates and history of pipelines.

Many installations lack these parts of Gate. Each is requested until it fails, which is reported once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec

from ingest.core.source import Item, PartialFailure, Progress, SourceState
from ingest.http.session import ForbiddenError, RequestError
from ingest.payloads.archive import Document
from ingest.spinnaker.client.gate import Gate
from ingest.spinnaker.client.parallel import run_ahead
from ingest.spinnaker.model.coerce import COMPLETE, as_text
from ingest.spinnaker.model.payload import Execution
from ingest.spinnaker.parse.configs import PipelineConfig
from ingest.spinnaker.parse.templates import select_template

_EXECUTION = msgspec.json.Decoder(Execution)
_CONFIG = msgspec.json.Decoder(PipelineConfig)
_HAS_JUDGMENT_ID = b'"canaryPipelineExecutionId"'
_UNREADABLE = (ValueError, RecursionError)  # msgspec raises ValueErrors, also for bytes that are no UTF-8
WORKERS, AHEAD = 4, 32


class _OptionalPart:
    """A part of Gate that may not exist; it is requested while it is ``available``."""

    def __init__(self, name: str) -> None:
        self.name, self.available, self.exists = name, True, False
        self._reported, self._probe = threading.Lock(), threading.Lock()

    @contextmanager
    def probe(self) -> Iterator[None]:
        """Hold during a request: until the part is known to exist, only one is sent at a time."""
        with self._probe:
            if not self.exists:
                yield
                return
        yield

    def report(self, error: RequestError | ForbiddenError | None) -> Iterator[Item]:
        """Stop requesting; report once that the part does not exist, or with an error that it fails."""
        self.available = False
        if self._reported.acquire(blocking=False):
            yield PartialFailure(f"{self.name}: {error.happened}") if error else Progress(f"{self.name}: Gate has none")


class LinkedDocuments:
    """The items of one run with the documents that they refer to, and judgments that an earlier run could not read."""

    def __init__(self, gate: Gate, state: SourceState) -> None:
        self._gate, self._state = gate, state
        self._requested: set[str] = set()
        self._canaries, self._history = _OptionalPart("canary judgments"), _OptionalPart("history of pipelines")
        self._templates: dict[str, list[bytes]] = {}
        self._templates_lock = threading.Lock()

    def follow(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield each item after the documents that it refers to: an interrupted run then repeats both."""
        return run_ahead(self._plan(items), WORKERS, AHEAD)

    def _plan(self, items: Iterator[Item]) -> Iterator[Callable[[], Iterator[Item]] | Item]:
        for item in items:
            match item:
                # Decoding every execution would take longer than the search for a few bytes.
                case Document("execution", body) if _HAS_JUDGMENT_ID in body:
                    yield from self._plan_judgments(_decode_judgments(body))
                    yield item
                case Document("pipeline", body):
                    yield partial(self._read_pipeline_links, item, body)
                case _:
                    yield item
        yield from self._plan_judgments(self._state.missing_judgments.items())

    def _plan_judgments(
        self, accounts_by_id: Iterable[tuple[str, str | None]]
    ) -> Iterator[Callable[[], Iterator[Item]]]:
        for id_, storage_account in accounts_by_id:
            known = id_ in self._requested or id_ in self._state.completed_judgment_ids
            if self._canaries.available and not known:
                yield partial(self._read_judgment, id_, storage_account)
            self._requested.add(id_)

    def _read_judgment(self, id_: str, storage_account: str | None) -> Iterator[Item]:
        part = self._canaries
        with part.probe():
            if not part.available:
                return
            try:
                if body := self._gate.get_canary(id_, storage_account):
                    yield Document("canary", body)
                # 404 may mean this judgment or all of Kayenta: the list of judges tells which.
                part.exists = part.exists or body is not None or self._gate.get_judges() is not None
                if not part.exists:
                    yield from part.report(None)
            except (RequestError, ForbiddenError) as error:
                yield from part.report(error)

    def _read_pipeline_links(self, item: Item, body: bytes) -> Iterator[Item]:
        try:
            config = _CONFIG.decode(body)
        except _UNREADABLE:
            yield item
            return
        if config.updated_at() not in (None, self._state.pipeline_updated_at.get(config.id)):
            yield from self._read_revisions(config.id)
        reference = config.template_reference()
        template = None
        if reference.kind and reference.template:
            template = select_template(self._list_templates(reference.kind), reference)
        yield Document("templated", b'{"pipeline":%b,"template":%b}' % (body, template)) if template else item

    def _read_revisions(self, pipeline_id: str) -> Iterator[Item]:
        part = self._history
        with part.probe():
            if not part.available:
                return
            try:
                revisions = self._gate.list_revisions(pipeline_id)
                part.exists = True
            except (RequestError, ForbiddenError) as error:
                missing = isinstance(error, RequestError) and error.status == 404
                yield from part.report(None if missing else error)
                return
        yield from (Document("pipeline_revision", body) for body in revisions if _has_update_time(body))

    def _list_templates(self, kind: str) -> list[bytes]:
        """Return the templates of a kind, read once; none if Gate fails: the pipeline still names its template."""
        with self._templates_lock:
            if kind not in self._templates:
                try:
                    self._templates[kind] = self._gate.list_templates(kind)
                except (RequestError, ForbiddenError):
                    self._templates[kind] = []
            return self._templates[kind]


def _decode_judgments(body: bytes) -> Iterator[tuple[str, str | None]]:
    """Yield the judgments of the stages that have ended, each with the account that stores it."""
    try:
        stages = _EXECUTION.decode(body).stages
    except _UNREADABLE:
        return
    for stage in stages:
        id_ = as_text(stage.context.canary_execution)
        if id_ and stage.status in COMPLETE:
            yield id_, as_text(stage.context.storage_account_name)


def _has_update_time(body: bytes) -> bool:
    try:
        return _CONFIG.decode(body).updated_at() is not None
    except _UNREADABLE:
        return False
