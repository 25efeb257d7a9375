"""One application: its configurations, its history since the last run, what vanished of it, its operations.

The watermark is the newest build time that was read. Executions that were still open do not hold it back: they are
read again by id until they are final (see ``fetch``). One that is listed and not given in full does, for a week.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from dora.errors import counted
from ingest.core.archive import Document
from ingest.core.source import Item, PartialFailure, Progress, Request, SourceState, Watermark
from ingest.http.session import FailedError
from ingest.spinnaker.client.again import again, gone, unfinished
from ingest.spinnaker.client.coverage import DAY, continued, recalled, resumption
from ingest.spinnaker.client.gate import Gate, identities
from ingest.spinnaker.client.paging import Pages
from ingest.spinnaker.client.time_search import Listed, history
from ingest.spinnaker.settings import Settings

HELD = 7 * DAY
BACKFILL_PAGE = 25
MORE_TASKS = 4


class Seen(msgspec.Struct):
    """What was read of a history; times in epoch milliseconds.

    ``first`` is each pipeline's first execution after ``after``, ``held`` the oldest that was not given in full.
    """

    newest: int
    after: int
    ids: set[str] = msgspec.field(default_factory=set)
    first: dict[str, int] = msgspec.field(default_factory=dict)
    oldest: int | None = None
    held: int | None = None

    def add(self, listed: Listed) -> None:
        """Take one execution into account."""
        self.ids.add(listed.id)
        at = listed.build_time
        if not at:
            return
        self.newest, self.oldest = max(self.newest, at), min(at, self.oldest or at)
        if listed.pipeline and at > self.after:
            self.first[listed.pipeline] = min(at, self.first.get(listed.pipeline, at))

    def hold(self, listed: Listed) -> None:
        """Let this one be read again by the next run."""
        self.held = min(listed.build_time, self.held or listed.build_time)

    @property
    def mark(self) -> int:
        """How far history is read."""
        return self.newest if self.held is None else min(self.newest, max(self.held, self.newest - HELD))


class Run(msgspec.Struct, frozen=True):
    """What all applications of a run share; ``now`` is Gate's clock (epoch ms)."""

    gate: Gate
    settings: Settings
    request: Request
    state: SourceState
    now: int


class Reading:
    """One run over one application."""

    def __init__(self, run: Run, name: str) -> None:
        self._gate, self._settings, self._state, self._now = run.gate, run.settings, run.state, run.now
        self._mark = run.state.watermarks.get(f"executions/{name}")
        self._last = recalled(run.state.watermarks.get(f"coverage/{name}"))
        self.name, self.since = name, self._begin(run.request.since)
        self.seen = Seen(newest=int(self._mark or 0), after=self._last.until if self._last else 0)
        self.live: dict[str, bool] = {}
        self.strategies: set[str] = set()

    def _begin(self, since: datetime | None) -> int:
        """Where to begin: behind the watermark, or at ``--since`` where there is none or it is wider."""
        asked = int(since.timestamp() * 1000) if since else None
        if self._mark is None:
            return asked or 0
        begin = max(int(self._mark) - self._settings.overlap_minutes * 60_000, 0)
        return begin if asked is None else min(begin, asked)

    def items(self) -> Iterator[Item]:
        """Everything of the application; raises what ``Gate`` raises."""
        configs = self._gate.configs(self.name)
        self.live = identities(configs)
        self.strategies = set(self._gate.strategies(self.name))
        yield from (Document("pipeline", body) for body in configs)
        yield from self._executions()
        yield from self._unfinished()
        yield from self._covered()
        yield from self._tasks()

    def _executions(self) -> Iterator[Item]:
        size = self._settings.page_size
        first = size if self._mark else min(size, BACKFILL_PAGE)
        pages = Pages(self._gate, self.name, first, self._settings.page_bytes)
        for page in history(pages, self.since, self._now + DAY):
            for listed in page:
                yield from self._landed(listed)
            yield Progress(f"{self.name}: {counted(len(self.seen.ids), 'execution')}")

    def _landed(self, listed: Listed) -> Iterator[Item]:
        """An execution; one whose details were not in the listing is asked for where executions are written."""
        self.seen.add(listed)
        yield Document("execution", listed.body)
        if not listed.detailed:
            return
        try:
            whole = self._gate.execution(listed.id)
            yield Document("execution", whole.body) if whole else gone(listed.id, self._now)
        except FailedError:
            self.seen.hold(listed)
            yield PartialFailure(f"application {self.name}: Gate gave no details of execution {listed.id}")

    def _unfinished(self) -> Iterator[Item]:
        """What has not completed now, however old: an execution that had completed may have been restarted."""
        try:
            listed = unfinished(self._gate, self.name)
        except FailedError as error:
            yield PartialFailure(f"application {self.name}: restarts may be unnoticed: {error.happened}")
            return
        self.seen.ids.update(one.id for one in listed)
        yield from (Document("execution", one.body) for one in listed)

    def _covered(self) -> Iterator[Item]:
        """What vanished since the last run, how far time is covered, and the watermarks that say so."""
        missing = {
            id_: pipeline
            for id_, application, pipeline, _, at in self._state.recent_executions
            if application == self.name and pipeline in self.live and id_ not in self.seen.ids and at >= self.since
        }
        lost = set()
        for item in again(self._gate, sorted(missing), self._now):
            if isinstance(item, Document) and item.kind == "gone":
                lost.add(missing[msgspec.json.decode(item.body)["id"]] or "")
            yield item
        resumed = resumption(self._last, self._now, lost, self.seen.first)
        stretch = continued(self._last, self.seen.oldest or self._now, self._now, resumed)
        if self._last and stretch.number > self._last.number:
            yield PartialFailure(_gap(self.name, self._last.until, stretch.since))
        yield stretch.document(self.name)
        yield Watermark(f"coverage/{self.name}", stretch.mark)
        if self.seen.newest:
            yield Watermark(f"executions/{self.name}", str(self.seen.mark))

    def _tasks(self) -> Iterator[Item]:
        """Operations started by hand that change what runs; Gate lists those of the last 14 days.

        Their pages shift while they are read, so more are asked for at once until they reach back far enough.
        """
        limit, seen = self._settings.page_size, set[str]()
        while True:
            listed = self._gate.tasks(self.name, 1, limit)
            yield from (Document("task", one.body) for one in listed if one.detailed and one.id not in seen)
            seen.update(one.id for one in listed)
            if len(listed) < limit or _oldest(listed) < self.since:
                return
            limit *= MORE_TASKS


def _oldest(listed: Sequence[Listed]) -> int:
    return min((one.build_time for one in listed if one.build_time), default=0)


def _gap(name: str, start: int, end: int) -> str:
    first, last = (datetime.fromtimestamp(at / 1000, UTC) for at in (start, end))
    return f"application {name}: history from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} was deleted unseen"
