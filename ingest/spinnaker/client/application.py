"""One application: its configurations, its history since the last run, what was deleted from it, its operations.

The watermark is the newest build time that was read. Executions that had not ended do not hold it back: they are read
again by id until they have (see ``fetch``). One that is listed without details does, for a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from dora.errors import counted
from ingest.core.source import Item, PartialFailure, Progress, Request, SourceState, Watermark
from ingest.http.session import RequestError
from ingest.payloads.archive import Document
from ingest.spinnaker.client.coverage import DAY, extend_coverage, find_gap_end, parse_watermark
from ingest.spinnaker.client.gate import Gate, ListedExecution, decode_ids
from ingest.spinnaker.client.paging import SearchPages
from ingest.spinnaker.client.refetch import deleted_execution, list_unfinished, refetch_executions
from ingest.spinnaker.client.time_search import search_history
from ingest.spinnaker.settings import Settings

MAX_LAG = 7 * DAY
BACKFILL_PAGE_SIZE = 25  # a first page of 50 with whole manifests can exceed what Orca loads in time
TASK_LIMIT_GROWTH = 4


class HistoryRead(msgspec.Struct):
    """What was read of a history; times in epoch milliseconds.

    ``now`` is the time of Gate's clock. ``first_by_pipeline`` has each pipeline's first execution after ``last_run``,
    ``retry_from`` the oldest execution without details.
    """

    newest: int
    last_run: int
    now: int
    ids: set[str] = msgspec.field(default_factory=set)
    first_by_pipeline: dict[str, int] = msgspec.field(default_factory=dict)
    oldest: int | None = None
    retry_from: int | None = None

    def add(self, execution: ListedExecution) -> None:
        """Record one execution."""
        self.ids.add(execution.id)
        at, pipeline_id = execution.build_time, execution.pipeline_id
        if not at:
            return
        # A build time to come, of a wrong clock, would keep all executions until then from being read.
        self.newest, self.oldest = max(self.newest, min(at, self.now)), min(at, self.oldest or at)
        if pipeline_id and at > self.last_run:
            self.first_by_pipeline[pipeline_id] = min(at, self.first_by_pipeline.get(pipeline_id, at))

    def hold(self, execution: ListedExecution) -> None:
        """Let the next run read this execution again."""
        self.retry_from = min(execution.build_time, self.retry_from or execution.build_time)

    @property
    def watermark(self) -> int:
        """Up to when history is read."""
        return self.newest if self.retry_from is None else min(self.newest, max(self.retry_from, self.newest - MAX_LAG))


class RunContext(msgspec.Struct, frozen=True):
    """What all applications of a run share; ``now`` is the time of Gate's clock (epoch ms)."""

    gate: Gate
    settings: Settings
    request: Request
    state: SourceState
    now: int


