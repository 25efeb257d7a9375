"""What to ask of Gate, and in which order: applications, then each application's configurations, history and tasks.

Listings come without contexts; executions whose stages tell something are fetched in full, by id. Executions that
had not completed when last seen are fetched by id too, as is every execution that a restart has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial

import msgspec

from dora.errors import DoraError, UsageError
from ingest.archive import Document
from ingest.http import FailedError, ForbiddenError
from ingest.source import AsOf, Item, Mark, Progress, Request, State, Trouble
from ingest.spinnaker.gate import Gate
from ingest.spinnaker.history import Listed, history
from ingest.spinnaker.parallel import merged
from ingest.spinnaker.settings import Settings

READERS = 4
DETAILS = 40
FINISHED_LATER = timedelta(days=1)


class _Seen(msgspec.Struct):
    """What was read of one application's history: ids, the newest build time and the oldest that is still open."""

    ids: set[str] = msgspec.field(default_factory=set)
    newest: int = 0
    open: int | None = None

    def add(self, listed: Listed, *, whole: bool) -> None:
        self.ids.add(listed.id)
        self.newest = max(self.newest, listed.build_time)
        if not (listed.complete and whole):
            self.open = min(listed.build_time, self.open or listed.build_time)


class Fetch:
    """One run against one Gate."""

    def __init__(self, gate: Gate, settings: Settings, request: Request, state: State) -> None:
        self._gate, self._settings, self._request, self._state = gate, settings, request, state
        self._failures: list[DoraError] = []
        self._until = 0

    def items(self) -> Iterator[Item]:
        """Everything that is asked for.

        An application that can not be read is a trouble of the run; where none can, its error is raised.
        """
        known, date = self._gate.applications()
        as_of = date or datetime.now(UTC)
        self._until = _milliseconds(as_of + FINISHED_LATER)
        yield AsOf(as_of)
        names = self._wanted(known)
        yield from (Document("application", known[name]) for name in names)
        yield from self._accounts()
        yield from merged([partial(self._application, name) for name in names], READERS)
        if names and len(self._failures) == len(names):
            raise self._failures[0]

    def _wanted(self, known: dict[str, bytes]) -> list[str]:
        names = [name for name in sorted(known) if _matches(name, self._settings.applications)]
        if not self._request.applications:
            return names
        wanted = [name for name in names if _matches(name, self._request.applications)]
        if not wanted:
            raise UsageError(
                f"Gate shows no application {', '.join(self._request.applications)}; nothing was fetched.",
                "check the name, `applications` in [sources.spinnaker], and the token's READ permission.",
            )
        return wanted

    def _accounts(self) -> Iterator[Item]:
        try:
            yield from (Document("account", body) for body in self._gate.accounts())
        except (FailedError, ForbiddenError) as error:
            yield Progress(f"accounts: {error.happened}")

    def _application(self, name: str) -> Iterator[Item]:
        try:
            yield from (Document("pipeline", body) for body in self._gate.configs(name))
            yield from self._executions(name)
            yield from self._tasks(name)
        except (FailedError, ForbiddenError) as error:
            self._failures.append(error)
            yield Trouble(f"application {name}: {error.happened}")

    def _since(self, name: str) -> int:
        """Where to begin (epoch ms): behind the watermark, or at ``--since`` where there is none or it is wider."""
        mark = self._state.watermarks.get(f"executions/{name}")
        asked = _milliseconds(self._request.since) if self._request.since else None
        if mark is None:
            return asked or 0
        begin = max(int(mark) - self._settings.overlap_minutes * 60_000, 0)
        return begin if asked is None else min(begin, asked)

    def _executions(self, name: str) -> Iterator[Item]:
        seen = _Seen(newest=int(self._state.watermarks.get(f"executions/{name}", 0)))
        search = partial(self._gate.search, name)
        for page in history(search, self._since(name), self._until, self._settings.page_size):
            yield from self._landed(name, page, seen)
            yield Progress(f"{name}: {len(seen.ids):,} executions")
        yield from self._reread(name, seen)
        if seen.newest:
            yield Mark(f"executions/{name}", str(min(seen.newest, seen.open or seen.newest)))

    def _landed(self, name: str, page: Sequence[Listed], seen: _Seen) -> Iterator[Item]:
        """The executions of a page, in full where that tells more; one that Gate will not give is read again."""
        full = self._full([listed.id for listed in page if listed.detailed])
        for listed in page:
            found = full.get(listed.id, listed)
            whole = not listed.detailed or found is not listed
            seen.add(found, whole=whole)
            yield Document("execution", found.body)
            if not whole:
                yield Trouble(f"application {name}: Gate gave no details of execution {listed.id}")

    def _full(self, ids: Sequence[str]) -> dict[str, Listed]:
        found: dict[str, Listed] = {}
        for start in range(0, len(ids), DETAILS):
            found |= {listed.id: listed for listed in self._halving(ids[start : start + DETAILS])}
        return found

    def _halving(self, ids: Sequence[str]) -> list[Listed]:
        """Executions in full; a request that is too large, or that one of them breaks, is split."""
        try:
            return self._gate.executions(ids)
        except FailedError:
            if len(ids) == 1:
                return []
            half = len(ids) // 2
            return self._halving(ids[:half]) + self._halving(ids[half:])

    def _reread(self, name: str, seen: _Seen) -> Iterator[Item]:
        """Executions and tasks that had not completed when last seen, and were not met since."""
        ids = [id_ for id_, application in self._state.unfinished if application == name and id_ not in seen.ids]
        found = self._full(ids)
        for identity in ids:
            if identity in found:
                yield Document("execution", found[identity].body)
            elif body := self._gate.task(identity):
                yield Document("task", body)

    def _tasks(self, name: str) -> Iterator[Item]:
        """Operations started by hand that change what runs; Gate lists those of the last 14 days."""
        since, page, limit = self._since(name), 1, self._settings.page_size
        while True:
            listed = self._gate.tasks(name, page, limit)
            yield from (Document("task", one.body) for one in listed if one.detailed)
            if len(listed) < limit or min(one.build_time for one in listed) < since:
                return
            page += 1


def _matches(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