class ApplicationReader:
    """One run over one application; ``disabled_by_pipeline`` has the configured pipelines after ``read``."""

    def __init__(self, run: RunContext, name: str) -> None:
        self._gate, self._settings, self._state, self._now = run.gate, run.settings, run.state, run.now
        self._last_period = parse_watermark(run.state.watermarks.get(f"coverage/{name}"))
        self._watermark = self._read_watermark(run.state.watermarks.get(f"executions/{name}"))
        since = run.request.since
        self._requested = int(since.timestamp() * 1000) if since else None
        self.name, self.since = name, self._start_time()
        last_run = self._last_period.until if self._last_period else 0
        self.history = HistoryRead(newest=self._watermark or 0, last_run=last_run, now=self._now)
        self.disabled_by_pipeline: dict[str, bool] = {}
        self.strategy_ids: set[str] = set()

    def _read_watermark(self, text: str | None) -> int | None:
        """Return up to when history is read: not after the last run, whatever a wrong clock said in it."""
        last_run = self._last_period.until if self._last_period else self._now
        return None if text is None else min(int(text), last_run, self._now)

    def _start_time(self) -> int:
        """Return the watermark less the overlap, or ``--since`` if that is earlier or there is no watermark."""
        if self._watermark is None:
            return self._requested or 0
        start = max(self._watermark - self._settings.overlap_minutes * 60_000, 0)
        return start if self._requested is None else min(start, self._requested)

    def _known_until(self) -> int:
        """Return up to when the last run has read what this one reads; 0 if it has not."""
        is_continued = self._watermark is not None and (self._requested is None or self.since < self._requested)
        return (self._watermark or 0) if is_continued else 0

    def read(self) -> Iterator[Item]:
        """Yield everything of the application. Raises what ``Gate`` raises."""
        configs = self._gate.list_pipelines(self.name)
        self.disabled_by_pipeline = decode_ids(configs)
        self.strategy_ids = set(self._gate.list_strategy_ids(self.name))
        yield from (Document("pipeline", body) for body in configs)
        yield from self._read_history()
        yield from self._read_unfinished()
        yield from self._read_missing()
        yield from self._read_tasks()

    def _read_history(self) -> Iterator[Item]:
        size = self._settings.page_size
        first_size = size if self._watermark else min(size, BACKFILL_PAGE_SIZE)
        pages = SearchPages(self._gate, self.name, first_size, self._settings.page_bytes)
        # A day more than Gate's clock: the hosts of Orca, whose clocks set build times, may be ahead.
        for page in search_history(pages, self.since, self._now + DAY, self._known_until()):
            for execution in page:
                self.history.add(execution)
                yield Document("execution", execution.body)
                if execution.incomplete:
                    yield self._read_details(execution)
            yield Progress(f"{self.name}: {counted(len(self.history.ids), 'execution')}")

    def _read_details(self, execution: ListedExecution) -> Item:
        # A listing reads a replica that may lag; the request for one execution reads the primary database.
        try:
            full = self._gate.get_execution(execution.id)
        except RequestError:
            self.history.hold(execution)
            return PartialFailure(f"application {self.name}: Gate gave no details of execution {execution.id}")
        return Document("execution", full.body) if full else deleted_execution(execution.id, self._now)

    def _read_unfinished(self) -> Iterator[Item]:
        """Yield what has not ended, however old: an execution that had ended may have been restarted."""
        try:
            executions = list_unfinished(self._gate, self.name)
        except RequestError as error:
            yield PartialFailure(f"application {self.name}: restarts may be missing: {error.happened}")
            return
        self.history.ids.update(execution.id for execution in executions)
        yield from (Document("execution", execution.body) for execution in executions)

    def _read_missing(self) -> Iterator[Item]:
        """Yield what was deleted since the last run, the period that is covered, and their watermarks."""
        configured, listed_ids = self.disabled_by_pipeline, self.history.ids
        missing: dict[str, str] = {}
        for id_, name, pipeline_id, _, at in self._state.recent_executions:
            if name == self.name and pipeline_id in configured and id_ not in listed_ids and at >= self.since:
                missing[id_] = pipeline_id or ""
        deleted_from = set()
        for item in refetch_executions(self._gate, sorted(missing), self._now):
            if isinstance(item, Document) and item.kind == "gone":
                deleted_from.add(missing[msgspec.json.decode(item.body)["id"]])
            yield item
        last = self._last_period
        gap_end = find_gap_end(last, self._now, deleted_from, self.history.first_by_pipeline)
        # Without --since all of history is requested, and Orca may have deleted what is older than what it lists.
        oldest = min(self._requested or self.history.oldest or self._now, self._now)
        period = extend_coverage(last, oldest, self._now, gap_end)
        if last and period.number > last.number:
            start, end = (datetime.fromtimestamp(at / 1000, UTC) for at in (last.until, period.since))
            gap = f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
            yield PartialFailure(f"application {self.name}: history from {gap} was deleted before it was read")
        yield period.document(self.name)
        yield Watermark(f"coverage/{self.name}", period.watermark)
        if self.history.newest:
            yield Watermark(f"executions/{self.name}", str(self.history.watermark))

    def _read_tasks(self) -> Iterator[Item]:
        """Yield operations started by hand that change what runs."""
        limit, yielded_ids = self._settings.page_size, set[str]()
        while True:
            # Pages by number shift while they are read (and Redis ignores the number): one larger page instead.
            tasks = self._gate.list_tasks(self.name, limit)
            yield from (Document("task", task.body) for task in tasks if task.incomplete and task.id not in yielded_ids)
            yielded_ids.update(task.id for task in tasks)
            oldest = min((task.build_time for task in tasks if task.build_time), default=0)
            if len(tasks) < limit or oldest < self.since:
                return
            limit *= TASK_LIMIT_GROWTH
